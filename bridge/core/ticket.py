"""What a ticket says, as plain text for people: the customer's words, and notes for the agent.

The words stand alone, as the customer wrote them; all that surrounds them (who, where, why, what
came before) goes into a private note. Everything a stranger wrote passes `safe`, and nothing here
is HTML. Times are shown in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bridge.core.compose import parts, visible
from bridge.core.model import Attachment, Author, Change, Kind, Message, Visibility
from bridge.core.untrusted import clean

MESSAGE_LIMIT = 10_000  # characters of one message in the customer's comment
NOTE_LIMIT = 60_000  # characters of one note; Zendesk takes 65,535
EARLIER = 10  # messages of the earlier conversation that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One turn of the earlier conversation."""

    who: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known when words go to a ticket. `messages` are the new ones, in order.

    `channel` is what people call it ("Facebook"), `account` the page's or bot's name. `lost` are
    files that could not be copied, each with the reason; `unknown` what the helpdesk's map has no
    word for; `windows` a sentence on how long answers are possible. `labels` say where each message
    was said, where that is not the same for all.
    """

    channel: str
    conversation: str
    messages: tuple[Message, ...]
    account: str = ""
    customer: Author | None = None
    earlier: tuple[Said, ...] = ()
    rule: str = ""
    reasons: tuple[str, ...] = ()
    rules_hash: str = ""
    post_text: str | None = None
    post_url: str | None = None
    permalink: str | None = None
    lost: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    windows: str = ""
    events: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


# --- harmless text -------------------------------------------------------------------------------

# Each pair: what a helpdesk might act on, and the same with a space in it, which nothing acts on.
# Placeholders and Liquid; Markdown images, links, references and their definitions; tags of HTML.
_ACTIVE = (
    (re.compile(r"\{(?=[{%#])"), "{ "),
    (re.compile(r"\[(?=\[)"), "[ "),
    (re.compile(r"!(?=\[)"), "! "),
    (re.compile(r"\](?=[(\[])"), "] "),
    (re.compile(r"(?m)^( {0,3}\[[^\]\n]{1,999}\])(?=:)"), r"\1 "),
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),
)


def safe(text: str, limit: int | None = None) -> str:
    """*text* as a helpdesk shows it and does nothing else; at most *limit* characters and a mark.

    Control characters, bidirectional and zero-width tricks go; placeholders, Markdown links and
    HTML tags get a space, so that a person reads the same and a program sees nothing.
    """
    text = visible(clean(text))
    if limit is not None and len(text) > limit:
        text = f"{text[:limit]}… [cut: {len(text) - limit} more characters]"
    for active, tame in _ACTIVE:
        text = active.sub(tame, text)
    return text


def line(text: str, limit: int) -> str:
    """*text* as one safe line of at most *limit* characters; what is cut off leaves a mark."""
    short = " ".join(visible(clean(text[: limit * 8 + 1000])).split())
    whole = safe(short)
    return whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"


def _address(url: str | None) -> str | None:
    """*url* if it is one to click on, for people."""
    if url and re.fullmatch(r"https?://[^\s<>\"\x00-\x1f]{1,2000}", url):
        return safe(url)
    return None


def _time(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "time unknown"


def _amount(count: int) -> str:
    return f"{count:,}"


# --- who and where -------------------------------------------------------------------------------

_KINDS = {
    Kind.COMMENT: "comment",
    Kind.MENTION: "mention",
    Kind.REVIEW: "review",
    Kind.DM: "message",
    Kind.POST: "post",
    Kind.HANDOVER: "handover",
    Kind.OTHER: "event",
}


def _group(message: Message) -> bool:
    """Whether several people write in the same chat."""
    return message.kind is Kind.DM and message.visibility is Visibility.PUBLIC


def _name(author: Author | None, channel: str) -> str:
    known = author and (author.name or author.username)
    return line(known, 60) if known else f"{channel} user"


def what(message: Message) -> str:
    """What *message* is, in a word or two: `comment`, `group message`."""
    return f"{'group ' if _group(message) else ''}{_KINDS[message.kind]}"


def _what(case: Case) -> str:
    first = case.messages[0] if case.messages else None
    return f"{case.channel} {what(first) if first else 'conversation'}"


def _customer(case: Case) -> Author | None:
    return case.customer or next((one.author for one in case.messages if one.author), None)


def subject(case: Case, limit: int = 150) -> str:
    """One line of at most *limit* characters: what it is, from whom, and how it begins.

    `Facebook comment from Ana Nowak: "Where is my order?"`
    """
    head = f"{line(_what(case), 60)} from {_name(_customer(case), case.channel)}"
    shown = _shown(case.messages)
    text = shown[0].text if shown and shown[0].text and shown[0].text.strip() else ""
    if text:
        room = limit - len(head) - len(': ""')
        return f'{head}: "{line(text, room)}"' if room >= 10 else line(head, limit)
    files = _files(shown[0]) if shown else ""
    return line(f"{head}: {files}" if files else head, limit)


# --- the customer's words ------------------------------------------------------------------------

# Types of attachments that are copied to the ticket; of all others it shows the address.
FILES = frozenset(
    {"image", "video", "audio", "document", "file", "sticker", "story_mention", "story_reply"}
)


def _file(attachment: Attachment) -> str:
    kind = line(attachment.type or "file", 30)
    url = _address(attachment.url) if attachment.type not in FILES else None
    name = f" {line(attachment.name, 80)}" if attachment.name else ""
    # Our own bracket and one of theirs side by side would be active again.
    return safe(f"[{kind}{name}]{f' {url}' if url else ''}")


def _files(message: Message) -> str:
    return " ".join(_file(one) for one in message.attachments)


def _shown(messages: Iterable[Message]) -> list[Message]:
    """Each message once, where it first stood, with the words it has now."""
    kept: dict[str, Message] = {}
    for message in messages:
        key = _key(message)
        earlier = kept.get(key)
        if earlier is None or message.change is not Change.CREATED:
            # An edit or a removal keeps the place, the time and the files of the original.
            kept[key] = (
                message
                if earlier is None
                else replace(
                    message,
                    sent_at=earlier.sent_at or message.sent_at,
                    author=message.author or earlier.author,
                    attachments=message.attachments or earlier.attachments,
                )
            )
    return list(kept.values())


def _words(message: Message) -> str:
    if message.change is Change.DELETED:
        return "(a message that its author has deleted)"
    text = safe(message.text or "", MESSAGE_LIMIT).strip("\n")
    if text.strip():
        # Files travel with the comment; what is no file (a link, a place) would be lost.
        others = [one for one in message.attachments if one.type not in FILES and one.url]
        extra = [_file(one) for one in others if str(one.url) not in (message.text or "")]
        text = "\n".join([text, *extra])
    else:
        text = _files(message) or "(no words)"
    return f"{text}\n(edited)" if message.change is Change.EDITED else text


def words(case: Case) -> str:
    """The customer's words, and nothing else where there is one message.

    Several messages stand in order, each once, below its time; in a group below its author too. A
    message without words names its files: `[image]`.
    """
    shown = _shown(case.messages)
    if len(shown) == 1 and not _group(shown[0]) and not case.labels:
        return _words(shown[0])
    where = {_key(one): label for one, label in zip(case.messages, case.labels, strict=False)}
    blocks = []
    for message in shown:
        who = _name(message.author, case.channel) if _group(message) else ""
        above = (where.get(_key(message), ""), who, _time(message.sent_at))
        blocks.append(f"{', '.join(one for one in above if one)}\n{_words(message)}")
    return "\n\n".join(blocks)


def _key(message: Message) -> str:
    """What the versions of one message share."""
    return message.external_id or message.dedupe


def chunks(text: str, limit: int = NOTE_LIMIT) -> list[str]:
    """*text* in comments of at most *limit* characters, numbered when there is more than one."""
    return parts(text, limit)


# --- the note for the agent ----------------------------------------------------------------------

NOWHERE = "It cannot be answered from here; answer where it was written"
NO_WAY = "No answer is possible from here now; answer where it was written"
HOW = (
    "A public comment here is posted where the customer wrote. A private note stays here. First "
    "line of a private note: /dm (answer in private), /public (answer in public), /hide (hide the "
    "comment), /mute 7d (open nothing for this person)."
)


def note(case: Case) -> str:
    """The private note that goes with a new ticket: what an agent needs to answer well."""
    customer = _customer(case)
    sections = [
        _where(case, customer),
        _post(case),
        _about(customer),
        _why(case),
        facts(case.messages),
        _earlier(case),
        _listed("Not copied to this ticket", (_loss(what, why) for what, why in case.lost)),
        _listed(
            "Not set, because the helpdesk's map has no word for it",
            (line(one, 120) for one in case.unknown),
        ),
        case.windows and line(case.windows, 500),
        case.windows != NOWHERE and HOW,
        _reference(case),
        _rest(case),
    ]
    return _capped("\n\n".join(section for section in sections if section))


def _capped(text: str) -> str:
    return text if len(text) <= NOTE_LIMIT else text[: NOTE_LIMIT - 10].rstrip() + "… [cut]"


def _listed(title: str, rows: Iterable[str]) -> str:
    shown = [f"- {row}" for row in rows]
    return "\n".join([f"{title}:", *shown]) if shown else ""


def _where(case: Case, customer: Author | None) -> str:
    at = f" to {line(case.account, 80)}" if case.account else ""
    lines = [f"{line(_what(case), 60)} from {_name(customer, case.channel)}{at}"]
    link = _address(case.permalink)
    link = link or next((one for m in case.messages if (one := _address(m.permalink))), None)
    if link:
        lines.append(link)
    return "\n".join(lines)


def _post(case: Case) -> str:
    lines = []
    if case.post_text and case.post_text.strip():
        lines.append(f"Under the post: {line(case.post_text, 1000)}")
    link = _address(case.post_url)
    if link:
        lines.append(link if lines else f"Under the post: {link}")
    return "\n".join(lines)


def _about(customer: Author | None) -> str:
    """What is known of the author; what is unknown is not mentioned."""
    if customer is None:
        return "The platform does not tell who wrote this."
    known = []
    if customer.username and customer.username != customer.name:
        known.append(f"@{line(customer.username, 60)}")
    if customer.followers is not None:
        known.append(f"{_amount(customer.followers)} followers")
    if customer.verified is not None:
        known.append("verified" if customer.verified else "not verified")
    link = _address(customer.url)
    if link:
        known.append(link)
    return f"About the author: {', '.join(known)}" if known else ""


# Facts that come beside the words -> what they are about; their own name follows a dot.
_BESIDE = {"form": "Form", "location": "Place", "referral": "Came by"}


def facts(messages: Iterable[Message]) -> str:
    """The answers of a form, the advertisement somebody came by, a place's address; else nothing."""
    rows = []
    for message in messages:
        for name, value in message.extra.items():
            about, _, what = name.partition(".")
            if about in _BESIDE and value not in (None, ""):
                label = f"{_BESIDE[about]}{f', {line(what, 80)}' if what else ''}"
                rows.append(f"{label}: {line(str(value), 500)}")
    return _listed("Came with it", dict.fromkeys(rows[:50]))


def _why(case: Case) -> str:
    if not case.rule:
        return ""
    reasons = "; ".join(line(one, 200) for one in case.reasons[:5])
    return f"Why: rule {line(case.rule, 80)}{f' ({reasons})' if reasons else ''}"


def _earlier(case: Case) -> str:
    shown = case.earlier[-EARLIER:]
    title = "Earlier in this conversation"
    if len(shown) < len(case.earlier):
        title = f"{title} (the last {EARLIER} of {len(case.earlier)})"
    return _listed(
        title, (f"{_time(one.at)}, {line(one.who, 60)}: {line(one.text, 1000)}" for one in shown)
    )


def _loss(what: str, why: str) -> str:
    return f"{line(what, 300)}: {reason(why)}"


def _reference(case: Case) -> str:
    lines = [f"Conversation {line(case.conversation, 300)}"]
    if case.events:
        lines.append(f"bridge why {' '.join(line(one, 80) for one in case.events[:20])}")
    if case.rules_hash:
        lines.append(f"Rules {line(case.rules_hash, 64)}")
    return "\n".join(lines)


def _rest(case: Case) -> str:
    """What did not fit into the customer's comment, for messages of absurd length."""
    rests = []
    for message in _shown(case.messages):
        text = visible(clean(message.text or ""))
        if len(text) > MESSAGE_LIMIT and message.change is not Change.DELETED:
            rests.append(f"Rest of the long message:\n{safe(text[MESSAGE_LIMIT:])}")
    return "\n\n".join(rests)


# --- other notes ---------------------------------------------------------------------------------

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
    "link_lost": "It is no longer known to whom this ticket answers",
    "dead": "It failed again and again and was put aside",
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


def native(author: str | None, text: str, where: str) -> str:
    """Somebody of the brand wrote on the platform, not through this ticket."""
    who = line(author, 60) if author else "Somebody of the brand"
    return (
        f"{who} answered directly on {line(where, 60)}, not through this ticket:\n{_quoted(text)}"
    )


def failed(code: str, detail: str, ways: Sequence[str], text: str) -> str:
    """An answer was not delivered: why, what is left to do, and the words themselves."""
    lines = [f"Not delivered to the customer. {reason(code, detail)}."]
    known = line(detail, 300)
    if code in WAYS and known and known != code.replace("_", " "):
        lines.append(f"({known})")
    if ways:
        lines.append(_listed("What is left", (line(one, 300) for one in ways)))
    return _capped("\n".join([*lines, "The words:", _quoted(text)]))


def held(code: str, detail: str, text: str) -> str:
    """An answer waits, or is held back because nobody can tell whether it arrived."""
    return f"Held back, not sent again. {reason(code, detail)}.\nThe words:\n{_quoted(text)}"


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


def closes_soon(where: str, until: str, ways: Sequence[str]) -> str:
    """The customer waits, and the time in which an answer is possible is about to end."""
    told = f"The customer waits for an answer on {line(where, 60)}; it is possible until {until}."
    return "\n".join(one for one in (told, _listed("What is open now", ways)) if one)


def waits(code: str, text: str) -> str:
    """An answer has not gone out yet, and will by itself."""
    return (
        f"Not delivered yet. {reason(code)}. It goes out by itself once that is mended.\n"
        f"The words:\n{_quoted(text)}"
    )


def not_copied(lost: Iterable[tuple[str, str]]) -> str:
    """Attachments that stayed on the platform, and why."""
    return _listed("Attachments that could not be copied", (_loss(*one) for one in lost))


def linked_previous(ticket_id: str, url: str | None = None) -> str:
    """The ticket goes on where another one ended."""
    link = _address(url)
    return f"Continues ticket {line(ticket_id, 40)}{f': {link}' if link else ''}."


_DONE = {
    "dm": "From now on public comments here go to the customer in private.",
    "public": "From now on public comments here are posted where everybody reads them.",
    "hide": "The comment is hidden on the platform; its author and their friends still see it.",
    "mute": "The person is muted: no new ticket is opened for them",
    "template": "The template was sent",
}


def command_done(name: str, argument: str = "") -> str:
    """A command of an agent was carried out."""
    if name == "mute":
        return f"{_DONE['mute']}{f' for {line(argument, 60)}' if argument else ''}."
    if name == "template":
        return f"{_DONE['template']}: {line(argument, 300)}"
    return _DONE.get(name, f"/{line(name, 30)} is done.")


def command_refused(name: str, why: str) -> str:
    """A command of an agent was not carried out."""
    return f"/{line(name, 30)} was not carried out: {line(why, 300)}"
