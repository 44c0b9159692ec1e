"""`bridge up`, `bridge web` and `bridge worker` as an operator runs them: real processes, real sockets."""

import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.upbox import COMMAND, SECRET, UpBox, children, clean_environ, mappings, until

from bridge.embedded import Running
from bridge.processes import is_alive
from bridge.redisclient import client


def ask(url: str, method: str = "GET", path: str = "/", body: bytes | None = None, **headers):
    """(status, JSON or text) of one request."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, names)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    return answer.status, json.loads(text) if text.startswith("{") else text


def deliver(url: str, body: bytes):
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return ask(
        url, "POST", "/hooks/meta", body,
        X_Hub_Signature_256=f"sha256={digest}", Content_Type="application/json",
    )  # fmt: skip


def ready(url: str):
    return ask(url, path="/readyz")


@pytest.fixture(scope="module")
def up():
    with UpBox(BRIDGE_WORKER_PROCESSES="2", BRIDGE_MAX_BODY="5000") as box:
        box.start()
        yield box


def raw(url: str, data: bytes, *, over: bool = False) -> bytes:
    """Everything the server answers to *data* until it closes; *over*: nothing more will come."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 20) as sock:
        sock.sendall(data)
        if over:
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
            head, end, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            if end and b"Connection: close" not in head and length and len(body) >= int(length[1]):
                break
    return answer


# --- while it runs


def test_it_takes_a_delivery_and_keeps_it(up):
    assert deliver(up.url, b'{"object": "page", "entry": []}') == (200, {"ok": True})


def test_it_gets_ready_with_its_workers(up):
    until(lambda: ready(up.url)[1]["workers"] == 2)
    assert ready(up.url)[0] == 200


def test_a_chunked_body_over_the_limit_is_413_and_not_cut(up):
    head = (
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/json\r\n\r\n"
    )
    big = b"x" * 6000
    answer = raw(up.url, head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(big), big))
    assert b" 413 " in answer.splitlines()[0]
    assert b'"too_large"' in answer
    small = raw(up.url, head + b"2\r\n{}\r\n0\r\n\r\n")
    assert b" 401 " in small.splitlines()[0], "read whole, and then not proved"


def test_a_long_body_is_413_before_it_is_sent(up):
    head = (
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n"
        b"Content-Type: application/json\r\n\r\n"
    )
    assert b" 413 " in raw(up.url, head, over=True).splitlines()[0]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: +2\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length : 2\r\n",
        b"X: " + b"y" * 9000 + b"\r\n",
        b"".join(b"X-%d: y\r\n" % n for n in range(200)),
    ],
    ids=["cl+te", "two-cl", "plus", "xchunked", "space", "long-header", "many-headers"],
)
def test_smuggling_and_oversized_heads_are_refused(up, head):
    answer = raw(
        up.url,
        b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\n" + head + b"\r\n{}",
    )
    assert answer.splitlines()[0].split()[1][:1] in (b"4", b"5")
    assert b" 200 " not in answer


def test_a_second_one_in_the_same_folder_is_told_and_harms_nothing(up):
    done = subprocess.run(
        [*COMMAND, "up"], cwd=up.folder, env=up.environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert f"already running, pid {up.pid}" in done.stderr
    assert "Traceback" not in done.stderr
    assert ask(up.url, path="/healthz")[0] == 200


def test_the_web_process_killed_comes_back_on_the_same_port(up):
    for pid in up.running("bridge web"):
        os.kill(pid, signal.SIGKILL)
    until(lambda: deliver(up.url, b'{"again": 1}')[0] == 200)
    assert up.log().count("listening on") == 1


def test_a_worker_killed_comes_back(up):
    until(lambda: len(up.running("bridge worker")) == 2)
    before = set(up.running("bridge worker"))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(up.running("bridge worker")) - before) == 2)


def test_redis_killed_comes_back_with_what_it_kept(up):
    assert deliver(up.url, b'{"kept": 1}')[0] == 200
    running = Running.read(up.folder / "data" / "redis")
    assert running is not None
    with client(running.url) as connection:
        connection.set("kept", "yes")
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: ready(up.url)[0] == 200 and deliver(up.url, b'{"kept": 2}')[0] == 200)
    with client(running.url) as connection:
        assert connection.get("kept") == b"yes"


# --- its end


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_its_end_leaves_no_process_behind(sign):
    with UpBox(BRIDGE_WORKER_PROCESSES="1") as box:
        box.start()
        until(lambda: len(box.running("bridge")) >= 3)
        below = children(box.pid)
        assert any("valkey" in words or "redis" in words for words in below.values())
        code = box.end(sign)
        until(lambda: not any(is_alive(pid) for pid in below))
        assert code == (0 if sign != signal.SIGKILL else -signal.SIGKILL)
        assert "Traceback" not in box.log()
        assert "did not end in time" not in box.log()
        if sign == signal.SIGKILL:
            box.start()  # and the folder is free for the next one
            assert deliver(box.url, b"{}")[0] == 200


# --- mistakes


def run(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], cwd=folder, env=clean_environ(**environ), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("m")
    mappings(made)
    return made


@pytest.mark.parametrize("command", ["up", "web", "worker"])
def test_without_mappings_each_says_how_to_make_them_and_starts_nothing(tmp_path, command):
    done = run(tmp_path, command)
    assert done.returncode == 1
    assert "bridge init" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["up", "web", "worker"])
def test_wrong_settings_are_all_told_at_once(folder, command):
    done = run(folder, command, PORT="many", BRIDGE_FSYNC="sometimes")
    assert done.returncode == 1
    assert "PORT: write a whole number" in done.stderr
    assert "BRIDGE_FSYNC: write everysec or always" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["web", "worker"])
def test_without_a_redis_the_others_say_what_to_start(folder, command):
    done = run(folder, command, PORT="0")
    assert done.returncode == 1
    assert "start `bridge up`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_a_sentence_and_redis_is_ended_again(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(folder, "up", PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "cannot listen on 127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr
    assert Running.read(folder / "data" / "redis") is None


def test_a_reader_of_moods_that_nobody_brings_is_said_once(folder):
    done = run(folder, "up", PORT="0", BRIDGE_SENTIMENT="nobody")
    assert done.returncode == 1
    assert done.stderr.count("no package brings 'nobody'") == 1
    assert "started again" not in done.stderr


def test_a_redis_that_is_away_is_a_sentence(folder):
    done = run(folder, "up", BRIDGE_REDIS_URL="redis://:hidden@127.0.0.1:1/0")
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("words", [["worker", "--processes", "0"], ["worker", "--threads", "x"]])
def test_wrong_arguments_are_a_sentence_and_exit_2(folder, words):
    done = run(folder, *words)
    assert done.returncode == 2
    assert "write a whole number from 1 to 256" in done.stderr


# --- with a Redis of one's own, as the Procfile has it


def test_web_and_worker_share_an_outside_redis(folder, redis_url):
    environ = clean_environ(BRIDGE_REDIS_URL=redis_url, PORT="0")
    log = (folder / "outside.log").open("wb")
    with log:
        web = subprocess.Popen([*COMMAND, "web"], cwd=folder, env=environ, stdout=log, stderr=log)
        work = subprocess.Popen(
            [*COMMAND, "worker", "--processes", "2"], cwd=folder, env=environ,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        said = folder / "outside.log"
        until(lambda: "listening on" in said.read_text())
        url = said.read_text().partition("listening on ")[2].split()[0]
        until(lambda: ready(url)[1]["workers"] == 2)
        assert deliver(url, b'{"object": "page", "entry": []}') == (200, {"ok": True})
        with client(redis_url, decode_responses=True) as connection:
            until(lambda: not connection.zcard("bridge:ingest"))
    finally:
        for process in (web, work):
            process.terminate()
        codes = [process.wait(60) for process in (web, work)]
    assert codes == [0, 0]
    assert "Traceback" not in said.read_text()
