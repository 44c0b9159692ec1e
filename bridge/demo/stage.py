"""The running product of the demonstration, and short ways to use it.

It is what an operator would run: `bridge up` with its embedded Redis, and the sandbox in a process of
its own, both in a throw-away folder. What became of something is read from the sandbox's own record:
what the bridge claims is never taken for what happened.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.core.calls import HttpRequest
from bridge.http import Http
from bridge.processes import bound_to_us
from bridge.sandbox import wires

PATIENCE = 15.0  # seconds a scene may take to end as told
CALM = 1.0  # seconds of nothing after which nothing is believed to come
# Beside the sandbox's platforms: a tool that only a file in mappings/sources/ knows.
REVIEWS = """\
  reviews:
    type: generic
    source: reviews
    proof: {basic: {user: trustpilot, password: "${REVIEWS_SECRET}"}}
    helpdesk: freshdesk
    language: en
"""


class Otherwise(Exception):
    """A scene ended otherwise than told."""


class Process:
    """A child process whose address is known once it says `listening on URL`."""

    def __init__(self, words: list[str], environ: dict[str, str], log: Path) -> None:
        self._log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *words],
            env=environ, stdout=subprocess.PIPE, stderr=self._log, stdin=subprocess.DEVNULL,
            cwd=log.parent,  # away from anybody's .env
            start_new_session=True,  # Ctrl-C is for us; we end them in order
            preexec_fn=bound_to_us(),
        )  # fmt: skip
        self.url = ""
        self._listening = threading.Event()
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for raw in self.process.stdout or ():
            line = raw.decode("utf-8", "replace").rstrip()
            self.lines.append(line)
            if line.startswith("listening on "):
                self.url = line.removeprefix("listening on ").strip().rstrip("/")
                self._listening.set()
        self._listening.set()

    def listen(self, seconds: float = 30) -> str:
        """The address it listens on; Otherwise when it stops or stays silent."""
        self._listening.wait(seconds)
        if not self.url:
            told = Path(self._log.name).read_text("utf-8", "replace").strip().splitlines()[-5:]
            raise Otherwise("a process did not start:\n" + "\n".join([*self.lines[-5:], *told]))
        return self.url

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(25)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()


@dataclass
class Stage:
    """The running sandbox and bridge, and short ways to use them."""

    sandbox: str
    bridge: str
    token: str
    reviews: str  # the secret of the review site
    http: Http = field(default_factory=lambda: Http(pool=4))
    names: dict[str, Any] = field(default_factory=dict)  # what scenes remember for later ones

    def get(self, path: str) -> Any:
        return self._ask("GET", f"{self.sandbox}/_sandbox/{path}")

    def do(self, path: str, **words: Any) -> dict[str, Any]:
        """One action of the sandbox's control API."""
        answer: dict[str, Any] = self._ask("POST", f"{self.sandbox}/_sandbox/{path}", words)
        return answer

    def record(self, **wanted: Any) -> list[dict[str, Any]]:
        """The ground truth: entries whose fields are as *wanted*."""
        entries = self.get("record?since=0")["entries"]
        return [
            one for one in entries if all(one.get(key) == value for key, value in wanted.items())
        ]

    def undo(self, path: str) -> None:
        """Take something of the control API away."""
        self._ask("DELETE", f"{self.sandbox}/_sandbox/{path}")

    def review(self, **told: Any) -> None:
        """The review site posts one review."""
        proof = base64.b64encode(f"trustpilot:{self.reviews}".encode()).decode()
        event = {"eventName": "service-review-created", "version": "1", "eventData": told}
        self._ask(
            "POST", f"{self.bridge}/hooks/reviews", {"events": [event]}, {"Authorization": f"Basic {proof}"}
        )  # fmt: skip

    def decision(self, external_id: str) -> dict[str, Any] | None:
        """What the bridge says it decided about one thing a customer said."""
        headers = {"Authorization": f"Bearer {self.token}"}
        rows = self._ask("GET", f"{self.bridge}/console/api/decisions?since=", headers=headers)
        found = [one for one in rows["decisions"] if one.get("external_id") == str(external_id)]
        return found[-1] if found else None

    def rule(self, external_id: str) -> str:
        """The rule by which the bridge says that it decided."""
        return str((self.decision(external_id) or {}).get("rule"))

    def _ask(
        self, method: str, url: str, words: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        request = HttpRequest(
            method=method, url=url, json=words, headers=headers or {}, write=False, deadline=30
        )
        response = self.http.send(request)
        if not response.ok:
            raise Otherwise(f"{method} {url} answered {response.status}: {response.body[:300]!r}")
        return response.json()

    def until(self, told: str, look: Callable[[], Any]) -> Any:
        """Wait until *look* sees something; Otherwise with what was *told* when it does not."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if seen := look():
                return seen
            time.sleep(0.05)
        raise Otherwise(f"told: {told}; it did not happen within {PATIENCE:.0f} s")

    def calm(self) -> None:
        """Wait until the bridge has nothing left to do about what it was told."""
        self.get("idle?wait=10")
        time.sleep(CALM)

    def ticket_with(self, text: str) -> int:
        """The number of the one ticket whose first words contain *text*."""

        def look() -> list[int]:
            return [
                one["ticket"]
                for one in self.record(what="ticket_comment", public=True)
                if text in (one.get("text") or "")
            ]

        numbers = set(self.until(f"a ticket holds “{text}”", look))
        if len(numbers) != 1:
            raise Otherwise(f"told: one ticket holds “{text}”; it is on {sorted(numbers)}")
        return int(numbers.pop())

    def ticket(self, number: int) -> dict[str, Any]:
        """The ticket of that number, whichever helpdesk has it: their numbers never meet."""
        state = self.get("state")
        tickets = [*state["zendesk"]["tickets"], *state["freshdesk"]["tickets"]]
        return next(one for one in tickets if one["id"] == number)

    def tickets(self, helpdesk: str) -> int:
        """How many tickets were opened there."""
        return len(self.record(what="ticket", system=helpdesk))

    def note(self, ticket: int, words: str) -> str:
        """The private note of ours on *ticket* that contains *words*."""

        def look() -> str | None:
            notes = self.record(what="ticket_comment", ticket=ticket, public=False, by="bridge")
            return next((one["text"] for one in notes if words in one["text"]), None)

        return str(self.until(f"a private note on ticket {ticket} says “{words}”", look))

    def answer(self, ticket: int, text: str, *, public: bool = True) -> dict[str, Any]:
        """An agent's public comment, or private note."""
        return self.do("agent/comment", ticket=ticket, text=text, public=public)

    def spoken(self) -> list[dict[str, Any]]:
        """Everything the bridge has said to customers, each thing once."""
        rows = self.record(by="bridge")
        # A private reply is recorded as such and as the message it makes.
        replies = {one["id"] for one in rows if one["what"] == "private_reply"}
        return [
            one for one in rows
            if one["what"] in ("comment", "private_reply")
            or (one["what"] == "message" and one["id"] not in replies)
        ]  # fmt: skip

    def posted(self, words: str) -> dict[str, Any]:
        """The one thing said to a customer in exactly these *words*."""

        def look() -> list[dict[str, Any]]:
            return [one for one in self.spoken() if (one.get("text") or "").strip() == words]

        found: list[dict[str, Any]] = self.until(f"“{words}” reaches the customer", look)
        if len(found) != 1:
            raise Otherwise(f"told: “{words}” is said once; it was said {len(found)} times")
        return found[0]

    def ignored(self, external_id: str) -> str:
        """Wait until the bridge has ignored something; the reason it gives."""

        def look() -> dict[str, Any] | None:
            seen = self.decision(external_id)
            return seen if seen and seen["state"] in ("done", "ignored", "dead") else None

        seen = self.until(f"{external_id} is decided", look)
        if seen["state"] != "ignored":
            raise Otherwise(f"told: ignored; it is {seen['state']}: {seen['sentence']}")
        return str(seen["reason"])


def shipped_mappings() -> Path:
    """The mappings that come with the product."""
    package = Path(__file__).parents[1]
    beside = package.parent / "mappings"
    return beside if (beside / "rules.yaml").is_file() else package / "mappings"


@contextmanager
def running(port: int, sandbox_port: int = 0) -> Iterator[Stage]:
    """Start everything in a throw-away folder; stop and remove it all at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bridge-demo-"))
    started: list[Process] = []
    try:
        mappings = folder / "mappings"
        shutil.copytree(shipped_mappings(), mappings)
        sandbox = Process(
            ["sandbox", "--port", str(sandbox_port)], dict(os.environ), folder / "sandbox.log"
        )
        started.append(sandbox)
        base = sandbox.listen()
        told = wires.connections_yaml(base) + REVIEWS
        (mappings / "connections.yaml").write_text(told, "utf-8")
        for name in ("zendesk.yaml", "freshdesk.yaml"):
            # A demonstration should not wait for a status to settle as long as a desk does.
            quick = (mappings / name).read_text("utf-8").replace("debounce: 5", "debounce: 1")
            (mappings / name).write_text(quick, "utf-8")
        token, reviews = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        environ = {
            **{k: v for k, v in os.environ.items() if k not in ("BRIDGE_REDIS_URL", "REDIS_URL")},
            **wires.environment(base, ""),
            "PORT": str(port),
            "REVIEWS_SECRET": reviews,
            "BRIDGE_DATA": str(folder / "data"),
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_CONSOLE_TOKEN": token,
            "BRIDGE_SECRET_KEY": secrets.token_urlsafe(32),
        }
        environ.pop("BRIDGE_PUBLIC_URL", None)
        up = Process(["up"], environ, folder / "bridge.log")
        started.append(up)
        made = Stage(sandbox=base, bridge=up.listen(), token=token, reviews=reviews)
        made.do("connect", bridge=made.bridge, console_token=token)
        yield made
    finally:
        for process in reversed(started):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)
