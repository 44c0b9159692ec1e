"""Meta's webhooks: one address for all its platforms, an envelope by object, signatures by product.

Threads alone knows no envelope: one flat body per event.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.ground import Ground
from bridge.sandbox.hooks import MANNERS, Delivery, Hooks
from bridge.sandbox.wires import APP_SECRET, INSTAGRAM_APP_SECRET, THREADS_APP_SECRET


@dataclass(slots=True)
class Event:
    """One item of a webhook: `where` is changes, messaging or standby; flat is a whole body."""

    object: str  # page | instagram | whatsapp_business_account | threads
    account: str
    where: str
    item: dict[str, Any]
    at: float
    product: str = "app"  # whose secret signs it: app | instagram | threads


@dataclass(slots=True)
class Subscription:
    """The webhook fields that the app listens to; None is all there are."""

    known: tuple[str, ...]
    chosen: set[str] | None = None

    def hears(self, field: str) -> bool:
        return self.chosen is None or field in self.chosen


class MetaHooks:
    """Where the webhooks go, and how they are packed and signed."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.url: str | None = None
        self.verified: bool | None = None
        self.secrets = {
            "app": APP_SECRET,
            "instagram": INSTAGRAM_APP_SECRET,
            "threads": THREADS_APP_SECRET,
        }
        self.hooks = Hooks(
            "meta", MANNERS["meta"], self._pack, ground.clock, ground.record, ground.sender, kin
        )

    def tell(self, event: Event, copies: int = 1) -> None:
        self.hooks.push([event], copies)

    def _pack(self, events: Sequence[Event]) -> Delivery:
        first = events[0]
        body: dict[str, Any] = first.item
        if first.where != "flat":
            body = {"object": first.object, "entry": entries(events)}
        # json escapes non-ASCII as backslash-u with lower-case hex, which is what Meta signs.
        return Delivery(
            kind_of(first) if len(events) == 1 else "batch",
            json.dumps(body).encode(),
            lambda: self.url,
            lambda sent: self.headers(sent, first.product),
            len(events),
        )

    def headers(self, body: bytes, product: str = "app") -> dict[str, str]:
        key = self.secrets[product].encode()
        return {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature": f"sha1={hmac.new(key, body, 'sha1').hexdigest()}",
            "X-Hub-Signature-256": f"sha256={hmac.new(key, body, 'sha256').hexdigest()}",
        }


def kin(event: Event) -> Hashable:
    """What may go in one POST: events of one object that the same secret signs."""
    return id(event) if event.where == "flat" else (event.object, event.product)


def kind_of(event: Event) -> str:
    if event.where == "flat":
        return str(event.item["values"]["field"])
    return str(event.item["field"]) if event.where == "changes" else event.where


def entries(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One entry for neighbours of one account and place; its time is when it was told."""
    made: list[dict[str, Any]] = []
    for event in events:
        if not made or event.where not in made[-1] or made[-1]["id"] != event.account:
            scale = 1 if event.where == "changes" else 1000
            made.append({"id": event.account, "time": int(event.at * scale), event.where: []})
        made[-1][event.where].append(event.item)
    return made
