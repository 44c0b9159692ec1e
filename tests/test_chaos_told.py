"""What a run of `make chaos` tells: nothing that it must not, and by its exit code whether a promise was broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
import redis
from support import leaks as told

sys.path.insert(0, str(Path(__file__).parents[1]))

from bridge.sandbox import wires
from chaos import __main__ as whole
from chaos import judge, leaks
from chaos.plan import plan
from chaos.stage import FORM_SECRET, Stage

SECRET = wires.FRESHDESK_API_KEY


class Pages(BaseHTTPRequestHandler):
    """A web process that shows what it must not."""

    shown: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        body = self.shown.get(self.path, "{}").encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def door() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("where", "said", "wrong"),
    [
        ("worker.log", "refused 42", set()),
        ("worker.log", f"refused {SECRET}", {"leaked secrets"}),
        ("worker.log", f"refused {FORM_SECRET}", {"leaked secrets"}),
        ("worker.log", "refused key-9", {"leaked secrets"}),
        ("worker.log", "refused token-9", {"leaked secrets"}),
        ("web.log", "late: Person 00007", {"leaked words"}),
        ("web.log", "late: My order is broken", {"leaked words"}),
        ("rq", f"bridge.jobs.wake('{SECRET}')", {"leaked secrets"}),
        ("rq", "bridge.jobs.wake('Person 00007')", {"leaked words"}),
        ("redis/a.aof", "Person 00007: My order is broken", set()),
        ("redis/a.aof", SECRET, {"leaked secrets"}),
        ("redis/appendonlydir/b.aof", SECRET, {"leaked secrets"}),
        ("/metrics", f'last{{error="{SECRET}"}} 1', {"leaked secrets"}),
        ("/console", "Person 00007", {"leaked words"}),
        ("/readyz", "ready", set()),
    ],
)
def test_what_a_run_says_keeps_and_shows_is_searched_for_secrets_and_people(
    tmp_path: Path, client: redis.Redis, door: str, where: str, said: str, wrong: set[str]
) -> None:
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "worker.log").write_text("started")
    Pages.shown = {where: said}
    if where == "rq":
        client.hset("rq:job:wake-1", "description", said)
    elif not where.startswith("/"):
        (tmp_path / where).write_text(said)
    stage = SimpleNamespace(
        folder=tmp_path, environ={"BRIDGE_SECRET_KEY": "key-9", "BRIDGE_CONSOLE_TOKEN": "token-9"},
        redis=SimpleNamespace(folder=tmp_path / "redis", client=lambda: nullcontext(client)),
        postman=SimpleNamespace(doors=[door]),
    )  # fmt: skip
    verdict = judge.Verdict()
    leaks.ask(cast(Stage, stage), verdict)
    assert set(verdict.wrong) == wrong
    assert verdict.figures["bytes searched for secrets"] > 0


@pytest.mark.parametrize("shape", ['a/b c"d', "a%2Fb%20c%22d", 'a/b c\\"d'])
def test_a_secret_is_found_as_it_is_in_an_address_and_as_json_writes_it(shape: str) -> None:
    wanted = {"TOKEN": 'a/b c"d', "OTHER": "e/f"}
    assert told.found(f"said {shape} once".encode(), wanted) == ["TOKEN"]


# --- the run as a whole --------------------------------------------------------------------------------


class Nothing:
    """A stage on which nothing happens."""

    keep = False

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        return None


@pytest.mark.parametrize(
    ("rested", "leaked", "code"), [(True, False, 0), (False, False, 1), (True, True, 1)]
)
def test_the_exit_code_tells_whether_a_promise_was_broken(
    rested: bool, leaked: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the messages, of the rest that never came, and of what was said aloud."""

    def judged(play: Any, rested: bool) -> judge.Verdict:
        verdict = judge.Verdict()
        if not rested:
            verdict.blame("not at rest", "work is left")
        return verdict

    def ask(stage: Any, verdict: judge.Verdict) -> None:
        if leaked:
            verdict.blame("leaked secrets", "TOKEN stands in the log")

    stage = Nothing()
    monkeypatch.setattr(whole, "Postman", lambda brings: None)
    monkeypatch.setattr(whole, "Stage", lambda postman: stage)
    monkeypatch.setattr(
        whole, "Play", lambda *_: SimpleNamespace(run=lambda: rested, calm_after=0.0)
    )
    monkeypatch.setattr(whole, "counts", lambda *_: ())
    monkeypatch.setattr(judge, "judge", judged)
    monkeypatch.setattr(leaks, "ask", ask)
    assert whole.run(plan(1, 7), rate=5.0, quiet=True) == code
    assert stage.keep is bool(code)  # what is left of a run that went wrong is to be looked at
