"""A server on loopback that says exactly the bytes a test wants, connection by connection."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

Talk = Callable[[socket.socket, int], None]


def request_of(peer: socket.socket) -> bytes:
    """One request, head and body, as it came; empty when the peer left."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


class RawServer:
    """Runs `talk(peer, number)` in a thread for each connection; `requests` is what came."""

    def __init__(self, talk: Talk, context: ssl.SSLContext | None = None) -> None:
        self._talk = talk
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        self._peers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self._peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        try:
            if self._context is not None:
                peer = self._context.wrap_socket(peer, server_side=True)
                self._peers.append(peer)
            with peer:
                self._talk(peer, number)
        except OSError:
            pass  # the client left: that is what many of these tests are about

    def __enter__(self) -> "RawServer":
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        for thread in self._threads:
            thread.join(10)
