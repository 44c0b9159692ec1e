"""Meta as a source: one app, one webhook address, several channels behind it.

Adding a channel is one file beside this one, its `CHANNEL` in CHANNELS and its reader in OBJECTS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.channels import envelope, facebook, graph, messenger
from bridge.channels.base import Account, BridgeError, Calls, Source
from bridge.channels.envelope import Entry, Readers
from bridge.core.model import Connection, Delivery, Message
from bridge.core.signing import HmacHex, HubChallenge
from bridge.core.untrusted import flag, ident, items, mapping, read_json, text

CHANNELS = {channel.name: channel for channel in (facebook.CHANNEL, messenger.CHANNEL)}

FIELDS = (
    "feed", "mention", "ratings", "messages", "message_echoes", "message_edits",
    "messaging_postbacks", "messaging_referrals", "messaging_handovers", "standby",
)  # fmt: skip


def _page_change(entry: Entry, item: Mapping[str, Any]) -> Message:
    """Only the dashboard's "Test" button sends messages as changes."""
    field, value = item.get("field"), item.get("value")
    if field in FIELDS[3:] and isinstance(value, dict):
        message = messenger.item(entry, value)
        return message if "broken" in message.extra else replace(message, ignored="test")
    return facebook.change(entry, item)


OBJECTS = {
    "page": Readers(
        "facebook",
        {
            "changes": _page_change,
            "messaging": messenger.item,
            "standby": messenger.standby,
        },
    ),
}


def parse(delivery: Delivery) -> list[Message]:
    """The events in *delivery*, in its order; at least one. Raises Unreadable for no JSON."""
    return envelope.messages("meta", read_json(delivery.body), delivery.received_at, OBJECTS)


# --- doctor and setup --------------------------------------------------------------------------


def _pages(connection: Connection) -> list[Account]:
    return [account for account in connection.accounts if account.channel == "facebook"]


def check(connection: Connection) -> Calls[list[tuple[bool, str]]]:
    """Findings about the app's secrets, and each Page's token and subscription."""
    findings: list[tuple[bool, str]] = []
    for option, what in (("app_secrets", "an app secret"), ("verify_token", "a verify token")):
        there = bool(connection.secrets(option))
        verb = "has" if there else "lacks"
        findings.append((there, f"{connection.name} {verb} {what} ({option})"))
    if not _pages(connection):
        findings.append((False, f"{connection.name} lists no account of channel facebook"))
    for account in _pages(connection):
        named = f"Page {account.name or account.id}"
        try:
            page = yield from graph.call(
                graph.request_as(
                    connection, account, "GET", str(account.id), params={"fields": "name"}
                )
            )
            findings.append((True, f"{named}: the token works (Meta calls it {page.get('name')})"))
            told = yield from graph.call(
                graph.request_as(connection, account, "GET", str(account.id), "subscribed_apps")
            )
        except BridgeError as error:
            findings.append((False, f"{named}: {error.detail}"))
        else:
            findings.append(_subscription(connection, named, told))
    return findings


def _subscription(connection: Connection, named: str, told: Mapping[str, Any]) -> tuple[bool, str]:
    apps = [mapping(app) for app in items(told.get("data"))]
    if app_id := connection.options.get("app_id"):
        apps = [app for app in apps if ident(app.get("id")) == str(app_id)]
    if not apps:
        return False, f"{named}: our app is not subscribed; run `bridge setup {connection.name}`"
    have = {text(field) for app in apps for field in items(app.get("subscribed_fields"))}
    lacking = [field for field in FIELDS if field not in have]
    if lacking:
        advice = f"run `bridge setup {connection.name}`"
        return False, f"{named}: not subscribed to {', '.join(lacking)}; {advice}"
    return True, f"{named}: subscribed to everything the bridge reads"


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """Each Page's events are sent to our app; a sentence a step, the app's own step by hand."""
    steps = [
        "By hand, once per app: developers.facebook.com > your app > Webhooks > Page > "
        f"Subscribe to this object: callback URL {url}, verify token as in verify_token; "
        f"then subscribe to {', '.join(FIELDS)} with the latest version and Include Values on.",
    ]
    for account in _pages(connection):
        named = f"Page {account.name or account.id}"
        try:
            answer = yield from graph.call(
                graph.request_as(
                    connection,
                    account,
                    "POST",
                    str(account.id),
                    "subscribed_apps",
                    json={"subscribed_fields": ",".join(FIELDS)},
                    repeatable=True,
                )
            )
            done = flag(answer.get("success"))
            steps.append(f"{named}: {'subscribed' if done else 'Meta did not say yes'}.")
        except BridgeError as error:
            steps.append(f"{named}: not subscribed: {error.detail}.")
    return steps


SOURCE = Source(
    name="meta",
    channels=CHANNELS,
    proof=HmacHex(header="x-hub-signature-256", option="app_secrets", prefix="sha256="),
    handshake=HubChallenge(option="verify_token"),
    parse=parse,
    secrets=("app_secrets", "verify_token"),
    required=("app_secrets", "verify_token"),
    options={
        "api_url": graph.API_URL,
        "api_version": graph.API_VERSION,
        "app_id": None,
        "instagram_api_url": None,
        "threads_api_url": None,
    },
    accounts=True,
    check=check,
    setup=setup,
)
