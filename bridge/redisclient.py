"""A client for any Redis that never doubles a write, and whether a server is fit for us.

Fit is a server that keeps what it acknowledged: no eviction, an append-only file, a primary.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, NoScriptError
from redis.retry import Retry

from bridge.core.errors import ConfigError, TransientError

OLDEST = (6, 2)


def client(url: str, *, timeout: float = 5.0, **options: Any) -> redis.Redis:
    """A client that sends each command once: redis-py's own retries would double writes.

    Socket time is bounded by *timeout* seconds; a connection idle for 30 s is tried before use.
    """
    return redis.Redis.from_url(
        url,
        **{
            "retry": Retry(NoBackoff(), 0),
            "socket_timeout": timeout,
            "socket_connect_timeout": min(timeout, 3.0),
            "health_check_interval": 30,
            "protocol": 2,
            # Every thread may be at it at once: the pool must not be what says no (its own 100 does).
            "max_connections": 2000,
            **options,
        },
    )


class Line:
    """A connection of each thread's own over which scripts run: one write, one read, no pool.

    The pool and the client around it take more time than the command (docs/performance.md).
    """

    def __init__(self, of: redis.Redis) -> None:
        self._pool = of.connection_pool
        self._mine = threading.local()

    def script(self, sha: str, source: str | bytes | memoryview, *args: Any) -> Any:
        """What the script answers. Sent once, unless the server says that it does not know it."""
        line = self._line()
        try:
            try:
                return _ask(line, "EVALSHA", sha, 0, *args)
            except NoScriptError:
                _ask(line, "SCRIPT", "LOAD", source)
                return _ask(line, "EVALSHA", sha, 0, *args)
        except redis.ResponseError:
            raise
        except BaseException:
            self._hang_up()  # its answer may still come, and would be taken for the next one's
            raise

    def _line(self) -> Any:
        line = getattr(self._mine, "line", None)
        if line is not None and (self._mine.pid != os.getpid() or _is_over(line)):
            self._hang_up()
            line = None
        if line is None:
            line = self._pool.connection_class(**self._pool.connection_kwargs)
            self._mine.line, self._mine.pid = line, os.getpid()
        return line

    def _hang_up(self) -> None:
        self._mine.line.disconnect()
        self._mine.line = None


def _is_over(line: Any) -> bool:
    """Whether the server hung up since: there is something to read where nothing was asked."""
    try:
        return bool(line.can_read())
    except (redis.RedisError, OSError):
        return True


def _ask(line: Any, *words: Any) -> Any:
    line.send_command(*words)
    return line.read_response()


def shown(url: str) -> str:
    """*url* without user, password and options."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def check_url(url: str) -> None:
    """Refuse what would switch off the checking of certificates, or cannot be."""
    try:
        parts = urlsplit(url)
        options = {name: values[-1].lower() for name, values in parse_qs(parts.query).items()}
        if parts.port == 0:
            raise ValueError("the port is 0")
    except ValueError as error:
        raise ConfigError([f"BRIDGE_REDIS_URL is no address of a Redis: {error}"]) from None
    if options.get("ssl_cert_reqs", "required") not in ("required", "cert_required"):
        raise ConfigError(
            [
                "BRIDGE_REDIS_URL: certificates are always checked; "
                "name your own authority with ?ssl_ca_certs=/path/to/ca.pem"
            ]
        )
    if options.get("ssl_check_hostname", "true") in ("false", "0", "no", "n", "f"):
        raise ConfigError(["BRIDGE_REDIS_URL: the host name of the certificate is always checked"])


def fit(connection: redis.Redis, name: str, *, volatile: bool = False) -> list[str]:
    """What could not be checked about the server *name*; ConfigError when it would lose messages."""
    ask: Callable[..., Any] = connection.execute_command
    try:
        about = _facts(ask("INFO"))
    except NoPermissionError:
        about = {}
    except redis.AuthenticationError:
        raise ConfigError([f"the Redis at {name} refuses the user name or password"]) from None
    except redis.RedisError as error:
        raise TransientError(
            "redis_unreachable", f"the Redis at {name} does not answer: {_short(error)}"
        ) from None
    problems, warnings = _unfit_by_nature(about, name), []
    policy, log_kept = about.get("maxmemory_policy"), about.get("aof_enabled")
    try:
        told = ask("CONFIG", "GET", "appendonly")
        log_kept = "1" if _word(dict(_pairs(told)).get("appendonly")) == "yes" else "0"
        forbidden = False
    except redis.ResponseError:
        forbidden = True
    except redis.RedisError as error:
        raise TransientError("redis_unreachable", f"{name}: {_short(error)}") from None
    if policy is None:
        warnings.append(f"the Redis at {name} hides its eviction policy: make sure of noeviction")
    elif policy != "noeviction":
        problems.append(
            f"the Redis at {name} would drop messages when full (maxmemory-policy {policy}): "
            "set maxmemory-policy noeviction"
        )
    if forbidden and log_kept != "1":
        # A managed Redis keeps what it has in its own way, and shows it to its console only.
        warnings.append(
            f"the Redis at {name} forbids CONFIG: make sure that it keeps an append-only file, "
            "or what was accepted is gone after its restart"
        )
    elif log_kept != "1" and volatile:
        warnings.append(
            f"the Redis at {name} keeps no append-only file; BRIDGE_ALLOW_VOLATILE_REDIS=1 lets "
            "that pass: its restart loses what was accepted"
        )
    elif log_kept != "1":
        problems.append(
            f"the Redis at {name} keeps no append-only file, its restart would lose what was "
            "accepted: set appendonly yes, or BRIDGE_ALLOW_VOLATILE_REDIS=1 to accept the loss"
        )
    if problems:
        raise ConfigError(problems)
    return warnings


def _unfit_by_nature(about: Mapping[str, str], name: str) -> list[str]:
    problems = []
    version = about.get("redis_version", "")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST:
        problems.append(f"the Redis at {name} is version {version}: 6.2 is the oldest that works")
    if about.get("role") == "slave":
        problems.append(f"the Redis at {name} is a replica: name its primary")
    if about.get("cluster_enabled") == "1":
        problems.append(f"the Redis at {name} is a cluster: one plain server is needed")
    return problems


def _facts(answer: Any) -> dict[str, str]:
    """INFO as a mapping of texts, whether the client parsed it or not."""
    if isinstance(answer, Mapping):
        return {str(name): str(value) for name, value in answer.items()}
    lines = _word(answer).splitlines()
    return dict(line.partition(":")[::2] for line in lines if ":" in line)


def _pairs(answer: Any) -> list[tuple[str, Any]]:
    if isinstance(answer, Mapping):
        return [(_word(name), value) for name, value in answer.items()]
    items = list(answer or ())
    return [(_word(name), value) for name, value in zip(items[::2], items[1::2], strict=True)]


def _word(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _short(error: BaseException) -> str:
    """The kind of trouble, without the address or what was sent."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:200]
