"""The whole sandbox: the services on their common ground, the seeded scene, and what the page draws."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from bridge.sandbox import desk_shapes, fresh_fields, fresh_shapes
from bridge.sandbox.busy import Busy
from bridge.sandbox.chats import Chats
from bridge.sandbox.clock import stamp
from bridge.sandbox.desk import Desk
from bridge.sandbox.desk_hooks import DeskHooks
from bridge.sandbox.faults import Faults
from bridge.sandbox.fresh import Fresh
from bridge.sandbox.fresh_hooks import FreshHooks
from bridge.sandbox.freshdesk import Freshdesk
from bridge.sandbox.graph import Graph
from bridge.sandbox.ground import BRAND, RATES, Ground, Settings
from bridge.sandbox.hooks import Hooks
from bridge.sandbox.http import BadRequest
from bridge.sandbox.instagram import Instagram
from bridge.sandbox.meta_hooks import MetaHooks
from bridge.sandbox.page import Page
from bridge.sandbox.telegram import Telegram
from bridge.sandbox.threads import Threads
from bridge.sandbox.whatsapp import WhatsApp
from bridge.sandbox.wires import (
    APP_SECRET,
    FRESHDESK_WEBHOOK_SECRET,
    TELEGRAM_SECRET,
    ZENDESK_WEBHOOK_SECRET,
)
from bridge.sandbox.zendesk import Zendesk

PEOPLE = ("Ana", "Jan", "Ola", "Tom", "Ewa", "Leo")
POSTS = (
    (
        "Our autumn blend is back: hazelnut, cocoa, a little orange. From today in every Acme Coffee.",
        False,
    ),
    ("New machines in the Main Street shop. Come and see them at work!", True),
)


class World:
    """Everything the sandbox holds; made inside the running event loop."""

    def __init__(self, url: str, limited: bool = True) -> None:
        self.ground = Ground(url=url, limited=limited)
        self.faults = Faults()
        self.busy = Busy()
        self.meta = MetaHooks(self.ground)
        self.page = Page(self.ground, self.meta)
        self.instagram = Instagram(self.ground, self.meta, self.page.subscription)
        self.whatsapp = WhatsApp(self.ground, self.meta)
        self.threads = Threads(self.ground, self.meta)
        self.graph = Graph(self.page, self.instagram, self.whatsapp, self.threads)
        self.chats = Chats(self.ground)
        self.telegram = Telegram(self.chats)
        self.desk_hooks = DeskHooks(self.ground)
        self.desk = Desk(self.ground, self.desk_hooks.tell)
        self.zendesk = Zendesk(self.ground, self.desk, self.desk_hooks)
        self.fresh_hooks = FreshHooks(self.ground)
        self.fresh = Fresh(self.ground, self.fresh_hooks.tell)
        self.freshdesk = Freshdesk(self.ground, self.fresh)
        self._limited = limited
        self.bridge_url: str | None = None
        self.console_token = os.environ.get("BRIDGE_CONSOLE_TOKEN", "")
        self.seed()

    @property
    def hooks(self) -> dict[str, Hooks]:
        return {
            "meta": self.meta.hooks,
            "telegram": self.chats.hooks,
            "zendesk": self.desk_hooks.hooks,
            "freshdesk": self.fresh_hooks.hooks,
        }

    def seed(self) -> None:
        """Put the scene there; nobody is told."""
        url, self.meta.url = self.meta.url, None
        for name in PEOPLE:
            self.ground.people.named(name)
        for text, pictured in POSTS:
            self.page.post(text, image=self.ground.picture() if pictured else None)
        self.instagram.post("Latte art, one cup at a time.", self.ground.picture())
        self.threads.post("Flat white or cortado? We argue about it every morning.")
        self.meta.url = url

    def reset(self) -> None:
        """The seeded scene again; connections stay, the record starts anew."""
        for hooks in self.hooks.values():
            hooks.stop()
        ground = self.ground
        ground.people.forget()
        ground.files.clear()
        ground.limits.clear()
        ground.limited = self._limited
        ground.settings = Settings()
        ground.rates = {system: dict(rates) for system, rates in RATES.items()}
        ground.clock.move(ground.wall() - ground.clock.now(), 1.0)
        ground.record.entries.clear()
        ground.record.touch()
        self.faults.rules.clear()
        self.busy.anew()
        self.page.clear()
        self.page.subscription.chosen = None
        self.instagram.clear()
        self.instagram.subscription.chosen = None
        self.whatsapp.clear()
        self.threads.clear()
        self.chats.allowed = None
        self.chats.clear()
        self.desk.clear()
        self.desk_hooks.clear()
        self.zendesk.clear()
        self.fresh.clear()
        self.fresh_hooks.clear()
        self.freshdesk.clear()
        self.seed()

    def connect(self, wish: dict[str, Any]) -> None:
        """Point the webhooks at a bridge, or each system at its own URL."""
        if token := wish.get("console_token"):
            self.console_token = str(token)
        if (bridge := wish.get("bridge")) is not None:
            self.bridge_url = str(bridge).rstrip("/")
            wish = {
                **{name: {"url": f"{self.bridge_url}/hooks/{name}"} for name in self.hooks},
                **wish,
            }
        for name in self.hooks:
            if name not in wish:
                continue
            target = wish[name]
            if not isinstance(target, dict) or not isinstance(target.get("url"), str | None):
                raise BadRequest(f'{name} is {{"url": ..., "secret": ...}}')
            self._point(name, target.get("url"), target.get("secret"))
        self.ground.record.touch()

    def _point(self, name: str, url: str | None, secret: str | None) -> None:
        if name == "meta":
            self.meta.url, self.meta.secrets["app"] = url, secret or APP_SECRET
        elif name == "telegram":
            self.chats.hook_url, self.chats.secret = url, secret or TELEGRAM_SECRET
            self.chats.hooks.connected()
        elif name == "freshdesk":
            self.fresh_hooks.connect(url, secret or FRESHDESK_WEBHOOK_SECRET)
        else:
            self.desk_hooks.connect(url, secret or ZENDESK_WEBHOOK_SECRET)

    def hook_states(self) -> dict[str, Any]:
        main = self.desk_hooks.main
        urls = {
            "meta": self.meta.url,
            "telegram": self.chats.hook_url,
            "zendesk": main.endpoint if main else None,
            "freshdesk": self.fresh_hooks.url,
        }
        return {
            name: {
                "url": urls[name], "held": len(hooks.held or ()), "sending": hooks.waiting,
                "verified": self.meta.verified if name == "meta" else None,
            }
            for name, hooks in self.hooks.items()
        }  # fmt: skip

    async def idle(self, seconds: float) -> bool:
        """Whether no webhook was on its way any more within *seconds*."""
        until = asyncio.get_running_loop().time() + seconds
        while any(hooks.waiting for hooks in self.hooks.values()):
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            await self.ground.record.wait(self.ground.record.change, left)
        return True

    def state(self) -> dict[str, Any]:
        ground = self.ground
        people = [
            {"name": one.name, "facebook_id": one.facebook_id, "telegram_id": one.telegram_id, "username": one.username,
             "instagram_id": one.instagram_id, "phone": one.phone if one.phone_shown else None, "bsuid": one.bsuid}
            for one in ground.people.all()
        ]  # fmt: skip
        desk = self.desk
        return {
            "change": ground.record.change, "seq": ground.record.seq, "now": stamp(ground.clock.now()),
            "brand": BRAND, "people": people, "facebook": self.page.show(),
            "messenger": {"chats": self.page.inbox.show()},
            "instagram": self.instagram.show(), "whatsapp": self.whatsapp.show(), "threads": self.threads.show(),
             "telegram": self.chats.shown(),
            "zendesk": {
                "url": self.zendesk.base,
                "agents": [{"id": one.id, "name": one.name} for one in desk.users.values() if one.role == "agent"],
                "bridge_user": {"id": desk.bridge.id, "name": desk.bridge.name},
                "tickets": desk_shapes.shown(desk, self.zendesk.base),
            },
            "freshdesk": self._fresh_state(),
            "hooks": self.hook_states(), "faults": [fault.show() for fault in self.faults.rules],
            "limits": ground.limited,
        }  # fmt: skip

    def _fresh_state(self) -> dict[str, Any]:
        fresh = self.fresh
        agents = [one for one in fresh.users.values() if one.agent and one is not fresh.bridge]
        return {
            "url": self.freshdesk.base,
            "agents": [{"id": one.id, "name": one.name} for one in agents],
            "bridge_user": {"id": fresh.bridge.id, "name": fresh.bridge.name},
            "statuses": [
                {"id": key, "label": names[0], "customer_label": names[1]}
                for key, names in fresh_fields.STATUSES.items()
            ],
            "rules": [rule.show() for rule in self.fresh_hooks.rules.values()],
            "tickets": fresh_shapes.shown(fresh, self.freshdesk.base),
        }
