"""The running bridge of a chaos run: real processes that are started again whenever they die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection, wait
from pathlib import Path

from support.redisbox import RedisBox
from support.sandbox import Sandbox
from support.world import World

from chaos import hurt, points
from chaos.postman import Postman

FORM_SECRET = "made-up-secret-of-the-form"
FORM = """
  form:
    type: generic
    source: contact-form
    proof: {header_secret: {name: X-Bridge-Secret, value: "${FORM_SECRET}"}}
    helpdesk: freshdesk
    language: en
"""
# Threads and Telegram go to Freshdesk, so that both helpdesks have comments and talks; no account's
# budget holds anything up (chaos.hurt lifts the others); WhatsApp's report of a message is waited for a
# quarter of its usual time.
EDITS = {
    "connections.yaml": {
        'token: "${THREADS_TOKEN}", helpdesk: zendesk': 'token: "${THREADS_TOKEN}", helpdesk: freshdesk',
        "/telegram\n    helpdesk: zendesk": "/telegram\n    helpdesk: freshdesk",
        'token: "${WHATSAPP_TOKEN}",': 'token: "${WHATSAPP_TOKEN}", status_seconds: 15,',
        '    webhook_secrets: ["${FRESHDESK_WEBHOOK_SECRET}"]\n': '    webhook_secrets: ["${FRESHDESK_WEBHOOK_SECRET}"]\n    requests_per_minute: 1000000\n',
        '    webhook_secrets: ["${ZENDESK_WEBHOOK_SECRET}"]\n': '    webhook_secrets: ["${ZENDESK_WEBHOOK_SECRET}"]\n    requests_per_minute: 1000000\n',
    }
}


# Processes are forked from one that has loaded everything: a start costs hundredths of a second of a core,
# not a whole one, and a run is not mostly starting.
NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["chaos.hurt"])
WORDS = {"web": ("web",), "worker": ("worker", "--processes", "1", "--threads", "8")}


class Slot(threading.Thread):
    """One process that is started again when it ends, as a supervisor would."""

    starting = threading.Lock()  # a start looks after all the others as well

    def __init__(self, stage: Stage, kind: str, number: int) -> None:
        super().__init__(name=f"{kind} {number}", daemon=True)
        self.stage, self.kind = stage, kind
        self.pid: int | None = None
        self.starts = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            self.starts += 1
            self._live()

    def _live(self) -> None:
        """Start the process and stay until it is gone, children and all."""
        heard, told = NURSERY.Pipe(duplex=False)
        process = NURSERY.Process(
            target=self.stage.live,
            args=(self.stage.environ, WORDS[self.kind], self.stage.logged(self.kind), told),
            daemon=True,
        )
        with heard:
            with self.starting, told:
                process.start()
            self.pid = process.pid
            if self.kind == "web":
                self._attend(process.sentinel, heard)
            wait([process.sentinel])
            self.signal(signal.SIGKILL)  # its children
            self.pid = None
        with self.starting:
            process.join()
        if process.exitcode not in (0, -signal.SIGKILL):
            self.ended.wait(0.3)  # it could not start: Redis may be away

    def _attend(self, ends: int, heard: Connection) -> None:
        """Let the postman know the door while it is open."""
        with open(heard.fileno(), closefd=False) as words:
            line = words.readline()
        if line.startswith("listening on "):
            door = line.removeprefix("listening on ").strip().rstrip("/")
            self.stage.postman.doors.append(door)
            wait([ends])
            self.stage.postman.doors.remove(door)

    def signal(self, number: signal.Signals) -> None:
        """To the process and all its children."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def end(self) -> None:
        """SIGTERM to the process alone, as whoever deploys would."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        self.ended.set()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self.join(10)


class Stage(World):
    """Redis with its append-only file, the sandbox without limits, two webs, three workers, the postman."""

    live = staticmethod(hurt.live)  # what a process does once it is forked

    def __init__(self, postman: Postman, webs: int = 2, workers: int = 3) -> None:
        super().__init__(
            workers=0,
            environ={
                "FORM_SECRET": FORM_SECRET,
                "BRIDGE_LOG_LEVEL": "INFO",
                # Recent words are read back meanwhile, though nothing is lost: none may be told twice.
                "BRIDGE_RECONCILE_MINUTES": "1",
                "BRIDGE_RECONCILE_GRACE": "20",
            },
            connections=FORM,
            edits=EDITS,
        )
        # `always`: what was answered 200 survives the SIGKILL of Redis by promise, not by luck.
        self.redis = RedisBox(fsync="always")
        self.sandbox = Sandbox("--no-limits")
        self.postman = postman
        self.points = Path(self.folder) / "points"
        points.prepare(self.points)
        self.more[points.FOLDER] = str(self.points)
        self.slots = [Slot(self, "web", number) for number in range(webs)]
        self.slots += [Slot(self, "worker", number) for number in range(workers)]
        self.keep = False

    def start_web(self) -> None:
        self.postman.start()
        for slot in self.slots:
            slot.start()
        until = time.monotonic() + 60
        webs = sum(slot.kind == "web" for slot in self.slots)
        while len(self.postman.doors) < webs:
            if time.monotonic() > until:
                raise RuntimeError((self.folder / "web.log").read_text())
            time.sleep(0.05)
        self.sandbox.post("connect", {"bridge": self.postman.url})

    def logged(self, kind: str) -> Path:
        """The file that collects what processes of this kind say."""
        return self.folder / f"{kind}.log"

    def some(self, kind: str) -> list[Slot]:
        return [slot for slot in self.slots if slot.kind == kind]

    @property
    def starts(self) -> int:
        return sum(slot.starts for slot in self.slots)

    def stop(self) -> None:
        for slot in self.slots:
            if slot.is_alive():
                slot.stop()
        self.postman.stop()
        if self.keep:
            kept, self.folder = self.folder, self.folder / "nothing"
            print(f"what the processes said and the configuration are kept in {kept}")
        super().stop()
