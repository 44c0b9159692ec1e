"""What an agent is told by private notes: what became of answers, edits and commands, and what is left.

Plain text; everything a stranger wrote passes `safe` or `line`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bridge.core.harmless import MESSAGE_LIMIT, address, capped, line, listed, safe
from bridge.core.mutes import Mute
from bridge.core.targets import moment

# Why a reply could not be delivered, for the agent who wrote it. Codes of channels and windows.
WAYS = {
    "window_closed": "The time in which the platform allows answers here is over",
    "automatic_not_allowed": "The platform allows no automatic message here",
    "person_unavailable": "The person cannot be written to (blocked us, left, or closed the account)",
    "blocked": "The person has blocked us",
    "not_found": "What should be answered was deleted or is hidden",
    "private_reply_used": "The one private reply that a comment allows was sent already",
    "private_reply_too_late": "A private reply is possible only within 7 days of the comment",
    "no_private_reply": "This cannot be answered in private",
    "no_public_reply": "This cannot be answered in public",
    "nothing_to_answer": "It is not known what should be answered",
    "cannot_reply": "The platform does not let us answer this",
    "cannot_hide": "This cannot be hidden on the platform",
    "cannot_delete": "The platform does not let us delete this any more",
    "no_permission": "The platform's app lacks a permission; an operator must grant it",
    "no_account": "It is not known which account should speak; an operator must look",
    "no_token": "The account has no access token; an operator must set it",
    "refused": "The platform refused the text",
    "template_refused": "The platform refused the template",
    "duplicate": "The platform refused it because the same text stands there already",
    "unconfirmed": "It is not known whether it arrived; look there before answering again",
    "token_refused": "Our access to the platform has ended; an operator must renew it",
    "auth": "Our access to the platform has ended; an operator must renew it",
    "unauthorised": "Our access to the platform has ended; an operator must renew it",
    "unsupported": "The platform has no way to do this",
    "too_long": "The text is longer than the platform takes",
    "too_large": "The file is larger than the platform takes",
    "fuse": "Too many messages in a short time; the bridge has stopped, so as not to talk to itself",
    "empty": "There were no words to send",
    "muted": "The person is muted",
    "erased": "The customer's data was erased from the bridge, and with it where they can be answered",
    "link_lost": "It is no longer known to whom this ticket answers",
    "dead": "It failed again and again and was put aside",
    "paused": "An operator has paused what goes to the platform",
    "outage": "The platform does not answer",
}


def reason(code: str, detail: str = "") -> str:
    """A sentence for people on a failure's *code*; *detail* speaks where the code has none."""
    sentence = WAYS.get(code)
    if sentence is None:
        return line(detail or code.replace("_", " "), 300).rstrip(".")
    return sentence


def _quoted(text: str) -> str:
    """*text* with a bar before each line, so that it is told from our own words."""
    said = safe(text, MESSAGE_LIMIT).strip()
    return "\n".join(f"| {row}" for row in said.split("\n")) if said else "| (no words)"


def edited(old: str | None, new: str | None) -> str:
    """The customer has changed what stands on the ticket."""
    before = f"\nBefore:\n{_quoted(old)}" if old is not None else ""
    return f"The customer has edited this.{before}\nNow:\n{_quoted(new or '')}"


def deleted(text: str | None) -> str:
    """The customer has deleted what stands on the ticket."""
    what = f"\n{_quoted(text)}" if text else ""
    return f"The customer has deleted this on the platform; it cannot be answered there.{what}"


def rerouting(group: str | None, result: str, priority: str | None) -> str:
    """What became of a ticket that a rule wanted elsewhere; *result* as `Helpdesk.move` tells it, or "unknown"."""
    name = line(group or "", 60)
    there = {
        "there": f"the ticket belongs to the group {name} now",
        "assigned": f"it wants the group {name}; the ticket stays with the agent who has it",
        "elsewhere": f"it wants the group {name}; the ticket stays where it was moved to",
        "unknown": f"it wants the group {name}, which the helpdesk's map does not know as a number",
    }
    told = [there[result]] if result else []
    told += [f"the priority is {line(priority, 20)} at least"] if priority else []
    return "; ".join(told)


def rerouted(rule: str, what: str) -> str:
    """Why an open ticket was moved, or would have been: what was said last matched *rule*."""
    return f"What came last matches the rule {line(rule, 64)}: {what}."


def native(author: str | None, text: str, where: str) -> str:
    """Somebody of the brand wrote on the platform, not through this ticket."""
    who = line(author, 60) if author else "Somebody of the brand"
    return (
        f"{who} answered directly on {line(where, 60)}, not through this ticket:\n{_quoted(text)}"
    )


def failed(code: str, detail: str, ways: Sequence[str], text: str | None) -> str:
    """An answer was not delivered: why, what is left to do, and the words themselves; None where they are not kept."""
    lines = [f"Not delivered to the customer. {reason(code, detail)}."]
    known = line(detail, 300)
    if code in WAYS and known and known != code.replace("_", " "):
        lines.append(f"({known})")
    if ways:
        lines.append(listed("What is left", (line(one, 300) for one in ways)))
    if text is not None:
        lines += ["The words:", _quoted(text)]
    return capped("\n".join(lines))


def held(code: str, detail: str, text: str) -> str:
    """An answer waits, or is held back because nobody can tell whether it arrived."""
    return f"Held back, not sent again. {reason(code, detail)}.\nThe words:\n{_quoted(text)}"


def guarded(why: str, ways: Sequence[str], text: str, who: str | None = None) -> str:
    """An answer to *who* waits for the agent's word: why it does not stand in public, and how to go on."""
    told = f"Held back, not posted where everybody can read it: {why}."
    return capped("\n".join([told, listed("How to go on", ways), _words(who), _quoted(text)]))


def asks(rule: str, private: bool, text: str, who: str | None = None) -> str:
    """Words of a rule wait for a person's yes: which, for *who*, and how it is given."""
    how = "in private" if private else "where everybody can read it"
    ways = [
        "/approve as a private note says them as they are",
        "/reject as a private note drops them",
        "or answer in your own words, which take their place",
    ]
    told = f"Held back, not said yet {how}: {line(rule, 80)} is said once a person has approved it."
    return capped("\n".join([told, listed("How to go on", ways), _words(who), _quoted(text)]))


def _words(who: str | None) -> str:
    return f"The words for {line(who, 60)}:" if who else "The words:"


def rejected(text: str, why: str, by: str | None) -> str:
    """Words that were held back are dropped."""
    person, because = f" by {line(by, 60)}" if by else "", f": {line(why, 300)}" if why else ""
    return capped(f"Rejected{person}{because}. This is not sent:\n{_quoted(text)}")


def hidden(because: str, rule: str, text: str, why: str = "") -> str:
    """A rule has hidden a comment under a house rule, or could not (*why*, a code)."""
    by = f"rule {line(rule, 64)}, house rule {line(because, 40)}"
    if why:
        return f"This was to be hidden ({by}), and was not: {reason(why)}.\n{_quoted(text)}"
    return (
        f"Hidden on the platform ({by}); its author and their friends still see it, and nothing is"
        f" deleted. /unhide as a private note shows it again.\n{_quoted(text)}"
    )


def partly(sent: int, of: int, code: str, detail: str, rest: str) -> str:
    """The first pieces of a long answer arrived, the others did not."""
    return (
        f"Only {sent} of {of} parts reached the customer. {reason(code, detail)}.\n"
        f"Not sent:\n{_quoted(rest)}"
    )


def taken_back(deleted: bool | None = None, why: str = "") -> str:
    """An answer was taken back on the ticket when the customer could read it already.

    *deleted*: whether it was deleted on the platform too, None where nobody asked for that; *why* not.
    """
    told = "An answer was redacted, deleted or made private here after it was sent."
    if deleted:
        return f"{told} It was deleted on the platform as well; the customer may have read it."
    tried = f" Deleting it there did not work: {line(why, 300)}." if deleted is False else ""
    return f"{told}{tried} The customer can still read it on the platform; delete it there if it must go."


def content(score: int, text: str) -> str:
    """What the customer answered when they were asked how content they were."""
    return f"Asked how content they were, the customer answered: {score} of 5.\n{_quoted(text)}"


def goes_on(where: str, windows: str) -> str:
    """The customer writes in another place from now on, and is answered there."""
    told = (
        f"The customer also writes in {line(where, 80)}. Answers go where they wrote last; "
        "/public and /dm choose."
    )
    return f"{told}\n{line(windows, 600)}"


def closes_soon(where: str, until: str, ways: Sequence[str]) -> str:
    """The customer waits, and the time in which an answer is possible is about to end."""
    told = f"The customer waits for an answer on {line(where, 60)}; it is possible until {until}."
    return "\n".join(one for one in (told, listed("What is open now", ways)) if one)


def waited(note: str, since: datetime, due: datetime | None) -> str:
    """The team's own *note* on a customer who waits, and since when that is."""
    until = f"; an answer was promised by {moment(due)}" if due else ""
    return f"{safe(note, MESSAGE_LIMIT)}\nThe customer waits since {moment(since)}{until}."


def read_back(what: Iterable[str]) -> str:
    """What happened on the ticket without the bridge being told; the bridge acts on it only now."""
    return listed("Read back later, as the helpdesk had not told of it", what)


def waits(code: str, text: str) -> str:
    """An answer has not gone out yet, and will by itself."""
    return (
        f"Not delivered yet. {reason(code)}. It goes out by itself once that is over, "
        "and what is written here meanwhile follows it.\n"
        f"The words:\n{_quoted(text)}"
    )


def loss(what: str, why: str) -> str:
    """A file that stayed on the platform, and why."""
    return f"{line(what, 300)}: {reason(why)}"


def not_copied(lost: Iterable[tuple[str, str]]) -> str:
    """Attachments that stayed on the platform, and why."""
    return listed("Attachments that could not be copied", (loss(*one) for one in lost))


def left_out(people: Iterable[str]) -> str:
    """The helpdesk did not take all collaborators that a rule names."""
    named = ", ".join(line(one, 120) for one in people)
    return (
        f"Not all of these could be added to the ticket: {named}. Tell them yourself; in Zendesk only agents "
        "of the account can follow a ticket."
    )


def linked_previous(ticket_id: str, url: str | None = None) -> str:
    """The ticket goes on where another one ended."""
    link = address(url)
    return f"Continues ticket {line(ticket_id, 40)}{f': {link}' if link else ''}."


_DONE = {
    "over": "The incident is over now. What has joined it last, and a summary, come in a moment.",
    "dm": "From now on public comments here go to the customer in private.",
    "public": "From now on public comments here are posted where everybody reads them.",
    "hide": "The comment is hidden on the platform; its author and their friends still see it.",
    "unhide": "The comment can be seen by everybody again.",
    "label": "The person has the label",
    "unlabel": "The person has no longer the label",
    "template": "The template was sent",
    "send": "The answer that was held back is posted as it is.",
    "approve": "Approved: what was held back goes out now, as it is. A note tells if it cannot.",
}


def command_done(name: str, argument: str = "") -> str:
    """A command of an agent was carried out."""
    if name == "hide" and argument:
        return f"{_DONE['hide']} House rule: {line(argument, 40)}."
    if name in ("label", "unlabel", "template"):
        return f"{_DONE[name]}: {line(argument, 300)}"
    return _DONE.get(name, f"/{line(name, 30)} is done.")


def command_refused(name: str, why: str) -> str:
    """A command of an agent was not carried out."""
    return f"/{line(name, 30)} was not carried out: {line(why, 300)}"


def _held_back(many: int) -> str:
    return (
        f"{many} message{'' if many == 1 else 's'} of it {'was' if many == 1 else 'were'} held back"
    )


def muted(mute: Mute) -> str:
    """The person is muted from now on."""
    why = f" ({line(mute.because, 200)})" if mute.because else ""
    return (
        f"The person is muted until {mute.until:%Y-%m-%d %H:%M} UTC{why}: nothing they write opens or "
        "extends a ticket, unless it speaks of danger. A note tells when it ends; /unmute ends it now."
    )


def unmuted(many: int) -> str:
    """The mute of the person was ended by a command."""
    return f"The person is muted no more. {_held_back(many)}."


def mute_ended(mute: Mute, many: int, now: datetime, by: str = "") -> str:
    """A mute has come to its end: what it was, why, and how much it held back."""
    what = f"person of {mute.value}" if mute.room else f"{mute.what} {line(mute.value, 100)!r}"
    since = f" since {mute.since:%Y-%m-%d}"
    set_by = f" by {line(mute.by, 60)}" if mute.by else ""
    why = f" ({line(mute.because, 200)})" if mute.because else ""
    early = f", ended by {line(by, 60)}" if by and now < mute.until else ""
    return (
        f"The mute of the {what}, set{since}{set_by}{why}, is over{early}. {_held_back(many)}; "
        "what is written from now on is handled again."
    )
