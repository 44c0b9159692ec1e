"""Who we are to Zendesk: OAuth client credentials, or an API token while those still live.

Source: "Grant type tokens" and "Migrating from API tokens to OAuth access tokens",
developer.zendesk.com, read 2026-11.
"""

from __future__ import annotations

import base64

from bridge.core.calls import Calls, HttpRequest, verdict
from bridge.core.errors import AuthError
from bridge.core.model import Connection
from bridge.core.untrusted import mapping, number
from bridge.helpdesks.base import Token
from bridge.helpdesks.common import base, get, option
from bridge.helpdesks.zendesk.api import identity, refusal, words

SCOPE = "read tickets:write users:write"


def authorise(connection: Connection) -> dict[str, str] | None:
    """The header of an e-mail with an API token; None where an OAuth client fetches tokens."""
    if connection.secret("client_secret"):
        return None
    pair = f"{option(connection, 'email')}/token:{connection.secret('api_token')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def warnings(connection: Connection) -> list[str]:
    """What an operator should know about this connection's credentials."""
    if connection.secret("client_secret") or not connection.secret("api_token"):
        return []
    return [
        f"{connection.name}: Zendesk API tokens are ending: since 2026-10-27 no new ones can be made, "
        "and all of them stop on 2027-04-30; make an OAuth client and set client_id and "
        "client_secret instead of email and api_token"
    ]


def token(connection: Connection) -> Calls[Token]:
    """A fresh access token. There is no refresh token: before it ends, ask again.

    A wrong scope still gives a token, whose calls are then answered 403. A missing `expires_in`
    (older clients) means: until it is refused.
    """
    request = HttpRequest(
        method="POST",
        url=f"{base(connection)}/oauth/tokens",
        json={
            "grant_type": "client_credentials",
            "client_id": option(connection, "client_id"),
            "client_secret": connection.secret("client_secret"),
            "scope": option(connection, "scope", SCOPE),
            "expires_in": int(option(connection, "expires_in", "1800")),
        },
        repeatable=True,
        write=False,
        budget=(),
    )
    response = yield request
    if response.status in (400, 401, 403, 404, 405, 422):
        raise AuthError(
            "token_refused",
            f"Zendesk gave no access token ({response.status}: {words(connection, response)}); "
            "check url, client_id and client_secret",
        )
    answer = mapping(response.json())
    value = answer.get("access_token")
    if not response.ok or not isinstance(value, str) or not value:
        raise verdict(request, response, "" if response.ok else words(connection, response))
    seconds = number(answer.get("expires_in"))
    return Token(value=value, expires_in=float(seconds) if seconds and seconds > 0 else None)


def whoami(connection: Connection) -> Calls[str]:
    """Our own user id.

    Trap: refused credentials can be answered 200 with an anonymous user whose id is null.
    """
    request = get(connection, "/users/me")
    response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    user = mapping(mapping(response.json()).get("user"))
    me, role = identity(user.get("id")), user.get("role")
    if me is None:
        raise AuthError("anonymous", "Zendesk takes us for nobody: the credentials are not valid")
    if role not in ("agent", "admin"):
        raise AuthError(
            "role_too_small",
            f"user {me} has the role {str(role)[:40]}; an agent or admin is needed",
        )
    return me
