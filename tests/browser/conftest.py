"""A Chromium and a sandbox for all tests of this folder; the sandbox's scene is fresh for each."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from support.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from support.page import Page


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(url)` opens a page; at the end nothing may have failed, been refused or popped up."""
    from support.page import DESKTOP, Page

    contexts = []
    pages: list[Page] = []

    def open_page(url: str, size: dict[str, int] = DESKTOP, **options: Any) -> Page:
        context = chromium.new_context(viewport=size, reduced_motion="reduce", **options)
        contexts.append(context)
        pages.append(Page(context.new_page(), url))
        return pages[-1]

    yield open_page
    for context in contexts:
        context.close()
    assert [trouble for page in pages for trouble in page.troubles] == []


@pytest.fixture
def page(visit: Callable[..., Page], sandbox: Sandbox) -> Page:
    return visit(sandbox.url)


class Pretender:
    """Plays the bridge: takes every webhook and tells the decisions it is given."""

    def __init__(self) -> None:
        self.decisions: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(json.dumps({"decisions": outer.decisions}).encode())

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def bridge(sandbox: Sandbox) -> Iterator[Pretender]:
    pretender = Pretender()
    sandbox.post("connect", {"bridge": pretender.url})
    yield pretender
    sandbox.post("connect", {name: {"url": None} for name in sandbox.get("hooks")})
    pretender.stop()
