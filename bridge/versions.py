"""Which rules, words, maps and calendars are in force: one version for all processes, switched between two turns.

The journal names the version. A look at a lane shows the name, and whoever has another one reads the version's
files from Redis before it decides; so no two turns that begin after a switch are decided by different
rules. What is connected stays as it was at the start of the process.

Versions come from the files of the mappings (`offer`), or are published by a command (cli/rules.py).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bridge.config import Config, load, load_rules
from bridge.core.errors import ConfigError
from bridge.core.rules import Rules
from bridge.store import Store
from bridge.wiring import Bridge, providers

log = logging.getLogger(__name__)

RULES = "rules.yaml"
ALARM = "rules"
KEPT = 4  # versions that a process remembers


class Versions:
    """The bridges of one process by the version of the rules, the first of them as it was started."""

    def __init__(self, bridge: Bridge) -> None:
        self._lock = threading.Lock()
        self._first = bridge
        self._known: dict[str, Bridge] = {}
        self._unread: set[str] = set()
        self.latest = bridge  # by the last look

    def of(self, version: str, now: Bridge) -> Bridge:
        """The bridge of *version*; *now*, and an alarm, where this process cannot read that."""
        if not version or version in self._unread:
            return now
        with self._lock:
            if version not in self._known:
                self._read(version)
            self.latest = self._known.get(version, now)
            return self.latest

    def _read(self, version: str) -> None:
        bridge = self._first
        if version == bridge.config.version:
            self._known[version] = bridge
            return
        files = bridge.store.rules_files(version)
        try:
            if files is None:
                raise ConfigError([f"version {version} of the rules is not kept any more"])
            config = changed(bridge, files)
        except ConfigError as error:
            self._unread.add(version)
            told = f"a process goes on with other rules than those in force: {error.problems[0]}"
            bridge.store.alarm(ALARM, told)
            log.error("%s", told)
            return
        self._known[version] = bridge.with_config(config)
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        log.info("version %s of the rules", version)


def changed(bridge: Bridge, files: Mapping[str, str]) -> Config:
    """The configuration of *bridge* with these files in place of its own. Raises ConfigError."""
    config = load(bridge.settings.mappings, os.environ, providers(), strict=False, files=files)
    return replace(config, connections=bridge.config.connections, sources=bridge.config.sources)


def rules_in_force(store: Store, folder: Path, own: Config, version: str | None) -> Rules:
    """The rules of *version*: those of *own* where that is the same, or where the version cannot be read."""
    files = store.rules_files(version) if version and version != own.version else None
    try:
        return load_rules(folder / RULES, files[RULES]) if files and RULES in files else own.rules
    except ConfigError:  # of another release
        return own.rules


class Files:
    """The mappings of this machine, watched: what changes there is offered to all processes."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._seen: frozenset[tuple[str, int, int]] | None = None
        self._offered = bridge.config
        self._unread = False  # something has changed that was not read yet
        self._asked = threading.Event()

    def ask(self) -> None:
        """Read them at the next look, whether or not they seem to have changed (SIGHUP)."""
        self._asked.set()

    def look(self) -> bool:
        """Offer what is new; mistakes raise an alarm, and the rules in force stay.

        True where somebody may still be writing: files that have just changed may be half there, or not
        all that belong together. They are read when the next look finds them as they were.
        """
        seen, asked = self._listed(), self._asked.is_set()
        self._asked.clear()
        before, self._seen = self._seen, seen
        if asked or (self._unread and before == seen):
            self._unread = False
            self._read()
        elif before not in (None, seen):
            self._unread = True
        elif before is None or not self._bridge.store.rules():  # or Redis has lost them
            self._offer()
        return self._unread

    def _read(self) -> None:
        bridge = self._bridge
        try:
            found = load(bridge.settings.mappings, os.environ, providers(), strict=False)
        except ConfigError as error:
            more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
            told = f"{error.problems[0]}{more}; the rules as they were stay in force"
            bridge.store.alarm(ALARM, told)
            log.error("the mappings have changed, and cannot be read: %s", told)
            return
        if found.connections != bridge.config.connections or found.sources != bridge.config.sources:
            log.warning(
                "connections.yaml or sources/ have changed: they are read at the next start"
            )
        self._offered = found
        self._offer()

    def _offer(self) -> None:
        bridge, offered = self._bridge, self._offered
        if bridge.store.publish(offered.version, offered.files, "files", over=False):
            bridge.store.alarm(ALARM, None)
        elif offered.version != bridge.store.rules().get("version"):
            log.warning(
                "the mappings here are not in force, a published version is: `bridge rules files` "
                "puts them in force"
            )

    def _listed(self) -> frozenset[tuple[str, int, int]]:
        """The files by name, time and size."""
        folder, found = self._bridge.settings.mappings, set()
        for path in (*folder.glob("*.yaml"), *folder.glob("replies/*.yaml")):
            try:
                about = path.stat()
            except OSError:
                continue  # gone between the listing and the look
            found.add((str(path), about.st_mtime_ns, about.st_size))
        return frozenset(found)
