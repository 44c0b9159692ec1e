"""POST /privacy/meta: a person has asked Meta to have their data deleted. The address that is named in Meta's dashboard.

The request is kept before it is answered, and done by a worker within about a minute. How it stands is told at
the address that the answer names, to whoever knows the code; nothing there tells whose request it was.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable

from flask import Flask, Response, abort, jsonify, request

from bridge.core.errors import Rejected
from bridge.core.model import Connection
from bridge.core.signing import octets, signed_request
from bridge.core.stored import moment_in
from bridge.wiring import Bridge

log = logging.getLogger("bridge.web")

FAMILY = "meta"  # the type of the connections whose apps may ask
LONGEST = 64  # characters of a person's id


def add(app: Flask, bridge: Bridge) -> None:
    """The address for Meta's requests, and the one that tells how they stand."""

    @app.post("/privacy/meta")
    def asked() -> Response:
        text = request.form.get("signed_request", "")
        if not text:
            abort(400, "send the form field signed_request")
        signed, secret, told = _of_whom(bridge.config.connections.values(), text)
        person = str(told.get("user_id") or "")[:LONGEST]
        if not signed or not person:
            log.warning("refused at /privacy/meta: %s", "no user_id" if signed else "signature")
            abort(401, "the request does not prove where it comes from")
        about = f"{person} {told.get('issued_at')}"
        code = hmac.new(octets(secret), octets(about), hashlib.sha256).hexdigest()[:32]
        names = [one.name for one in signed]
        bridge.store.ask_erasure(code, person, names, bridge.now().isoformat())
        base = bridge.settings.public_url or request.host_url.rstrip("/")
        return jsonify({"url": f"{base}/privacy/meta/{code}", "confirmation_code": code})

    @app.get("/privacy/meta/<code>")
    def stands(code: str) -> Response:
        doc = bridge.store.erasure(code)
        if not doc:
            abort(404, "no request has this code, or it was done more than 90 days ago")
        if done := moment_in(doc.get("done")):
            words = f"What we kept of you was deleted on {done:%Y-%m-%d} at {done:%H:%M} UTC."
        else:
            words = "Your request has come. What we keep of you is being deleted; look again in an hour."
        answer = Response(words + "\n", mimetype="text/plain")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _of_whom(
    connections: Iterable[Connection], text: str
) -> tuple[list[Connection], str, dict[str, object]]:
    """The connections of the app that signed *text*, its secret, and what it says; none where nobody did."""
    found: list[Connection] = []
    key, told = "", dict[str, object]()
    for connection in connections:
        if connection.type != FAMILY:
            continue
        for secret in _secrets(connection):
            try:
                told = signed_request(text, secret)
            except Rejected:
                continue
            found.append(connection)
            key = key or secret
            break
    return found, key, told


def _secrets(connection: Connection) -> list[str]:
    names = ("app_secrets", "instagram_app_secrets", "threads_app_secrets")
    return [one for name in names for one in connection.secrets(name)]
