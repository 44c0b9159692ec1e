"""Customers and agents in the stories: the same few things done wherever a bridge is connected."""

from __future__ import annotations

import json
import time
from typing import Any

from support.world import World

from bridge.sandbox import wires

# Where people speak, and with which helpdesk the world of the stories connects it.
COMMENTS = ("facebook", "instagram", "threads")
CHATS = ("messenger", "instagram-chat", "whatsapp", "telegram")
PLACES = COMMENTS + CHATS
SYSTEM = {"telegram": "telegram"}  # whose webhook tells of it; Meta's where nothing else stands


def instead(channel: str, ident: str) -> dict[str, str]:
    """The edit of connections.yaml that gives an account of Zendesk's to Freshdesk."""
    start = (
        f'channel: {channel}, id: "{ident}", name: Acme, token: "${{META_PAGE_TOKEN}}", helpdesk: '
    )
    return {f"{start}zendesk": f"{start}freshdesk"}


# Facebook, Messenger, Threads and Telegram stand in Zendesk, Instagram and WhatsApp in Freshdesk.
BOTH = {"connections.yaml": instead("instagram", wires.INSTAGRAM_ID)}


def say(world: World, place: str, text: str, person: str = "Ana", **more: Any) -> str:
    """*person* says *text* in *place*; its id there."""
    channel = place.removesuffix("-chat")
    if place in CHATS:
        return str(world.message(channel, person, text, **more)["id"])
    return world.comment(person, text, channel=channel, **more)


def case(
    world: World, place: str, text: str = "My order is broken", person: str = "Ana", **more: Any
) -> tuple[int, str]:
    """The ticket that *person*'s words open, and the id of the words."""
    said = say(world, place, text, person, **more)
    number = world.opened(text)
    world.calm()
    return number, said


def watch(world: World, workers: int = 3) -> None:
    """Start again what has ended, as whoever watches the processes does."""
    if not world.redis.embedded.alive():
        world.redis.start()
    for gone in [one for one in world.workers if one.poll() is not None]:
        world.workers.remove(gone)
    while len(world.workers) < workers:
        world.start_worker()


def deliver(world: World, body: dict[str, Any], system: str = "meta", **more: Any) -> None:
    """One authentic delivery, taken by the bridge."""
    wish = {"system": system, "body": json.dumps(body), "sign": True, **more}
    answer = world.sandbox.post("hooks/raw", wish)
    assert set(answer["statuses"]) == {200}, answer


def page(*changes: dict[str, Any], messaging: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """An entry of the Page."""
    entry: dict[str, Any] = {"id": wires.PAGE_ID, "time": int(time.time())}
    if changes:
        entry["changes"] = [{"field": "feed", "value": value} for value in changes]
    if messaging:
        entry["messaging"] = list(messaging)
    return entry


def feed(ident: str, text: object, verb: str = "add", **more: Any) -> dict[str, Any]:
    """The value of a change about a comment of Ana's."""
    return {
        "item": "comment", "verb": verb, "comment_id": f"1_{ident}", "post_id": f"{wires.PAGE_ID}_1",
        "parent_id": f"{wires.PAGE_ID}_1", "message": text, "created_time": int(time.time()),
        "from": {"id": f"24{ident}", "name": "Ana"}, **more,
    }  # fmt: skip


def direct(ident: str, message: object, person: str = "31") -> dict[str, Any]:
    """One item of `messaging`: a message of *person* to the Page."""
    if isinstance(message, dict):
        message = {"mid": f"m_{ident}", **message}
    return {
        "sender": {"id": person}, "recipient": {"id": wires.PAGE_ID},
        "timestamp": int(time.time() * 1000), "message": message,
    }  # fmt: skip


def on_whatsapp(*messages: object, person: str = "999000111222") -> dict[str, Any]:
    """An entry of the WhatsApp account with *messages* in one change."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": wires.WHATSAPP_NUMBER,
                     "phone_number_id": wires.WHATSAPP_NUMBER_ID},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": person}],
        "messages": list(messages),
    }  # fmt: skip
    return {"id": wires.WABA_ID, "changes": [{"field": "messages", "value": value}]}


def text_on_whatsapp(ident: str, text: object, person: str = "999000111222") -> dict[str, Any]:
    """One of WhatsApp's text messages."""
    return {"from": person, "id": f"wamid.{ident}", "timestamp": str(int(time.time())),
            "type": "text", "text": {"body": text}}  # fmt: skip


def on_instagram(*changes: tuple[str, object]) -> dict[str, Any]:
    """An entry of the Instagram account: (field, value) each."""
    return {"id": wires.INSTAGRAM_ID, "time": int(time.time()),
            "changes": [{"field": field, "value": value} for field, value in changes]}  # fmt: skip


def comment_on_instagram(ident: str, text: object, **more: Any) -> dict[str, Any]:
    return {
        "id": f"179{ident}", "text": text, "from": {"id": f"84{ident}", "username": f"ana{ident}"},
        "media": {"id": "17900000000000001", "media_product_type": "FEED"}, **more,
    }  # fmt: skip


def outcomes(world: World) -> dict[str, str]:
    """State and reason of every decision so far, by the platform's id."""
    return {
        one["external_id"]: f"{one['state']}: {one['reason']}" for one in world.bridge.decisions()
    }
