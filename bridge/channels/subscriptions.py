"""What `bridge doctor` asks Meta and `bridge setup` tells it: tokens, and who is sent the events.

Two things must be: the app subscribes to an object's fields (by hand, once, in its dashboard), and each
Page or account subscribes the app (by a call, as often as one likes). Source: facts collected from Meta's
"Webhooks", "Subscribed Apps" and Instagram Platform pages, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.channels import graph
from bridge.channels.base import Account, BridgeError, Calls
from bridge.channels.whatsapp import setup as whatsapp
from bridge.core.model import Connection
from bridge.core.untrusted import flag, ident, items, mapping, text

MESSAGING = (
    "messages", "message_echoes", "message_edits", "messaging_postbacks", "messaging_referrals",
    "messaging_handovers", "standby",
)  # fmt: skip
FIELDS = ("feed", "mention", "ratings", *MESSAGING)
# Some fields of Instagram are spelled differently from the Page's.
INSTAGRAM = (
    "comments", "live_comments", "mentions", "messages", "message_echoes", "message_edit",
    "messaging_postbacks", "messaging_referral", "messaging_handover", "standby",
)  # fmt: skip
INSTAGRAM_LOGIN = tuple(field for field in INSTAGRAM if field != "mentions")  # come as comments
THREADS = ("replies", "mentions")

Findings = list[tuple[bool, str]]


def _label(account: Account) -> str:
    what = {"facebook": "Page", "instagram": "Instagram", "threads": "Threads"}[account.channel]
    return f"{what} {account.name or account.id}"


# --- doctor --------------------------------------------------------------------------------------


def check(connection: Connection) -> Calls[Findings]:
    """Findings about the app's secrets, and each account's token and subscription."""
    findings = list(_secrets(connection))
    if not connection.accounts:
        findings.append((False, f"{connection.name} lists no account"))
    for account in connection.accounts:
        if account.channel == "whatsapp":
            findings += yield from whatsapp.check(connection, account)
            continue
        ask = CHECKS.get(account.channel)
        if ask is None:
            continue
        try:
            yield from ask(connection, account, findings)
        except BridgeError as error:
            findings.append((False, f"{_label(account)}: {error.detail}"))
    return findings


def _secrets(connection: Connection) -> Findings:
    needed = {graph.product_of(account).secrets for account in connection.accounts}
    what = {
        "verify_token": "a verify token",
        "app_secrets": "an app secret",
        "instagram_app_secrets": "the app secret of Instagram Login",
        "threads_app_secrets": "the app secret of Threads",
    }
    told = []
    for option in ("verify_token", *sorted(needed or {"app_secrets"})):
        there = bool(connection.secrets(option))
        verb = "has" if there else "lacks"
        told.append((there, f"{connection.name} {verb} {what[option]} ({option})"))
    return told


Check = Callable[[Connection, Account, Findings], Calls[None]]


def _get(
    connection: Connection, account: Account, *path: str, fields: str = ""
) -> Calls[Mapping[str, Any]]:
    params = {"fields": fields} if fields else {}
    return (
        yield from graph.call(graph.request_as(connection, account, "GET", *path, params=params))
    )


def _check_page(connection: Connection, account: Account, findings: Findings) -> Calls[None]:
    page = yield from _get(connection, account, str(account.id), fields="name")
    named = _label(account)
    findings.append((True, f"{named}: the token works (Meta calls it {page.get('name')})"))
    told = yield from _get(connection, account, str(account.id), "subscribed_apps")
    findings.append(_subscription(connection, named, told, FIELDS))
    findings += _rivals(connection, named, told)


def _check_instagram(connection: Connection, account: Account, findings: Findings) -> Calls[None]:
    named, login = _label(account), account.options.get("login") or "facebook"
    if login not in ("facebook", "instagram"):
        findings.append((False, f"{named}: login is neither facebook nor instagram"))
        return
    if login == "instagram":
        told = yield from _get(connection, account, "me", fields="user_id,username")
        found = ident(told.get("user_id")) or ident(told.get("id"))
        _check_name(account, findings, told, found)
        told = yield from _get(connection, account, str(account.id), "subscribed_apps")
        findings.append(_subscription(connection, named, told, INSTAGRAM_LOGIN))
        return
    told = yield from _get(connection, account, str(account.id), fields="username")
    _check_name(account, findings, told, account.id)
    told = yield from _get(connection, account, _page(account), "subscribed_apps")
    findings.append(_subscription(connection, f"{named}, its Page", told, ("messages",)))
    findings += _rivals(connection, named, told)


def _check_threads(connection: Connection, account: Account, findings: Findings) -> Calls[None]:
    told = yield from _get(connection, account, "me", fields="id,username")
    _check_name(account, findings, told, ident(told.get("id")))
    if not account.options.get("username"):
        advice = "add `username:`, Threads names the author of a reply by nothing else"
        findings.append((False, f"{_label(account)}: {advice}"))


def _check_name(
    account: Account, findings: Findings, told: Mapping[str, Any], found: str | None
) -> None:
    """Whether the token is that of the account that is written down, by id and by username."""
    named, name = _label(account), text(told.get("username")) or ""
    findings.append((True, f"{named}: the token works (it is @{name[:60]})"))
    if found != account.id:
        findings.append((False, f"{named}: the token is for the account {found}; write this id"))
    written = str(account.options.get("username") or "").lstrip("@")
    if written and name and written.lower() != name.lower():
        findings.append((False, f"{named}: its username is {name[:60]}, not {written[:60]}"))


CHECKS: Mapping[str, Check] = {
    "facebook": _check_page,
    "instagram": _check_instagram,
    "threads": _check_threads,
}


def _page(account: Account) -> str:
    """The Page of an Instagram account, whose token speaks for it."""
    return str(account.options.get("page") or "me")


def _subscription(
    connection: Connection, named: str, told: Mapping[str, Any], needed: tuple[str, ...]
) -> tuple[bool, str]:
    apps = _ours(connection, told)
    advice = f"run `bridge setup {connection.name}`"
    if not apps:
        return False, f"{named}: our app is not subscribed; {advice}"
    have = {text(field) for app in apps for field in items(app.get("subscribed_fields"))}
    lacking = [field for field in needed if field not in have]
    if lacking:
        return False, f"{named}: not subscribed to {', '.join(lacking)}; {advice}"
    return True, f"{named}: subscribed to everything the bridge reads"


def _ours(connection: Connection, told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Our app among those that are sent the events; all of them where it is not known which we are."""
    apps = [mapping(app) for app in items(told.get("data"))]
    ours = connection.options.get("app_id")
    return [app for app in apps if ident(app.get("id")) == str(ours)] if ours else apps


# Names of apps by which helpdesks connect Pages themselves.
RIVALS = ("zendesk", "freshdesk", "freshworks", "sunshine", "freshchat")


def _rivals(connection: Connection, named: str, told: Mapping[str, Any]) -> Findings:
    """The helpdesk's own social channel on the same Page: each message would make two tickets."""
    ours = str(connection.options.get("app_id") or "")
    names = [
        text(app.get("name")) or ""
        for app in map(mapping, items(told.get("data")))
        if not ours or ident(app.get("id")) != ours
    ]
    return [
        (
            False,
            f"{named}: it is connected to {name[:60]} too, the helpdesk's own channel, so that "
            "customers get two tickets of each message; remove the Page (or account) from the "
            "social channels in the helpdesk's settings, or take it out of connections.yaml",
        )
        for name in names
        if any(rival in name.lower() for rival in RIVALS)
    ]


# --- setup ---------------------------------------------------------------------------------------


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """Each account's events are sent to our app; a sentence a step, the app's own steps by hand."""
    steps = _by_hand(connection, url)
    for account in connection.accounts:
        if account.channel == "whatsapp":
            steps += yield from whatsapp.setup(connection, account)
        elif account.channel == "facebook":
            steps.append((yield from _subscribe(connection, account, str(account.id), FIELDS)))
        elif account.channel == "instagram":
            steps += yield from _subscribe_instagram(connection, account)
        elif account.channel == "threads":
            steps.append(f"{_label(account)}: nothing to call; its events follow the app's.")
    return steps


def _by_hand(connection: Connection, url: str) -> list[str]:
    """What only the dashboard of the app can do, for each product that is used."""
    used = {(one.channel, graph.product_of(one).secrets) for one in connection.accounts}
    where = "developers.facebook.com > your app"
    kept = f"callback URL {url}, verify token as in verify_token"
    instagram = f"{where} > Instagram > API setup with Instagram login > Configure webhooks"
    rows = {
        ("facebook", "app_secrets"): (f"{where} > Webhooks > Page", FIELDS),
        ("instagram", "app_secrets"): (f"{where} > Webhooks > Instagram", INSTAGRAM),
        ("instagram", "instagram_app_secrets"): (instagram, INSTAGRAM_LOGIN),
        ("whatsapp", "app_secrets"): (
            f"{where} > Webhooks > WhatsApp Business Account", whatsapp.SUBSCRIBED,
        ),
        ("threads", "threads_app_secrets"): (
            f"{where} > Use cases > Threads > Settings > Webhooks (topics Moderate and Interaction)",
            THREADS,
        ),
    }  # fmt: skip
    return [
        f"By hand, once per app: {place} > Subscribe to this object: {kept}; then subscribe to "
        f"{', '.join(fields)} with the latest version and Include Values on."
        for product, (place, fields) in rows.items()
        if product in used or (product[0] == "facebook" and not used)
    ]


def _subscribe(
    connection: Connection, account: Account, node: str, fields: tuple[str, ...]
) -> Calls[str]:
    named = _label(account)
    request = graph.request_as(
        connection,
        account,
        "POST",
        node,
        "subscribed_apps",
        json={"subscribed_fields": ",".join(fields)},
        repeatable=True,
    )
    try:
        answer = yield from graph.call(request)
    except BridgeError as error:
        return f"{named}: not subscribed: {error.detail}."
    return f"{named}: {'subscribed' if flag(answer.get('success')) else 'Meta did not say yes'}."


def _subscribe_instagram(connection: Connection, account: Account) -> Calls[list[str]]:
    """By Instagram Login the account subscribes itself; by Facebook Login its Page does."""
    if graph.product_of(account) is graph.INSTAGRAM:
        step = yield from _subscribe(connection, account, str(account.id), INSTAGRAM_LOGIN)
        return [step]
    page = account.options.get("page")
    pages = [one for one in connection.accounts if one.channel == "facebook"]
    if any(page == one.id or account.token == one.token for one in pages):
        return [f"{_label(account)}: subscribed with its Page."]
    # A second list of fields would replace the first.
    return [(yield from _subscribe(connection, account, _page(account), MESSAGING))]
