"""The way out: bounded in time and size, and every trouble a verdict about what may have happened."""

import gzip
import json
import os
import signal
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from support.rawserver import RawServer, Talk, request_of

from bridge import __version__
from bridge.core.calls import HttpRequest, HttpResponse, verdict
from bridge.core.errors import Ambiguous, BridgeError, PermanentError, TransientError
from bridge.core.model import File
from bridge.dialling import DIAL_SECONDS, HOSTS, Adapter, Attempt, connect, look_up
from bridge.http import Http
from bridge.media import is_public, origin

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def http():
    client = Http(sleep=lambda seconds: None)
    yield client
    client.close()


def says(*answers: bytes, seen: list[bytes] | None = None) -> Talk:
    """Answer the requests of each connection with *answers* in turn, the last one for ever."""
    count = iter(range(10**6))

    def talk(peer: socket.socket, number: int) -> None:
        while data := request_of(peer):
            if seen is not None:
                seen.append(data)
            peer.sendall(answers[min(next(count), len(answers) - 1)])

    return talk


def get(url: str, **more) -> HttpRequest:
    return HttpRequest(method="GET", url=url, write=False, **more)


def post(url: str, **more) -> HttpRequest:
    return HttpRequest(method="POST", url=url, **{"json": {"a": "ż"}, **more})


def failing(http: Http, request: HttpRequest) -> BridgeError:
    with pytest.raises(BridgeError) as caught:
        http.send(request)
    return caught.value


# --- what is sent and what comes back


def test_json_form_bytes_and_params_are_sent_as_they_should_be(http):
    seen: list[bytes] = []
    with RawServer(says(OK, seen=seen)) as server:
        http.send(post(server.url + "/a", params={"q": "ż 1"}, headers={"X-Own": "1"}))
        http.send(post(server.url + "/b", json=None, form={"k": "v w"}))
        http.send(post(server.url + "/c", json=None, body=b"\x00\xff"))
    assert seen[0].startswith(b"POST /a?q=%C5%BC+1 HTTP/1.1\r\n")
    assert b"X-Own: 1\r\n" in seen[0]
    assert f"User-Agent: escalation-bridge/{__version__}\r\n".encode() in seen[0]
    assert b"Content-Type: application/json\r\n" in seen[0]
    assert b"Accept-Encoding: gzip\r\n" in seen[0]  # what is decoded here, and bounded
    assert json.loads(seen[0].partition(b"\r\n\r\n")[2]) == {"a": "ż"}
    assert seen[1].endswith(b"\r\n\r\nk=v+w")
    assert b"application/x-www-form-urlencoded" in seen[1]
    assert seen[2].endswith(b"\r\n\r\n\x00\xff")


def test_a_multipart_form_keeps_its_names_its_order_and_its_files(http):
    seen: list[bytes] = []
    file = File(name="a.png", media_type="image/png", content=b"\x89PNG\x00")
    parts = (("tags[]", "a"), ("tags[]", "ż"), ("attachments[]", file))
    with RawServer(says(OK, seen=seen)) as server:
        http.send(post(server.url + "/m", json=None, parts=parts))
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert b"Content-Type: multipart/form-data; boundary=" in head
    assert body.count(b'name="tags[]"\r\n') == 2
    assert body.index(b"\r\n\r\na\r\n") < body.index("ż".encode())
    assert (
        b'name="attachments[]"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\x00\r\n'
        in body
    )


def test_the_answer_comes_with_lower_case_headers_and_decoded_body(http):
    body = gzip.compress(b'{"x": 1}')
    head = f"HTTP/1.1 201 Created\r\nX-Rate: 7\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    with RawServer(says(head.encode() + body)) as server:
        answer = http.send(get(server.url))
    assert (answer.status, answer.headers["x-rate"], answer.json()) == (201, "7", {"x": 1})


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503])
def test_every_status_is_an_answer_not_an_error(http, status):
    head = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    seen: list[bytes] = []
    with RawServer(says(head, seen=seen)) as server:
        assert http.send(get(server.url, repeatable=True)).status == status
    assert len(seen) == 1, "429, 503 and the like are not tried again here"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(http, status):
    head = f"HTTP/1.1 {status} X\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n".encode()
    seen: list[bytes] = []
    with RawServer(says(head, seen=seen)) as server:
        assert http.send(post(server.url)).status == status
    assert len(seen) == 1


def test_cookies_proxies_and_netrc_are_not_used(http, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    seen: list[bytes] = []
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    with RawServer(says(head, seen=seen)) as server:
        first = http.send(get(server.url, headers={"Authorization": "Bearer ours"}))
        http.send(get(server.url))
    assert "set-cookie" not in first.headers
    assert b"Authorization: Bearer ours\r\n" in seen[0]
    assert b"cookie" not in seen[1].lower()
    assert b"authorization" not in seen[1].lower()


def test_connections_are_kept_and_used_again(http):
    with RawServer(says(OK)) as server:
        for _ in range(5):
            http.send(post(server.url))
        assert server.connections == 1


def test_a_connection_that_lay_idle_is_not_used_again(http, monkeypatch):
    monkeypatch.setattr("bridge.dialling.IDLE_SECONDS", 0.0)
    with RawServer(says(OK)) as server:
        assert [http.send(post(server.url)).status for _ in range(2)] == [200, 200]
        assert server.connections == 2


def test_the_pool_of_a_host_is_found_again_and_those_of_too_many_are_not_kept():
    ways = Adapter(pool_connections=8)
    hosts = [f"https://{number}.example/x?y" for number in range(HOSTS + 1)]
    asked = [requests.Request("GET", url).prepare() for url in hosts]
    first, *others = [ways.get_connection_with_tls_context(one, True) for one in asked]
    assert [first.host, others[-1].host] == ["0.example", f"{HOSTS}.example"]
    assert ways.get_connection_with_tls_context(asked[-1], True) is others[-1]
    assert ways.get_connection_with_tls_context(asked[-1], False) is not others[-1]
    assert ways.get_connection_with_tls_context(asked[0], True) is not first
    ways.close()


def test_who_is_closed_hangs_up():
    with RawServer(says(OK)) as server:
        client = Http()
        client.send(get(server.url))
        client.close()
        client.send(get(server.url))
        client.close()
        assert server.connections == 2


# --- nothing happened


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("make", [get, post])
def test_a_refused_connection_is_unreachable(http, make):
    error = failing(http, make(f"http://127.0.0.1:{closed_port()}/x?token=secret"))
    assert type(error) is TransientError
    assert error.code == "unreachable"
    assert "secret" not in str(error)


@pytest.mark.parametrize("trouble", [socket.gaierror(8, "unknown"), UnicodeError("label too long")])
def test_a_name_that_is_not_found_is_unreachable(trouble):
    def resolve(host: str, port: int) -> list[str]:
        raise trouble

    error = failing(Http(resolve=resolve), post("https://nowhere.example/x"))
    assert (type(error), error.code) == (TransientError, "unreachable")


def test_a_name_server_that_hangs_does_not_hold_us():
    gate = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        gate.wait(60)
        return ["127.0.0.1"]

    begun = time.monotonic()
    error = failing(Http(resolve=resolve), post("https://slow.example/x", deadline=0.3))
    gate.set()
    assert (type(error), error.code) == (TransientError, "unreachable")
    assert time.monotonic() - begun < 10


# --- who knows


def hangs(peer: socket.socket, number: int) -> None:
    request_of(peer)
    peer.recv(1)


def drips_head(peer: socket.socket, number: int) -> None:
    request_of(peer)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000:
        peer.sendall(bytes([byte]))
        time.sleep(0.05)


def drips_body(peer: socket.socket, number: int) -> None:
    request_of(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100_000):
        peer.sendall(b"x")
        time.sleep(0.05)


def drips_without_length(peer: socket.socket, number: int) -> None:
    request_of(peer)
    peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    for _ in range(100_000):
        peer.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [hangs, drips_head, drips_body, drips_without_length])
def test_the_deadline_holds_for_the_whole_answer(http, talk):
    with RawServer(talk) as server:
        begun = time.monotonic()
        written = failing(http, post(server.url, deadline=0.5))
        read = failing(http, get(server.url, deadline=0.5))
        assert time.monotonic() - begun < 10
    assert (type(written), written.code) == (Ambiguous, "timeout")
    assert (type(read), read.code) == (TransientError, "timeout")
    assert "within 0.5 s" in written.detail


@pytest.mark.parametrize(("left", "open_"), [(60.0, True), (-0.001, False)])
def test_a_socket_that_comes_after_the_end_is_shut_at_once(left, open_):
    """The watch has looked by then, and found nothing to shut."""
    near, far = socket.socketpair()
    with near, far:
        attempt = Attempt(time.monotonic() + left, resolve=look_up, dial=connect)
        attempt.on(near)
        assert attempt.expired is not open_
        far.setblocking(False)
        if open_:
            with pytest.raises(BlockingIOError):
                far.recv(1)
        else:
            assert far.recv(1) == b""
        attempt.finish()


def test_an_address_that_does_not_answer_is_left_for_the_next_in_time():
    asked: list[tuple[str, float]] = []

    def dial(address: tuple[str, int], seconds: float) -> socket.socket:
        asked.append((address[0], seconds))
        raise TimeoutError

    client = Http(dial=dial, resolve=lambda host, port: ["192.0.2.1", "192.0.2.2"])
    assert failing(client, post("http://desk.example/", deadline=8.0)).code == "unreachable"
    client.close()
    assert [address for address, _ in asked] == ["192.0.2.1", "192.0.2.2"]
    assert all(0 < seconds <= DIAL_SECONDS for _, seconds in asked)


def resets(peer: socket.socket, number: int) -> None:
    request_of(peer)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def leaves(peer: socket.socket, number: int) -> None:
    request_of(peer)


def says_and_leaves(data: bytes) -> Talk:
    def talk(peer: socket.socket, number: int) -> None:
        request_of(peer)
        peer.sendall(data)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        resets,
        leaves,
        says_and_leaves(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
        says_and_leaves(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        says_and_leaves(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
        ),
        says_and_leaves(b"nonsense\r\n\r\n"),
    ],
    ids=["reset", "left", "short", "short-chunked", "bad-gzip", "nonsense"],
)
def test_an_answer_that_breaks_off_leaves_a_write_in_doubt_and_a_read_not(http, talk):
    with RawServer(talk) as server:
        assert type(failing(http, post(server.url))) is Ambiguous
        assert type(failing(http, get(server.url))) is TransientError
        # Also where a repeat would be harmless: whoever asked still does not know the outcome.
        assert type(failing(http, post(server.url, repeatable=True))) is Ambiguous


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nX: ", b'HTTP/1.0 200 OK\r\n\r\n{"id": 1'])
def test_an_answer_without_length_that_breaks_off_is_no_json(http, data):
    """Nobody can see that something is missing; `verdict` calls a write with such an answer Ambiguous."""
    with RawServer(says_and_leaves(data)) as server:
        request = post(server.url)
        answer = http.send(request)
    assert answer.json() is None
    assert type(verdict(request, answer)) is Ambiguous


def test_a_stale_connection_leaves_a_write_in_doubt_and_is_not_tried_again(http):
    seen: list[bytes] = []

    def first_then_reset(peer: socket.socket, number: int) -> None:
        seen.append(request_of(peer))
        peer.sendall(OK)
        seen.append(request_of(peer))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with RawServer(first_then_reset) as server:
        http.send(post(server.url))
        assert type(failing(http, post(server.url))) is Ambiguous
        assert server.connections == 1
    assert len(seen) == 2


def test_a_connection_the_server_closed_meanwhile_is_replaced_unnoticed(http):
    with RawServer(says_and_leaves(OK)) as server:
        for _ in range(3):
            assert http.send(post(server.url)).status == 200
            time.sleep(0.05)  # let the goodbye arrive; without it the write would be in doubt
        assert server.connections == 3


# --- another try


def test_a_repeatable_request_is_tried_three_times(http):
    seen: list[bytes] = []

    def talk(peer: socket.socket, number: int) -> None:
        seen.append(request_of(peer))
        if number == 2:
            peer.sendall(OK)

    with RawServer(talk) as server:
        assert http.send(get(server.url, repeatable=True)).status == 200
    assert len(seen) == 3


def test_and_not_a_fourth_time(http):
    with RawServer(leaves) as server:
        failing(http, get(server.url, repeatable=True))
        assert server.connections == 3


@pytest.mark.parametrize(("deadline", "tries"), [(8.0, 3), (0.0, 1)])
def test_nobody_waits_for_another_try_beyond_the_deadline(deadline, tries):
    """A write may begin while its turn lasts longer than its deadline, and no more than that."""
    waited: list[float] = []
    client = Http(sleep=waited.append)
    failing(client, get("http://127.0.0.1:1/", repeatable=True, deadline=deadline))
    client.close()
    assert len(waited) == tries - 1


def test_others_are_tried_once(http):
    with RawServer(leaves) as server:
        failing(http, post(server.url))
        failing(http, get(server.url))
        assert server.connections == 2


def test_a_write_in_doubt_is_not_tried_again_at_once(http):
    """The answer to a second try, a 429 say, would speak for the first, which may have done it."""
    with RawServer(leaves) as server:
        assert type(failing(http, post(server.url, repeatable=True))) is Ambiguous
        assert server.connections == 1
    seen: list[bytes] = []
    with RawServer(says(b"HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n", OK, seen=seen)) as server:
        assert http.send(post(server.url, repeatable=True)).status == 502
    assert len(seen) == 1


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateways_failure_is_tried_again_and_then_answered(http, status):
    head = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    seen: list[bytes] = []
    with RawServer(says(head, head, OK, seen=seen)) as server:
        assert http.send(get(server.url, repeatable=True)).status == 200
    assert len(seen) == 3
    with RawServer(says(head)) as server:
        assert http.send(get(server.url, repeatable=True)).status == status
        assert http.send(post(server.url)).status == status


def test_the_tries_share_one_deadline():
    slept: list[float] = []
    http = Http(sleep=slept.append)
    with RawServer(hangs) as server:
        begun = time.monotonic()
        error = failing(http, get(server.url, repeatable=True, deadline=0.5))
        assert time.monotonic() - begun < 10
        assert server.connections == 1
    assert error.code == "timeout"
    assert slept == []


# --- size


@pytest.mark.parametrize(
    "body", [b"x" * 20_000, gzip.compress(b"x" * 300_000_000, 1)], ids=["plain", "bomb"]
)
def test_an_answer_too_large_is_cut_off_in_reading(http, body):
    kind = b"Content-Encoding: gzip\r\n" if len(body) > 20_000 else b""
    head = b"HTTP/1.1 200 OK\r\n" + kind + b"Content-Length: %d\r\n\r\n" % len(body)
    with RawServer(says(head + body)) as server:
        assert type(failing(http, get(server.url, max_bytes=10_000))) is PermanentError
        assert type(failing(http, post(server.url, max_bytes=10_000))) is Ambiguous


def test_an_answer_of_just_the_size_is_taken(http):
    with RawServer(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345")) as server:
        assert http.send(get(server.url, max_bytes=5)).body == b"12345"
        assert failing(http, get(server.url, max_bytes=4)).code == "answer_too_large"


# --- Retry-After

NOW = datetime.fromtimestamp(1_800_000_000, UTC)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("7", "7"),
        ("0", "0"),
        ("1.5", "1.5"),
        ("86400", "3600"),
        ("99999999999", "3600"),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(seconds=60), usegmt=True), "60"),
        (format_datetime(NOW - timedelta(seconds=60), usegmt=True), "0"),
        ("Sat, 01 Jan 2099 00:00:00 GMT", "3600"),
        ("Sat, 99 Jan 2099 00:00:00 GMT", None),
    ],
)
def test_retry_after_becomes_seconds_or_nothing(http, given, read):
    date = format_datetime(NOW, usegmt=True)
    head = f"HTTP/1.1 429 X\r\nDate: {date}\r\nRetry-After: {given}\r\nContent-Length: 0\r\n\r\n"
    with RawServer(says(head.encode())) as server:
        assert http.send(get(server.url)).headers.get("retry-after") == read


# --- what cannot be sent, and what must not be told


@pytest.mark.parametrize(
    "request_",
    [
        get("http://[::1/x"),
        get("http://user:secret@127.0.0.1/"),
        get("ftp://127.0.0.1/"),
        get("nonsense"),
        get("http://127.0.0.1/", headers={"X-A": "a\r\nX-B: secret"}),
        post("http://127.0.0.1:1/", json={"a": float("nan")}),
    ],
)
def test_a_request_that_cannot_be_sent_is_permanent(http, request_):
    error = failing(http, request_)
    assert (type(error), error.code) == (PermanentError, "request_malformed")
    assert "secret" not in str(error)


def test_a_header_that_is_not_latin_is_permanent(http):
    with RawServer(says(OK)) as server:
        error = failing(http, get(server.url, headers={"X-A": "zażółć"}))
    assert (type(error), error.code) == (PermanentError, "request_malformed")


def test_errors_show_what_the_adapter_allows_to_be_shown(http):
    port = closed_port()
    hidden = get(f"http://127.0.0.1:{port}/botSECRET/send", shown="/bot.../send")
    assert "SECRET" not in str(failing(http, hidden))
    assert "/bot.../send" in str(failing(http, hidden))
    plain = failing(http, get(f"http://127.0.0.1:{port}/a/b?c=SECRET#SECRET"))
    assert f"GET http://127.0.0.1:{port}/a/b: " in str(plain)
    assert "SECRET" not in str(plain)


# --- TLS


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for cdn.example.com, and the file that vouches for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    names = [x509.DNSName("cdn.example.com")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


def tls_server(authority: Path, talk: Talk, names: list[str] | None = None) -> RawServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    if names is not None:
        context.sni_callback = lambda sock, name, _: names.append(name)
    return RawServer(talk, context)


class Net:
    """A made-up network: names resolve as told, and each dialled address ends on loopback."""

    def __init__(self, port: int, *answers: list[str]) -> None:
        self._port, self._answers = port, answers
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]

    def dial(self, address: tuple[str, int], seconds: float) -> socket.socket:
        self.dialled.append(address)
        return socket.create_connection(("127.0.0.1", self._port), seconds)

    def http(self, authority: Path | None = None) -> Http:
        trusted = str(authority / "cert.pem") if authority else None
        return Http(resolve=self.resolve, dial=self.dial, authority=trusted)


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(authority):
    seen: list[bytes] = []
    with tls_server(authority, says(OK, seen=seen)) as server:
        error = failing(Net(server.port, ["9.9.9.9"]).http(), post("https://cdn.example.com/"))
    assert (type(error), error.code, seen) == (TransientError, "unreachable", [])
    assert "certificate" in error.detail


def test_a_certificate_for_another_name_is_refused(authority):
    seen: list[bytes] = []
    with tls_server(authority, says(OK, seen=seen)) as server:
        http = Net(server.port, ["9.9.9.9"]).http(authority)
        error = failing(http, post("https://other.example.com/"))
    assert (type(error), error.code, seen) == (TransientError, "unreachable", [])


def test_the_deadline_holds_over_tls_and_in_the_handshake(authority):
    with tls_server(authority, drips_body) as server:
        http = Net(server.port, ["9.9.9.9"]).http(authority)
        assert failing(http, get("https://cdn.example.com/", deadline=0.5)).code == "timeout"

    def mute(peer: socket.socket, number: int) -> None:
        while peer.recv(1000):
            pass

    with RawServer(mute) as server:
        http = Net(server.port, ["9.9.9.9"]).http(authority)
        begun = time.monotonic()
        error = failing(http, post("https://cdn.example.com/", deadline=0.5))
        assert (type(error), error.code) == (TransientError, "unreachable")
        assert time.monotonic() - begun < 10


# --- files from strangers


def file(url: str, **more) -> HttpRequest:
    return get(url, media=True, **more)


def fetched(http: Http, url: str, hosts=("example.com",), loopback="", **more) -> HttpResponse:
    return http.fetch(file(url, **more), hosts, loopback)


def test_a_file_is_fetched_from_the_checked_address_with_the_right_names(authority):
    seen: list[bytes] = []
    names: list[str] = []
    with tls_server(authority, says(OK, seen=seen), names) as server:
        net = Net(server.port, ["93.184.216.34"])
        answer = fetched(net.http(authority), "https://cdn.example.com/a.png?x=1")
    assert answer.status == 200
    assert net.dialled == [("93.184.216.34", 443)]
    assert net.asked == ["cdn.example.com"]
    assert names == ["cdn.example.com"]
    assert b"\r\nHost: cdn.example.com\r\n" in seen[0]
    assert b"\r\nConnection: close\r\n" in seen[0]  # nobody goes there twice


BAD_ADDRESSES = [
    "0.0.0.0",
    "10.0.0.1",
    "127.0.0.1",
    "127.8.9.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:100.100.100.200",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "100::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "4000::1",  # of nobody: what is reserved may become somebody's own
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_addresses_inside_are_never_dialled(address):
    net = Net(1, [address])
    with pytest.raises(PermanentError, match="not public"):
        fetched(net.http(), "https://cdn.example.com/a.png")
    assert net.dialled == []


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("answer", [["93.184.216.34", "10.0.0.1"], ["::1", "93.184.216.34"]])
def test_one_bad_address_among_good_ones_is_enough(answer):
    net = Net(1, answer)
    with pytest.raises(PermanentError):
        fetched(net.http(), "https://cdn.example.com/a.png")
    assert net.dialled == []


def test_a_name_that_changes_its_mind_is_asked_once(authority):
    with tls_server(authority, says(OK)) as server:
        net = Net(server.port, ["93.184.216.34"], ["127.0.0.1"])
        http = net.http(authority)
        fetched(http, "https://cdn.example.com/a.png")
        assert net.asked == ["cdn.example.com"]
        with pytest.raises(PermanentError):  # the next file is checked anew: no old connection
            fetched(http, "https://cdn.example.com/b.png")
        assert len(net.dialled) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/a",
        "https://cdn.example.com:444/a",
        "https://cdn.example.com:80/a",
        "https://cdn.example.com.evil.net/a",
        "https://evilexample.com/a",
        "https://user@cdn.example.com/a",
        "https://cdn.example.com@evil.net/a",
        "https://evil.net#@cdn.example.com/a",
        "https://evil.net\\@cdn.example.com/a",
        "https://cdn.example.com\\.evil.net/a",
        "https://cdn.example.com./a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://127.1/a",
        "https://0/a",
        "https://[::1]/a",
        "https://[::ffff:7f00:1]/a",
        "https://cdn.exаmple.com/a",
        "https:///a",
        "//cdn.example.com/a",
        "file:///etc/passwd",
        "gopher://cdn.example.com/a",
        "ftp://cdn.example.com/a",
        "https://cdn.example.com/a\r\nHost: evil.net",
        "https://cdn.example.com/a b",
        "https://cdn.example.com:99999/a",
        "https://[cdn.example.com/a",
        "http://127.0.0.1:9/a",
        "",
        "nonsense",
    ],
)
def test_addresses_that_are_not_the_platforms_are_not_even_looked_up(url):
    net = Net(1, ["93.184.216.34"])
    with pytest.raises(PermanentError) as told:
        fetched(net.http(), url, loopback="http://127.0.0.1:8/graph")
    assert told.value.code in ("media_refused", "request_malformed")
    assert (net.asked, net.dialled) == ([], [])


def test_the_host_of_a_configured_loopback_address_passes(http):
    with RawServer(says(OK)) as server:
        api = f"{server.url}/graph"
        assert fetched(http, f"{server.url}/cdn/a.png", loopback=api).status == 200
        with pytest.raises(PermanentError):
            fetched(http, f"{server.url}/cdn/a.png", loopback="https://graph.example.com")


def test_a_file_has_a_size_and_a_time_of_its_own_below_those_of_its_request(http, monkeypatch):
    over = threading.Event()

    def late(peer: socket.socket, number: int) -> None:
        request_of(peer)
        over.wait(30)
        peer.sendall(OK)

    monkeypatch.setattr("bridge.http.MEDIA_BYTES", 1)
    with RawServer(says(OK)) as server, pytest.raises(PermanentError) as large:
        fetched(http, f"{server.url}/a", loopback=server.url)
    assert large.value.code == "answer_too_large"
    monkeypatch.setattr("bridge.http.MEDIA_SECONDS", 0.3)
    with RawServer(late) as server:
        with pytest.raises(TransientError) as slow:
            fetched(http, f"{server.url}/s3cret", loopback=server.url, deadline=60.0)
        over.set()
    assert slow.value.code == "timeout"
    assert "s3cret" not in slow.value.detail  # the address is a key to the file


def test_localhost_passes_only_while_it_is_local():
    net = Net(1, ["93.184.216.34"])
    with pytest.raises(PermanentError):
        fetched(net.http(), "http://localhost:8/a", loopback="http://localhost:8")
    assert net.dialled == []


def test_a_redirect_of_a_file_is_not_followed(authority):
    head = b"HTTP/1.1 302 X\r\nLocation: https://cdn.example.com/b\r\nContent-Length: 0\r\n\r\n"
    with tls_server(authority, says(head)) as server:
        net = Net(server.port, ["93.184.216.34"])
        assert fetched(net.http(authority), "https://cdn.example.com/a").status == 302
        assert len(net.dialled) == 1


def test_without_hosts_no_file_is_fetched():
    net = Net(1, ["93.184.216.34"])
    with pytest.raises(PermanentError):
        net.http().send(file("https://cdn.example.com/a"))
    assert net.asked == []


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("https://ana:x@cdn.example.com/a", ""),
        ("https://cdn..example.com/a", ""),
        ("https://-.example.com/a", ""),
        ("https://cdn.example.com./a", ""),
        ("https://ż.example.com/a", ""),
        ("https://cdn.example.com/ż", ""),
        ("https://cdn.example.com\\@evil.example/a", ""),
        # Only http on this very machine was ever meant by the operator's own address.
        ("http://desk.example.com/a", "http://desk.example.com"),
        ("http://10.0.0.1/a", "http://10.0.0.1"),
        ("http://localhost/a", "https://localhost"),
        ("http://127.0.0.1:8/a", "http://127.0.0.1:9"),
    ],
)
def test_an_origin_is_refused_by_its_looks_alone(url, loopback):
    """The looks before the look-up: whatever comes after would refuse it as well."""
    with pytest.raises(PermanentError) as told:
        origin(url, ["example.com"], loopback)
    assert (told.value.code, told.value.gone) == ("media_refused", False)


def test_the_origin_says_what_it_allows():
    place = origin("https://A.Example.com/x", ["example.com"])
    assert (place.host, place.port, place.local) == ("a.example.com", 443, False)
    assert not place.allows("127.0.0.1")


# --- many at once, and after a fork


def test_threads_share_one_client(http):
    with RawServer(says(OK)) as server:
        found: list[int] = []

        def work() -> None:
            found.extend(http.send(post(server.url)).status for _ in range(20))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert found == [200] * 160


def test_a_child_process_keeps_its_deadlines_as_well(http):
    """It has no thread of its parent's, and so none that would cut it off."""
    with RawServer(says(OK)) as server:
        assert http.send(get(server.url)).status == 200  # from here on there is such a thread
    with RawServer(drips_body) as server:
        child = os.fork()
        if child == 0:
            try:
                os._exit(
                    0 if failing(Http(), get(server.url, deadline=0.5)).code == "timeout" else 1
                )
            finally:
                os._exit(2)
        ended, until = 0, time.monotonic() + 60
        while not ended and time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.02)
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert ended
    assert os.waitstatus_to_exitcode(status) == 0
