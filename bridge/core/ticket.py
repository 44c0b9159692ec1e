"""What a ticket says when it is opened and grows: the customer's words, and the note for the agent.

The words stand alone, as the customer wrote them; all that surrounds them (who, where, why, what
came before) goes into a private note. Everything a stranger wrote passes `safe`, and nothing here
is HTML. Times are shown in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bridge.core.compose import head, parts
from bridge.core.harmless import MESSAGE_LIMIT, NOTE_LIMIT, address, capped, line, listed, safe
from bridge.core.model import Attachment, Author, Change, Kind, Message, Visibility
from bridge.core.plaintext import visible
from bridge.core.telling import loss
from bridge.core.untrusted import clean

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
    word for; `windows` a sentence on how long answers are possible, `due` one on until when one is promised. `labels` say where each message
    was said, where that is not the same for all. `signals` are what the rules had read from the words;
    `approve` is the rule that wants a second person to approve public answers.
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
    signals: Mapping[str, Any] = field(default_factory=dict)
    post_text: str | None = None
    post_url: str | None = None
    permalink: str | None = None
    lost: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    windows: str = ""
    due: str = ""
    events: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    approve: str = ""


# --- who and where -------------------------------------------------------------------------------


def _time(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "time unknown"


def _amount(count: int) -> str:
    return f"{count:,}"


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
    url = address(attachment.url) if attachment.type not in FILES else None
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
        _read(case.signals),
        facts(case.messages),
        _earlier(case),
        listed("Not copied to this ticket", (loss(what, why) for what, why in case.lost)),
        listed(
            "Not set, because the helpdesk's map has no word for it",
            (line(one, 120) for one in case.unknown),
        ),
        case.due and line(case.due, 200),
        case.windows and line(case.windows, 600),
        case.windows != NOWHERE and HOW,
        _approve(case),
        _reference(case),
        _rest(case),
    ]
    return capped("\n\n".join(section for section in sections if section))


def _approve(case: Case) -> str:
    if not case.approve:
        return ""
    return (
        f"Rule {line(case.approve, 80)}: a public comment here waits until another agent writes /approve "
        "as the first line of a private note; /reject drops it."
    )


def _where(case: Case, customer: Author | None) -> str:
    at = f" to {line(case.account, 80)}" if case.account else ""
    lines = [f"{line(_what(case), 60)} from {_name(customer, case.channel)}{at}"]
    link = address(case.permalink)
    link = link or next((one for m in case.messages if (one := address(m.permalink))), None)
    if link:
        lines.append(link)
    return "\n".join(lines)


def _post(case: Case) -> str:
    lines = []
    if case.post_text and case.post_text.strip():
        lines.append(f"Under the post: {line(case.post_text, 1000)}")
    link = address(case.post_url)
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
    link = address(customer.url)
    if link:
        known.append(link)
    return f"About the author: {', '.join(known)}" if known else ""


# Facts that come beside the words -> what they are about; their own name follows a dot.
_BESIDE = {
    "form": "Form", "location": "Place", "referral": "Came by", "handover": "The bot handed over",
}  # fmt: skip


def facts(messages: Iterable[Message]) -> str:
    """The answers of a form, the advertisement somebody came by, a place's address; what came late; else nothing."""
    rows = []
    for message in messages:
        if message.extra.get("late"):
            rows.append(
                f"Read back later, as no webhook told of it; written at {_time(message.sent_at)}"
            )
        for name, value in message.extra.items():
            about, _, what = name.partition(".")
            if about in _BESIDE and value not in (None, ""):
                label = f"{_BESIDE[about]}{f', {line(what, 80)}' if what else ''}"
                rows.append(f"{label}: {line(str(value), 500)}")
    return listed("Came with it", dict.fromkeys(rows[:50]))


# What agents may want to know of what was read from the words, in the order in which it is told.
_READ = {
    "safety": "danger", "urgent": "cannot wait", "sentiment": "mood", "personal_data": "personal data",
}  # fmt: skip


def _read(signals: Mapping[str, Any]) -> str:
    """What was read from the words and is worth knowing; empty where there is nothing of it."""
    told = []
    for name, label in _READ.items():
        value = signals.get(name)
        if value is True:
            told.append(label)
        elif isinstance(value, tuple) and value:
            told.append(f"{label} ({', '.join(value)})")
        elif isinstance(value, float):
            told.append(f"{label} {value:+.1f} of -1 to 1")
    return f"Read from the words, which may be wrong: {', '.join(told)}" if told else ""


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
    return listed(
        title, (f"{_time(one.at)}, {line(one.who, 60)}: {line(one.text, 1000)}" for one in shown)
    )


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
        shown = head(text, MESSAGE_LIMIT)
        if len(text) > len(shown) and message.change is not Change.DELETED:
            rests.append(f"Rest of the long message:\n{safe(text[len(shown) :])}")
    return "\n\n".join(rests)
