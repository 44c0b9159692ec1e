"""Which rules are in force, for commands that need no Redis and yet should say so where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge import embedded
from bridge.cli import parts
from bridge.core.errors import BridgeError, ConfigError
from bridge.store import Store
from bridge.versions import RULES
from bridge.wiring import now


@dataclass(frozen=True, slots=True)
class Standing:
    """The version in force: its row (n, version, origin, at, author, note), and its files."""

    row: Mapping[str, str]
    files: Mapping[str, str]

    def told(self, what: str, same: bool) -> str:
        """Whether *what*, named so that a sentence can begin with it, is in force, and else which version is."""
        if same:
            return f"{what} in force: {parts.in_force(self.row)}"
        return f"{what} not in force: {parts.in_force(self.row)} is"

    def shown(self, same: bool) -> dict[str, Any]:
        """The same for `--json`."""
        return {**self.row, "n": int(self.row["n"]), "at": parts.iso(self.row["at"]), "same": same}

    def has(self, text: str) -> bool:
        """Whether *text* is the file of rules in force."""
        return self.files.get(RULES) == text


def look() -> Standing | None:
    """What is in force by a Redis that answers at once; None where none does, or nothing ever was."""
    try:
        client = embedded.glance(parts.settings())
    except ConfigError:
        return None
    if client is None:
        return None
    store = Store(client, keep=0, keep_raw=0, clock=now)
    try:
        row = store.rules()
        return Standing(row, store.rules_files(row["version"]) or {}) if row else None
    except BridgeError:
        return None
    finally:
        store.close()
