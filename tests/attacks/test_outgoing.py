"""Making the bridge a caller: addresses in deliveries and answers that lead inside, or take credentials along.

The addresses themselves, one by one, are in tests/test_http.py; here they go through the whole of it.
"""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path

import pytest
from support.trap import Trap
from support.wire import post
from support.world import World

import bridge
from bridge.core.calls import HttpRequest
from bridge.http import Http
from bridge.sandbox.wires import PAGE_ID

SOURCES = sorted(Path(bridge.__file__).parent.rglob("*.py"))


def inside(port: int) -> list[str]:
    """Ways to write an address inside; the trap listens at *port* of loopback."""
    return [
        f"http://127.0.0.1:{port}/a.png", f"http://localhost:{port}/a.png", f"http://2130706433:{port}/a.png",
        f"http://0x7f.1:{port}/a.png", f"http://0177.0.0.1:{port}/a.png", f"http://127.1:{port}/a.png",
        f"http://0:{port}/a.png", f"http://[::1]:{port}/a.png", f"http://[::ffff:127.0.0.1]:{port}/a.png",
        f"http://user:pass@127.0.0.1:{port}/a.png", f"http://files.example.com@127.0.0.1:{port}/a.png",
        f"http://127.0.0.1:{port}\\@files.example.com/a.png", f"http://127.0.0.1:{port}#@files.example.com/",
        f"https://127.0.0.1:{port}/a.png", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
        f"gopher://127.0.0.1:{port}/_x", f"//127.0.0.1:{port}/a.png", f"ftp://127.0.0.1:{port}/a.png",
        f"HTTP://127.0.0.1:{port}/a.png", f" http://127.0.0.1:{port}/a.png", f"http:127.0.0.1:{port}/a.png",
        f"jar:http://127.0.0.1:{port}!/a.png", f"http://①②⑦.⓪.⓪.①:{port}/a.png", "data:text/html,<b>x</b>",
        "javascript:alert(1)", f"http://127.0.0.1:{port}/a b\r\nX: y", "http://" + "a" * 5000, "https://[",
    ]  # fmt: skip


def test_no_attachment_makes_the_bridge_call_inside(world: World) -> None:
    """A-27, A-28, A-30: a form's file and a chat's picture at every odd address; the words arrive, no call is made."""
    with Trap() as trap:
        for number, url in enumerate(inside(trap.port)):
            form = {
                "entry_id": number, "email": f"eve{number}@example.com", "message": f"refund number {number}.",
                "files": [{"name": "../../a.png", "url": url}], "is_spam": False,
            }  # fmt: skip
            assert post(world.url, "secret-header", json.dumps(form).encode()).status == 200
            picture = {"type": "image", "payload": {"url": url}}
            said = {
                "mid": f"m_{number}",
                "text": f"my picture {number}, refund.",
                "attachments": [picture],
            }
            person = {"id": f"70000000{number:02}"}
            event = {
                "sender": person,
                "recipient": {"id": PAGE_ID},
                "timestamp": int(time.time() * 1000),
                "message": said,
            }
            body = {"object": "page", "entry": [{"id": PAGE_ID, "time": 1, "messaging": [event]}]}
            assert post(world.url, "meta", json.dumps(body).encode()).status == 200
        world.calm()
        assert trap.heard == []
        words = [one["text"] for one in world.sandbox.record("ticket_comment", public=True)]
        for number in range(len(inside(0))):
            assert any(f"refund number {number}." in text for text in words)
            assert any(f"my picture {number}, refund." in text for text in words)
        assert world.store.dead() == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_takes_no_credentials_anywhere(method: str, status: int) -> None:
    """A-30: a helpdesk or platform that answers with a redirect to somebody else's address."""
    http = Http()
    with Trap() as trap, Trap(trap.url, status) as first:
        request = HttpRequest(
            method=method, url=f"{first.url}/api", headers={"Authorization": "Bearer canary"}, write=method == "POST"
        )  # fmt: skip
        assert http.send(request).status == status
        assert len(first.heard) == 1
        assert trap.heard == []
    http.close()


def test_no_line_of_ours_turns_the_check_of_certificates_off() -> None:
    """TLS: neither verify=False, nor a context without it, nor a switch in the environment."""
    for file in SOURCES:
        source = file.read_text("utf-8")
        for word in (
            "CERT_NONE",
            "_create_unverified",
            "disable_warnings",
            "ssl_cert_reqs=",
        ):
            assert word not in source, f"{file.name}: {word}"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.keyword) and node.arg in (
                "verify",
                "ssl_cert_reqs",
                "cert_reqs",
            ):
                off = isinstance(node.value, ast.Constant) and node.value.value in (
                    False,
                    None,
                    "none",
                )
                assert not off, f"{file.name}:{node.value.lineno}"


def test_nothing_but_the_one_client_and_the_sandbox_calls_out() -> None:
    """A-27, A-31: no second way out (urllib, sockets, http.client), whose addresses nobody checks."""
    ways = {
        "urllib.request",
        "http.client",
        "requests",
        "urllib3",
        "httpx",
        "aiohttp",
        "ftplib",
        "smtplib",
        "webbrowser",
    }
    known = {"http.py", "dialling.py"}
    for file in SOURCES:
        if "sandbox" in file.parts or "demo" in file.parts or file.name in known:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not ways & set(names), f"{file.name}: {names}"
