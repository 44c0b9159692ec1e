"""Who we are to Freshdesk: an agent's API key, sent with every request.

Source: "Authentication" of Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

import base64

from bridge.core.calls import Calls
from bridge.core.errors import AuthError
from bridge.core.model import Connection
from bridge.core.untrusted import mapping
from bridge.helpdesks.base import Token
from bridge.helpdesks.common import get, option
from bridge.helpdesks.freshdesk.api import identity, refusal


def authorise(connection: Connection) -> dict[str, str]:
    """Basic authentication: the key is the user, and any text the password."""
    pair = f"{option(connection, 'api_key')}:X"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def token(connection: Connection) -> Calls[Token]:
    """Freshdesk gives out no tokens, and `authorise` never asks for one."""
    yield from ()
    raise AuthError("no_token", f"{connection.name}: Freshdesk knows no access tokens")


def whoami(connection: Connection) -> Calls[str]:
    """Our own agent id, and our e-mail in small letters where it is told.

    Conversations name their author by id, webhooks by e-mail.
    """
    request = get(connection, "/agents/me")
    response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    agent = mapping(response.json())
    me, email = identity(agent.get("id")), mapping(agent.get("contact")).get("email")
    if me is None:
        raise AuthError("anonymous", "Freshdesk takes us for nobody: the key is not an agent's")
    known = isinstance(email, str) and "@" in email and not any(c.isspace() for c in email)
    return f"{me} {email.lower()}" if isinstance(email, str) and known else me
