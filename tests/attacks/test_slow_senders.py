"""Callers who take their time. They wait in the hall; threads are for requests that have arrived."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.wire import Answer, dial, post, raw, read_answer, request
from support.world import World

from bridge.web.hall import AHEAD, HEAD_BYTES, state_of

MANY = 60  # nearly four times the threads of the web process
BODY = b'{"entry_id": 1, "message": "hello"}'


def up(world: World, seconds: float = 5.0) -> float:
    """Seconds until an honest delivery is answered, among whatever else goes on."""
    begun = time.monotonic()
    with dial(world.url, seconds) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock).status == 200
    assert post(world.url, "bearer", BODY).status == 200
    return time.monotonic() - begun


@contextlib.contextmanager
def callers(world: World, count: int, opening: bytes) -> Iterator[list[socket.socket]]:
    """Many connections that each send *opening* and then nothing."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(dial(world.url)) for _ in range(count)]
        for sock in socks:
            if opening:
                sock.sendall(opening)
        yield socks


@pytest.mark.parametrize(
    "opening",
    [
        b"",
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"GET /",
        b"\r\n",
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{",
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n{",
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        b"POST /console/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\ntoken=",
    ],
    ids=[
        "nothing", "half a head", "half a line", "an empty line", "half a body", "half a large body",
        "half a chunk", "waiting for 100", "half a form",
    ],
)  # fmt: skip
def test_many_who_stop_in_the_middle_hold_up_nobody(world: World, opening: bytes) -> None:
    """A-12, A-13, slow senders: sixty at once that never finish; an honest caller is answered."""
    with callers(world, MANY, opening):
        up(world)


def test_callers_who_do_not_hang_up_hold_up_nobody(world: World) -> None:
    """Slow senders: they ask for an end of the connection, read the answer, and stay."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with callers(world, MANY, ask) as socks:
        up(world)
        assert {read_answer(sock).status for sock in socks} == {200}


def test_callers_who_never_read_their_answers_hold_up_nobody(world: World) -> None:
    """Slow readers: thousands of requests in one go, and no answer is ever taken."""
    flood = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 30_000

    def send(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it is cut off: that is the point
            sock.sendall(flood)

    with callers(world, 20, b"") as socks:
        threads = [threading.Thread(target=send, args=(sock,), daemon=True) for sock in socks]
        for thread in threads:
            thread.start()
        up(world, 20)
        for sock in socks:
            sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(20)


def test_more_callers_than_there_is_room_for_push_out_the_idle_not_the_honest(
    world: World,
) -> None:
    """Slow senders: who fills the hall is the first to be shown out."""
    with callers(world, 1100, b"GET /he") as socks:
        up(world)
        world.until(lambda: _closed(socks[0]), "the first caller is hung up on")


def _closed(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        while sock.recv(65536):
            pass  # the answer that tells it why
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.slow
def test_who_drips_a_head_or_a_body_is_hung_up_on_after_its_time(world: World) -> None:
    """Slow senders: one byte a second keeps nothing alive; 10 s for a head, 20 s for a large body."""
    heads = (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ",
        b"POST /hooks/bearer HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n",
    )
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(dial(world.url)) for _ in heads]
        for sock, head in zip(socks, heads, strict=True):
            sock.sendall(head)
        begun = time.monotonic()
        while not all(_closed(sock) for sock in socks):
            for sock in socks:
                with contextlib.suppress(OSError):
                    sock.send(b"x")
            assert time.monotonic() - begun < 60
            time.sleep(0.5)


def test_what_arrives_in_pieces_is_taken_all_the_same(world: World) -> None:
    """The twin: a slow line is no attack."""
    whole = (
        b"POST /hooks/telegram HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"X-Telegram-Bot-Api-Secret-Token: sandbox-telegram-secret\r\nContent-Length: 18\r\n\r\n"
        b'{"update_id": 771}'
    )
    with dial(world.url) as sock:
        for at in range(0, len(whole), 7):
            sock.sendall(whole[at : at + 7])
            time.sleep(0.002)
        assert read_answer(sock).status == 200
        sock.sendall(whole)  # and once more on the same connection
        assert read_answer(sock).status == 200
        sock.sendall(whole + whole)  # and two in one go
        assert [read_one(sock).status for _ in range(2)] == [200, 200]


def read_one(sock: socket.socket) -> Answer:
    """One answer and not a byte of the next one."""
    data = b""
    while not data.endswith(b'{"ok": true}\n'):
        piece = sock.recv(1)
        assert piece, data
        data += piece
    return Answer(int(data[9:12]), data.decode(), b"")


def test_a_large_body_is_taken_while_others_dawdle_with_theirs(world: World) -> None:
    """A-12: a few slow large bodies may use a thread each; the next one waits, and is not lost."""
    half = b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n{"
    body = b'{"entry_id": 2, "message": "%s"}' % (b"x" * 300_000)
    with callers(world, 3, half):
        assert post(world.url, "bearer", body).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
@pytest.mark.parametrize("path", ["/console/login", "/healthz", "/nowhere"])
def test_a_body_where_none_belongs_is_not_read(world: World, path: str, method: str) -> None:
    """A-12, A-13: endless bodies to pages that take none, in chunks or with a length."""
    chunked = {"Transfer-Encoding": "chunked"}
    for headers in ({"Content-Length": "50000000"}, chunked):
        answer = request(world.url, method, path, headers, b"5\r\nhello\r\n")
        assert answer.status == 413
        assert answer.header("connection") == "close"


def test_the_memory_of_the_web_process_does_not_grow_with_what_is_sent(world: World) -> None:
    """A-12: fifty megabytes again and again, announced or in one endless chunk; refused, and not kept."""
    assert world.web is not None

    def send(length: bool) -> None:
        body = b"x" * 50_000_000
        framing = (
            b"Content-Length: %d\r\n\r\n" if length else b"Transfer-Encoding: chunked\r\n\r\n%x\r\n"
        )
        head = b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\n" + framing % len(body)
        assert raw(world.url, head + body).status in (0, 413)  # 0: hung up on before it was done

    before = _resident(world.web.pid)
    for number in range(12):
        send(length=number % 2 == 0)
    # Sixteen threads may each keep the memory of one body at the limit of 5 MB; 600 MB were sent.
    assert _resident(world.web.pid) - before < 100_000_000
    up(world)


def _resident(pid: int) -> int:
    """Bytes in memory of a process and its children."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            text = status.read_text()
            if f"\nPPid:\t{pid}\n" in text or f"\nPid:\t{pid}\n" in text:
                total += int(text.partition("VmRSS:")[2].split()[0] or 0) * 1024
    return total


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        (b"", "more"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", "more"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "whole"),
        (b"GET / HTTP/1.1\nHost: x\n\n", "refused"),
        (b"x" * (HEAD_BYTES + 1), "refused"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", "more"),
        (b"POST / HTTP/1.1\r\nCONTENT-LENGTH:3 \r\n\r\nabc", "whole"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nb", "whole"),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (AHEAD + 1), "large"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n", "large"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "large"),
        (b"POST / HTTP/1.1\r\nX: content-length: 3\r\n\r\n", "whole"),
    ],
)
def test_the_hall_knows_when_a_request_has_arrived(heard: bytes, state: str) -> None:
    """Slow senders: what a thread is given never makes it wait."""
    assert state_of(heard) == state
