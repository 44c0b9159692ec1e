"""What `bridge doctor` asks Zendesk: credentials, scope, webhook, secret, trigger, and who else speaks.

Source: "Webhooks", "Triggers" and "Search", developer.zendesk.com, and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.core.calls import Calls
from bridge.core.errors import AuthError, BridgeError
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.base import Finding
from bridge.helpdesks.common import get, option
from bridge.helpdesks.zendesk import wanted
from bridge.helpdesks.zendesk.access import SCOPE, warnings, whoami
from bridge.helpdesks.zendesk.api import identity, rows, words
from bridge.helpdesks.zendesk.setup import secret_known

Row = wanted.Row


def check(connection: Connection) -> Calls[list[Finding]]:
    """What `bridge doctor` says of this connection, each finding with what to do about it."""
    findings: list[Finding] = [(False, text) for text in warnings(connection)]
    chosen = wanted.way(connection)
    try:
        me = yield from whoami(connection)
    except AuthError as error:
        return [*findings, (False, error.detail)]
    findings.append((True, f"signed in to Zendesk as user {me}"))
    findings += _scope(connection)
    findings += yield from _reads(connection)
    try:
        hooks = yield from rows(connection, "/webhooks", "webhooks")
    except AuthError:
        text = "webhooks cannot be seen: the token's scope lacks read, or the user is no admin"
        return [*findings, (False, text)]
    triggers: list[Row] | None
    try:
        triggers = yield from rows(connection, "/triggers", "triggers")
    except AuthError:
        triggers = None
    findings += yield from _webhooks(connection, chosen, hooks, triggers)
    findings += _mailing(connection, triggers or ())
    findings += yield from _own_channels(connection)
    return findings


def _scope(connection: Connection) -> list[Finding]:
    """What the configured scope does not allow. A wrong one still gives a token: its calls get 403."""
    if not connection.secret("client_secret"):
        return []
    asked = option(connection, "scope", SCOPE).split()
    lacking = [
        f"{what}:{verb}"
        for what, verb in (("tickets", "read"), ("users", "read"), ("tickets", "write"), ("users", "write"))
        if verb not in asked and f"{what}:{verb}" not in asked
    ]  # fmt: skip
    if not lacking:
        return []
    return [(False, f"scope does not allow {', '.join(lacking)}; set it to `{SCOPE}`")]


def _reads(connection: Connection) -> Calls[list[Finding]]:
    """Whether tickets can be read; the answer also tells how many requests the plan allows."""
    response = yield get(connection, "/tickets", **{"page[size]": "1"})
    if not response.ok:
        said = words(connection, response)
        text = f"tickets cannot be read ({response.status}: {said}); set scope to include read"
        return [(False, text)]
    findings: list[Finding] = [(True, "tickets can be read")]
    plan, ours = response.headers.get("x-rate-limit", ""), option(connection, "requests_per_minute")
    if plan.isdecimal() and ours.isdecimal() and ours not in ("0", plan):
        text = f"the account allows {plan} requests a minute, requests_per_minute says {ours}"
        # Asking too much is answered with pauses; asking less than one may is only slow.
        findings.append((None if int(ours) < int(plan) else False, text))
    return findings


# --- the webhook and its trigger -------------------------------------------------------------------


def _webhooks(
    connection: Connection, chosen: str, hooks: Sequence[Row], triggers: Sequence[Row] | None
) -> Calls[list[Finding]]:
    url = option(connection, "hook_url") or None
    advice = f"run `bridge setup {connection.name}`"
    ours = [one for one in hooks if wanted.ours(connection, one, url)]
    fitting = [one for one in ours if wanted.kind(one) == chosen]
    if not fitting:
        told = f"no webhook ends in /hooks/{connection.name}"
        if ours:
            told = f"webhook {ours[0].get('id')} is not of the kind that notify: {chosen} asks for"
        return [(False, f"{told}: {advice}")]
    findings: list[Finding] = []
    # Switched off beside one that works, it is a spare: its flaws harm nobody.
    working = [one for one in fitting if wanted.active(one)]
    for hook in working or fitting:
        hook_id = str(hook.get("id"))
        flaws = wanted.hook_flaws(hook, url)
        findings += [(False, f"webhook {hook_id} {flaw.said}: {advice}") for flaw in flaws]
        if not flaws:
            at = "our address" if url else wanted.endpoint(hook)
            findings.append((True, f"webhook {hook_id} is active, complete and sends to {at}"))
        known = yield from secret_known(connection, hook_id)
        findings.append(_secret(connection, known, hook_id))
        if chosen == wanted.TRIGGER:
            findings.append(_trigger(connection, triggers, hook_id))
    sending = [one for one in ours if wanted.active(one)]
    addresses = [wanted.endpoint(one) for one in sending]
    if len(addresses) > len(set(addresses)):
        ids = " and ".join(str(one.get("id")) for one in sending)
        findings.append((False, f"webhooks {ids} tell the same, so all comes twice: {advice}"))
    return findings


def _secret(connection: Connection, known: bool | None, hook_id: str) -> Finding:
    name = f"webhook {hook_id}: its signing secret"
    if known is None:
        return True, f"{name} can be compared only by an admin"
    if known:
        return True, f"{name} is among webhook_secrets"
    shown = f"`bridge setup {connection.name} --show-secret` prints it"
    return False, f"{name} is not among webhook_secrets: {shown}"


def _trigger(connection: Connection, triggers: Sequence[Row] | None, hook_id: str) -> Finding:
    if triggers is None:
        return False, "triggers cannot be seen: the token's scope lacks read"
    advice = f"run `bridge setup {connection.name}`"
    found = [one for one in triggers if wanted.calls(one, hook_id)]
    if not found:
        return False, f"no trigger calls webhook {hook_id}: {advice}"
    flaws = {
        str(one.get("title"))[:80]: wanted.trigger_flaws(connection, one, hook_id) for one in found
    }
    for title, said in flaws.items():
        if not said:
            return True, f"the trigger {title!r} tells of our tickets"
    title, said = next(iter(flaws.items()))
    return False, f"the trigger {title!r} {'; it '.join(said)}: {advice}"


# --- who else speaks to the customer ---------------------------------------------------------------

_REQUESTERS = ("requester_id", "requester_and_ccs", "requester_and_followers")


def _mailing(connection: Connection, triggers: Sequence[Row]) -> list[Finding]:
    """Triggers that write to requesters: harmless while our customers have no address."""
    our_tag = wanted.tag(connection)
    titles = [
        str(one.get("title"))[:80]
        for one in triggers
        if one.get("active") is True and _mails(one) and not _spares(one, our_tag)
    ]
    if not titles:
        return []
    named = ", ".join(repr(title) for title in titles[:6]) + (", ..." if len(titles) > 6 else "")
    text = (
        f"these triggers mail requesters: {named}; a social customer has no address, but agents may "
        f"add one: then give them the condition Tags contains none of {our_tag!r}"
    )
    return [(None, text)]


def _mails(row: Row) -> bool:
    for action in items(row.get("actions")):
        value = mapping(action).get("value")
        to = value[0] if isinstance(value, list) and value else None
        if mapping(action).get("field") == "notification_user" and to in _REQUESTERS:
            return True
    return False


def _spares(row: Row, our_tag: str) -> bool:
    every = (mapping(one) for one in items(mapping(row.get("conditions")).get("all")))
    return any(
        one.get("field") == "current_tags"
        and one.get("operator") == "not_includes"
        and our_tag in str(one.get("value") or "").split()
        for one in every
    )


# Words of `via.channel` for places where customers talk in public or by message; REST and events
# differ, and new ones come.
_SOCIAL = (
    "facebook", "facebook_post", "facebook_message", "instagram_dm", "line", "telegram", "twitter",
    "twitter_dm", "twitter_favorite", "viber", "whatsapp", "sunshine_conversations_facebook_messenger",
    "sunshine_conversations_twitter_dm",
)  # fmt: skip


def _own_channels(connection: Connection) -> Calls[list[Finding]]:
    """Tickets that Zendesk's own social channels made lately: the same words would come twice.

    The channel is compared here, as the search's own words for channels are not documented. Nothing
    is said when the search does not answer.
    """
    query = f"type:ticket -tags:{wanted.tag(connection)}"
    request = get(
        connection, "/search", query=query, sort_by="created_at", sort_order="desc"
    )  # fmt: skip
    try:
        response = yield request
    except BridgeError:
        return []
    found: dict[str, str] = {}
    for row in items(mapping(response.json()).get("results")) if response.ok else ():
        ticket = mapping(row)
        channel = mapping(ticket.get("via")).get("channel")
        if channel in _SOCIAL and channel not in found:
            when = str(ticket.get("created_at") or "")[:10]
            found[channel] = f"{channel} (ticket {identity(ticket.get('id'))}, {when})"
    if not found:
        return []
    text = (
        f"Zendesk's own channels made tickets, too: {', '.join(found.values())}; where the same Page "
        "or number is connected there and here, each message becomes two tickets: disconnect one"
    )
    return [(None, text)]
