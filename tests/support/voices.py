"""Everything a channel can be asked to do, on every message in its fixtures that it can be done to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from support.contract import NOW, Other, parsed, payloads, target
from support.given import PLATFORMS

from bridge.channels import SOURCES
from bridge.channels.base import Channel, Source, Voice
from bridge.core.calls import Calls, HttpRequest, drive
from bridge.core.errors import BridgeError, Done
from bridge.core.model import (
    Attachment,
    Author,
    Kind,
    Message,
    Outgoing,
    Target,
    Template,
    Visibility,
)

WORDS = Outgoing(text="We are sorry.\nIt is on its way.", marker="b:mark", since=NOW)
TEMPLATE = replace(WORDS, template=Template(name="order_news", language="en", values=("Ana",)))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One verb of one channel, on one message that it can be done to."""

    source: Source
    channel: Channel
    verb: str
    kind: Kind
    where: Target
    do: Callable[[Target, Outgoing], Calls[Any]]
    words: Outgoing = WORDS
    idea: str = ""  # its name among all cases

    def calls(self, where: Target | None = None, words: Outgoing | None = None) -> Calls[Any]:
        return self.do(where or self.where, words or self.words)

    @property
    def writes(self) -> bool:
        return self.verb not in ("describe", "fetch") and not self.verb.startswith("look")


def verbs(channel: Channel, message: Message) -> Iterator[tuple[str, Any, Outgoing]]:
    """Everything that can be done about *message*: its name, how, and with which words."""
    voices: dict[str, Voice | None] = {
        "public": channel.voice(Visibility.PUBLIC, message.answer),
        "private": channel.voice(Visibility.PRIVATE, message.answer),
    }
    for name, voice in voices.items():
        if voice is not None:
            yield name, voice.post, WORDS
            yield f"{name} as a person", voice.post, replace(WORDS, tag="human")
            if voice.look is not None:
                yield f"look {name}", voice.look, WORDS
    if channel.template is not None:
        yield "template", channel.template.post, TEMPLATE
    if (hide := channel.hide) is not None:
        yield "hide", lambda where, _: hide(where), WORDS
    if (delete := channel.delete) is not None:
        yield "delete", lambda where, _: delete(where, where.item_id or "71"), WORDS
    if (describe := channel.describe) is not None:
        who = message.author
        bare = replace(message, author=who and Author(id=who.id), text=None)
        yield "describe", lambda where, _: describe(where, bare), WORDS
    if (fetch := channel.fetch) is not None:
        for one in message.attachments or (Attachment(type="image", id="f1"),):
            yield "fetch", lambda w, _, one=one: fetch(w.connection, w.account, one), WORDS


def cases() -> Iterator[Case]:
    """Each verb once for each shape of `answer` and kind of message, and each login of an account."""
    for source in SOURCES.values():
        if source.name not in PLATFORMS:
            continue  # test_sources.py says so
        for channel in source.channels.values():
            seen: set[Any] = set()
            for _, fixture in payloads(channel.name):
                for message in parsed(source, fixture["payload"]):
                    if message.channel != channel.name or message.kind is Kind.OTHER:
                        continue
                    for login in PLATFORMS[source.name].logins.get(channel.name, ({},)):
                        yield from _cases(source, channel, message, login, seen)


def _cases(
    source: Source, channel: Channel, message: Message, login: Mapping[str, Any], seen: set[Any]
) -> Iterator[Case]:
    where = target(source, channel, message, login)
    shape = (message.kind, *sorted(message.answer), message.person is None, *login.values())
    for verb, do, words in verbs(channel, message):
        files = tuple(one.type for one in message.attachments) if verb == "fetch" else ()
        if (verb, shape, files) in seen:
            continue
        seen.add((verb, shape, files))
        case = Case(
            source=source, channel=channel, verb=verb, kind=message.kind, where=where, do=do, words=words
        )  # fmt: skip
        if asks(case):
            name = "-".join(filter(None, (message.kind, *message.answer, *map(str, login.values()), *files)))  # fmt: skip
            yield replace(case, idea=f"{channel.name}/{verb}/{name}")


def asks(case: Case) -> bool:
    """Whether the channel asks anything at all; that it cannot do so is an answer as well."""
    try:
        next(case.calls())
    except (BridgeError, StopIteration):
        return False
    return True


def played(case: Case, **more: Any) -> tuple[Any, list[HttpRequest]]:
    """What came of it, and what was asked, while the platform says yes."""
    other = Other(PLATFORMS[case.source.name].yes)
    try:
        result = drive(case.calls(**more), other)
    except Done as done:
        result = done.found
    return result, other.asked
