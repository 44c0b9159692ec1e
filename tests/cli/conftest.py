"""A house to run commands in: mappings, a Redis, and where wanted the sandbox as the outside."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from support.rawserver import RawServer, request_of
from support.sandbox import Sandbox

from bridge.cli import main, parts
from bridge.jobs import Engine
from bridge.sandbox.wires import PAGE_ID, connections_yaml, environment
from bridge.store import Store
from bridge.wiring import build, now

SHIPPED = Path(__file__).parents[2] / "mappings"


class House:
    """A folder with a configuration, and the commands run in it."""

    def __init__(self, folder: Path, read: Callable[[], Any]) -> None:
        self.folder = folder
        self._read = read

    def run(self, *argv: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) of one command."""
        self._read()
        try:
            code = main(list(argv))
        except SystemExit as error:
            code = int(error.code or 0)
        told = self._read()
        return code, told.out, told.err

    def json(self, *argv: str) -> Any:
        code, out, err = self.run(*argv, "--json")
        assert code in (0, 1), err
        return json.loads(out)

    @cached_property
    def store(self) -> Store:
        return parts.journal(parts.settings())

    def close(self) -> None:
        if store := self.__dict__.pop("store", None):
            store.close()

    def connect_to(self, url: str) -> None:
        (self.folder / "mappings" / "connections.yaml").write_text(connections_yaml(url))

    def deliver(self, connection: str, body: bytes, delivery: str) -> None:
        """Keep a delivery as the web process does."""
        kind = "meta" if connection == "meta" else connection
        self.store.accept(delivery, connection, kind, {}, body, now())

    def comment(self, text: str, ident: str, person: str = "31", under: str = "1") -> None:
        """A comment arrives: under the Page's post, or under another comment."""
        self.deliver("meta", comment(text, ident, person, under), f"delivery-{ident}")

    def work(self) -> None:
        """Do all that is due, as a worker does."""
        with self.working() as work:
            work()

    @contextmanager
    def working(self) -> Iterator[Callable[[], object]]:
        """A worker that stays: each call does all that is due."""
        bridge = build(parts.settings())
        engine = Engine(bridge, 2)
        try:
            yield engine.run
        finally:
            engine.close()
            bridge.http.close()
            bridge.store.close()


def comment(text: str, ident: str, person: str, under: str) -> bytes:
    value = {
        "item": "comment", "verb": "add", "comment_id": ident if "_" in ident else f"{PAGE_ID}_{ident}",
        "post_id": f"{PAGE_ID}_1", "parent_id": f"{PAGE_ID}_{under}", "created_time": 1764000000,
        "from": {"id": person, "name": "Ana Nowak"}, "message": text,
    }  # fmt: skip
    entry = {"id": PAGE_ID, "time": 1764000000, "changes": [{"field": "feed", "value": value}]}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[House]:
    """A house without a Redis; nothing answers at its platforms' addresses."""
    shutil.copytree(SHIPPED, tmp_path / "mappings")
    monkeypatch.chdir(tmp_path)
    for name in ("BRIDGE_REDIS_URL", "REDIS_URL", "BRIDGE_DATA", "BRIDGE_MAPPINGS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment("", "https://bridge.example.com").items():
        monkeypatch.setenv(name, value)
    house = House(tmp_path, capsys.readouterr)
    house.connect_to("http://127.0.0.1:9")
    yield house
    house.close()


@pytest.fixture
def house(bare: House, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with an empty Redis."""
    monkeypatch.setenv("BRIDGE_REDIS_URL", redis_url)
    return bare


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The public address of a bridge that takes whatever comes; BRIDGE_PUBLIC_URL is set to it."""

    def talk(peer: socket.socket, number: int) -> None:
        while request_of(peer):
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with RawServer(talk) as server:
        monkeypatch.setenv("BRIDGE_PUBLIC_URL", server.url)
        yield server.url


@pytest.fixture
def town(house: House, sandbox: Sandbox) -> House:
    """A house whose platforms and helpdesk are the sandbox."""
    house.connect_to(sandbox.url)
    return house
