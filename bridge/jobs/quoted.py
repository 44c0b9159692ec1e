"""What of a person who is erased stands in things that are others' too: taken out of them, and they stay.

Where platforms tell no ids, all who write below one post share a conversation; an incident lists whoever
belongs to it. There are their words among the earlier ones, in private notes, and in a write for several that is
under way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core.stored import doc_in
from bridge.store import Instead, Store

GONE = "What stood here was erased."
MANY = 1_000_000  # more than belong to any incident
SHORT = 4  # characters below which a line is nobody's words


@dataclass(slots=True)
class Theirs:
    """What is told of somebody elsewhere: their events, messages, names and words, by what they wrote."""

    events: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)  # conversations of several, where they wrote

    def wrote(self, eid: str, row: Mapping[str, str], doc: Mapping[str, Any], room: str) -> None:
        """Take a message of theirs; *room* is "" where the conversation is theirs, too."""
        author = doc["author"] if isinstance(doc.get("author"), dict) else {}
        self.events.add(eid)
        self.messages |= {row["mid"]} if row.get("mid") else set()
        self.names |= {str(author[name]) for name in ("name", "username") if author.get(name)}
        self.words |= {str(doc["text"])} if doc.get("text") else set()
        self.shared |= {room} if room else set()

    def says(self, line: str) -> bool:
        """Whether *line* of a note names them, or is of their words."""
        bare = line.removeprefix("| ").strip()
        if len(bare) >= SHORT and any(bare in words for words in self.words):
            return True
        return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) for name in self.names)

    def left_out(self, text: str) -> str:
        """*text* without the lines that name them."""
        lines = [line for line in text.split("\n") if not self.says(line)]
        return "\n".join(lines) if any(line.strip() for line in lines) else GONE


# --- a write that is under way -----------------------------------------------------------------------


def lanes(store: Store, theirs: Theirs) -> Iterator[Instead]:
    """The writes under way for them and others: their words leave it, and it is only looked for."""
    for room in theirs.shared:
        lane = "in:" + room
        intent = store.hash(f"i:{lane}")
        if fields := _bare(intent, theirs):
            yield Instead(f"i:{lane}", "id", intent["id"], fields, lane)


def doubts(eid: str, kept: str, theirs: Theirs) -> Iterator[Instead]:
    """The same of a write that may have been done, and is kept with the dead letter *eid*, which stays."""
    intent = json.loads(kept)
    if eid not in theirs.events and (fields := _bare(intent, theirs)):
        doubt = json.dumps({**intent, **fields})
        yield Instead(f"e:{eid}", "doubt", kept, {"doubt": doubt})


def _bare(intent: Mapping[str, str], theirs: Theirs) -> dict[str, str] | None:
    """What of *intent* is others': enough to see whether it happened; None where it is not for both."""
    every = json.loads(intent.get("events") or "[]")
    others = [eid for eid in every if eid not in theirs.events]
    if not others or len(others) == len(every) or "after" not in intent:
        return None
    after = json.loads(intent["after"])
    after["events"] = [one for one in after["events"] if one["e"] in others]
    after["says"] = [one for one in after.get("says", []) if one["m"] not in theirs.messages]
    after["push"] = [one for one in after.get("push", []) if not _is_for(one, theirs)]
    after["notes"] = [theirs.left_out(note) for note in after.get("notes", [])]
    after["facts"] = {
        name: value
        for name, value in {**after["facts"], **_earlier(after["facts"], theirs)}.items()
        if name not in ("author", "first_name")
    }
    return {
        "events": json.dumps(others), "after": json.dumps(after), "body": "", "files": "",
        "erased": "1",
    }  # fmt: skip


def _is_for(pushed: Mapping[str, Any], theirs: Theirs) -> bool:
    """Whether an event to come is an answer to them; a wait is that of all who wrote."""
    doc = doc_in(pushed["f"].get("doc"))
    return doc.get("for") in theirs.events and "wait" not in doc


# --- what stands elsewhere -----------------------------------------------------------------------------


def facts(store: Store, theirs: Theirs) -> Iterator[Instead]:
    """Their words among the earlier ones of a conversation that is others' too."""
    for room in theirs.shared:
        known = store.hash(f"r:{room}")
        if fields := _earlier(known, theirs):
            yield Instead(f"r:{room}", "earlier", known["earlier"], fields, "in:" + room)


def _earlier(facts: Mapping[str, str], theirs: Theirs) -> dict[str, str]:
    every = json.loads(facts.get("earlier") or "[]")
    kept = [
        one
        for one in every
        if one["who"] not in theirs.names
        and not any(words.startswith(one["text"]) for words in theirs.words if one["text"])
    ]
    return {"earlier": json.dumps(kept)} if len(kept) < len(every) else {}


def notes(store: Store, theirs: Theirs, incidents: Collection[str]) -> Iterator[Instead]:
    """The private notes that name them: in conversations of several, and of *incidents* they belong to."""
    rooms = theirs.shared | {
        room
        for room in incidents
        if not theirs.events.isdisjoint(store.crowd("", room, 0, 0, MANY)[2])
    }
    for eid, row in store.every(("k", "room", "doc")) if rooms else ():
        if row.get("k") == "n" and row.get("room") in rooms:
            doc = doc_in(row.get("doc"))
            text = str(doc.get("text") or "")
            if (less := theirs.left_out(text)) != text:
                fields = {"doc": json.dumps({**doc, "text": less})}
                yield Instead(f"e:{eid}", "doc", row["doc"], fields)
