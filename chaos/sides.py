"""The two that are compared: the bridge, and plain RQ, each with a Redis and a sandbox of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import redis
import requests
from rq.registry import ScheduledJobRegistry
from support.people import direct, page
from support.platforms import proof
from support.redisbox import RedisBox
from support.sandbox import Sandbox
from support.world import World

from bridge.sandbox import wires
from chaos import ROOT, plain

WORKERS = 3


class Kept(threading.Thread):
    """A worker process that is started again whenever it dies, as a supervisor would."""

    def __init__(self, argv: Sequence[str], environ: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.argv, self.environ = argv, environ
        self.process: subprocess.Popen[bytes] | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.argv], env=self.environ, cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            if self.process.wait() != -signal.SIGKILL:
                self.ended.wait(0.3)  # it could not start: Redis may be away

    def children(self) -> list[int]:
        """The processes that ours has started: a work-horse has a group of its own."""
        if self.process is None:
            return []
        pid = self.process.pid
        with contextlib.suppress(OSError):
            return [
                int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ]
        return []

    def kill(self) -> None:
        """SIGKILL, children and all."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            for pid in (*self.children(), self.process.pid):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        self.ended.set()
        self.kill()
        self.join(10)


class Bridge(World):
    """The bridge as it is, but for the helpdesk's rate budgets; webhooks come until they are taken."""

    name = "the bridge"

    def __init__(self) -> None:
        super().__init__(workers=0, redis=RedisBox(fsync="always"))
        self.sandbox = Sandbox("--no-limits")
        self.slots: list[Kept] = []

    def start(self) -> World:
        super().start()
        words = ["benchmarks.lifted", "worker", "--processes", "1"]
        self.slots = [Kept(words, self.environ) for _ in range(WORKERS)]
        for slot in self.slots:
            slot.start()
        self.until(lambda: len(self.store.workers()) >= WORKERS)
        return self

    def stop(self) -> None:
        for slot in self.slots:
            slot.stop()
        super().stop()

    def say(self, talk: int, ident: str, text: str) -> None:
        """A webhook, brought again until it is taken, as Meta would."""
        entry = page(messaging=(direct(ident, {"text": text}, str(90_000 + talk)),))
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        head = {"content-type": "application/json", **proof("meta", body, secret=wires.APP_SECRET)}
        while True:
            url = f"{self.url}/hooks/meta"
            if self.sandbox.http.post(url, data=body, headers=head, timeout=30).ok:
                return
            time.sleep(0.1)

    def planned(self) -> list[float]:
        """When the next tries of what has failed are due."""
        with self.redis.client() as client:
            lanes = client.zrange("bridge:due", 0, -1, withscores=True)
            return [at / 1000 for lane, at in lanes if client.hexists(b"bridge:s:" + lane, "n")]

    def schedules(self) -> list[Kept]:
        """Every worker does; all but one."""
        return self.slots[1:]


class PlainRq:
    """RQ workers at the same helpdesk."""

    def __init__(self, how: str) -> None:
        self.name, self.how = f"plain RQ, {how}", how
        self.redis, self.sandbox = RedisBox(fsync="always"), Sandbox("--no-limits")
        self.slots: list[Kept] = []

    def __enter__(self) -> PlainRq:
        self.redis.start()
        self.sandbox.start()
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.slots = [
            Kept(["chaos.plain", self.redis.url, self.how], environ) for _ in range(WORKERS)
        ]
        for slot in self.slots:
            slot.start()
        return self

    def __exit__(self, *error: object) -> None:
        for slot in self.slots:
            slot.stop()
        self.sandbox.stop()
        self.redis.remove()

    def say(self, talk: int, ident: str, text: str) -> None:
        """Enqueued; again if Redis was away, as Meta would bring it again."""
        desk = f"{self.sandbox.url}/zendesk"
        auth = [f"{wires.ZENDESK_EMAIL}/token", wires.ZENDESK_API_TOKEN]
        while True:
            try:
                with self.redis.client() as client:
                    return plain.enqueue(client, desk, auth, f"talk-{talk}", text)
            except (redis.RedisError, requests.RequestException):
                time.sleep(0.1)

    def planned(self) -> list[float]:
        """When the next tries of what has failed are due."""
        with self.redis.client() as client:
            registry = ScheduledJobRegistry(plain.QUEUE, connection=client)
            return [at for _, at in client.zrange(registry.key, 0, -1, withscores=True)]

    def schedules(self) -> list[Kept]:
        """The worker that has a scheduler beside it: nobody else has a child while it waits."""
        return [slot for slot in self.slots if slot.children()]
