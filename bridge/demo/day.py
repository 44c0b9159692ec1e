"""The scripted day: what customers and agents do, and how each thing must end.

A scene does something, waits until the sandbox's record shows what became of it, and tells that in a
sentence; `Otherwise` where it ended in another way.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.demo.stage import Otherwise, Stage

Scene = Callable[[Stage], str]
DAY: list[tuple[str, Scene]] = []


def scene(title: str) -> Callable[[Scene], Scene]:
    """Add a scene to the day."""

    def add(play: Scene) -> Scene:
        DAY.append((title, play))
        return play

    return add


# --- what comes in -----------------------------------------------------------------------------------


@scene("Ana complains under a Facebook post: her order is broken")
def broken_order(stage: Stage) -> str:
    said = stage.do(
        "customer/comment", person="Ana", text="My order arrived broken, the cup is in pieces!"
    )
    number = stage.ticket_with("arrived broken")
    stage.names.update(ana=said["id"], first=number)
    return f"Ticket {number} is open in Zendesk, because of the rule '{stage.rule(said['id'])}'."


@scene("Facebook delivers the same webhook eight times at once")
def duplicates(stage: Stage) -> str:
    answers = stage.do("hooks/again", system="meta", copies=8)["statuses"]
    if answers != [200] * 8:
        raise Otherwise(f"told: eight times 200; the answers were {answers}")
    stage.calm()
    if len(stage.record(what="ticket")) != 1:
        raise Otherwise("told: still one ticket; there are more")
    return "All eight are answered 200, and there is still one ticket with her words once."


@scene("Ana writes again, under her own comment")
def again(stage: Stage) -> str:
    stage.do(
        "customer/comment", person="Ana", text="Nobody answers me here", reply_to=stage.names["ana"]
    )
    number = stage.ticket_with("Nobody answers me here")
    if number != stage.names["first"]:
        raise Otherwise(f"told: on ticket {stage.names['first']}; it is on {number}")
    return f"Her words are added to ticket {number}; no second one is opened."


@scene("Jan wants his money back, in Polish")
def polish_refund(stage: Stage) -> str:
    said = stage.do(
        "customer/comment", person="Jan", text="Chcę zwrotu pieniędzy za kawę z wczoraj"
    )
    number = stage.ticket_with("Chcę zwrotu pieniędzy")
    stage.names.update(jan=said["id"], refund=number)
    priority = stage.ticket(number)["priority"]
    return f"Ticket {number}, priority {priority}, because of the rule '{stage.rule(said['id'])}'."


@scene("Ola praises the coffee, and Tom trolls")
def no_complaints(stage: Stage) -> str:
    praise = stage.do("customer/comment", person="Ola", text="Best coffee in town, I love it!")
    troll = stage.do("customer/comment", person="Tom", text="lol tea is better 🤡🤡🤡")
    reasons = " and ".join(f"“{stage.ignored(one['id'])}”" for one in (praise, troll))
    return f"No tickets; they are ignored with the reasons {reasons}."


@scene("Ana edits her comment, and Jan deletes his")
def second_thoughts(stage: Stage) -> str:
    new = "My order arrived broken and cold, the cup is in pieces!"
    stage.do("customer/comment/edit", id=stage.names["ana"], text=new)
    stage.do("customer/comment/remove", id=stage.names["jan"])
    note = stage.note(stage.names["first"], "broken and cold")
    if "arrived broken, the cup" not in note:
        raise Otherwise("told: the note holds the old words too; it does not")
    stage.note(stage.names["refund"], "deleted")
    return "Private notes: on her ticket the old and the new words, on his that they are gone."


@scene("Ola writes in Messenger, and Tom to the Telegram bot")
def chats(stage: Stage) -> str:
    parcel, app = "My parcel never arrived. Where is it?", "The app is not working, I cannot log in"
    stage.do("customer/message", channel="messenger", person="Ola", text=parcel)
    stage.do("customer/message", channel="telegram", person="Tom", text=app)
    stage.names.update(parcel=stage.ticket_with(parcel), app=stage.ticket_with(app))
    return f"Tickets {stage.names['parcel']} and {stage.names['app']} are open for the two chats."


@scene("Leo writes on WhatsApp, whose tickets go to Freshdesk")
def whatsapp(stage: Stage) -> str:
    before = stage.tickets("zendesk")
    stage.do(
        "customer/message",
        channel="whatsapp",
        person="Leo",
        text="My grinder was delivered damaged",
    )
    stage.names["grinder"] = number = stage.ticket_with("delivered damaged")
    if stage.tickets("freshdesk") != 1 or stage.tickets("zendesk") != before:
        raise Otherwise("told: one ticket in Freshdesk, none in Zendesk; it is not so")
    return f"Ticket {number} is open in Freshdesk; Zendesk has none of it."


@scene("A one-star review comes from Trustpilot, read as a YAML file says")
def review(stage: Stage) -> str:
    stage.review(
        id="60aa1c0e9b1e4f0001c0ffee", language="en", title="Never again", stars=1,
        text="Three weeks, and no parcel.", createdAt="2026-11-20T09:34:44.000Z",
        consumer={"id": "60aa1bdc9b1e4f0001beef00", "name": "Eva"},
    )  # fmt: skip
    number = stage.ticket_with("Three weeks, and no parcel.")
    rule = stage.rule("60aa1c0e9b1e4f0001c0ffee")
    priority = stage.ticket(number)["priority_label"].lower()
    return f"Ticket {number} in Freshdesk, priority {priority}, because of the rule '{rule}'."


# --- what goes back ----------------------------------------------------------------------------------


@scene("Agents answer Ana, Ola and Tom in Zendesk, and Leo in Freshdesk")
def answers(stage: Stage) -> str:
    told = {
        "first": "We are so sorry! A new cup is on its way to you today.",
        "parcel": "It comes tomorrow at noon.",
        "app": "The app is back, please try again.",
        "grinder": "A new grinder leaves today.",
    }
    written = {name: stage.answer(stage.names[name], words) for name, words in told.items()}
    stage.names["answer"] = written["first"]["id"]
    posted = {name: stage.posted(words) for name, words in told.items()}
    if posted["first"].get("parent_id") != stage.names["ana"]:
        raise Otherwise("told: the answer stands under Ana's comment; it does not")
    places = [posted[name].get("channel") for name in ("parcel", "app", "grinder")]
    if places != ["messenger", "telegram", "whatsapp"]:
        raise Otherwise(f"told: in Messenger, on Telegram, on WhatsApp; it is {places}")
    return "Each stands once where it was asked: under her comment, and in the three chats."


@scene("An agent writes a private note")
def private_note(stage: Stage) -> str:
    stage.answer(stage.names["first"], "internal: she is a VIP, send the good cup", public=False)
    stage.calm()
    if any("internal:" in (one.get("text") or "") for one in stage.spoken()):
        raise Otherwise("told: a private note never leaves; it did")
    return "It stays on the ticket; nothing is posted anywhere."


@scene("Ewa complains under an Instagram post; the agent writes /dm and answers")
def into_private(stage: Stage) -> str:
    said = stage.do(
        "customer/comment", channel="instagram", person="Ewa",
        text="You charged me twice and nobody replies",
    )  # fmt: skip
    stage.names["twice"] = number = stage.ticket_with("charged me twice")
    words = "Hello Ewa, which order is it?"
    stage.answer(number, "/dm", public=False)
    stage.answer(number, words)
    if stage.posted(words)["what"] != "private_reply":
        raise Otherwise("told: the answer goes to her in private; it does not")

    def look() -> list[str]:
        comments = stage.record(what="comment", by="bridge", channel="instagram")
        return [one["text"] for one in comments if one["parent_id"] == said["id"]]

    lines = stage.until("a public line stands under her comment", look)
    if len(lines) != 1:
        raise Otherwise(f"told: one public line; there are {len(lines)}")
    return f"She reads it in private, everybody one line: “{lines[0]}”"


@scene("Ewa goes on in Instagram's messages")
def one_case(stage: Stage) -> str:
    stage.do(
        "customer/message", channel="instagram", person="Ewa", text="Order 4711, 89 EUR, twice"
    )
    number = stage.ticket_with("Order 4711")
    if number != stage.names["twice"]:
        raise Otherwise(f"told: on ticket {stage.names['twice']}; it is on {number}")
    words = "One of the two is on its way back to you."
    stage.answer(number, words)
    if stage.posted(words)["what"] != "message":
        raise Otherwise("told: the answer goes into the same chat; it does not")
    return f"Comment and chat are one case, ticket {number}; the answer goes into the chat."


@scene("Mia wrote on WhatsApp 25 hours ago: an answer comes too late, so a template goes")
def closed_window(stage: Stage) -> str:
    stage.do(
        "customer/message", channel="whatsapp", person="Mia", ago=25 * 3600,
        text="My kettle leaks, I want my money back",
    )  # fmt: skip
    number = stage.ticket_with("My kettle leaks")
    stage.answer(number, "Your money is on its way, Mia.")
    note = stage.note(number, "Not delivered")
    if "/template" not in note:
        raise Otherwise("told: the note names what is left; it does not")
    stage.answer(number, "/template ticket_news en\nMia", public=False)
    sent = stage.until(
        "the template reaches her",
        lambda: stage.record(what="message", by="bridge", template="ticket_news"),
    )
    if len(sent) != 1 or any(
        "money is on its way" in (one["text"] or "") for one in stage.spoken()
    ):
        raise Otherwise("told: one template, and not the late words; it is otherwise")
    return (
        f"A note on ticket {number} tells why and what is left; /template says “{sent[0]['text']}”"
    )


# --- trouble -------------------------------------------------------------------------------------------


@scene("The answer to Ana is made private on her ticket, after it was posted")
def taken_back(stage: Stage) -> str:
    stage.do("agent/make_private", ticket=stage.names["first"], comment=stage.names["answer"])
    stage.note(stage.names["first"], "The customer can still read it")
    return "A private note says that she can still read it, and where to delete it."


@scene("Freshdesk is down when Kim writes on WhatsApp, and Nora under a Facebook post")
def outage(stage: Stage) -> str:
    fault = stage.do("faults", system="freshdesk", effect="status", status=503, times=None)["id"]
    before = stage.tickets("freshdesk")
    stage.do("customer/message", channel="whatsapp", person="Kim", text="The lid came broken")
    stage.until("Freshdesk refuses", lambda: stage.record(what="fault", fault=fault))
    stage.do("customer/comment", person="Nora", text="The spoon came bent, I want a refund")
    stage.ticket_with("The spoon came bent")
    if stage.tickets("freshdesk") != before:
        raise Otherwise("told: Freshdesk takes nothing while it is down; it has a ticket more")
    stage.undo(f"faults/{fault}")
    number = stage.ticket_with("The lid came broken")
    return f"Zendesk has Nora's ticket at once; Kim's, {number}, is there as soon as Freshdesk is back."


@scene("The agent solves Ana's ticket, and Ana says thanks")
def solve(stage: Stage) -> str:
    before = len(stage.spoken())
    stage.do("agent/status", ticket=stage.names["first"], status="solved")
    notice = stage.until("a notice is posted", lambda: stage.spoken()[before:])[0]
    stage.do("customer/comment", person="Ana", text="Thanks!", reply_to=stage.names["ana"])
    number = stage.ticket_with("Thanks!")
    stage.calm()
    status = stage.ticket(stage.names["first"])["status"]
    if number != stage.names["first"] or status != "solved":
        raise Otherwise(f"told: thanks stay on the solved ticket; ticket {number} is {status}")
    return (
        f"The customer reads “{notice['text']}”; her thanks are added and do not reopen the ticket."
    )


@scene("The books")
def books(stage: Stage) -> str:
    tickets, posted = (stage.tickets("zendesk"), stage.tickets("freshdesk")), len(stage.spoken())
    if tickets != (6, 4) or posted != 9:
        raise Otherwise(f"told: six tickets and four, and nine answers; it is {tickets}, {posted}")
    return "Six tickets in Zendesk, four in Freshdesk, nine messages to customers, nothing twice."
