"""The real thing, set up to be measured: an embedded Redis, a stub helpdesk, and any processes of ours."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from benchmarks import bodies
from bridge.demo import shipped_mappings
from bridge.embedded import Embedded
from bridge.redisclient import client
from bridge.sandbox import wires
from bridge.settings import Settings
from bridge.wiring import Bridge, build, configuration

PLENTY = 1_000_000  # of the account's requests a minute; `lifted` sees to the other budgets


class Stage:
    """A folder, a Redis, a stub; `web`, `worker` and `python` start processes that end with it."""

    def __init__(self, helpdesk: str = "") -> None:
        self.helpdesk = helpdesk  # of the sandbox; none: the stub plays one
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self._redis = Embedded(self.folder / "data" / "redis")
        self._running: list[subprocess.Popen[bytes]] = []
        self.stub = ""

    def __enter__(self) -> Stage:
        try:
            url = self._redis.start()
            words = ("bridge", "sandbox", "--port", "0", "--no-limits")
            words = words if self.helpdesk else ("benchmarks.stub",)
            _, self.stub = self.python(*words, environ=dict(os.environ))
            mappings = self.folder / "mappings"
            shutil.copytree(
                shipped_mappings(), mappings, ignore=shutil.ignore_patterns("connections*")
            )
            connections = wires.connections_yaml(self.stub)  # its last one is the helpdesk
            if self.helpdesk:
                connections = connections.replace("helpdesk: zendesk", f"helpdesk: {self.helpdesk}")
            else:
                connections += f"    requests_per_minute: {PLENTY}\n"
            (mappings / "connections.yaml").write_text(connections, "utf-8")
            ours = ("BRIDGE_", "REDIS_", "PORT")
            self.environ = {
                **{k: v for k, v in os.environ.items() if not k.startswith(ours)},
                **wires.environment(self.stub, "https://bridge.example.com"),
                "PORT": "0",
                "BRIDGE_REDIS_URL": url,
                "BRIDGE_MAPPINGS": str(mappings),
                "BRIDGE_SECRET_KEY": "a-key-for-benchmarks-only-0123456",
                "BRIDGE_LOG_LEVEL": "WARNING",
            }
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for process in reversed(self._running):
            self.go_on([process.pid])
            process.terminate()
        for process in self._running:
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        self._redis.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- processes --------------------------------------------------------------------------------

    def python(self, module: str, *words: str, environ: dict[str, str] | None = None,
               listens: bool = True) -> tuple[int, str]:  # fmt: skip
        """Start a module; its process id, and its address once it says `listening on`."""
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words], env=environ or self.environ,
            stdout=subprocess.PIPE if listens else subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self._running.append(process)
        if not listens:
            return process.pid, ""
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        if not line.startswith("listening on "):
            raise RuntimeError(f"{module} did not start: {line}")
        return process.pid, line.removeprefix("listening on ").strip().rstrip("/")

    def end(self, pids: Iterable[int]) -> None:
        """End these processes, and wait until they are gone."""
        for process in [one for one in self._running if one.pid in set(pids)]:
            process.terminate()
            process.wait(30)
            self._running.remove(process)

    def web(self) -> tuple[int, str]:
        return self.python("bridge", "web", "--parent", str(os.getpid()))

    def start(self, count: int, threads: int, module: str, *first: str) -> list[int]:
        """Worker processes; *first* are words to the module before the command."""
        words = (*first, "worker", "--processes", "1", "--threads", str(threads))
        words += ("--parent", str(os.getpid()))
        return [self.python(module, *words, listens=False)[0] for _ in range(count)]

    def workers(self, count: int, threads: int, module: str = "bridge") -> list[int]:
        """Worker processes that have worked once: what they import and connect to is there."""
        pids = self.start(count, threads, module)
        until = time.monotonic() + 30
        while len(self.client.keys("rq:worker:*")) < count:
            if time.monotonic() > until:
                raise RuntimeError("the workers did not start")
            time.sleep(0.05)
        for _ in range(2):
            self.keep(bodies.comment(number) for number in bodies.numbers(threads * count))
            self.finished()
        return pids

    @staticmethod
    def hold(pids: Iterable[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    @staticmethod
    def go_on(pids: Iterable[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    # -- Redis ------------------------------------------------------------------------------------

    @cached_property
    def version(self) -> str:
        about = self.client.info("server")
        return f"{about.get('server_name', 'redis')} {about.get('valkey_version', about['redis_version'])}"

    @property
    def redis_pid(self) -> int:
        assert self._redis.pid is not None
        return self._redis.pid

    @cached_property
    def client(self) -> redis.Redis:
        return client(self._redis.url, timeout=30)

    @cached_property
    def bridge(self) -> Bridge:
        """Our own hand on the journal, in this process."""
        settings = Settings.from_environ(self.environ)
        return build(settings, config=configuration(settings, self.environ), connections=4)

    def keep(self, several: Iterable[bytes]) -> int:
        """Accept webhooks as the web process does once they are proven; how many."""
        connection, count = self.bridge.config.connections["meta"], 0
        for body in several:
            count += self.bridge.accept(connection, {}, body)
        return count

    def quiet(self) -> bool:
        """Whether nothing is in progress. Two rows by name: the whole books cost a walk over all keys."""
        rows = (self.bridge.store.hash(f"books:{name}") for name in ("meta", "bridge"))
        return not any(int(row.get("in_progress", "0")) for row in rows)

    def finished(self, patience: float = 120) -> None:
        """Return when nothing is in progress; RuntimeError when something ended otherwise than done."""
        until = time.monotonic() + patience
        while not self.quiet():
            if time.monotonic() > until:
                raise RuntimeError(f"not finished after {patience:g} s: {self.bridge.books()}")
            time.sleep(0.05)
        books = self.bridge.books()
        wrong = {
            k: row for k, row in books.items() if row["dead"] or row["parked"] or row["ignored"]
        }
        if wrong:
            raise RuntimeError(f"not everything was done: {wrong}")

    # -- the stub ---------------------------------------------------------------------------------

    def ask(self, path: str, wish: dict[str, Any] | None = None) -> Any:
        """What the stub or the sandbox answers to a GET, or to a POST of *wish*."""
        parts = urlsplit(self.stub)
        line = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        if wish is None:
            line.request("GET", path)
        else:
            line.request("POST", path, json.dumps(wish), {"content-type": "application/json"})
        answer = json.loads(line.getresponse().read())
        line.close()
        return answer

    def asked(self) -> list[tuple[float, str]]:
        """Everything the stub was asked since its reset: (when, by the machine's clock, what)."""
        return [(at, name) for at, name in self.ask("/_log")]

    def count(self) -> Counter[str]:
        return Counter(name for _, name in self.asked())
