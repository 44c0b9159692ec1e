"""A whole day with failures at every turn; then everything that it left is searched for secrets and for people."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import leaks
from support.leaks import found
from support.wire import CONNECTIONS, PROOFS, SECRET, post, request
from support.world import World

from bridge.sandbox import wires

NAME, WORDS, PHONE = "Wilhelmina Zq8Canary", "zq8words about my refund", "999555123"
KEY, TOKEN = "canary-secret-key-0123456789abcdef", "console-token-for-tests"


def secrets() -> dict[str, str]:
    """Every secret of the configuration by name."""
    return leaks.secrets({"ATTACK_SECRET": SECRET, "SECRET_KEY": KEY, "CONSOLE": TOKEN})


@pytest.fixture(scope="module")
def day() -> Iterator[World]:
    """A running bridge after comments, messages, answers, refusals, outages, revoked tokens and broken bodies."""
    environ = {"ATTACK_SECRET": SECRET, "BRIDGE_LOG_LEVEL": "debug", "BRIDGE_SECRET_KEY": KEY}
    with World(workers=1, environ=environ, connections=CONNECTIONS) as world:
        play(world)
        yield world


def fail(world: World, *effects: dict[str, object]) -> None:
    """The next calls to each of the other sides fail, one after the other, in these ways."""
    for system in ("zendesk", "freshdesk", "meta", "telegram"):
        for effect in effects:
            world.sandbox.post("faults", {"system": system, "times": 1, **effect})


def play(world: World) -> None:
    fail(world, {"effect": "status", "status": 500}, {"effect": "drop_after"}, {"effect": "half"})
    world.comment(NAME, f"{WORDS} by comment")
    for channel in ("messenger", "telegram", "whatsapp", "instagram"):
        world.message(channel, NAME, f"{WORDS} by {channel} {PHONE}")
    number = world.opened("by comment")
    world.answer(number, "An answer in public")
    world.answer(number, "A note", public=False)
    fail(world, {"effect": "status", "status": 429}, {"effect": "status", "status": 401})
    world.answer(number, "And another answer")
    world.comment(NAME, f"once more, {WORDS}")
    for name, proof in PROOFS.items():
        post(world.url, name, b'{"broken": "zq8words', proof.prove(b'{"broken": "zq8words'))
        post(
            world.url,
            name,
            b"{}",
            {"X-Hub-Signature-256": SECRET, "Authorization": f"Bearer {wires.PAGE_TOKEN}"},
        )
        post(
            world.url,
            name,
            b"{}",
            {"Authorization": f"Basic {SECRET}", "X-Bridge-Secret": wires.APP_SECRET},
        )
    query = f"hub.mode=subscribe&hub.verify_token={wires.VERIFY_TOKEN}x&hub.challenge=1"
    request(world.url, "GET", f"/hooks/meta?{query}")
    request(world.url, "GET", f"/console?token={TOKEN}")
    request(world.url, "GET", f"/console?token={TOKEN}x")
    request(
        world.url, "GET", f"/nowhere/{TOKEN}?token={SECRET}", {"Authorization": f"Bearer {TOKEN}"}
    )
    # A head that is no head, with a secret in it: the server may say why, but not what it was.
    request(world.url, "GET", "/", [("X-Odd", f"{SECRET}\x01"), ("Authorization", TOKEN)])
    request(world.url, "GET", "/", [(f"Bad Name {SECRET}", TOKEN)])
    with world.redis.client() as redis:  # what makes a worker say something
        redis.rpush("rq:queue:bridge", "no job: Zq8Canary")
    said = world.folder / "worker.log"
    world.until(lambda: b"lay in the queue" in said.read_bytes(), "the worker says something")


@pytest.mark.parametrize("name", ["web.log", "worker.log"])
def test_no_log_holds_a_secret_or_a_person(day: World, name: str) -> None:
    """A-55, A-56: at debug, with failures everywhere."""
    data = (day.folder / name).read_bytes()
    assert data
    assert found(data, secrets()) == []
    assert (
        found(data, {"name": NAME, "words": "zq8words", "phone": PHONE, "canary": "Zq8Canary"})
        == []
    )


def test_redis_holds_no_secret_and_rq_holds_no_person(day: World) -> None:
    """A-54 to A-56: keys, values, job descriptions and the append-only file, byte by byte."""
    with day.redis.client() as redis:
        for key in redis.scan_iter("rq:*", count=1000):
            value = redis.dump(key) or b""
            if redis.type(key) == b"hash":
                value += b"".join(part for pair in redis.hgetall(key).items() for part in pair)
            assert found(key + value, {"words": "zq8words", "name": "Zq8Canary", **secrets()}) == []
    files = [file for file in Path(day.redis.folder).rglob("*") if file.is_file()]
    assert any("aof" in file.name for file in files)
    for file in files:
        assert found(file.read_bytes(), secrets()) == [], file.name


def test_no_ticket_and_nothing_said_holds_a_secret(day: World) -> None:
    """A-55: descriptions, notes, tags, fields, answers to customers."""
    state = day.sandbox.get("state")
    text = json.dumps([state["zendesk"]["tickets"], state["freshdesk"]["tickets"], day.texts()])
    assert "zq8words" in text
    assert found(text.encode(), secrets()) == []


def test_no_process_shows_a_secret_in_its_arguments(day: World) -> None:
    """A-55: what `ps` shows to every user of the machine."""
    seen = 0
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = cmdline.read_bytes()
        except OSError:
            continue
        if b"bridge" in words or b"redis" in words or b"valkey" in words:
            seen += 1
            assert found(words, secrets()) == []
    assert seen


def test_no_answer_of_the_web_process_holds_a_secret(day: World) -> None:
    """A-55: refusals, health, metrics, the console."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in (
        "/healthz",
        "/readyz",
        "/metrics",
        "/console",
        "/console/api/decisions",
        "/nowhere",
    ):
        answer = request(day.url, "GET", path, bearer)
        assert found(answer.head.encode() + answer.body, secrets()) == []
    for name in PROOFS:
        answer = post(day.url, name, b"{}", {"Authorization": f"Bearer {SECRET}x"})
        assert found(answer.head.encode() + answer.body, secrets()) == []


@pytest.mark.parametrize("command", ["status --json", "check", "doctor", "why 1", "setup meta"])
def test_no_command_prints_a_secret(day: World, command: str) -> None:
    """A-55: what an operator sees, and pastes into a question."""
    more = ["--url", "https://bridge.example.com"] if command.startswith("setup") else []
    ran = subprocess.run(
        [sys.executable, "-m", "bridge", *command.split(), *more], env=day.environ, capture_output=True, timeout=120
    )  # fmt: skip
    assert ran.returncode in (0, 1), ran.stderr
    printed = ran.stdout + ran.stderr
    assert printed
    hidden = {
        name: value for name, value in secrets().items() if name != "META_VERIFY_TOKEN" or not more
    }
    assert found(printed, hidden) == []


def test_what_the_configuration_is_made_of_shows_no_secret(day: World) -> None:
    """A-55: repr and str of all parts, as a debugger or an error page would show them."""
    parts = (
        day.config,
        day.settings,
        day.bridge,
        day.store,
        day.bridge.http,
        *day.config.connections.values(),
    )
    for part in parts:
        assert found(repr(part).encode() + str(part).encode(), secrets()) == []
        assert found(repr(getattr(part, "__dict__", {})).encode(), secrets()) == []
