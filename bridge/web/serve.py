"""gunicorn around the application: threads, one process or several, a graceful end."""

from __future__ import annotations

import os
import socket
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from bridge.core.errors import ConfigError
from bridge.processes import die_with_parent
from bridge.settings import Settings
from bridge.web.app import create_app
from bridge.web.beat import Beat
from bridge.web.hall import Hall, room
from bridge.wiring import build

BACKLOG = 2048
GRACE_SECONDS = 10  # an answer in the making is finished; deliveries take milliseconds


def listen(settings: Settings) -> socket.socket:
    """The listening socket of BRIDGE_HOST:PORT; ConfigError when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server(
            (settings.host, settings.port), family=family, backlog=BACKLOG, reuse_port=False
        )
    except OSError as error:
        raise ConfigError(
            [
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
                "set BRIDGE_HOST and PORT (0 is any free one)"
            ]
        ) from None


def address_of(listener: socket.socket) -> str:
    """The URL of a listening socket, as a person on this machine would type it."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Told(Logger):  # type: ignore[misc]
    """What gunicorn says, among all else that is told and in its shape."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings, listener: socket.socket, announce: bool) -> None:
        self._settings, self._announce = settings, announce
        # gunicorn makes sockets of its own of the descriptor and closes this one.
        self._address, self._bind = address_of(listener), f"fd://{listener.detach()}"
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {
            "bind": self._bind,
            "worker_class": Hall,  # slow senders hold no threads
            "workers": settings.web_processes,
            "threads": settings.web_threads,
            "worker_connections": room(),
            "backlog": BACKLOG,
            "timeout": 60,  # a process that gives no sign of life for so long is replaced
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": 75,  # longer than the usual 60 s of a proxy before us
            "limit_request_line": 4094,
            "limit_request_fields": 100,
            "limit_request_field_size": 8190,
            "forwarded_allow_ips": "",  # nobody's X-Forwarded-* is believed
            "preload_app": True,  # mistakes show before anything is answered
            "control_socket_disable": True,
            "accesslog": None,
            "logger_class": Told,
            "loglevel": "warning",
            "proc_name": "escalation-bridge web",
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)
        self.cfg.set("when_ready", lambda server: self._ready())
        self.cfg.set("post_fork", _bind_to_parent)
        self.cfg.set("post_worker_init", lambda worker: Beat(self._bridge).start())

    def load(self) -> Any:
        self._bridge = build(self._settings, hasty=True)
        return create_app(self._bridge)

    def _ready(self) -> None:
        if self._announce:
            print(f"listening on {self._address}", flush=True)  # noqa: T201 - promised


def _bind_to_parent(arbiter: Any, worker: Any) -> None:
    """A serving process ends with its arbiter, also where that was killed."""
    die_with_parent(arbiter.pid)


def serve(
    settings: Settings, listener: socket.socket | None = None, *, announce: bool = True
) -> int:
    """Serve until SIGTERM; prints `listening on URL` when requests are taken."""
    listener = listener or listen(settings)
    # gunicorn reads its own options from the environment and the command line; ours come from Settings.
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    try:
        _Server(settings, listener, announce).run()
    except SystemExit as end:
        return int(end.code or 0) if isinstance(end.code, int | None) else 1
    return 0
