"""A tool that someone described in a file: where each field of what it sends is to be found.

These are the file's words as values; `config/sources.py` reads them, `channels/generic.py` makes
messages with them. Every way to a value has `of(item, body)`: the event, and all that came with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core.paths import Path
from bridge.core.untrusted import clean, fingerprint


@dataclass(frozen=True, slots=True)
class Always:
    """The same value for every event."""

    value: Any

    def of(self, item: object, body: object) -> object:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """What stands at a path of the event (of the body where `whole`), translated by a table.

    `default` is taken where nothing stands, and for what is not in the table.
    """

    path: Path
    values: Mapping[str, Any] | None = None
    default: Any = None
    whole: bool = False

    def of(self, item: object, body: object) -> object:
        found = self.found(item, body)
        if found in (None, ""):
            return self.default
        if self.values is None:
            return found
        return self.values.get(written(found), self.default)

    def found(self, item: object, body: object) -> object:
        """What stands there, before any table."""
        return self.path.of(body if self.whole else item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The texts at several paths as one; where nothing stands, nothing is joined."""

    paths: tuple[Path, ...]
    glue: str = " "

    def of(self, item: object, body: object) -> object:
        found = [written(path.of(item)).strip() for path in self.paths]
        return self.glue.join(one for one in found if one) or None


@dataclass(frozen=True, slots=True)
class Hashed:
    """A name made of what stands at several paths: the same for the same. None where nothing stands."""

    paths: tuple[Path, ...]

    def of(self, item: object, body: object) -> object:
        found = [path.of(item) for path in self.paths]
        return fingerprint(found) if any(one not in (None, "") for one in found) else None


Value = Always | From | Joined | Hashed


def written(value: object) -> str:
    """*value* as a word of a table, or a piece of a text; nothing for null."""
    if value is None:
        return ""
    return clean(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which events count; those for which `when` is not true are ignored for `reason`."""

    when: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of an event: `each` leads to their list, the values to what each of them has.

    They are copied to the ticket from the `hosts` named here (and hosts below them), from no others.
    """

    each: Path
    type: Value = Always("file")
    url: Value | None = None
    name: Value | None = None
    id: Value | None = None
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One body and what must become of it: each event's fields by dotted name."""

    payload: bytes
    gives: tuple[Mapping[str, Any], ...]
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One file in sources/. `fields` are by dotted name (`author.name`), `extra` are further facts."""

    name: str
    label: str
    channel: str
    events: Path | None = None
    only: tuple[Only, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)
    extra: Mapping[str, Value] = field(default_factory=dict)
    files: Files | None = None
    samples: tuple[Sample, ...] = ()
    file: str = ""  # where it stands, for people
