"""The whole product in real processes: Redis, sandbox, web and workers, to be used and to be hurt.

with World(workers=3) as world:
    world.comment("Ana", "My order is broken")
    world.until(lambda: world.tickets())
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from support.redisbox import RedisBox
from support.sandbox import Sandbox

from bridge.config import Config
from bridge.core.ticket import HOW
from bridge.sandbox import wires
from bridge.settings import Settings
from bridge.store import Store
from bridge.wiring import Bridge, build, configuration

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0

FORGET = "for _, key in ipairs(redis.call('KEYS', 'bridge:*')) do redis.call('DEL', key) end"


class World:
    """One running bridge and its outside. Every start is real, every kill is a signal."""

    def __init__(
        self,
        *,
        workers: int = 1,
        environ: dict[str, str] | None = None,
        rules: str = "",
        connections: str = "",
        edits: Mapping[str, Mapping[str, str]] | None = None,
        files: Mapping[str, str] | None = None,
        redis: RedisBox | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bridge-world-"))
        self.redis = redis or RedisBox()
        self.sandbox = Sandbox()
        self.wanted = workers
        self.more = environ or {}
        self.rules = rules  # instead of the shipped ones
        self.connections = connections  # beside those of the sandbox
        self.files = files or {}  # more of the mappings: name -> text
        self.edits = edits or {}  # of the mappings: file -> {what stands there: what shall}
        self.web: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self.url = ""
        self.program = "bridge"  # what the workers run; chaos and poison have their own
        self._logs: dict[str, Any] = {}

    # -- starting and stopping ----------------------------------------------------------------

    def start(self) -> World:
        self.redis.start()
        self.sandbox.start()
        mappings = self.folder / "mappings"
        shutil.copytree(ROOT / "mappings", mappings, ignore=shutil.ignore_patterns("connections*"))
        (mappings / "connections.yaml").write_text(
            wires.connections_yaml(self.sandbox.url) + self.connections, "utf-8"
        )
        if self.rules:
            (mappings / "rules.yaml").write_text(self.rules, "utf-8")
        for name, text in self.files.items():
            (mappings / name).write_text(text, "utf-8")
        self._edit(mappings)
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("BRIDGE_", "REDIS_"))},
            **wires.environment(self.sandbox.url, ""),
            "PORT": "0",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
            "BRIDGE_REDIS_URL": self.redis.url,
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_DATA": str(self.folder / "data"),
            "BRIDGE_SECRET_KEY": "a-key-for-tests-only-0123456789ab",
            "BRIDGE_CONSOLE_TOKEN": "console-token-for-tests",
            **self.more,
        }
        self.environ.pop("BRIDGE_PUBLIC_URL", None)
        self.start_web()
        for _ in range(self.wanted):
            self.start_worker()
        return self

    def _edit(self, mappings: Path) -> None:
        quick = {"debounce: 5 ": "debounce: 0.5 "}
        wanted = {"zendesk.yaml": quick, "freshdesk.yaml": quick}
        for name in {**wanted, **self.edits}:
            text = (mappings / name).read_text("utf-8")
            for old, new in {**wanted.get(name, {}), **self.edits.get(name, {})}.items():
                assert old in text, f"{name} does not say {old!r}"
                text = text.replace(old, new)
            (mappings / name).write_text(text, "utf-8")

    def start_web(self) -> None:
        self.web = subprocess.Popen(
            [sys.executable, "-m", "bridge", "web"], env=self.environ, stdout=subprocess.PIPE,
            stderr=self.log("web"),
        )  # fmt: skip
        assert self.web.stdout is not None
        line = self.web.stdout.readline().decode()
        assert line.startswith("listening on "), (line, (self.folder / "web.log").read_text())
        self.url = line.removeprefix("listening on ").strip().rstrip("/")
        self.sandbox.post(
            "connect", {"bridge": self.url, "console_token": "console-token-for-tests"}
        )

    def log(self, name: str) -> Any:
        """The file that collects what processes of this kind say."""
        if name not in self._logs:
            self._logs[name] = (self.folder / f"{name}.log").open("ab")
        return self._logs[name]

    def start_worker(self) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, "-m", self.program, "worker"], env=self.environ,
            stdout=subprocess.DEVNULL, stderr=self.log("worker"),
            start_new_session=True,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def kill_workers(self) -> None:
        """SIGKILL, children and all."""
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(10)
        self.workers.clear()

    def stop(self) -> None:
        if built := self.__dict__.pop("bridge", None):
            built.http.close()
            built.store.close()
        self.kill_workers()
        if self.web is not None:
            self.web.terminate()
            self.web.wait(20)
            if self.web.stdout is not None:
                self.web.stdout.close()
        self.sandbox.stop()
        self.redis.remove()
        for file in self._logs.values():
            file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> World:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *error: object) -> None:
        self.stop()

    def fresh(self) -> None:
        """An empty Redis and the seeded scene again; the processes go on."""
        self.sandbox.post("reset")
        self.sandbox.delete("faults")
        self.forget()

    def forget(self) -> None:
        """Redis has lost all that is ours, in one moment: of a half a worker makes something of its own."""
        with self.redis.client() as client:
            client.eval(FORGET, 0)

    # -- looking ----------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return Settings.from_environ(self.environ)

    @property
    def config(self) -> Config:
        return self.bridge.config

    @cached_property
    def bridge(self) -> Bridge:
        """The parts as a process of the product would build them."""
        config = configuration(self.settings, self.environ)
        return build(self.settings, config=config, connections=2)

    @property
    def store(self) -> Store:
        return self.bridge.store

    def until(self, look: Callable[[], T], told: str = "", patience: float = PATIENCE) -> T:
        """Wait until *look* sees something, and return it."""
        end = time.monotonic() + patience
        while not (seen := look()):
            if time.monotonic() > end:
                raise AssertionError(
                    f"{told or 'it'} did not happen in {patience:.0f} s; {self.why()}"
                )
            time.sleep(0.05)
        return seen

    def sooner(self) -> bool:
        """Let what waits before it is tried again, or because of a limit, wait no longer: as if time had passed.

        What rests by its own choice (reminders, notices) keeps its time. True, to stand in a look.
        """
        with self.redis.client() as client:
            for key in client.scan_iter("bridge:rate:*:stop"):
                client.delete(key)
            for line in client.zrange("bridge:lines", 0, -1):
                client.zadd("bridge:lines", {line: 0}, xx=True)
            for lane in client.zrange("bridge:due", 0, -1):
                if not client.exists(b"bridge:w:" + lane, b"bridge:lease:" + lane):
                    client.zadd("bridge:due", {lane: 0}, xx=True)
        return True

    def why(self) -> str:
        """What a failed wait wants to know."""
        store = self.store
        dead = [store.event(eid).get("reason") for eid in store.dead()]
        logs = [self.folder / f"{name}.log" for name in ("web", "worker")]
        log = "\n".join(one.read_text("utf-8", "replace")[-3000:] for one in logs if one.exists())
        with self.redis.client() as client:
            waits = client.zrange("bridge:due", 0, -1, withscores=True)
            held = list(client.scan_iter("bridge:lease:*"))
            restless = [lane for lane, _ in waits if not client.exists(b"bridge:w:" + lane)]
        now = time.time() * 1000
        due = {lane.decode(): f"{(at - now) / 1000:.1f} s" for lane, at in waits}
        idle = self.sandbox.get("idle?wait=1")
        return (
            f"books {store.books()}, alarms {store.alarms()}, dead {dead}, due {due}, held {held}, "
            f"resting against their will {restless}, sandbox {idle}, "
            f"hooks {self.sandbox.get('hooks')}, log:\n{log}"
        )

    def calm(self) -> None:
        """Wait until nothing is under way: no webhook, no due work, no held lane.

        Lanes that rest for a minute or longer (reminders, held notices) are calm. One whose time comes within
        the minute is waited for, and meanwhile others may come to theirs: solved tickets are looked at after
        two minutes, so patience is longer by that.
        """

        def quiet() -> bool:
            if not self.sandbox.get("idle?wait=20")["idle"]:
                return False
            with self.redis.client() as client:
                if client.zcard("bridge:ingest"):  # looked at first: what is read goes to `due`
                    return False
                soon = (time.time() + 60) * 1000
                waits = client.zrange("bridge:due", 0, -1, withscores=True)
                resting = sum(
                    at > soon and client.exists(b"bridge:w:" + lane) == 1 for lane, at in waits
                )
                if len(waits) > resting:
                    return False
                return not list(client.scan_iter("bridge:lease:*"))

        for _ in range(2):  # an echo of the last write may just be on its way
            self.until(quiet, "calm", PATIENCE + 130)
            time.sleep(0.15)
        self.until(quiet, "calm", PATIENCE + 130)

    def balanced(self) -> bool:
        """Whether the books add up, in every row."""
        parts = ("done", "ignored", "parked", "dead", "in_progress")
        return all(
            row["received"] == sum(row[part] for part in parts)
            for row in self.store.books().values()
        )

    def tickets(self) -> list[int]:
        return [one["ticket"] for one in self.sandbox.record("ticket")]

    def words(self, ticket: int, *, public: bool = True) -> list[str]:
        """The texts on a ticket, oldest first: the customer's, or our private notes."""
        return [
            one["text"]
            for one in self.sandbox.record("ticket_comment", ticket=ticket, public=public)
            if public or one["by"] == "bridge"
        ]

    def spoken(self) -> list[dict[str, Any]]:
        """Everything the bridge said to customers."""
        rows = [one for one in self.sandbox.record() if one["by"] == "bridge"]
        # A private reply is recorded as such and as the message it makes.
        private = {one["id"] for one in rows if one["what"] == "private_reply"}
        kinds = ("comment", "message", "private_reply")
        return [
            one
            for one in rows
            if one["what"] in kinds and not (one["what"] == "message" and one["id"] in private)
        ]

    def texts(self) -> list[str]:
        """What was said to customers, oldest first."""
        return [one["text"] for one in self.spoken()]

    def noted(self, number: int, words: str) -> str:
        """Our private note with *words* on the ticket, once it is there."""
        assert words not in HOW, "the note of every new ticket says that"

        def look() -> str | None:
            found = self.words(number, public=False)
            return next((one for one in found if words in one), None)

        return str(self.until(look, f"a note with {words!r}"))

    def ticket(self, number: int) -> dict[str, Any]:
        """The ticket of that number, whichever helpdesk has it: their numbers never meet."""
        state = self.sandbox.get("state")
        tickets = [*state["zendesk"]["tickets"], *state["freshdesk"]["tickets"]]
        return next(one for one in tickets if one["id"] == number)

    # -- doing ------------------------------------------------------------------------------------

    def comment(self, person: str, text: str, **more: Any) -> str:
        return str(
            self.sandbox.post("customer/comment", {"person": person, "text": text, **more})["id"]
        )

    def message(self, channel: str, person: str, text: str, **more: Any) -> dict[str, Any]:
        body = {"channel": channel, "person": person, "text": text, **more}
        return self.sandbox.post("customer/message", body)

    def answer(self, ticket: int, text: str, *, public: bool = True, **more: Any) -> None:
        self.sandbox.post(
            "agent/comment", {"ticket": ticket, "text": text, "public": public, **more}
        )

    def opened(self, text: str) -> int:
        """The number of the one ticket that holds *text*, once it does."""

        def look() -> list[int]:
            rows = self.sandbox.record("ticket_comment", public=True)
            return [one["ticket"] for one in rows if text in (one["text"] or "")]

        found = self.until(look, f"a ticket with {text!r}")
        assert len(set(found)) == 1, f"{text!r} is on tickets {found}"
        return found[0]

    def fault(self, system: str, **more: Any) -> str:
        return str(self.sandbox.post("faults", {"system": system, **more})["id"])
