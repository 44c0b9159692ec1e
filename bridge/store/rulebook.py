"""What people have set: the rules in force and their history, and what is muted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bridge.store.access import PREFIX, Access, dumps


class Rulebook(Access):
    def publish(
        self, version: str, files: Mapping[str, str], origin: str, author: str = "", note: str = "",
        *, over: bool = True,
    ) -> int:  # fmt: skip
        """Put a version of the rules in force; its number, or 0 when a published one stays.

        *origin* is `published` or `files`; files give way to what was published, unless *over*.
        """
        args = (version, dumps(dict(files)), origin, author, note, int(over))
        return int(self._run("publish", *args))

    def rules(self) -> dict[str, str]:
        """What is in force: n, version, origin, at, author, note; empty when nothing ever was."""
        return self.hash("rules")

    def rules_files(self, version: str) -> dict[str, str] | None:
        """The files of a version by their path; None when it is not kept (any more)."""
        text = self.get(f"rulebook:{version}")
        return None if text is None else json.loads(text)

    def rules_history(self) -> list[dict[str, Any]]:
        """The versions that were in force, at most 100, the latest first."""
        rows = self._do(lambda: self.client.lrange(PREFIX + "versions", 0, -1))
        return [json.loads(row) for row in rows]

    # -- what is muted ---------------------------------------------------------------------------

    def mutes(self) -> dict[str, str]:
        """What is muted, by id, as `core.mutes.mute_out` wrote it; and under `now` when that last changed."""
        return self.hash("mutes")

    def muted(self) -> dict[str, int]:
        """How many messages each mute has held back."""
        return {name: int(count) for name, count in self.hash("muted").items()}

    def mute(self, name: str, text: str, standing: str = "") -> bool:
        """Mute something, or end it by an empty *text*; False where another one than *standing* stands there."""
        return bool(self._run("mute", name, text, standing))
