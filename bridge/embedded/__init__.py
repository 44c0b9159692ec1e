"""The Redis that comes with us, and the way to any other one.

    Embedded(folder).start()   a real server below the data folder, ours alone; returns its URL
    find(settings)             the URL everyone uses: the configured one, or the running embedded one
    connect(settings)          a client for it, after the server was found fit to keep what we accept

The folder's `lock` is held by us *and* by the server (it inherits the descriptor), so the
folder is free only when both are gone; two servers on one append-only file would ruin it.
`docs/decisions/0001-embedded-redis.md` tells why it is this server and these options.
"""

from __future__ import annotations

import logging
import time

import redis

from bridge.core.errors import ConfigError, TransientError
from bridge.embedded.folder import Running
from bridge.embedded.server import LOAD_SECONDS, Embedded, server_program
from bridge.redisclient import check_url, client, fit, shown
from bridge.settings import Settings

__all__ = ["Embedded", "Running", "connect", "find", "glance", "server_program"]

log = logging.getLogger("bridge.redis")


def find(settings: Settings) -> str:
    """The URL of the Redis to use; ConfigError with advice when there is none."""
    if settings.redis_url:
        return settings.redis_url
    running = Running.read(settings.data / "redis")
    if running and running.answers():
        return running.url
    if running and running.lives(settings.data / "redis"):
        raise ConfigError(
            [
                f"the Redis of {settings.data} runs, but does not answer: it is stalled, or starts; "
                f"{settings.data / 'redis' / 'redis.log'} may say why"
            ]
        )
    raise ConfigError(
        [
            f"no Redis is running for {settings.data}: start `bridge up` (it brings its own), "
            "or set BRIDGE_REDIS_URL"
        ]
    )


def connect(settings: Settings, url: str | None = None, *, patience: float = 5.0) -> redis.Redis:
    """A client for *url* (default: `find`), after the server was found fit; warnings are logged.

    Its commands fail after *patience* seconds without an answer.
    """
    target = url or find(settings)
    check_url(target)
    try:
        connection = client(target, timeout=patience)
    except (ValueError, redis.RedisError) as error:
        raise ConfigError([f"BRIDGE_REDIS_URL: {error}"]) from None
    for warning in _fit_once_loaded(connection, target, settings.allow_volatile_redis):
        log.warning(warning)
    return connection


def glance(settings: Settings, patience: float = 1.0) -> redis.Redis | None:
    """A client for a quick look, fit or not; None where no Redis is named, or none answers in *patience*."""
    try:
        target = find(settings)
        check_url(target)
        connection = client(target, timeout=patience)
        connection.ping()
    except (ConfigError, ValueError, redis.RedisError):
        return None
    return connection


def _fit_once_loaded(connection: redis.Redis, url: str, volatile: bool) -> list[str]:
    """What `fit` says, as soon as the server has read its data in: after a restart that may take minutes."""
    until = time.monotonic() + LOAD_SECONDS
    while True:
        try:
            return fit(connection, shown(url), volatile=volatile)
        except TransientError as error:
            if error.code != "redis_loading" or time.monotonic() > until:
                raise
        time.sleep(0.2)
