"""The Flask application: handshakes, health, metrics and the console; deliveries pass before it."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from bridge.core.errors import BridgeError, Rejected
from bridge.web import console, health, privacy
from bridge.web.inbound import Inbound
from bridge.wiring import Bridge

log = logging.getLogger("bridge.web")


def create_app(bridge: Bridge) -> Flask:
    """The whole of the web process, as one WSGI application."""
    app = Flask("bridge.web", static_folder=None)
    app.url_map.merge_slashes = False  # its redirect would name whatever host the caller names

    @app.get("/hooks/<name>")
    def handshake(name: str) -> Response | tuple[Response, int]:
        """Answer the question with which a platform makes sure that the address is ours."""
        connection = bridge.config.connections.get(name)
        if connection is None:
            return _error(404, "unknown_connection", "no connection has this name")
        source = bridge.source(connection)
        if source is None or source.handshake is None:
            return _error(405, "method_not_allowed", "deliveries are posted here", allow="POST")
        try:
            words = source.handshake.answer(request.args, connection)
        except Rejected as rejected:
            return _error(rejected.status, rejected.code, rejected.detail)
        answer = Response(words, mimetype="text/plain")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[Response, int]:
        status = error.code or 500
        code = error.name.lower().replace(" ", "_")
        answer, _ = _error(status, code, (error.description or error.name).split("\n")[0])
        if wait := getattr(error, "retry_after", None):
            answer.headers["Retry-After"] = str(wait)
        methods = getattr(error, "valid_methods", None)
        if methods:
            posted = {"POST"} if request.path.startswith("/hooks/") else set()
            answer.headers["Allow"] = ", ".join(sorted(set(methods) | posted))
        return answer, status

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[Response, int]:
        if isinstance(error, BridgeError):
            log.error("%s: %s", request.path, error.code)
            answer, status = _error(503, error.code, error.detail)
            answer.headers["Retry-After"] = "5"
            return answer, status
        log.error("a page could not be made", exc_info=error)
        return _error(500, "internal", "a mistake of ours; it is in the log")

    health.add(app, bridge)
    console.add(app, bridge)
    privacy.add(app, bridge)
    app.wsgi_app = Inbound(bridge, app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _error(
    status: int, code: str, detail: str, *, allow: str | None = None
) -> tuple[Response, int]:
    answer = jsonify({"error": code, "detail": detail})
    if allow:
        answer.headers["Allow"] = allow
    return answer, status
