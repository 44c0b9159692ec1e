"""The operator's pages and the sandbox's: without a token, with guesses, from other sites, under other names."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from support import wire
from support.sandbox import Sandbox
from support.wire import Answer, request
from support.world import World

from bridge.sandbox.server import ours
from bridge.web.guesses import ADDRESSES, MOST, SECONDS, Guesses

TOKEN = "console-token-for-tests"
PAGES = ("/console", "/console/api/decisions", "/console/api/decisions?since=1-1")


def ask(world: World, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(world.url, method, path, named, body)


def test_guesses_are_stopped_after_ten_and_the_right_token_is_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-49: brute force by link, form and header; from then on even the right one is not looked at."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    cookie = (ask(world, f"/console?token={TOKEN}").header("set-cookie") or "").partition(";")[0]
    statuses = []
    for number in range(MOST):
        guess = f"console-token-for-test{number}"
        if number % 3 == 0:
            answer = ask(world, f"/console?token={guess}")
        elif number % 3 == 1:
            answer = ask(world, "/console/api/decisions", Authorization=f"Bearer {guess}")
        else:
            answer = request(world.url, "POST", "/console/login", form, f"token={guess}".encode())
        statuses.append(answer.status)
    assert set(statuses) == {401}
    for path, headers in (
        (f"/console?token={TOKEN}", {}),
        ("/console", {"Authorization": f"Bearer {TOKEN}"}),
        ("/console/api/decisions", {"Authorization": f"Bearer {TOKEN}"}),
    ):
        answer = request(world.url, "GET", path, headers)
        assert answer.status == 429
        assert answer.header("retry-after") == str(SECONDS)
        assert answer.header("set-cookie") is None
    # Others do not suffer: health, and whoever has signed in already; a made-up cookie is none.
    assert request(world.url, "GET", "/healthz").status == 200
    assert ask(world, "/console", Cookie=cookie).status == 200
    assert ask(world, "/console?token=wrong", Cookie="bridge_console=x").status == 429
    if wire.caller:
        monkeypatch.setattr(wire, "caller", "")  # the machine's own address
        assert ask(world, f"/console?token={TOKEN}").status == 303


def test_guesses_are_counted_by_address_for_a_minute_and_do_not_pile_up() -> None:
    """A-49: the count itself."""
    clock = [0.0]
    guesses = Guesses(lambda: clock[0])
    for _ in range(MOST):
        assert not guesses.too_many("a")
        guesses.wrong("a")
    assert guesses.too_many("a")
    assert not guesses.too_many("b")
    clock[0] = SECONDS - 0.1
    assert guesses.too_many("a")
    clock[0] = SECONDS
    assert not guesses.too_many("a")
    for number in range(3 * ADDRESSES):
        guesses.wrong(str(number))
    assert len(guesses._wrong) <= ADDRESSES


def test_who_guesses_on_is_not_forgotten_for_others_who_come_later() -> None:
    """A-49: the address that was heard of longest ago goes first."""
    guesses = Guesses(lambda: 0.0)
    for _ in range(MOST):
        guesses.wrong("first")
        guesses.wrong("second")
    for number in range(ADDRESSES - 2):
        guesses.wrong(str(number))
    guesses.wrong("first")
    guesses.wrong("one more")
    assert guesses.too_many("first")
    assert not guesses.too_many("second")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_shows_without_the_token(world: World, path: str) -> None:
    """A-49, A-50: no token, an empty one, half of it, another case, a cookie of one's own."""
    cookies = [
        "bridge_console=",
        "bridge_console=" + "0" * 64,
        f"bridge_console={TOKEN}",
        "session=x",
        "bridge_console=é",
    ]
    headers = [{}, {"Authorization": ""}, {"Authorization": "Basic Og=="}, {"Authorization": TOKEN}]
    for given in [*headers, *({"Cookie": cookie} for cookie in cookies)]:
        answer = request(world.url, "GET", path, given)
        assert answer.status == 401
        assert b"received" not in answer.body
        assert b"decisions" not in answer.body


def test_every_page_is_guarded_or_known_to_be_open(world: World) -> None:
    """A-01, A-50: a new address that is neither guarded nor meant to be open fails here."""
    from bridge.web import create_app

    app = create_app(world.bridge)
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert rules == {
        "/hooks/<name>", "/healthz", "/readyz", "/metrics",
        "/console", "/console/login", "/console/api/decisions", "/console/static/<path:filename>",
        "/privacy/meta", "/privacy/meta/<code>",  # signed; by a code (tests/web/test_privacy.py)
    }  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/console/static/../templates/base.html", "/console/static/%2e%2e/console.py", "/console/static//etc/passwd",
             "/console/static/..%2f..%2f..%2fsettings.py", "/console/static/console.css%00.html", "/console/static/"],
)  # fmt: skip
def test_the_static_files_lead_nowhere_else(world: World, path: str) -> None:
    """Paths: traversal out of the one folder that is open."""
    assert ask(world, path).status in (400, 404)


def test_no_other_site_can_use_a_signed_in_browser(world: World) -> None:
    """A-49: CSRF, framing, reading across sites, caching: what every page of the console says."""
    answer = ask(world, "/console", Authorization=f"Bearer {TOKEN}", Origin="https://evil.example")
    assert answer.status == 200
    policy = answer.header("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.header("x-frame-options") == "DENY"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("access-control-allow-origin") is None
    assert answer.header("referrer-policy") == "no-referrer"
    cookie = ask(world, f"/console?token={TOKEN}").header("set-cookie") or ""
    assert re.search(r"(?i)httponly", cookie)
    assert re.search(r"(?i)samesite=lax", cookie)
    assert TOKEN not in cookie
    assert ask(world, "/console?token=x").header("cache-control") == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_pages_change_nothing(world: World, method: str) -> None:
    """A-49, A-51, A-52: with or without a token there is nothing to change by a request."""
    for path in ("/console", "/console/api/decisions", "/healthz", "/metrics", "/readyz"):
        answer = ask(world, path, method, Authorization=f"Bearer {TOKEN}")
        assert answer.status == 405


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:1@127.0.0.1", "127.0.0.1\\@evil", "a b", "[::1", "x" * 3000, ""],
)
def test_another_host_name_changes_no_address_we_give(world: World, host: str) -> None:
    """Host header: redirects and pages are relative; a name that is none is refused or ignored."""
    answer = request(world.url, "GET", f"/console?token={TOKEN}", [("Host", host)])
    assert answer.status in (303, 400)
    assert answer.header("location") in ("/console", None)
    for path in (
        "/console",
        "//console",
        "/console//api/decisions",
        "/console/",
        "//evil.example/console",
    ):
        answer = request(world.url, "GET", path, [("Host", host)])
        assert answer.status in (400, 401, 404)
        assert answer.header("location") is None
        assert b"evil" not in answer.body


def test_health_and_metrics_name_no_customer_and_no_address(world: World) -> None:
    """A-50, A-55, A-56: what is open without a token says how much, never who or what."""
    world.comment("Xaver Quintessenz", "refund my zq8words please")
    world.calm()
    for path in ("/healthz", "/readyz", "/metrics"):
        text = ask(world, path).body.decode()
        for word in (
            "Xaver",
            "zq8words",
            "unix:",
            "redis://",
            world.redis.url,
            str(world.folder),
            "sandbox-",
        ):
            assert word not in text, (path, word)


# --- the sandbox -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8090",
        "127.evil.example",
        "localhost.evil.example",
        "0",
        "10.0.0.1:8090",
    ],
)
def test_a_name_led_to_our_address_steers_no_sandbox(sandbox: Sandbox, host: str) -> None:
    """DNS rebinding: another site's name leads to 127.0.0.1, so that origin and host agree."""
    body = b'{"bridge": "http://169.254.169.254"}'
    for method, path in (
        ("POST", "/_sandbox/connect"),
        ("GET", "/_sandbox/state"),
        ("GET", "/"),
        ("GET", "/graph/v1/me"),
    ):
        headers = {"Host": host, "Origin": f"http://{host}", "Content-Type": "application/json"}
        assert (
            request(sandbox.url, method, path, headers, body if method == "POST" else b"").status
            == 421
        )


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"]
)
def test_a_page_of_another_site_steers_no_sandbox(sandbox: Sandbox, origin: str) -> None:
    """CSRF on the control API: a browser says where a request comes from."""
    headers = {
        "Host": sandbox.url.partition("//")[2],
        "Origin": origin,
        "Content-Type": "text/plain",
    }
    answer = request(sandbox.url, "POST", "/_sandbox/connect", headers, b'{"bridge": null}')
    assert answer.status == 403


def test_the_sandbox_is_reached_by_the_names_of_this_machine() -> None:
    """The twin: loopback in every spelling, with a port and without."""
    assert all(
        map(ours, ("localhost:8090", "127.0.0.1", "127.0.0.1:80", "[::1]:8090", "LOCALHOST", None))
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "sandbox.example.com", ""])
def test_the_sandbox_listens_to_nobody_outside(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A-50, A-60: it has no password, so it is not for the network."""
    from bridge.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "--host", host])
    assert ended.value.code == 2
    assert "loopback only" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "../server.py",
        "..%2fserver.py",
        "%2e%2e/%2e%2e/settings.py",
        "/etc/passwd",
        "..\\server.py",
        "static",
        "",
    ],
)
def test_the_sandboxs_files_lead_nowhere_else(sandbox: Sandbox, name: str) -> None:
    """Paths: traversal out of the page's folder."""
    for folder in ("/static/", "/cdn/", "/"):
        answer = request(sandbox.url, "GET", f"{folder}{name}", {"Host": "localhost"})
        assert answer.status in (200, 404)
        assert b"import " not in answer.body
        assert b"root:" not in answer.body


def test_the_token_in_the_form_is_read_and_nothing_longer(world: World) -> None:
    """A-12: a form of a megabyte to the one page that takes a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    large = urlencode({"token": "x" * 1_000_000}).encode()
    assert request(world.url, "POST", "/console/login", form, large).status == 413
    many = ("&".join(f"a{n}=1" for n in range(500)) + f"&token={TOKEN}").encode()
    assert request(world.url, "POST", "/console/login", form, many).status in (303, 413)
