"""What `bridge doctor` and `bridge setup` do with a bot.

Source: facts collected from Bot API 10.1 and the source of its server, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.channels.base import Calls
from bridge.channels.telegram.api import call, request
from bridge.channels.telegram.events import UPDATES
from bridge.core.calls import Undone
from bridge.core.errors import BridgeError
from bridge.core.model import Connection
from bridge.core.untrusted import clean, items, mapping, moment, number, text


def check(connection: Connection) -> Calls[list[tuple[bool, str]]]:
    """Findings about the bot's token, its secret and its webhook."""
    findings: list[tuple[bool, str]] = []
    secret = connection.secret("webhook_secret")
    fits = re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret) is not None
    rule = "1 to 256 letters, digits, _ and -"
    findings.append(
        (fits, f"webhook_secret is {'set' if fits else f'missing or not made of {rule}'}")
    )
    try:
        me = yield from call(request(connection, "getMe", {}, write=False, repeatable=True))
        name = text(mapping(me).get("username")) or "?"
        findings.append((True, f"the token works: the bot is @{name}"))
        told = yield from _webhook(connection)
    except BridgeError as error:
        findings.append((False, error.detail))
        return findings
    url, ours = text(told.get("url")), text(connection.options.get("hook_url"))
    advice = f"run `bridge setup {connection.name}`"
    if not url:
        findings.append((False, f"no webhook is set; {advice}"))
    elif ours and url != ours:
        findings.append((False, f"Telegram sends to {url}, not to {ours}; {advice}"))
    else:
        findings.append((True, f"Telegram sends to {url}"))
    lacking = _lacking(told)
    if url and lacking:
        findings.append((False, f"not asked for: {', '.join(lacking)}; {advice}"))
    waiting = number(told.get("pending_update_count")) or 0
    if problem := text(told.get("last_error_message")):
        at = moment(told.get("last_error_date"))
        when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
        findings.append(
            (not waiting, f"Telegram's last failed delivery{when}: {problem}; {waiting} wait")
        )
    return findings


def _webhook(connection: Connection) -> Calls[Mapping[str, Any]]:
    """What Telegram knows of the bot's webhook."""
    asked = request(connection, "getWebhookInfo", {}, write=False, repeatable=True)
    return mapping((yield from call(asked)))


def _lacking(told: Mapping[str, Any]) -> list[str]:
    """The kinds of update that Telegram does not send; named none, it sends the usual ones."""
    allowed = {text(one) for one in items(told.get("allowed_updates"))}
    return [name for name in UPDATES if name not in allowed] if allowed else []


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """Telegram sends the bot's updates to *url* with our secret; a sentence a step.

    It is set each time: whether Telegram still has the same secret cannot be asked, and setting it
    again changes nothing else.
    """
    body = {
        "url": url,
        "secret_token": connection.secret("webhook_secret"),
        "allowed_updates": list(UPDATES),
        "max_connections": 40,
    }
    try:
        told = yield from _webhook(connection)
        yield from call(request(connection, "setWebhook", body, repeatable=True))
    except BridgeError as error:
        return [Undone(f"The webhook is not set: {error.detail}.")]
    before = text(told.get("url"))
    if before == url and not _lacking(told):
        done = f"Telegram sends the bot's updates to {clean(url)}, as before."
    else:
        done = f"Telegram now sends the bot's updates to {clean(url)}."
    return [
        done,
        *([f"Until now they went to {before}."] if before and before != url else []),
        "By hand, for groups: @BotFather > /setprivacy > Disable, then add the bot to the group "
        "(and to the discussion group of a channel).",
    ]
