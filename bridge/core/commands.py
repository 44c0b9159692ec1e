"""What an agent tells the bridge: a command in the first line of a private note, or a tag.

    /dm         answers go to the customer in private from now on
    /public     answers go where everybody reads them from now on
    /send       post the answer that was held back as it is
    /approve    the same by another agent, where a second person's word is wanted; /reject WHY drops it
    /hide spam  hide the comment the ticket is about, under a house rule; /unhide shows it again
    /mute 7d WHY   open nothing for this person for seven days; /unmute ends it
    /label vip 30d   give the person a label that rules can ask for; /unlabel vip takes it away
    /template NAME [LANGUAGE]   send a message the platform has approved; each line below fills a gap
    /fanout     on an incident: show what would be said to all who belong to it; /fanout yes says it
    /open 20    on an incident: open tickets for those that were too many a minute
    /over       on an incident: it is over now, whatever the number says

Apart from those lines the words of the note never leave.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.core.plaintext import plain

COMMANDS = (
    "dm", "public", "send", "approve", "reject", "hide", "unhide", "mute", "unmute", "label", "unlabel",
    "template", "fanout", "open", "over",
)  # fmt: skip
TAG = "bridge_"

# A slash and one word alone: "/orders/17 fails" and "/ or \\" are sentences about something else.
_LINE = re.compile(r"/([^\W\d_]\w{0,30})[:,.;!]?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """`name` is one of `COMMANDS`, or "unknown" with the word that was meant as `argument`.

    `lines` are the lines of the note below the command that are not empty.
    """

    name: str
    argument: str = ""
    lines: tuple[str, ...] = ()


def command(note_text: str) -> Command | None:
    """The command in the first line of a private note that is not empty; None when there is none.

    HTML, odd spaces, invisible characters and capitals do not matter.
    """
    first, _, rest = plain(note_text).partition("\n")
    line = _LINE.fullmatch(first.strip())
    if line is None:
        return None
    word, argument = line[1].lower(), " ".join((line[2] or "").split())
    if word not in COMMANDS:
        return Command("unknown", word)
    below = tuple(" ".join(one.split()) for one in rest.split("\n") if one.strip())
    return Command(word, argument, below)


def command_of_tag(tag: str) -> Command | None:
    """The command a tag stands for: `bridge_dm`, `bridge_mute_7d`; None for any other tag.

    Other tags that begin alike are not called unknown commands: some of them are our own.
    """
    folded = tag.strip().lower()
    name, _, argument = folded.removeprefix(TAG).partition("_")
    if not folded.startswith(TAG) or name not in COMMANDS:
        return None
    return Command(name, argument.replace("_", " "))


_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunda", "sekundy", "sekund"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuta", "minuty", "minut"), 60),
    **dict.fromkeys(("h", "hour", "hours", "godz", "godzina", "godziny", "godzin"), 3600),
    **dict.fromkeys(("d", "day", "days", "dzień", "dzien", "dni"), 86400),
    **dict.fromkeys(("w", "week", "weeks", "tydzień", "tydzien", "tygodnie", "tygodni"), 604800),
}
_STEP = re.compile(r"([0-9]{1,6})\s*([^\W\d_]+)\.?(?:\s+|(?=[0-9])|$)")
LONGEST = 3650 * 86400  # ten years: more is a slip of the finger


def duration(text: str) -> int | None:
    """The seconds in "7d", "36h", "1d 12h", "2 tygodnie"; None when it is none, zero or over ten years."""
    seconds, rest = lasting(text)
    return None if rest else seconds


def lasting(text: str) -> tuple[int | None, str]:
    """The seconds that *text* begins with, as in `duration`, and what follows: "7d insults" is seven days."""
    text = text.strip()
    total, at, folded = 0, 0, text.lower()
    if len(folded) != len(text):
        folded = text
    while at < len(folded) and (step := _STEP.match(folded, at)) and step[2] in _UNITS:
        total += int(step[1]) * _UNITS[step[2]]
        at = step.end()
    return (total if 0 < total <= LONGEST else None), text[at:].strip()
