"""Calling Meta's Graph API: addresses, proof, and what its errors mean.

Decisions are by `code`, `error_subcode` and `is_transient`, never by the message: recorded messages
are localised, and one of them quotes the access token. The HTTP status is often 400 even for
throttling. Source: facts collected from Meta's "Handling Errors", "Rate Limits" and "Secure Graph
API Calls", read 2026-11.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from bridge.channels import usage
from bridge.channels.base import Calls, HttpRequest, HttpResponse
from bridge.core.calls import retry_after, verdict
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    Done,
    PermanentError,
    TransientError,
    Unsupported,
)
from bridge.core.model import Account, Connection, Outgoing, Target
from bridge.core.signing import octets
from bridge.core.untrusted import ident, items, mapping, moment, number, text

API_URL = "https://graph.facebook.com"
API_VERSION = "v25.0"  # until 29 Jul 2028
MEDIA_HOSTS = ("fbcdn.net", "facebook.com", "fbsbx.com", "cdninstagram.com")


# --- the products ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One of Meta's APIs: where it is, and whose secret proves us there. All but `host` are options."""

    host: str
    url: str
    version: str
    secrets: str


FACEBOOK = Product(host=API_URL, url="api_url", version="api_version", secrets="app_secrets")
INSTAGRAM = Product(
    host="https://graph.instagram.com",
    url="instagram_api_url",
    version="api_version",
    secrets="instagram_app_secrets",
)
THREADS = Product(
    host="https://graph.threads.net",
    url="threads_api_url",
    version="threads_api_version",
    secrets="threads_app_secrets",
)
THREADS_VERSION = "v1.0"


def product_of(account: Account) -> Product:
    """The API an account's token is for; an Instagram account says by `login` which it came by."""
    if account.channel == "threads":
        return THREADS
    if account.channel == "instagram" and account.options.get("login") == "instagram":
        return INSTAGRAM
    return FACEBOOK


def _base(connection: Connection, product: Product) -> str:
    url = connection.options.get(product.url)
    if not url:
        # http is for loopback alone: a stand-in there plays all of Meta.
        stand_in = str(connection.options.get("api_url") or "")
        url = stand_in if stand_in.startswith("http:") else product.host
    fallback = THREADS_VERSION if product is THREADS else API_VERSION
    version = str(connection.options.get(product.version) or fallback)
    return f"{str(url).rstrip('/')}/{version}"


# --- asking ------------------------------------------------------------------------------------


def request_as(
    connection: Connection,
    account: Account,
    method: str,
    *path: str,
    params: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    repeatable: bool = False,
    spends: tuple[str, ...] = (),
) -> HttpRequest:
    """One call with the account's token; *path* is quoted part by part.

    It *spends* these budgets beside the account's and the app's.

    The token travels in a header and never in the URL. `appsecret_proof` shows that we know the
    app's secret too; Meta demands it where the app's setting says so. Without the secret of the
    product that the token is for there is none: a wrong one would be refused.
    """
    token = account.token.reveal()
    if not token:
        raise AuthError("no_token", f"the account {account.id} of {connection.name} has no token")
    product = product_of(account)
    query = dict(params or {})
    if secret := connection.secret(product.secrets):
        query["appsecret_proof"] = hmac.new(
            octets(secret), octets(token), hashlib.sha256
        ).hexdigest()
    return HttpRequest(
        method=method,
        url="/".join((_base(connection, product), *(quote(part, safe="") for part in path))),
        params=query,
        headers={"authorization": f"Bearer {token}"},
        json=json,
        write=method != "GET",
        repeatable=repeatable or method == "GET",
        budget=(*spends, f"meta:{account.id}", "app"),
    )


def request(target: Target, method: str, *path: str, **more: Any) -> HttpRequest:
    """`request_as` for the account that speaks in *target*."""
    return request_as(target.connection, target.account, method, *path, **more)


def account_id(target: Target) -> str:
    """The Page or account that speaks."""
    found = target.account.id or target.account_id
    if found is None:
        raise Unsupported("no_account", "it is not known which account should speak")
    return found


def call(request: HttpRequest) -> Calls[Mapping[str, Any]]:
    """The object that the Graph API answers with; raises the verdict of anything else."""
    response = yield request
    answer = response.json()
    if not response.ok or not isinstance(answer, dict) or "error" in answer:
        raise failure(request, response)
    return answer


def seen(target: Target, node: str, fields: str) -> Calls[Mapping[str, Any]]:
    """These fields of *node*; nothing where Meta does not let us see it, which is no error."""
    try:
        return (yield from call(request(target, "GET", node, params={"fields": fields})))
    except PermanentError:
        return {}


def needed_id(answer: Mapping[str, Any], key: str) -> str:
    """The id that the answer to a write promises; without it the outcome is unknown."""
    found = ident(answer.get(key))
    if found is None:
        raise Ambiguous("no_id", f"Meta said yes, but named no {key}")
    return found


def show(target: Target, body: Mapping[str, bool], place: str) -> Calls[None]:
    """Hide a customer's comment, or let it be seen again; *place* names, for the refusal, where that can be done."""
    comment_id = target.answer.get("comment_id")
    if comment_id is None:
        raise Unsupported("cannot_hide", f"only {place}")
    yield from call(request(target, "POST", comment_id, json=body, repeatable=True))


def delete(target: Target, posted_id: str) -> Calls[None]:
    """Take back one public thing the account said; one that is gone is as good as taken back."""
    try:
        yield from call(request(target, "DELETE", posted_id, repeatable=True))
    except PermanentError as error:
        if not error.gone:
            raise


# --- looking -----------------------------------------------------------------------------------

SKEW = timedelta(seconds=60)  # what our clock and Meta's may differ
PAGES = 5


def look(
    target: Target,
    outgoing: Outgoing,
    path: tuple[str, ...],
    params: Mapping[str, str],
    ours: Callable[[Mapping[str, Any]], bool],
    *,
    newest_first: bool = True,
) -> Calls[str | None]:
    """The id of an item at *path* that has our words, is *ours* and was written since the attempt.

    None is given only when everything since then was seen; else Ambiguous.
    """
    query = dict(params)
    for _ in range(PAGES):
        answer = yield from call(request(target, "GET", *path, params=query))
        if not isinstance(answer.get("data"), list):
            raise Ambiguous("cannot_tell", "Meta's list of what was said has another shape")
        for item in map(mapping, items(answer["data"])):
            if is_old(item, outgoing):
                if newest_first:
                    return None
            elif ours(item) and has_words(item, outgoing):
                return ident(item.get("id"))
        paging = mapping(answer.get("paging"))
        after = text(mapping(paging.get("cursors")).get("after"))
        if not paging.get("next") or not after:
            return None
        query["after"] = after
    raise Ambiguous("cannot_tell", "too much was said since to find our own words")


def is_old(item: Mapping[str, Any], outgoing: Outgoing) -> bool:
    """Whether *item* was certainly written before our attempt."""
    written = moment(item.get("created_time")) or moment(item.get("timestamp"))
    return bool(outgoing.since and written and written < outgoing.since - SKEW)


def has_words(item: Mapping[str, Any], outgoing: Outgoing) -> bool:
    """Whether *item* says what we meant to say; platforms change spaces."""
    said = text(item.get("message")) or text(item.get("text")) or ""
    return said.split() == outgoing.text.split()


def by_page(target: Target) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an item is by the account that speaks.

    Without an author it counts: better not said than said twice.
    """
    page = account_id(target)
    return lambda item: ident(mapping(item.get("from")).get("id")) in (page, None)


# --- what errors mean --------------------------------------------------------------------------

Pair = tuple[int, int | None]  # a code, and the subcode where it depends on that

TOKEN = frozenset({0, 102, 190})  # 0 is WhatsApp's
# Told to wait: seconds at least, where the answer names none.
LIMITS: Mapping[Pair, float | None] = {
    **dict.fromkeys(((code, None) for code in (4, 17, 32, 341, 613, *range(80001, 80009))), None),
    (9, 2018352): None,  # Messenger's, unconfirmed
    (10, 1893063): 1800.0,  # the Page may not send for a while
    (130429, None): None,  # WhatsApp: messages a second
    (131056, None): 6.0,  # WhatsApp: one message in 6 s to the same person
    (131048, None): 3600.0,  # WhatsApp: too many were reported as spam; it lasts for hours
    (131064, None): 3600.0,  # WhatsApp: the day's number of people is reached
}
# Which budget they speak of (see usage.py) where it is not the account's; '' is the most special one.
SCOPES = {4: "app", 341: "app", 613: "", 130429: "number", 131056: "pair"}
# Nothing was done, and it passes.
LATER: Mapping[int, str] = {
    131053: "the file could not be taken over",
    131057: "the WhatsApp account is being maintained",
    133016: "the number was registered too often",
}
STUMBLES = frozenset(
    {1, 2, 131000, 131016}
)  # "unknown error", "service down": maybe after the effect
PERSON = ("person_unavailable", "the person is not available: blocked us, left, or is deactivated")
WINDOW = ("window_closed", "the time to answer has passed")
GONE = ("not_found", "it was deleted or is hidden")
NO_PROFILE = ("no_profile", "the person's profile is not shown to us")
PERMISSION = ("no_permission", "the app lacks a permission")
TEMPLATE = "template_refused"
REFUSALS: Mapping[Pair, tuple[str, str]] = {
    (200, 1545041): PERSON,
    (551, None): PERSON,
    (10, 2018108): PERSON,
    (100, 2018001): PERSON,  # unconfirmed
    (10, 2018278): WINDOW,
    (10, 2534022): WINDOW,
    (10, 2018065): WINDOW,
    (131047, None): WINDOW,
    (100, 33): GONE,
    (803, None): GONE,
    (1609005, None): GONE,
    (100, 2018218): NO_PROFILE,
    (230, None): NO_PROFILE,
    (9010, None): NO_PROFILE,
    (3, None): PERMISSION,
    (10903, None): ("cannot_reply", "this cannot be answered"),
    (100, 2018047): ("refused", "the file is refused"),
    (100, None): ("refused", "a parameter is refused"),
    # WhatsApp: the person
    (131026, None): ("person_unavailable", "WhatsApp cannot deliver to this person"),
    (131030, None): ("person_unavailable", "the number is not on the list of a test number"),
    (131049, None): ("person_unavailable", "WhatsApp holds it back from this person for a day"),
    (131050, None): ("person_unavailable", "the person wants no marketing messages from us"),
    (130472, None): ("person_unavailable", "the person is part of an experiment of WhatsApp"),
    (137000, None): ("person_unavailable", "the person's identity has changed"),
    # WhatsApp: the account
    (131005, None): ("no_permission", "access is denied"),
    (131031, None): ("no_permission", "the WhatsApp account is locked"),
    (131037, None): ("no_permission", "the number's display name is not approved"),
    (131042, None): ("no_permission", "the WhatsApp account has a problem with its payment"),
    (131045, None): ("no_permission", "the number is not registered properly"),
    (133010, None): ("no_permission", "the number is not registered"),  # unconfirmed
    (130497, None): ("no_permission", "the account may not write to people in this country"),
    # WhatsApp: the message
    (131008, None): ("refused", "a parameter is missing"),
    (131009, None): ("refused", "a parameter is refused"),
    (131021, None): ("refused", "a number cannot write to itself"),
    (131051, None): ("refused", "this type of message is not supported"),
    (131052, None): ("refused", "the person's file cannot be fetched"),
    (131062, None): ("refused", "this needs the person's number, and only their user id is known"),
    (131063, None): ("refused", "the message is refused"),
    (135000, None): ("refused", "a parameter is refused"),
    # WhatsApp: the template
    (132000, None): (TEMPLATE, "the template takes another number of values"),
    (132001, None): (TEMPLATE, "there is no such template in this language, or it is not approved"),
    (132005, None): (TEMPLATE, "the template becomes too long with these values"),
    (132007, None): (TEMPLATE, "the template's content breaks WhatsApp's rules"),
    (132008, None): (TEMPLATE, "a value does not fit the template"),
    (132012, None): (TEMPLATE, "a value does not have the form that the template wants"),
    (132015, None): (TEMPLATE, "the template is paused, because people rated it low"),
    (132016, None): (TEMPLATE, "the template is disabled for good, because people rated it low"),
    (132068, None): (TEMPLATE, "the template's flow is blocked"),
    (132069, None): (TEMPLATE, "the template's flow is throttled"),
}


def failure(request: HttpRequest, response: HttpResponse) -> BridgeError:
    """What an unsuccessful answer of the Graph API means for us."""
    error = mapping(mapping(response.json()).get("error"))
    code, subcode = number(error.get("code")), number(error.get("error_subcode"))
    if not isinstance(code, int):
        return verdict(request, response)
    subcode = subcode if isinstance(subcode, int) else None
    trace = text(error.get("fbtrace_id")) or ""
    named = f"{code}/{subcode}" if subcode else str(code)
    where = f"Meta answered {response.status} with error {named}"
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", trace):
        where = f"{where}, trace {trace}"
    # A write that is not repeated may have happened where Meta only says that it stumbled.
    doubtful = request.write and not request.repeatable

    if code in TOKEN:
        return AuthError("token_refused", f"the access token is refused; {where}")
    if code in (506, 10900):
        return Done("said_already", f"it stands there already; {where}")
    if code == 368:
        return _blocked(request, where)
    for pair in ((code, subcode), (code, None)):
        if pair in LIMITS:
            least, told = LIMITS[pair], _wait(response)
            wait = max(told or 0.0, least or 0.0) or None
            return TransientError(
                "rate_limited",
                f"told to slow down; {where}",
                retry_after=wait,
                limited=True,
                scope=SCOPES.get(code, "meta"),
            )
        if pair in REFUSALS:
            way, sentence = REFUSALS[pair]
            return PermanentError(way, f"{sentence}; {where}", gone=way == "not_found")
    if code in STUMBLES:
        stumbled = Ambiguous if doubtful else TransientError
        return stumbled("server_error", f"Meta stumbled; {where}", retry_after=_minutes(code))
    if code in LATER:
        return TransientError("try_again", f"{LATER[code]}; {where}", retry_after=_minutes(code))
    if code == 10 or 200 <= code <= 299:
        return PermanentError("no_permission", f"{PERMISSION[1]}; {where}")
    if 132000 <= code <= 132999:
        return PermanentError(TEMPLATE, f"the template is refused; {where}")
    if response.status >= 500 and doubtful:
        return Ambiguous("server_error", f"Meta stumbled; {where}")
    if error.get("is_transient") is True or response.status >= 500 or response.status == 429:
        return TransientError("try_again", f"not now; {where}", retry_after=_wait(response))
    return PermanentError("refused", f"the call is refused; {where}")


def _minutes(code: int) -> float | None:
    """WhatsApp's troubles take minutes; of the others nothing is known."""
    return 120.0 if code > 130000 else None


def _blocked(request: HttpRequest, where: str) -> BridgeError:
    """Blocked for a breach of rules: for a while, but on WhatsApp until somebody has it lifted."""
    if mapping(request.json).get("messaging_product") == "whatsapp":
        return PermanentError("no_permission", f"WhatsApp has blocked the account; {where}")
    return TransientError(
        "blocked_for_now", f"blocked for policy reasons; {where}", retry_after=900.0
    )


def _wait(response: HttpResponse) -> float | None:
    """Seconds until access comes back, as told by the usage header (minutes) or Retry-After."""
    try:
        cases = json.loads(response.headers.get("x-business-use-case-usage", ""))
    except (ValueError, RecursionError):
        cases = None
    told = [
        number(mapping(one).get("estimated_time_to_regain_access")) or 0
        for many in mapping(cases).values()
        for one in items(many)
    ]
    minutes = max(told, default=0)
    return min(minutes * 60.0, usage.LONGEST) if minutes > 0 else retry_after(response.headers)
