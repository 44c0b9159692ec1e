"""The operator's page: the books, what waits for a person, and what was decided lately. Read only.

Off (404) without BRIDGE_CONSOLE_TOKEN. The token comes as a bearer, by the form, or once in the link
(`/console?token=...`), which is exchanged for a cookie at once so that it leaves the address bar.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template, request
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as Answer

from bridge.core import receipt
from bridge.core.signing import octets, same
from bridge.core.tally import tallies
from bridge.versions import rules_in_force
from bridge.web.guesses import SECONDS, Guesses
from bridge.web.health import moment
from bridge.wiring import Bridge

COOKIE = "bridge_console"
COOKIE_SECONDS = 12 * 3600
# Of a stream in Redis, whose numbers have 64 bits; the first is a time, the second counts from 0.
_POSITION = re.compile(r"\A([0-9]{1,18}(-[0-9]{1,18})?)?\Z")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def add(app: Flask, bridge: Bridge) -> None:
    """The console's pages on *app*, if there is a token to guard them."""
    token = bridge.settings.console_token.reveal()
    if not token:
        return
    pages = Blueprint(
        "console", "bridge.web", url_prefix="/console", template_folder="templates",
        static_folder="static", static_url_path="/static",
    )  # fmt: skip
    cookie = hmac.new(octets(token), b"bridge console", hashlib.sha256).hexdigest()
    guesses = Guesses()

    def right(given: str) -> bool:
        """Whether *given* is the token; who was wrong too often is not even told."""
        address = request.remote_addr or ""
        if guesses.too_many(address):
            raise TooManyRequests("too many wrong tokens; wait a minute", retry_after=SECONDS)
        if same(given, octets(token)):
            return True
        guesses.wrong(address)
        return False

    @pages.before_request
    def guard() -> Response | Answer | None:
        signed_in = same(request.cookies.get(COOKIE, ""), octets(cookie))
        if request.endpoint in ("console.login", "console.static") or signed_in:
            return None
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer" and right(bearer):
            return None
        if request.endpoint != "console.page":
            abort(401, "send the token as Authorization: Bearer")
        given = request.args.get("token", "")
        if given and right(given):
            return _let_in(cookie)
        return Response(render_template("login.html", wrong=bool(given)), status=401)

    @pages.after_request
    def protect(answer: Response) -> Response:
        answer.headers.update(HEADERS)
        return answer

    @pages.post("/login")
    def login() -> Response | Answer:
        if right(request.form.get("token", "")):
            return _let_in(cookie)
        return Response(render_template("login.html", wrong=True), status=401)

    @pages.get("", strict_slashes=False)
    def page() -> str:
        in_force = bridge.store.rules()
        rules = rules_in_force(
            bridge.store, bridge.settings.mappings, bridge.config, in_force.get("version")
        )
        return render_template(
            "console.html",
            rules=in_force,
            since=moment(in_force.get("at")),
            tallies=tallies((one.name for one in rules.rules), bridge.store.matches()),
            books=bridge.books(),
            columns=("received", "duplicates", "done", "ignored", "parked", "dead", "in_progress"),
            alarms=bridge.store.alarms(),
            dead=[_row(bridge, eid) for eid in bridge.store.dead(50)],
            decisions=[_told(row) for row in reversed(bridge.decisions(""))],
        )

    @pages.get("/api/decisions")
    def decisions() -> Response:
        since = request.args.get("since", "")
        if not _POSITION.match(since):
            abort(400, "since is the seq of the last decision seen")
        rows: list[dict[str, Any]] = bridge.decisions(since)
        return jsonify({"decisions": rows})

    app.register_blueprint(pages)


def _let_in(cookie: str) -> Answer:
    answer = redirect("/console", 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=COOKIE_SECONDS,
        path="/console",
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return answer


def _row(bridge: Bridge, eid: str) -> dict[str, Any]:
    """A dead letter as its receipt shows it; gone from the store in between is told as that."""
    fields = bridge.store.event(eid)
    return (
        receipt.shown(eid, fields, bridge.label)
        if fields
        else {"id": eid, "sentence": "gone meanwhile"}
    )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A decision as the page shows it; an address is a link only where it is https."""
    permalink = str(row.get("permalink") or "")
    safe = urlsplit(permalink).scheme == "https"
    return {**row, "permalink": permalink if safe else ""}
