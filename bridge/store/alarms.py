"""What people are to be told: alarms for operators, notices for those who asked for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta

from bridge.store.access import PREFIX, Access, dumps


class Alarms(Access):
    def alarm(self, name: str, text: str | None, lasts: float | None = None) -> None:
        """Raise the alarm *name*, for good or for *lasts* seconds, or clear it."""
        key = PREFIX + "alarms"
        if text is None:
            self._do(lambda: self.client.hdel(key, name))
            return
        now = self._clock()
        told = {"text": text, "at": now.isoformat()}
        if lasts is not None:
            told["until"] = (now + timedelta(seconds=lasts)).isoformat()
        self._do(lambda: self.client.hset(key, name, dumps(told)))

    def alarms(self) -> dict[str, dict[str, str]]:
        """`{name: {text, at}}` of what an operator should know; those whose time is over go."""
        now, found = self._clock().isoformat(), {}
        for name, text in self.hash("alarms").items():
            told = json.loads(text)
            if told.pop("until", now) < now:
                self.alarm(name, None)
            else:
                found[name] = told
        return found

    def note(self, name: str, about: str, text: str, seconds: float) -> None:
        """Note *text* for whoever is called *name*, once for what it is about."""

        def call() -> None:
            pipe = self.client.pipeline(transaction=False)
            pipe.hset(PREFIX + "notices", f"{name} {about}", text)
            pipe.expire(PREFIX + "notices", int(seconds))
            pipe.execute()

        self._do(call)

    def notes(self) -> dict[str, dict[str, str]]:
        """What is noted and not sent yet: `{name: {about: text}}`."""
        found: dict[str, dict[str, str]] = {}
        for field_, text in self.hash("notices").items():
            name, _, about = field_.partition(" ")
            found.setdefault(name, {})[about] = text
        return found

    def noted(self, name: str, about: Iterable[str]) -> None:
        """These were sent."""
        fields = [f"{name} {one}" for one in about]
        self._do(lambda: self.client.hdel(PREFIX + "notices", *fields))
