"""What is said in every language: emoji, emoticons' words, and the English of the net."""

GOOD = {
    3: "😍, 🥰, ❤, 💕, 💖, 💗, 💙, 💚, 💛, 💜, 🧡, 🤩, 😻, 💯, 🏆, love it, best ever, <3",
    2: "😊, ☺, 😁, 😃, 😀, 🙂, 😋, 😘, 👍, 🙌, 🙏, 🤗, 🥳, 🎉, 🔥, 💪, 👌, ⭐, 🌟, ✨, 😎, 🤤, ♥,"
    " love, loved, best, top, super, perfect, nice, cool, great, awesome, amazing, thx, thanks,"
    " thank you, good job, well done, 10 10",
    1: "👏, 🤝, wow",
    0.7: "😄, 😉, 😅, 😂, 🤣",
}  # fmt: skip
BAD = {
    3: "🤬, 😡, 👎, 🤮, 🖕, 💩, scam, wtf, worst, bullshit, fuck*",
    2: "😠, 😤, 🙄, 🤡, 🤢, 😒, 😞, 😔, 🙁, ☹, 😩, 😫, 💔, 😣, 😖, 🤦, 🥱, 🤨, fail, fake, trash, shit*,"
    " crash, spam, epic fail",
    1: "🙃, 😢, 😭, 😕, 😬, 😐, 😑, 😪, 😥, bug*, delay",
}  # fmt: skip
# The face that takes back what the words say.
IRONY = "🙃, 🙄, 🤡, slow clap"
