"""`bridge setup`: our webhook, and (the trigger way) our trigger, are made or mended, then tried.

Source: "Webhooks" and "Triggers", developer.zendesk.com, and recorded exchanges, read 2026-11.
Changing a webhook by PATCH is not in what was recorded: its outcome is read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bridge.core.calls import Calls, HttpRequest, HttpResponse, Undone
from bridge.core.errors import AuthError, BridgeError
from bridge.core.model import Connection
from bridge.core.untrusted import mapping
from bridge.helpdesks.common import address, get
from bridge.helpdesks.zendesk import wanted
from bridge.helpdesks.zendesk.access import whoami
from bridge.helpdesks.zendesk.api import budget_of, identity, refusal, rows, words

Row = wanted.Row


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """Zendesk tells *url* about tickets; returns what was done or is left to do, a sentence a step.

    Repeatable: what is there and right is kept as it is.
    """
    chosen = wanted.way(connection)
    me = yield from whoami(connection)
    steps = [f"signed in as user {me}; the bridge writes as this user and ignores what it wrote"]
    yield from _readable(connection)
    hooks = yield from _listed(connection, "webhooks")
    triggers: list[Row] = []
    if chosen == wanted.TRIGGER:
        triggers = yield from _listed(connection, "triggers")
    hook = yield from _webhook(connection, url, hooks, steps)
    hook_id = identity(hook.get("id")) if hook else None
    if chosen == wanted.TRIGGER:
        yield from _trigger(connection, hook_id or "(the new webhook)", triggers, steps)
    if hook_id is None:
        return steps  # a dry run: what follows needs the webhook
    known = yield from secret_known(connection, hook_id)
    steps.append(_about_secret(connection, known))
    spare = [one for one in hooks if one.get("id") != hook_id and wanted.active(one)]
    spare = [one for one in spare if wanted.endpoint(one) == url]
    if known is not False:
        steps.extend((yield from _try(connection, hook_id, url)))
        yield from _switch_off(connection, spare, steps)
    elif spare:
        ids = ", ".join(str(one.get("id")) for one in spare)
        steps.append(
            f"webhook {ids} sends there, too, so that everything comes twice; once the secret is "
            "known, the same command switches it off"
        )
    return steps


def reveal(connection: Connection, url: str) -> Calls[dict[str, str]]:
    """The signing secrets of our webhooks at *url*, by webhook; only an admin may see them."""
    hooks = yield from _listed(connection, "webhooks")
    found = {}
    for hook in hooks:
        hook_id = identity(hook.get("id"))
        if wanted.endpoint(hook) == url and wanted.active(hook) and hook_id:
            secret = yield from signing_secret(connection, hook_id)
            if secret:
                found[f"webhook {hook_id}"] = secret
    return found


# --- what we may do ------------------------------------------------------------------------------


def _readable(connection: Connection) -> Calls[None]:
    request = get(connection, "/tickets", **{"page[size]": "1"})
    response = yield request
    if response.status == 403:
        raise _forbidden("tickets cannot be read", "read", words(connection, response))
    if not response.ok:
        raise refusal(connection, request, response)


def _listed(connection: Connection, name: str) -> Calls[list[Row]]:
    try:
        return (yield from rows(connection, f"/{name}", name))
    except AuthError as error:
        if error.code != "forbidden":
            raise
        raise _forbidden(f"{name} cannot be seen", f"{name}:write", error.detail) from error


def _forbidden(what: str, scope: str, said: str) -> AuthError:
    return AuthError(
        "forbidden",
        f"{what} (403): this needs an admin and the scope {scope}; make the OAuth client as an "
        f"admin, or follow the clicks in docs/helpdesks/zendesk.md; Zendesk said: {said}",
    )


def _write(connection: Connection, method: str, path: str, body: Any) -> Calls[HttpResponse | None]:
    """The answer to a write; None in a dry run, which does not send it. Raises AuthError on 403."""
    request = HttpRequest(
        method=method, url=address(connection, path), json=body, budget=budget_of(path)
    )  # fmt: skip
    try:
        response = yield request
    except BridgeError as error:
        if error.code == "dry_run":
            return None
        raise
    if response.status == 403:
        resource = path.split("/")[1].partition("?")[0]
        raise _forbidden(
            f"{resource} cannot be changed", f"{resource}:write", words(connection, response)
        )
    if response.status == 401 or response.status >= 500:
        raise refusal(connection, request, response)
    return response


# --- the webhook ---------------------------------------------------------------------------------


def _webhook(
    connection: Connection, url: str, hooks: Sequence[Row], steps: list[str]
) -> Calls[Row | None]:
    """Our webhook, made or mended; None where a dry run would make it."""
    chosen = wanted.way(connection)
    fitting = [one for one in hooks if wanted.kind(one) == chosen and identity(one.get("id"))]
    fitting.sort(key=lambda one: (wanted.endpoint(one) != url, not wanted.active(one)))
    for hook in fitting:
        if wanted.endpoint(hook) == url or hook.get("name") == wanted.title(connection):
            return (yield from _mend(connection, url, hook, steps))
    response = yield from _write(
        connection, "POST", "/webhooks", {"webhook": wanted.webhook(connection, url)}
    )
    if response is None:
        return None
    made = mapping(mapping(response.json()).get("webhook"))
    if not response.ok or identity(made.get("id")) is None:
        steps.append(Undone(f"no webhook was made: {_refused(connection, response)}"))
        return None
    steps.append(f"made the webhook {made.get('id')} -> {url}")
    return made


def _mend(connection: Connection, url: str, hook: Row, steps: list[str]) -> Calls[Row]:
    name, path = f"the webhook {hook.get('id')}", f"/webhooks/{quote(str(hook.get('id')), safe='')}"
    flaws = wanted.hook_flaws(hook, url)
    if not flaws:
        steps.append(f"{name} -> {url} is there already, and is as it should be")
        return hook
    said = "; it ".join(flaw.said for flaw in flaws)
    change = {flaw.field: flaw.value for flaw in flaws}
    response = yield from _write(connection, "PATCH", path, {"webhook": change})
    if response is None:
        steps.append(f"{name} {said}")
        return hook
    again = yield get(connection, path)
    now = mapping(mapping(again.json()).get("webhook"))
    left = wanted.hook_flaws(now, url) if now else []
    if response.ok and not left:
        steps.append(f"mended {name}: it {said}")
        if wanted.endpoint(hook) != url:
            steps.append(
                "if another bridge is reached at the old address, give this connection another name: "
                "each connection has one webhook"
            )
    else:
        why = _refused(connection, response) if not response.ok else "Zendesk kept it as it was"
        steps.append(Undone(f"{name} {said}; it could not be mended ({why}): edit it by hand"))
    return now or hook


def _switch_off(connection: Connection, spare: Sequence[Row], steps: list[str]) -> Calls[None]:
    """One webhook is enough: with two of them everything arrives twice."""
    for hook in spare:
        hook_id = str(hook.get("id"))
        off = {"webhook": {"status": "inactive"}}
        response = yield from _write(
            connection, "PATCH", f"/webhooks/{quote(hook_id, safe='')}", off
        )
        if response is not None and response.ok:
            steps.append(f"switched off the webhook {hook_id}, which sent everything once more")
        elif response is not None:
            why = _refused(connection, response)
            told = f"webhook {hook_id} sends everything once more, and stays on ({why})"
            steps.append(Undone(f"{told}: switch it and the triggers that call it off by hand"))


def _refused(connection: Connection, response: HttpResponse) -> str:
    return f"{response.status}: {words(connection, response)}"


# --- the trigger ---------------------------------------------------------------------------------


def _trigger(
    connection: Connection, hook_id: str, triggers: Sequence[Row], steps: list[str]
) -> Calls[None]:
    """A trigger calls the webhook for every change that an agent makes to a ticket of ours."""
    found = [one for one in triggers if wanted.calls(one, hook_id)]
    found.sort(key=lambda one: len(wanted.trigger_flaws(connection, one, hook_id)))
    if not found:
        wish = wanted.trigger(connection, hook_id, triggers)
        response = yield from _write(connection, "POST", "/triggers", {"trigger": wish})
        if response is not None and response.ok:
            steps.append(f"made the trigger {wish['title']!r}")
        elif response is not None:
            steps.append(Undone(f"no trigger was made: {_refused(connection, response)}"))
        return
    title = repr(str(found[0].get("title"))[:80])
    flaws = wanted.trigger_flaws(connection, found[0], hook_id)
    if not flaws:
        steps.append(f"the trigger {title} is there already, and is as it should be")
        return
    said = "; it ".join(flaws)
    wish = wanted.mended(connection, found[0], hook_id)
    path = f"/triggers/{quote(str(found[0].get('id')), safe='')}"
    response = yield from _write(connection, "PUT", path, {"trigger": wish})
    if response is None:
        steps.append(f"the trigger {title} {said}")
    elif response.ok:
        steps.append(f"mended the trigger {title}: it {said}")
    else:
        why = _refused(connection, response)
        steps.append(Undone(f"the trigger {title} {said}; it could not be mended: {why}"))


# --- the secret, and a try -------------------------------------------------------------------------


def signing_secret(connection: Connection, hook_id: str) -> Calls[str | None]:
    """The secret that signs what this webhook sends; None when only an admin may see it."""
    path = f"/webhooks/{quote(hook_id, safe='')}/signing_secret"
    response = yield get(connection, path, budget_of(path))
    secret = mapping(mapping(response.json()).get("signing_secret")).get("secret")
    return secret if response.ok and isinstance(secret, str) else None


def secret_known(connection: Connection, hook_id: str) -> Calls[bool | None]:
    """Whether webhook_secrets holds this webhook's secret; None when it cannot be compared."""
    secret = yield from signing_secret(connection, hook_id)
    return None if secret is None else secret in connection.secrets("webhook_secrets")


def _about_secret(connection: Connection, known: bool | None) -> str:
    if known:
        return "its signing secret is among webhook_secrets"
    if known is None:
        return "its signing secret can be compared only by an admin"
    return (
        "its signing secret is not among webhook_secrets yet: "
        f"`bridge setup {connection.name} --show-secret` prints it (so does Admin Center > Apps and "
        "integrations > Webhooks > Reveal secret); put it into the variable that webhook_secrets names "
        "(ZENDESK_WEBHOOK_SECRET), restart the bridge, and run this again: then it is tried"
    )


_ADVICE = {
    401: "the running bridge does not know the secret: restart it with the same configuration",
    404: "no bridge with this connection is at this address",
}


def _try(connection: Connection, hook_id: str, url: str) -> Calls[list[str]]:
    """Zendesk sends a call without content; the bridge takes it and makes nothing of it."""
    path = f"/webhooks/test?webhook_id={quote(hook_id, safe='')}"
    response = yield from _write(connection, "POST", path, {"request": {}})
    if response is None:
        return []
    if not response.ok:
        return [f"it could not be tried ({_refused(connection, response)})"]
    got = mapping(mapping(response.json()).get("response")).get("status_code")
    status = got if isinstance(got, int) else 0
    if 200 <= status < 300:
        return [f"tried: Zendesk reaches the bridge at {url}, and is believed"]
    if not status:
        return [
            Undone(f"tried: nothing answered at {url}: is the bridge up, and reached from outside?")
        ]
    advice = _ADVICE.get(status, "look at what stands before the bridge")
    return [Undone(f"tried: {url} answered {status}; {advice}")]
