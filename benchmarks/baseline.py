"""What ours is compared with at the door: `python -m benchmarks.baseline hello|naive`.

The same server as `bridge web`, by its own code: same worker class, threads, processes, socket.

    hello    a Flask view that returns a word
    naive    what most bridges do: verify, parse, `SET NX`, `Queue.enqueue`
"""

from __future__ import annotations

import os
import sys

import redis
from flask import Flask, Response, abort, request
from rq import Queue
from rq.serializers import JSONSerializer

from benchmarks.bodies import signature
from bridge import log
from bridge.core.signing import same
from bridge.processes import die_with_parent
from bridge.settings import Settings, settle
from bridge.web.serve import _Server, listen


def hello() -> Flask:
    app = Flask("hello")

    @app.post("/hooks/meta")
    def view() -> str:
        return "hello"

    return app


def naive() -> Flask:
    app = Flask("naive")
    client = redis.Redis.from_url(os.environ["BRIDGE_REDIS_URL"])
    queue = Queue("naive", connection=client, serializer=JSONSerializer)

    @app.post("/hooks/meta")
    def view() -> Response:
        body = request.get_data()
        if not same(request.headers.get("X-Hub-Signature-256", ""), signature(body).encode()):
            abort(401)
        payload = request.get_json()
        number = payload["entry"][0]["changes"][0]["value"]["comment_id"]
        if client.set(f"seen:{number}", 1, nx=True, ex=86400):
            queue.enqueue("benchmarks.stock.handle", payload)
        return Response('{"ok": true}\n', mimetype="application/json")

    return app


class Server(_Server):
    """`bridge web`'s server around another application."""

    def load(self) -> Flask:
        return {"hello": hello, "naive": naive}[sys.argv[1]]()


def main(settings: Settings) -> None:
    Server(settings, listen(settings), True).run()


if __name__ == "__main__":
    die_with_parent(os.getppid())
    log.configure("WARNING")
    # BaseApplication reads the command line only where it is told to; ours is read in `load`.
    main(settle())
