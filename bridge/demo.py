"""The demonstration: the whole product on this machine, and a scripted day that must end as told.

The stage is what an operator would run: `bridge up` with its embedded Redis, and the sandbox in a
process of its own, both in a throw-away folder. The day is a list of scenes; each does something as
a customer or an agent would, waits until the sandbox's own record shows what became of it, and says it
in a sentence. What the bridge claims is never taken for what happened.
"""

from __future__ import annotations

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
from bridge.core.errors import BridgeError
from bridge.http import Http
from bridge.processes import bound_to_us
from bridge.sandbox import wires

PATIENCE = 15.0  # seconds a scene may take to end as told
CALM = 1.0  # seconds of nothing after which nothing is believed to come


class Otherwise(Exception):
    """A scene ended otherwise than told."""


class Process:
    """A child process whose address is known once it says `listening on URL`."""

    def __init__(self, words: list[str], environ: dict[str, str], log: Path) -> None:
        self._log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *words],
            env=environ, stdout=subprocess.PIPE, stderr=self._log, stdin=subprocess.DEVNULL,
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

    def decision(self, external_id: str) -> dict[str, Any] | None:
        """What the bridge says it decided about one thing a customer said."""
        headers = {"Authorization": f"Bearer {self.token}"}
        rows = self._ask("GET", f"{self.bridge}/console/api/decisions?since=", headers=headers)
        found = [one for one in rows["decisions"] if one.get("external_id") == str(external_id)]
        return found[-1] if found else None

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
        tickets = self.get("state")["zendesk"]["tickets"]
        return next(one for one in tickets if one["id"] == number)

    def ignored(self, external_id: str, rule: str = "") -> str:
        """Wait until the bridge has ignored something; the reason it gives."""

        def look() -> dict[str, Any] | None:
            seen = self.decision(external_id)
            return seen if seen and seen["state"] in ("done", "ignored", "dead") else None

        seen = self.until(f"{external_id} is decided", look)
        if seen["state"] != "ignored":
            raise Otherwise(f"told: ignored; it is {seen['state']}: {seen['sentence']}")
        return str(seen["reason"])


# --- the scripted day ------------------------------------------------------------------------------

Scene = Callable[[Stage], str]
DAY: list[tuple[str, Scene]] = []


def scene(title: str) -> Callable[[Scene], Scene]:
    """Add a scene to the day."""

    def add(play: Scene) -> Scene:
        DAY.append((title, play))
        return play

    return add


@scene("Ana complains under a post: her order is broken")
def broken_order(stage: Stage) -> str:
    said = stage.do(
        "customer/comment", person="Ana", text="My order arrived broken, the cup is in pieces!"
    )
    number = stage.ticket_with("arrived broken")
    stage.names.update(ana=said["id"], first=number)
    rule = (stage.decision(said["id"]) or {}).get("rule")
    return f"Ticket {number} is open, because of the rule '{rule}'."


@scene("Facebook delivers the same webhook eight times at once")
def duplicates(stage: Stage) -> str:
    answers = stage.do("hooks/again", system="meta", copies=8)["statuses"]
    if answers != [200] * 8:
        raise Otherwise(f"told: eight times 200; the answers were {answers}")
    stage.calm()
    if len(stage.record(what="ticket")) != 1:
        raise Otherwise("told: still one ticket; there are more")
    return "All eight are answered 200, and there is still one ticket with her words once."


@scene("Ana writes again, under her own comment")
def again(stage: Stage) -> str:
    stage.do(
        "customer/comment", person="Ana", text="Nobody answers me here", reply_to=stage.names["ana"]
    )
    number = stage.ticket_with("Nobody answers me here")
    if number != stage.names["first"]:
        raise Otherwise(f"told: on ticket {stage.names['first']}; it is on {number}")
    return f"Her words are added to ticket {number}; no second one is opened."


@scene("Jan wants his money back, in Polish")
def polish_refund(stage: Stage) -> str:
    said = stage.do(
        "customer/comment", person="Jan", text="Chcę zwrotu pieniędzy za kawę z wczoraj"
    )
    number = stage.ticket_with("Chcę zwrotu pieniędzy")
    stage.names.update(jan=said["id"], refund=number)
    priority = stage.ticket(number)["priority"]
    return f"Ticket {number}, priority {priority}, because of the rule '{(stage.decision(said['id']) or {}).get('rule')}'."


@scene("Ola praises the coffee")
def praise(stage: Stage) -> str:
    said = stage.do("customer/comment", person="Ola", text="Best coffee in town, I love it!")
    return f"No ticket; ignored with the reason “{stage.ignored(said['id'])}”."


@scene("Tom trolls")
def troll(stage: Stage) -> str:
    said = stage.do("customer/comment", person="Tom", text="lol tea is better 🤡🤡🤡")
    return f"No ticket; ignored with the reason “{stage.ignored(said['id'])}”."


@scene("Ana edits her comment")
def edit(stage: Stage) -> str:
    new = "My order arrived broken and cold, the cup is in pieces!"
    stage.do("customer/comment/edit", id=stage.names["ana"], text=new)
    note = _note(stage, stage.names["first"], "broken and cold")
    if "in pieces" not in note:
        raise Otherwise("told: the note holds the old words too; it does not")
    return "A private note on the ticket shows the old and the new words."


@scene("Jan deletes his comment")
def deletion(stage: Stage) -> str:
    stage.do("customer/comment/remove", id=stage.names["jan"])
    _note(stage, stage.names["refund"], "deleted")
    return f"A private note on ticket {stage.names['refund']} says so."


@scene("Ola writes in Messenger that her parcel never came")
def direct_message(stage: Stage) -> str:
    said = stage.do(
        "customer/message",
        channel="messenger",
        person="Ola",
        text="My parcel never arrived. Where is it?",
    )
    number = stage.ticket_with("parcel never arrived")
    stage.names.update(chat=said["chat"], parcel=number)
    return f"Ticket {number} is open for the private talk."


@scene("Tom writes to the Telegram bot that the app is down")
def telegram(stage: Stage) -> str:
    stage.do(
        "customer/message",
        channel="telegram",
        person="Tom",
        text="The app is not working, I cannot log in",
    )
    stage.names["app"] = number = stage.ticket_with("app is not working")
    return f"Ticket {number} is open for the Telegram chat."


@scene("The agent answers Ana in public")
def answer(stage: Stage) -> str:
    words = "We are so sorry! A new cup is on its way to you today."
    stage.do("agent/comment", ticket=stage.names["first"], text=words, public=True)
    _posted(stage, words, 1)
    stage.calm()
    posted = _posted(stage, words, 1)[0]
    if posted.get("parent_id") != stage.names["ana"]:
        raise Otherwise("told: it stands under Ana's comment; it does not")
    return "The answer stands under her comment, once."


@scene("The agent writes a private note")
def private_note(stage: Stage) -> str:
    words = "internal: she is a VIP, send the expensive cup"
    stage.do("agent/comment", ticket=stage.names["first"], text=words, public=False)
    stage.calm()
    if any("internal:" in (one.get("text") or "") for one in _spoken(stage)):
        raise Otherwise("told: a private note never leaves; it did")
    return "It stays on the ticket; nothing is posted anywhere."


@scene("The agents answer Ola in Messenger and Tom on Telegram")
def answers_in_private(stage: Stage) -> str:
    stage.do(
        "agent/comment",
        ticket=stage.names["parcel"],
        text="It comes tomorrow at noon.",
        public=True,
    )
    stage.do(
        "agent/comment",
        ticket=stage.names["app"],
        text="The app is back, please try again.",
        public=True,
    )
    for words in ("It comes tomorrow at noon.", "The app is back, please try again."):
        _posted(stage, words, 1)
    return "Each answer is one message in its own chat."


@scene("An answer comes nine days late: Messenger allows seven")
def closed_window(stage: Stage) -> str:
    said = stage.do(
        "customer/message", channel="messenger", person="Ewa", ago=9 * 86400,
        text="I never got my refund, please help",
    )  # fmt: skip
    number = stage.ticket_with("never got my refund")
    stage.do("agent/comment", ticket=number, text="Sorry for the long wait, Ewa.", public=True)
    _note(stage, number, "Not delivered")
    if any(one.get("chat") == said["chat"] for one in _spoken(stage)):
        raise Otherwise("told: nothing is sent outside the window; something was")
    return (
        f"Nothing is sent; a private note on ticket {number} tells the agent why, and what is left."
    )


@scene("The agent solves Ana's ticket, and Ana says thanks")
def solve(stage: Stage) -> str:
    before = len(_spoken(stage))
    stage.do("agent/status", ticket=stage.names["first"], status="solved")
    notice = stage.until("a notice is posted", lambda: _spoken(stage)[before:])[0]
    stage.do("customer/comment", person="Ana", text="Thanks!", reply_to=stage.names["ana"])
    number = stage.ticket_with("Thanks!")
    stage.calm()
    status = stage.ticket(stage.names["first"])["status"]
    if number != stage.names["first"] or status != "solved":
        raise Otherwise(f"told: thanks stay on the solved ticket; ticket {number} is {status}")
    return (
        f"The customer reads “{notice['text']}”; her thanks are added and do not reopen the ticket."
    )


@scene("The books")
def books(stage: Stage) -> str:
    tickets = len(stage.record(what="ticket"))
    if tickets != 5:
        raise Otherwise(f"told: five tickets for the day; there are {tickets}")
    posted = len(_spoken(stage))
    return f"Five tickets, {posted} messages to customers, nothing twice."


def _note(stage: Stage, ticket: int, words: str) -> str:
    """The private note of ours on *ticket* that contains *words*."""

    def look() -> str | None:
        notes = stage.record(what="ticket_comment", ticket=ticket, public=False, by="bridge")
        return next((one["text"] for one in notes if words in one["text"]), None)

    return str(stage.until(f"a private note on ticket {ticket} says “{words}”", look))


def _spoken(stage: Stage) -> list[dict[str, Any]]:
    """Everything the bridge has said to customers."""
    kinds = ("comment", "message", "private_reply")
    return [one for one in stage.record(by="bridge") if one["what"] in kinds]


def _posted(stage: Stage, words: str, times: int) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]]:
        return [one for one in _spoken(stage) if (one.get("text") or "").strip() == words]

    found: list[dict[str, Any]] = stage.until(f"“{words}” reaches the customer", look)
    if len(found) != times:
        raise Otherwise(f"told: “{words}” is said once; it was said {len(found)} times")
    return found


# --- the stage ---------------------------------------------------------------------------------------


def shipped_mappings() -> Path:
    """The mappings that come with the product."""
    here = Path(__file__).parent
    beside = here.parent / "mappings"
    return beside if (beside / "rules.yaml").is_file() else here / "mappings"


@contextmanager
def stage(port: int, sandbox_port: int = 0) -> Iterator[Stage]:
    """Start everything in a throw-away folder; stop and remove it all at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bridge-demo-"))
    running: list[Process] = []
    try:
        mappings = folder / "mappings"
        shutil.copytree(shipped_mappings(), mappings)
        sandbox = Process(
            ["sandbox", "--port", str(sandbox_port)], dict(os.environ), folder / "sandbox.log"
        )
        running.append(sandbox)
        base = sandbox.listen()
        (mappings / "connections.yaml").write_text(wires.connections_yaml(base), "utf-8")
        quick = mappings / "zendesk.yaml"
        # A demonstration should not wait for a status to settle as long as a desk does.
        quick.write_text(quick.read_text("utf-8").replace("debounce: 5", "debounce: 1"), "utf-8")
        token = secrets.token_urlsafe(16)
        environ = {
            **{k: v for k, v in os.environ.items() if k not in ("BRIDGE_REDIS_URL", "REDIS_URL")},
            **wires.environment(base, ""),
            "PORT": str(port),
            "BRIDGE_DATA": str(folder / "data"),
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_CONSOLE_TOKEN": token,
            "BRIDGE_SECRET_KEY": secrets.token_urlsafe(32),
        }
        environ.pop("BRIDGE_PUBLIC_URL", None)
        up = Process(["up"], environ, folder / "bridge.log")
        running.append(up)
        made = Stage(sandbox=base, bridge=up.listen(), token=token)
        made.do("connect", bridge=made.bridge, console_token=token)
        yield made
    finally:
        for process in reversed(running):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


def play(made: Stage, started: float, say: Callable[[str], None]) -> bool:
    """Play the day, a sentence a decision; True when everything ended as told."""
    fine = True
    for number, (title, act) in enumerate(DAY, 1):
        say(f"{number:2}. {title}.")
        try:
            say(f"    {act(made)}")
        except (Otherwise, BridgeError, KeyError) as error:
            fine = False
            say(f"    OTHERWISE: {error}")
        if number == 1:
            print(
                f"    (first ticket {time.monotonic() - started:.1f} s after the start)", flush=True
            )
    return fine
