"""The sandbox's page as a person uses it, in a real Chromium.

    page.complain("I want a refund!", person="Ana")
    ticket = page.sees_ticket("I want a refund!")
    page.answer("It is on its way.", ticket=ticket)
    page.sees_words("It is on its way.")

What is looked for is waited for, at most `PATIENCE`; looking fails the test when it does not come.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, expect, sync_playwright
from playwright.sync_api import Page as Tab

PATIENCE = 15_000  # milliseconds; a slow machine is no failure
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 812}
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium() -> str | None:
    """The path of a Chromium on this machine, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A running Chromium with an empty profile of its own."""
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            yield running
        finally:
            running.close()


class Page:
    """One opened page. `troubles` are scripts that failed, refused resources and dialogs."""

    def __init__(self, tab: Tab, url: str) -> None:
        self.tab = tab
        self.troubles: list[str] = []
        tab.set_default_timeout(PATIENCE)
        tab.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        tab.on("console", lambda line: self._note(line.type, line.text))
        tab.on("dialog", lambda dialog: self._dismiss(dialog))
        tab.goto(url)
        expect(tab.locator("#place")).to_have_attribute("data-drawn", "", timeout=PATIENCE)

    def _note(self, kind: str, text: str) -> None:
        # The browser logs each refused request; the page turns those into sentences.
        if kind == "error" and "Failed to load resource" not in text:
            self.troubles.append(f"console: {text}")

    def _dismiss(self, dialog: Any) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    # --- the customer's side -----------------------------------------------------------------------

    def turn_to(self, channel: str) -> None:
        """Show facebook, messenger, instagram, whatsapp, threads or telegram."""
        self.tab.locator(f"#tab-{channel}").click()
        expect(self.tab.locator(f"#tab-{channel}")).to_have_attribute("aria-selected", "true")

    def turn_to_half(self, half: str) -> None:
        """Show Instagram's Posts or its Messages."""
        self.tab.get_by_role("button", name=half).click()
        expect(self.tab.get_by_role("button", name=half)).to_have_attribute("aria-pressed", "true")

    def say_it_as(self, how: str) -> None:
        """Choose how it is said: Comment, Direct message, Group, ..."""
        self.tab.get_by_label("How it is said").select_option(label=how)

    def write_as(self, person: str) -> None:
        known = self.tab.get_by_role("radio", name=person, exact=True)
        if known.count():
            known.check()
        else:
            self.tab.locator("#other-name").fill(person)
            self.tab.locator("#other-name").press("Enter")
        expect(self.tab.get_by_role("radio", name=person, exact=True)).to_be_checked()

    def complain(
        self, text: str, person: str = "Ana", channel: str = "facebook", how: str | None = None
    ) -> None:
        """Write something as a comment, or as a message in a chat."""
        self.turn_to(channel)
        self.write_as(person)
        if how is not None:
            self.say_it_as(how)
        self.type_and_send(text)

    def type_and_send(self, text: str) -> None:
        self.tab.locator("#say-text").fill(text)
        self.tab.locator("#say-send").click()
        expect(self.tab.locator("#say-text")).to_have_value("", timeout=PATIENCE)

    def edit(self, old: str, new: str) -> None:
        self.words(old).get_by_role("button", name=f"Edit: {old}").click()
        expect(self.tab.locator("#say-text")).to_have_value(old)
        self.type_and_send(new)

    def delete(self, text: str) -> None:
        self.words(text).get_by_role("button", name=f"Delete: {text}").click()

    def words(self, text: str) -> Locator:
        """The innermost comment or message with exactly this text, with its buttons."""
        place = self.tab.locator("#place")
        exact = place.locator(".bubble > .words", has_text=_exactly(text))
        return exact.locator("xpath=ancestor::*[contains(@class, 'body') or self::li][1]")

    def sees_words(self, text: str, by: str | None = None) -> None:
        """Somebody's words stand on the shown platform, once; written by the *by* who is named there."""
        expect(self.words(text)).to_have_count(1, timeout=PATIENCE)
        if by is not None:
            expect(self.words(text).locator(".bubble")).to_contain_text(by)

    def misses_words(self, text: str) -> None:
        expect(self.words(text)).to_have_count(0, timeout=PATIENCE)

    # --- between them ------------------------------------------------------------------------------

    def sees_decision(self, sentence: str) -> Locator:
        """The newest decision whose sentence contains this."""
        found = self.tab.locator(".decision", has=self.tab.locator(".sentence", has_text=sentence))
        expect(found.first).to_be_visible(timeout=PATIENCE)
        return found.first

    # --- the agent's side --------------------------------------------------------------------------

    def sees_ticket(self, subject: str) -> str:
        """The number of the one ticket whose subject contains this."""
        row = self.tab.locator(".ticket-row", has=self.tab.locator(".subject", has_text=subject))
        expect(row).to_have_count(1, timeout=PATIENCE)
        return str(row.get_attribute("data-ticket"))

    def open_ticket(self, number: str) -> None:
        self.tab.locator(f".ticket-row[data-ticket='{number}']").click()
        expect(self.tab.locator("#ticket-head h3")).to_contain_text(f"#{number}")

    def answer(self, text: str, ticket: str, *, private: bool = False, solve: bool = False) -> None:
        self.open_ticket(ticket)
        name = "Private note" if private else "Public reply"
        self.tab.get_by_role("radio", name=name).check()
        self.tab.locator("#answer-text").fill(text)
        send = "Send and solve" if solve else "Add note" if private else "Send"
        self.tab.locator("#answer").get_by_role("button", name=send, exact=True).click()
        expect(self.tab.locator("#answer-text")).to_have_value("", timeout=PATIENCE)

    def entry(self, text: str) -> Locator:
        """The comment or note on the opened ticket with exactly this text."""
        return self.tab.locator(
            "#thread .entry", has=self.tab.locator(".words", has_text=_exactly(text))
        )

    # --- the page itself ---------------------------------------------------------------------------

    def show(self, side: str) -> None:
        """On a phone: turn to customer, bridge or agent."""
        self.tab.locator(f"#bar [data-pane='{side}']").click()
        expect(self.tab.locator(f"#pane-{side}")).to_be_visible()

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.tab.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def nameless(self) -> list[str]:
        """Controls that a screen reader would announce without a name."""
        session = self.tab.context.new_cdp_session(self.tab)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        session.detach()
        controls = {
            "button",
            "textbox",
            "combobox",
            "checkbox",
            "radio",
            "tab",
            "link",
            "DisclosureTriangle",
        }
        return [
            node["role"]["value"]
            for node in nodes
            if not node.get("ignored")
            and node["role"]["value"] in controls
            and not node.get("name", {}).get("value", "").strip()
        ]

    def faint(self) -> list[str]:
        """Visible texts whose contrast with what lies behind them is below WCAG's 4.5 to 1."""
        found: list[str] = self.tab.evaluate(_FAINT)
        return found


def _exactly(text: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(text)}\s*$")


_FAINT = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const [r, g, b, a = 1] = channels(style.backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.getClientRects().length || node.closest(".hide, noscript, option")) continue;
    const back = behind(node);
    if (!back) continue;
    const [a, b] = [light(channels(getComputedStyle(node).color)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)}: ${node.textContent.slice(0, 40)}`);
  }
  return faint;
}"""
