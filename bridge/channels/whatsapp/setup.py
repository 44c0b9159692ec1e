"""What `bridge doctor` and `bridge setup` do with a number.

Source: facts collected from Meta's WhatsApp Business Platform pages, read 2026-11.
"""

from __future__ import annotations

from bridge.channels import graph
from bridge.channels.base import Account, Calls
from bridge.channels.other import word
from bridge.core.errors import BridgeError
from bridge.core.model import Connection
from bridge.core.untrusted import flag, ident, items, mapping, text

# The webhook fields of the app that we read; the app's dashboard is where they are chosen.
SUBSCRIBED = (
    "messages", "smb_message_echoes", "account_update", "account_alerts",
    "message_template_status_update", "phone_number_quality_update",
)  # fmt: skip


def check(connection: Connection, account: Account) -> Calls[list[tuple[bool, str]]]:
    """Findings about one number: its token, and whether its business account sends to our app."""
    named = f"WhatsApp number {account.name or account.id}"
    findings: list[tuple[bool, str]] = []
    asked = {"fields": "verified_name,quality_rating"}
    try:
        told = yield from graph.call(
            graph.request_as(connection, account, "GET", str(account.id), params=asked)
        )
        rating = text(told.get("quality_rating")) or "UNKNOWN"
        name = text(told.get("verified_name"))
        findings.append((True, f"{named}: the token works (WhatsApp calls it {name})"))
        findings.append((rating != "RED", f"{named}: its quality is {word(rating)}"))
        if (owner := _owner(account)) is None:
            findings.append((False, f"{named}: {NO_OWNER}"))
            return findings
        told = yield from graph.call(
            graph.request_as(connection, account, "GET", owner, "subscribed_apps")
        )
    except BridgeError as error:
        return [*findings, (False, f"{named}: {error.detail}")]
    apps = {
        ident(mapping(mapping(app).get("whatsapp_business_api_data")).get("id"))
        for app in items(told.get("data"))
    }
    ours = connection.options.get("app_id")
    if not apps or (ours and str(ours) not in apps):
        advice = f"run `bridge setup {connection.name}`"
        findings.append((False, f"{named}: our app is not subscribed; {advice}"))
    else:
        findings.append((True, f"{named}: its business account sends to our app"))
    return findings


def setup(connection: Connection, account: Account) -> Calls[list[str]]:
    """The number's business account sends its events to our app; a sentence a step."""
    named = f"WhatsApp number {account.name or account.id}"
    if (owner := _owner(account)) is None:
        return [f"{named}: not subscribed: {NO_OWNER}."]
    try:
        answer = yield from graph.call(
            graph.request_as(connection, account, "POST", owner, "subscribed_apps", repeatable=True)
        )
    except BridgeError as error:
        return [f"{named}: not subscribed: {error.detail}."]
    done = flag(answer.get("success"))
    return [f"{named}: {'subscribed' if done else 'Meta did not say yes'}."]


NO_OWNER = "its option business_account is missing (the id of the WhatsApp Business account)"


def _owner(account: Account) -> str | None:
    """The id of the WhatsApp Business account that the number belongs to."""
    return ident(account.options.get("business_account"))
