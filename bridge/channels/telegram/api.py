"""What all calls of the Bot API share: addresses, budgets, refusals and the shape of ids.

Source: facts collected from Bot API 10.1 and the source of its server, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridge.channels.base import Calls, HttpRequest, HttpResponse
from bridge.core.calls import retry_after, verdict
from bridge.core.errors import AuthError, BridgeError, PermanentError, TransientError
from bridge.core.model import Connection
from bridge.core.untrusted import mapping, number, text

NAME = "telegram"
# Nobody outside knows them exactly; these are what senders found, the bursts shorter than it bears.
LIMITS = {"chat": (5, 5.0), "group": (20, 60.0), "telegram": (30, 1.0)}
API_URL = "https://api.telegram.org"


def account_of(connection: Connection) -> str | None:
    """The bot's id: the digits before the colon of its token."""
    digits, colon, _ = connection.secret("token").partition(":")
    return digits if colon and re.fullmatch(r"[0-9]{1,20}", digits) else None


def request(
    connection: Connection,
    method: str,
    body: Mapping[str, Any],
    *,
    write: bool = True,
    repeatable: bool = False,
    chat: str | None = None,
) -> HttpRequest:
    """One call of the Bot API. The token is in the address, so `shown` stands for it everywhere."""
    home = base(connection)
    bot = account_of(connection)
    per_chat = (f"{'group' if chat.startswith('-') else 'chat'}:{bot}:{chat}",) if chat else ()
    return HttpRequest(
        method="POST",
        url=f"{home}/bot{token_of(connection)}/{method}",
        json=body,
        write=write,
        repeatable=repeatable,
        shown=f"{home}/bot***/{method}",
        budget=(*per_chat, f"telegram:{bot}"),
    )


def base(connection: Connection) -> str:
    """The address of the Bot API, without a slash at the end."""
    return str(connection.options.get("api_url") or API_URL).rstrip("/")


def token_of(connection: Connection) -> str:
    """The bot's token as a part of an address; raises AuthError `no_token`."""
    token = connection.secret("token")
    if not token:
        raise AuthError("no_token", f"{connection.name} has no token")
    return quote(token, safe=":")


def call(request: HttpRequest) -> Calls[Any]:
    """The `result` of a call; raises the verdict of a refusal."""
    response = yield request
    answer = mapping(response.json())
    if not response.ok or answer.get("ok") is not True:
        raise failure(request, response)
    return answer.get("result")


# What 400 and 403 say: a piece of the description -> code, whether the thing is gone.
REFUSALS = (
    ("blocked by the user", "person_unavailable", False),
    ("user is deactivated", "person_unavailable", False),
    ("bot was kicked", "person_unavailable", False),
    ("can't initiate conversation", "person_unavailable", False),
    ("business_peer", "window_closed", False),  # seen by third parties for talks idle for 24 h
    ("chat not found", "not_found", True),
    ("message to be replied not found", "not_found", True),
    ("message thread not found", "not_found", True),
    ("topic_closed", "not_found", True),
    ("message to delete not found", "not_found", True),
    ("message can't be deleted", "cannot_delete", False),
    ("message is too long", "too_long", False),
    ("not enough rights", "no_permission", False),
)


def failure(request: HttpRequest, response: HttpResponse) -> BridgeError:
    """What an unsuccessful answer of the Bot API means for us."""
    answer = mapping(response.json())
    code = number(answer.get("error_code"))
    status = code if isinstance(code, int) else response.status
    said = (text(answer.get("description")) or "").lower()
    where = f"Telegram answered {status} to {request.url.rpartition('/')[2]}"
    wait = number(mapping(answer.get("parameters")).get("retry_after"))
    if status == 429:
        return TransientError(
            "rate_limited",
            f"told to slow down; {where}",
            retry_after=retry_after(response.headers)
            if wait is None
            else min(max(float(wait), 0.0), 3600.0),
            limited=True,
        )
    if status == 401 or (status == 404 and answer.get("ok") is False):
        return AuthError("token_refused", f"the bot's token is refused; {where}")
    if status in (400, 403):
        for piece, named, gone in REFUSALS:
            if piece in said:
                return PermanentError(named, f"{piece}; {where}", gone=gone)
        return PermanentError("refused" if status == 400 else "forbidden", f"refused; {where}")
    if answer and not response.ok:
        return verdict(request, response)
    if answer.get("ok") is False:
        return PermanentError("refused", f"refused; {where}")
    return verdict(request, response)


def whole(found: str) -> int | str:
    """An id as the number that the Bot API documents, where it is one."""
    return int(found) if re.fullmatch(r"-?[0-9]{1,19}", found) else found
