"""What the contract tests must be told of each adapter, beyond its record and its fixtures.

One entry an adapter: PLATFORMS for a source, DESKS for a helpdesk. All else the tests find by themselves:
the channels and options in the records, the payloads in tests/channels/NAME/*.json, the webhooks
and answers in tests/helpdesks/NAME/{events,answers}.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bridge.core.calls import HttpRequest

Yes = Callable[[HttpRequest], Any]  # what is answered when all is well: JSON, bytes or a response

# --- platforms ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What one source's contract needs.

    `options` are those of the connection. `together` puts several payloads into one delivery, where
    the platform does so. `repeatable` names what may be sent twice, as patterns of `channel verb kind
    end-of-the-address`, because the platform takes the second one for the first. `in_address` is for a token that travels in the
    address by the platform's design. `logins` are options of accounts that lead to other hosts.
    """

    yes: Yes
    options: Mapping[str, Any]
    together: Callable[[Sequence[Any]], Any] | None = None
    repeatable: frozenset[str] = frozenset()
    in_address: bool = False
    logins: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


def _graph(request: HttpRequest) -> Any:
    """Enough of the Graph API's answers: a new thing, a message sent, an empty list, a yes."""
    return {
        "id": "71",
        "message_id": "m_71",
        "recipient_id": "31",
        "messages": [{"id": "wamid.71"}],
        "success": True,
        "data": [],
        "url": "https://lookaside.fbsbx.com/file/71",
    }


def _bot(request: HttpRequest) -> Any:
    chat = {"id": 500, "type": "private"}
    return {"ok": True, "result": {"message_id": 71, "chat": chat, "file_path": "photos/1.jpg"}}


def _entries(payloads: Sequence[Any]) -> Any:
    if "entry" not in payloads[0]:
        return payloads  # Threads has no entries; an array of envelopes is read as well
    entries = [entry for payload in payloads for entry in payload["entry"]]
    return {"object": payloads[0]["object"], "entry": entries}


PLATFORMS: dict[str, Platform] = {
    "meta": Platform(
        yes=_graph,
        options={
            "api_url": "https://graph.test",
            "instagram_api_url": "https://graph.instagram.test",
            "threads_api_url": "https://graph.threads.test",
        },
        together=_entries,
        repeatable=frozenset(
            {
                "facebook private *",
                "instagram private comment *",  # a second private reply is refused
                "facebook hide *",
                "instagram hide *",
                "threads hide *",
                "threads public * threads",  # a draft: only threads_publish makes it seen
            }
        ),
        logins={"instagram": ({}, {"login": "instagram"})},
    ),
    "telegram": Platform(
        yes=_bot, options={"api_url": "https://api.telegram.test"}, in_address=True
    ),
}


# --- helpdesks ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What one helpdesk's contract needs.

    `repeatable` names the writes that may be sent twice, as `METHOD verb`, because the second changes
    nothing; `create` need not be named where the record says `create_once`.
    """

    yes: Yes
    options: Mapping[str, Any]
    repeatable: frozenset[str]


def _zendesk(request: HttpRequest) -> Any:
    path = urlsplit(request.url).path
    if path.endswith("/oauth/tokens"):
        return {"access_token": "t" * 40, "expires_in": 1800}
    if path.endswith("/users/me"):
        return {"user": {"id": 900, "role": "admin"}}
    if "/users/" in path:
        return {"user": {"id": 31}}
    if path.endswith("/uploads"):
        return {"upload": {"token": "tok-71"}}
    if path.endswith("/comments"):
        return {"comments": [{"id": 77, "body": "hello", "public": True}]}
    ticket = {"id": 7, "status": "open", "external_id": "5f" * 16}
    if path.endswith("/search"):
        return {"results": [ticket], "next_page": None, "count": 1}
    return {"ticket": ticket, "tickets": [ticket], "tags": ["a"], "audit": {"author_id": 900}}


def _freshdesk(request: HttpRequest) -> Any:
    path = urlsplit(request.url).path
    ticket = {
        "id": 7,
        "status": 2,
        "custom_fields": {"cf_bridge_id": "5f" * 16},
        "requester_id": 31,
    }
    note = {"id": 77, "body_text": "hello", "incoming": False, "private": False, "source": 2}
    if path.endswith("/agents/me"):
        return {"id": 900, "contact": {"email": "bot@example.com"}}
    if path.endswith("/conversations"):
        return [note]
    if path.endswith("/notes"):
        return {**note, "user_id": 900}
    if path.endswith("/search/tickets"):
        return {"results": [ticket], "total": 1}
    return [ticket] if request.method == "GET" and path.endswith("/tickets") else ticket


DESKS: dict[str, Desk] = {
    "zendesk": Desk(
        yes=_zendesk,
        options={"url": "https://desk.test", "client_id": "bridge", "email": "bot@example.com"},
        repeatable=frozenset(
            {"POST requester", "POST upload", "PUT add_tags", "PUT urge", "PUT move"}
        ),
    ),
    "freshdesk": Desk(
        yes=_freshdesk,
        options={"url": "https://desk.test"},
        repeatable=frozenset({"PUT update", "PUT add_tags", "PUT urge", "PUT move"}),
    ),
}
