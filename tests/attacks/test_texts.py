"""Words and names that act: markup, templates, mentions, hidden characters; in tickets, notices, logs and pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from support.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MARK = "zq7canary"  # in every text and name, so that a log can be searched for them
HOSTILE = [
    "<script>alert('x')</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "</div><iframe src=//e.example>",
    "[Log in](https://evil.example)", "![p](https://evil.example/p.png)", "[a][b]\n\n[b]: https://evil.example",
    "{{ticket.requester.email}}", "{% for t in tickets %}x{% endfor %}", "[[placeholder]]", "{{constructor.constructor('alert(1)')()}}",
    "{0.__class__.__mro__}", "%(password)s", "${jndi:ldap://e.example/a}", "@everyone @here @all", "＠everyone",
    "\u202egpj.exe", "\u2066x\u2069", "a\u200bb\u200c\ufeffc", "\U000e0041\U000e0042", "\x1b[2J\x1b]0;t\x07", "\x9b31m", "a\rb\x00c\x85d",
    "=cmd|'/c calc'!A1", "+1+1", "@SUM(1)", "javascript:alert(1)", "<a href='javascript:alert(1)'>x</a>", "-----BEGIN",
    "x\r\nSet-Cookie: a=b", "x\nSubject: y\nBcc: all@example.com", "'; DROP TABLE tickets;--", "../../etc/passwd",
    "#!/bin/sh\n`id` $(id)", "/dm hello", "/public", "/mute", "\N{COMBINING ACUTE ACCENT}" * 500, "ﷺ" * 300,
]  # fmt: skip
ALLOWED = {"p", "br", "div", "span", "ul", "ol", "li", "b", "strong", "em", "i", "a", "hr"}
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)


class Reader(HTMLParser):
    """What a browser would make of it: tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_decl(self, decl: str) -> None:
        self.tags.append("!")

    handle_pi = handle_comment = handle_decl


@pytest.fixture(scope="module")
def attacked(standing: World) -> World:
    """Every hostile text and name as a comment for Zendesk and as a message for Freshdesk, worked off and solved."""
    world = standing
    world.fresh()
    for number, trick in enumerate(HOSTILE):
        name, text = f"{trick[:40]} {MARK} {number}", f"{trick}\nI want a refund {MARK}"
        if number % 2:  # so that the helpdesks' limits do not make this last
            world.message("whatsapp", name, text)
        else:
            world.comment(name, text)
    patience = 90
    world.until(lambda: len(world.tickets()) == len(HOSTILE), "a ticket each", patience)
    for row in world.sandbox.record("ticket"):
        solved = "solved" if row["system"] == "zendesk" else 4
        world.sandbox.post("agent/status", {"ticket": row["ticket"], "status": solved})
    world.until(lambda: len(world.texts()) == len(HOSTILE), "a notice each", patience)
    world.calm()
    return world


def tickets(world: World, desk: str) -> list[dict[str, Any]]:
    found = world.sandbox.get("state")[desk]["tickets"]
    assert len(found) == len(HOSTILE[desk == "freshdesk" :: 2])
    return list(found)


def test_in_zendesk_it_is_text_that_nothing_acts_on(attacked: World) -> None:
    """A-20, A-24, A-34, A-35, A-39: no markup, placeholder, Markdown link or hidden character, on any ticket."""
    for ticket in tickets(attacked, "zendesk"):
        shown = [
            ticket["subject"],
            ticket["requester"]["name"],
            *(one["text"] for one in ticket["comments"]),
        ]
        for text in shown:
            for active in ("{{", "{%", "[[", "](", "]["):
                assert active not in text
            assert not HIDDEN.search(text), ascii(text)
            assert not re.search(r"<[A-Za-z/!?]", text)
        assert "\n" not in ticket["subject"]
        assert "\n" not in ticket["requester"]["name"]


def test_in_freshdesk_only_our_own_elements_stand_in_the_html(attacked: World) -> None:
    """A-34, A-35: everything of a stranger's is escaped; links are ours, to http addresses."""
    for ticket in tickets(attacked, "freshdesk"):
        for comment in ticket["comments"]:
            reader = Reader(comment["html"])
            assert set(reader.tags) <= ALLOWED, comment["html"][:300]
            for name, value in reader.attributes:
                assert name in ("href", "rel", "target", "style", "class", "dir"), (name, value)
                assert name != "href" or re.match(r"https?://", value or "")
            assert not HIDDEN.search(comment["html"])
            assert "{{" not in comment["html"]
        assert not HIDDEN.search(ticket["subject"] + ticket["requester"]["name"])


def test_a_strangers_line_is_no_command_of_an_agents(attacked: World) -> None:
    """A-44: /dm, /public and /mute in a customer's words do nothing."""
    for desk in ("zendesk", "freshdesk"):
        for ticket in tickets(attacked, desk):
            assert ticket["requester"]["name"]
            assert "muted" not in json.dumps(ticket["tags"])
    keys = attacked.store
    assert not [alarm for alarm in keys.alarms() if "mute" in alarm]


def test_nobody_gets_mail_because_his_address_stood_in_the_words(attacked: World) -> None:
    """A-43: no requester has an address, nobody is in copy."""
    assert attacked.sandbox.record("email_sent") == []


def test_our_public_answers_carry_nothing_of_a_strangers_name(attacked: World) -> None:
    """A-36, A-38: notices are our own wording; a name with anything odd in it is left out."""
    texts = attacked.texts()
    assert texts
    for text in texts:
        assert not re.search(r"[@<>{}\[\]$%`|=＠]|http|javascript|DROP|passwd", text), text
        assert not HIDDEN.search(text)
        assert MARK not in text


def test_no_log_line_holds_a_customers_words_and_every_line_is_one(attacked: World) -> None:
    """A-41, A-56: every line is one JSON object in ASCII, at debug, and none quotes anybody."""
    for name in ("web.log", "worker.log"):
        raw = (attacked.folder / name).read_bytes()
        assert MARK.encode() not in raw
        for written in raw.splitlines():
            assert written.isascii()
            told = json.loads(written)
            assert {"at", "level", "logger", "message"} <= set(told)


@pytest.mark.parametrize("command", ["why", "dead show"])
def test_a_terminal_is_shown_characters_not_orders(attacked: World, command: str) -> None:
    """CLI: escape sequences, direction marks and control characters in what the commands print."""
    store, now = attacked.store, attacked.bridge.now()
    for number, trick in enumerate((HOSTILE[20], HOSTILE[16])):
        body = json.dumps({"x": trick}, ensure_ascii=False)[:-1].encode()
        store.accept(f"odd-{command[-4:]}-{number}", "meta", "meta", {}, body, now)
    attacked.calm()
    names = {"why": attacked.tickets()[20:22], "dead show": store.dead()[:2]}
    for name in names.get(command, [""]):
        argv = [*command.split(), *([str(name)] if name else [])]
        ran = subprocess.run(
            [sys.executable, "-m", "bridge", *argv], env={**attacked.environ, "PYTHONIOENCODING": "utf-8"},
            capture_output=True, timeout=60,
        )  # fmt: skip
        assert ran.returncode in (0, 1), ran.stderr
        for text in (ran.stdout.decode(), ran.stderr.decode()):
            assert all(char.isprintable() or char in "\n\t" for char in text)


def test_the_console_shows_hostile_words_as_words_in_a_real_browser(
    attacked: World, chromium: Browser
) -> None:
    """A-49: every hostile text on the operator's page; no script runs, nothing is loaded from elsewhere."""
    for trick in HOSTILE[:12]:  # the page shows what was decided last
        attacked.comment(f"{trick[:40]} {MARK}", f"{trick}\nI want a refund {MARK}")
    attacked.calm()
    troubles: list[str] = []
    with chromium.new_context() as context:
        tab = context.new_page()
        tab.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        tab.on(
            "dialog",
            lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()),
        )
        tab.on("console", lambda one: troubles.append(f"console: {one.text}"))
        tab.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # there is none
        tab.on(
            "request",
            lambda one: troubles.append(one.url) if not one.url.startswith(attacked.url) else None,
        )
        came = tab.goto(f"{attacked.url}/console?token={attacked.environ['BRIDGE_CONSOLE_TOKEN']}")
        assert came is not None
        assert came.status == 200, came.text()
        assert MARK in tab.inner_text("main")
        assert "token" not in tab.url
        assert tab.locator("script, iframe, img, [onerror], [onload], form").count() == 0
        for link in tab.locator("a").all():
            assert (link.get_attribute("href") or "").startswith(("https://", "/console"))
        frame = context.new_page()
        frame.goto("about:blank")
        frame.set_content(f"<iframe id=f src='{attacked.url}/console'></iframe>")
        frame.wait_for_timeout(300)
        assert MARK not in (frame.frames[-1].content() if len(frame.frames) > 1 else "")
    assert troubles == []
