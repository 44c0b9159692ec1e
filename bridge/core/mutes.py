"""Who and what is muted: an author, a post or a phrase, until a time, for a reason, by somebody.

What is muted opens and extends no ticket; it is kept, and counted. Danger is heard all the same: words of
injury, fire or self-harm go past the mute of an author or a post. A phrase was chosen by its words, and
stays muted whatever stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.core.harmless import line
from bridge.core.model import Message
from bridge.core.stored import doc_in, moment_in, moment_out
from bridge.core.words import Phrase, phrase, spaced

WHATS = ("author", "post", "phrase")
USUAL = 7 * 86400  # seconds a mute lasts where nobody says how long
LONGEST = 200  # characters of a value or a reason that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """One mute. `value` is what a person wrote: an id, a handle or a link; a post's id or link; words.

    Of an author muted on a ticket, `people` are the names of the person (`ingest.person_name`), and `room`
    is where its end is told. An empty `connection` is any.
    """

    id: str
    what: str
    value: str
    since: datetime
    until: datetime
    because: str = ""
    by: str = ""
    connection: str = ""
    people: tuple[str, ...] = ()
    room: str = ""

    @property
    def reason(self) -> str:
        """Why what it holds back is ignored, as books, receipts and lists say it."""
        return f"muted: {self.because or f'the {self.what}'}"


def mute_out(mute: Mute) -> str:
    """*mute* as it is kept."""
    plain = {
        "v": 1,
        "what": mute.what,
        "value": mute.value,
        "since": moment_out(mute.since),
        "until": moment_out(mute.until),
        "because": mute.because,
        "by": mute.by,
        "connection": mute.connection,
        "people": list(mute.people),
        "room": mute.room,
    }
    lean = {name: value for name, value in plain.items() if value not in ("", [])}
    return json.dumps(lean, separators=(",", ":"), ensure_ascii=False)


def mute_in(name: str, text: str) -> Mute | None:
    """The mute *name* that `mute_out` wrote; None where it is damaged, or of a kind we do not know."""
    kept: Mapping[str, Any] = doc_in(text)
    try:
        since, until = moment_in(kept.get("since")), moment_in(kept.get("until"))
    except ValueError:
        return None
    if kept.get("what") not in WHATS or since is None or until is None:
        return None
    return Mute(
        id=name,
        what=kept["what"],
        value=str(kept.get("value", "")),
        since=since,
        until=until,
        because=str(kept.get("because", "")),
        by=str(kept.get("by", "")),
        connection=str(kept.get("connection", "")),
        people=tuple(kept.get("people", ())),
        room=str(kept.get("room", "")),
    )


def told(text: str) -> str:
    """A value or a reason as it is kept: one harmless line."""
    return line(text, LONGEST)


def wrong(what: str, value: str) -> str | None:
    """Why *value* cannot be muted; None when it can."""
    if not value.strip():
        return f"name the {what} to mute"
    if what == "phrase":
        try:
            phrase(value)
        except ValueError as error:
            return str(error)
    return None


class Standing:
    """The mutes that stand, sorted so that a message is looked up and not compared with each."""

    def __init__(self, mutes: Iterable[Mute] = ()) -> None:
        self._people: dict[str, list[Mute]] = {}
        self._authors: dict[str, list[Mute]] = {}
        self._posts: dict[str, list[Mute]] = {}
        self._phrases: list[tuple[Phrase, Mute]] = []
        for mute in mutes:
            if mute.what == "phrase":
                if wrong("phrase", mute.value) is None:
                    self._phrases.append((phrase(mute.value), mute))
                continue
            names = mute.people or (handle(mute.value),)
            book = self._people if mute.people else self._authors
            if mute.what == "post":
                names, book = (_link(mute.value),), self._posts
            for name in names:
                book.setdefault(name, []).append(mute)

    def __bool__(self) -> bool:
        return bool(self._people or self._authors or self._posts or self._phrases)

    def hits(self, message: Message, person: str, connection: str, now: datetime) -> Iterator[Mute]:
        """The mutes that hold *message* back at *now*; *person* is the name of who wrote it, or empty."""
        for mute in self._named(message, person):
            if mute.until > now and mute.connection in ("", connection):
                yield mute

    def _named(self, message: Message, person: str) -> Iterator[Mute]:
        yield from self._people.get(person, ())
        author = message.author
        if self._authors and author is not None:
            for name in {handle(one) for one in (author.id, author.username, author.url) if one}:
                yield from self._authors.get(name, ())
        if self._posts:
            for name in _posts(message):
                yield from self._posts.get(name, ())
        if self._phrases and message.text:
            text = spaced(message.text)
            yield from (mute for one, mute in self._phrases if one.within(text))


def handle(text: str) -> str:
    """An author as they are compared: `@Ana.M` and `ana.m` are the same, and so are two forms of a link."""
    return _link(text).removeprefix("@")


def _link(text: str) -> str:
    """An id or a link as they are compared: without what only leads there."""
    bare = text.strip().casefold()
    if "://" in bare:
        bare = bare.partition("://")[2].partition("#")[0].removeprefix("www.").rstrip("/")
    return bare


def _posts(message: Message) -> set[str]:
    """All that the post of *message* may be called by: its id, the thread's, its link, our own words' link."""
    post = message.extra.get("post")
    told = post if isinstance(post, Mapping) else {}
    names = (told.get("id"), told.get("url"), message.answer.get("post_id"), message.thread_id)
    links = (message.permalink, (message.permalink or "").partition("?")[0])
    return {_link(str(one)) for one in (*names, *links) if one}
