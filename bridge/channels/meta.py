"""Meta as a source: one app, one webhook address, several channels behind it.

Adding a channel is one file beside this one, its `CHANNEL` in CHANNELS and its reader in OBJECTS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.channels import (
    backlog,
    envelope,
    facebook,
    graph,
    instagram,
    messenger,
    subscriptions,
    threads,
    usage,
    whatsapp,
)
from bridge.channels.base import Source
from bridge.channels.envelope import Entry, Family, Readers
from bridge.core.model import Connection, Delivery, Message
from bridge.core.signing import HmacHex, HubChallenge
from bridge.core.untrusted import read_json

CHANNELS = {
    channel.name: replace(channel, recent=backlog.READS.get(channel.name, {}))
    for channel in (
        facebook.CHANNEL,
        messenger.CHANNEL,
        instagram.CHANNEL,
        whatsapp.CHANNEL,
        threads.CHANNEL,
    )
}

# --- what comes in -----------------------------------------------------------------------------

One = Callable[[Entry, Mapping[str, Any]], Message]


def _change(change: One, message: One) -> One:
    """Reads `changes`: only the dashboard's "Test" button sends messages there."""

    def read(entry: Entry, item: Mapping[str, Any]) -> Message:
        field, value = item.get("field"), item.get("value")
        if field in subscriptions.MESSAGING and isinstance(value, dict):
            found = message(entry, value)
            return found if "broken" in found.extra else replace(found, ignored="test")
        return change(entry, item)

    return read


OBJECTS = {
    "page": Readers(
        "facebook",
        {
            "changes": _change(facebook.events.change, messenger.item),
            "messaging": messenger.item,
            "standby": messenger.standby,
        },
    ),
    "instagram": Readers(
        "instagram",
        {
            "changes": _change(instagram.change, instagram.item),
            "messaging": instagram.item,
            "standby": instagram.standby,
        },
        # Its samples show what they would be; no account in connections.yaml is called "0".
        test=None,
    ),
    "whatsapp_business_account": Readers("whatsapp", {"changes": whatsapp.events.change}),
}
FAMILY = Family("meta", OBJECTS, {"topic": (threads.NAME, threads.envelope)})


def parse(delivery: Delivery) -> list[Message]:
    """The events in *delivery*, in its order; at least one. Raises Unreadable for no JSON."""
    return envelope.messages(FAMILY, read_json(delivery.body), delivery.received_at)


RECOGNISE = {instagram.NAME: instagram.recognise, threads.NAME: threads.recognise}


def recognise(connection: Connection, message: Message) -> Message:
    """*message* with what only the accounts of *connection* tell."""
    known = RECOGNISE.get(message.channel)
    return known(connection, message) if known else message


# --- the record --------------------------------------------------------------------------------

SOURCE = Source(
    name="meta",
    channels=CHANNELS,
    # An app with Instagram Login or Threads has secrets of its own for them.
    proof=HmacHex(
        header="x-hub-signature-256",
        option="app_secrets",
        prefix="sha256=",
        also=("instagram_app_secrets", "threads_app_secrets"),
    ),
    handshake=HubChallenge(option="verify_token"),
    parse=parse,
    recognise=recognise,
    secrets=("app_secrets", "instagram_app_secrets", "threads_app_secrets", "verify_token"),
    required=("app_secrets|instagram_app_secrets|threads_app_secrets", "verify_token"),
    options={
        "api_url": graph.API_URL,
        "api_version": graph.API_VERSION,
        "app_id": None,
        "instagram_api_url": None,
        "threads_api_url": None,
        "threads_api_version": graph.THREADS_VERSION,
    },
    account_options={
        "login": "facebook",  # whose token an Instagram account has
        "page": None,  # of an Instagram account
        "username": None,
        "business_account": None,  # of a WhatsApp number
        # 0 is what the channel's file says.
        "comment_length": 0,
        "message_length": 0,
        "live_reply_seconds": 0,
        "status_seconds": 0,
    },
    choices={"login": ("facebook", "instagram")},
    accounts=True,
    limits=usage.LIMITS,
    headers=usage.headers,
    check=subscriptions.check,
    setup=subscriptions.setup,
)
