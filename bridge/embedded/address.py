"""Where a server of ours listens."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from bridge.embedded.folder import Running

SOCKET_PATH_LIMIT = 107  # bytes; sun_path is 108 with its end mark, 104 on macOS is checked by bind


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server listens: a socket file, or loopback with a password where that cannot be."""

    url: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)

    @classmethod
    def choose(cls, folder: Path) -> Address:
        path = folder / "redis.sock"
        if can_hold_socket(path):
            return cls(
                url=f"unix://{quote(str(path))}?db=0",
                options={"port": "0", "unixsocket": str(path), "unixsocketperm": "700"},
            )
        before = Running.read(folder)
        parts = urlsplit(before.url) if before else None
        port, password = 0, ""
        if parts and parts.scheme == "redis" and parts.port and _is_free(parts.port):
            # The same address again, so that clients of a server that died find the next one.
            port, password = parts.port, parts.password or ""
        port = port or _free_port()
        password = password or secrets.token_urlsafe(32)
        return cls(
            url=f"redis://:{password}@127.0.0.1:{port}/0",
            options={"bind": "127.0.0.1", "port": str(port), "requirepass": password},
        )


def can_hold_socket(path: Path) -> bool:
    """Whether a socket file may stand there: the path is short enough and the file system can."""
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        return False
    trial = path.with_suffix(".try")
    # The trial's name is as long as the real one's, so that it meets the same limit.
    with contextlib.suppress(OSError):
        trial.unlink()
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(trial).removesuffix(".try") + ".tryy")
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            path.with_suffix(".tryy").unlink()
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
