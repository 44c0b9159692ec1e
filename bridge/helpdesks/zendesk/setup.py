"""What the other side needs: our webhook, its secret, and (the trigger way) a trigger.

Source: "Webhooks" and "Triggers", developer.zendesk.com, and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import AuthError, BridgeError
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.zendesk.access import warnings, whoami
from bridge.helpdesks.zendesk.api import (
    ACCOUNT,
    address,
    get,
    identity,
    refusal,
    words,
)
from bridge.helpdesks.zendesk.events import PREFIX, SUBSCRIPTIONS

# Without these the bridge does not hear what it exists for; the others are comfort.
NEEDED = {PREFIX + name for name in ("comment_added", "status_changed", "merged", "soft_deleted")}
TRIGGERED = "conditional_ticket_events"

Finding = tuple[bool, str]


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """Zendesk tells *url* about tickets; returns what was done or is left to do, a sentence a step.

    Repeatable: a webhook that already points there is kept as it is.
    """
    me = yield from whoami(connection)
    steps = [f"signed in as user {me}; the bridge writes as this user and ignores what it wrote"]
    hooks = yield from _pages(connection, "/webhooks", "webhooks")
    hook = next((one for one in hooks if one.get("endpoint") == url), None)
    if hook is None:
        hook = yield from _make(connection, url)
        steps.append(f"made the webhook {hook.get('id')} -> {url}")
    else:
        steps.append(f"the webhook {hook.get('id')} -> {url} is there already")
        steps.extend(text for fine, text in _hook_findings(hook) if not fine)
    known = yield from _secret_known(connection, str(hook.get("id")))
    if known:
        steps.append("its signing secret is among webhook_secrets; nothing is left to do")
    else:
        steps.append(
            "copy its secret: Admin Center > Apps and integrations > Webhooks > Escalation bridge > "
            "Reveal secret, into the variable that webhook_secrets names (ZENDESK_WEBHOOK_SECRET)"
        )
    return steps


def check(connection: Connection) -> Calls[list[Finding]]:
    """What `bridge doctor` says of this connection, each finding with what to do about it."""
    findings: list[Finding] = [(False, text) for text in warnings(connection)]
    try:
        me = yield from whoami(connection)
    except AuthError as error:
        return [*findings, (False, f"{connection.name}: {error.detail}")]
    findings.append((True, f"signed in to Zendesk as user {me}"))
    findings.append((yield from _reads(connection)))
    try:
        hooks = yield from _pages(connection, "/webhooks", "webhooks")
    except AuthError:
        findings.append(
            (
                False,
                "webhooks cannot be seen: the token's scope lacks read, or the user is no admin",
            )
        )
        return findings
    end = f"/hooks/{connection.name}"
    ours = [one for one in hooks if str(one.get("endpoint")).rstrip("/").endswith(end)]
    if not ours:
        advice = f"bridge setup {connection.name}"
        findings.append((False, f"no webhook ends in {end}: run `{advice}`"))
        return findings
    for hook in ours:
        findings.extend(_hook_findings(hook))
        known = yield from _secret_known(connection, str(hook.get("id")))
        findings.append(_secret_finding(known, str(hook.get("id"))))
        if TRIGGERED in _subscriptions(hook):
            findings.append((yield from _triggered(connection, str(hook.get("id")))))
    return findings


def _reads(connection: Connection) -> Calls[Finding]:
    request = get(connection, "/tickets", **{"page[size]": "1"})
    response = yield request
    if response.ok:
        return True, "tickets can be read"
    said = words(connection, response)
    return False, f"tickets cannot be read ({response.status}: {said}); set scope to include read"


def _subscriptions(hook: Mapping[str, Any]) -> set[str]:
    named = hook.get("subscriptions")
    return {str(one) for one in named} if isinstance(named, list) else set()


def _hook_findings(hook: Mapping[str, Any]) -> list[Finding]:
    name = f"webhook {hook.get('id')}"
    findings: list[Finding] = []
    if hook.get("status") == "active":
        findings.append((True, f"{name} is active"))
    else:
        findings.append((False, f"{name} is switched off: activate it in Admin Center"))
    named = _subscriptions(hook)
    missing = set() if TRIGGERED in named else NEEDED - named
    if missing:
        lacking = ", ".join(sorted(one.removeprefix(PREFIX) for one in missing))
        findings.append((False, f"{name} does not tell of {lacking}: edit its events"))
    return findings


def _make(connection: Connection, url: str) -> Calls[Mapping[str, Any]]:
    hook = {
        "name": f"Escalation bridge ({connection.name})",
        "endpoint": url,
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
        "subscriptions": list(SUBSCRIPTIONS),
    }
    request = HttpRequest(
        method="POST",
        url=address(connection, "/webhooks"),
        json={"webhook": hook},
        budget=ACCOUNT,
    )
    response = yield request
    made = mapping(mapping(response.json()).get("webhook"))
    if response.ok and identity(made.get("id")):
        return made
    raise _scoped(connection, request, response)


def _scoped(connection: Connection, request: HttpRequest, response: HttpResponse) -> BridgeError:
    if response.status == 403:
        return AuthError(
            "forbidden",
            "making a webhook needs an admin and the scope webhooks:write: make the OAuth client "
            "as an admin, or follow the clicks in docs/helpdesks/zendesk.md",
        )
    return refusal(connection, request, response)


def _secret_known(connection: Connection, hook_id: str) -> Calls[bool | None]:
    """Whether webhook_secrets holds this webhook's secret; None when only an admin may see it."""
    request = get(connection, f"/webhooks/{quote(hook_id, safe='')}/signing_secret")
    response = yield request
    if not response.ok:
        return None
    secret = mapping(mapping(response.json()).get("signing_secret")).get("secret")
    return secret in connection.secrets("webhook_secrets")


def _secret_finding(known: bool | None, hook_id: str) -> Finding:
    if known is None:
        return True, f"webhook {hook_id}: its signing secret can be compared only by an admin"
    if known:
        return True, f"webhook {hook_id}: its signing secret is among webhook_secrets"
    return False, f"webhook {hook_id}: its signing secret is not among webhook_secrets"


def _triggered(connection: Connection, hook_id: str) -> Calls[Finding]:
    triggers = yield from _pages(connection, "/triggers", "triggers")
    for trigger in triggers:
        actions = trigger.get("actions")
        for action in items(actions):
            value = mapping(action).get("value")
            named = mapping(action).get("field") == "notification_webhook"
            if not named or not isinstance(value, list) or value[:1] != [hook_id]:
                continue
            title = str(trigger.get("title"))[:80]
            if trigger.get("active") is not True:
                return False, f"the trigger {title!r} is switched off: activate it"
            conditions = mapping(trigger.get("conditions")).get("all")
            fields = [mapping(one).get("field") for one in (items(conditions))]
            if "current_tags" not in fields:
                return (
                    False,
                    f"the trigger {title!r} tells of every ticket: add a condition on tags",
                )
            return True, f"the trigger {title!r} tells of our tickets"
    return False, f"no trigger calls webhook {hook_id}: see docs/helpdesks/zendesk.md"


def _pages(connection: Connection, path: str, name: str) -> Calls[list[Mapping[str, Any]]]:
    """All rows of a list, 100 a page, 20 pages at most."""
    rows: list[Mapping[str, Any]] = []
    params = {"page[size]": "100"}
    for _ in range(20):
        request = get(connection, path, **params)
        response = yield request
        if not response.ok:
            raise refusal(connection, request, response)
        answer = mapping(response.json())
        page = answer.get(name)
        rows.extend(mapping(row) for row in (items(page)))
        meta = mapping(answer.get("meta"))
        after = meta.get("after_cursor")
        if meta.get("has_more") is not True or not isinstance(after, str):
            break
        params["page[after]"] = after
    return rows
