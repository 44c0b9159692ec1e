"""A client for any Redis that never doubles a write, what its errors mean, and whether a server is fit.

Fit is a server that keeps what it acknowledged: no eviction, an append-only file, a primary.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, NoScriptError
from redis.retry import Retry

from bridge.core.errors import ConfigError, TransientError

OLDEST = (6, 2)
MOMENT: Final = 0.3  # seconds

# What a Redis says that answers, and cannot keep anything now: it may tomorrow.
_CANNOT: Final = {
    "OOM": "Redis is full (maxmemory)",
    "MISCONF": "Redis cannot write to its disk (MISCONF)",
    "READONLY": "Redis is a replica and takes no writes",
    "LOADING": "Redis is reading its data in",
    "BUSY": "Redis hangs in a script",
    "MASTERDOWN": "Redis has lost its primary",
    "NOREPLICAS": "Redis misses the replicas that it waits for",
    "UNKILLABLE": "Redis hangs in a script",
    "NOPERM": "Redis does not allow our user to do that",
}  # fmt: skip
_CLASSES: Final = {
    redis.OutOfMemoryError: "OOM",
    redis.ReadOnlyError: "READONLY",
    redis.exceptions.BusyLoadingError: "LOADING",
    redis.exceptions.MasterDownError: "MASTERDOWN",
    NoPermissionError: "NOPERM",
}
# Redis 6.2 puts what stopped a script behind words of its own.
_IN_SCRIPT: Final = re.compile(r"(?:^|: -)([A-Z]+) ")


def away(error: redis.RedisError) -> str:
    """Why Redis cannot be used for now, a sentence without addresses; empty for a mistake of ours."""
    for kind, word in _CLASSES.items():
        if isinstance(error, kind):
            return _CANNOT[word]
    if isinstance(error, redis.ResponseError):
        words = (found[1] for found in _IN_SCRIPT.finditer(str(error)))
        return next((_CANNOT[word] for word in words if word in _CANNOT), "")
    if isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError):
        return "Redis refuses our user or password"
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return "Redis does not answer"
    return ""


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
    """One connection for the scripts of all threads: what comes together goes together.

    A thread that finds nobody at it sends all that waits in one write, and hands out the answers as
    they come. At rest a call is one write and one read; under load many calls are. The client's pool
    costs more than a command, and a socket for each thread switches threads as often
    (docs/performance.md).

    A *hasty* line has no patience with a server that has just failed: one call asks whether it is back, and
    whoever comes meanwhile waits a moment for what becomes of that, no longer.
    """

    def __init__(self, of: redis.Redis, *, hasty: bool = False) -> None:
        self._pool = of.connection_pool
        self._hasty = hasty
        self._begin()
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._busy = False
        self._used = False
        self._failed = False
        self._line: Any = self._pool.connection_class(**self._pool.connection_kwargs)

    def close(self) -> None:
        """Hang up; a later call dials again."""
        self._line.disconnect()

    def __del__(self) -> None:
        # Connections lie in cycles: the collector may find the socket first, and complain of it.
        if hasattr(self, "_line"):
            self.close()

    def script(self, sha: str, source: str | bytes | memoryview, *args: Any) -> Any:
        """What the script answers. Sent once, unless the server says that it does not know it."""
        try:
            return self._call("EVALSHA", sha, 0, *args)
        except NoScriptError:
            self._call("SCRIPT", "LOAD", source)
            return self._call("EVALSHA", sha, 0, *args)

    def _call(self, *words: Any) -> Any:
        mine = _Call(hiredis.pack_command(words))
        with self._lock:
            self._waiting.append(mine)
            # Asked here: a moment later the lead may have been passed on to us, and its turn must be taken.
            waits, self._busy = self._busy, True
            mine.leads = not waits
        try:
            if waits:
                self._await(mine)
            if not mine.over:
                self._lead()
        except BaseException:
            self._leave(mine)
            raise
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        return mine.answer

    def _await(self, mine: _Call) -> None:
        """Return when the call is over, or the lead is ours."""
        moment = MOMENT if self._hasty and self._failed else -1
        if not mine.turn.acquire(timeout=moment):
            raise redis.TimeoutError("Redis has failed, and does not answer who asks for it")

    def _lead(self) -> None:
        """Send what waits, ours among it, hand out the answers, and pass the lead on."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            self._exchange(batch)
        finally:
            for call in batch:
                if not call.over:  # only when something tore us away
                    call.end(redis.ConnectionError("the connection was given up"))
            with self._lock:
                self._pass_on()

    def _pass_on(self) -> None:
        """Let the next one lead, if there is one. The caller holds the lock."""
        self._busy = bool(self._waiting)
        if self._busy:
            self._waiting[0].leads = True
            self._waiting[0].turn.release()

    def _leave(self, call: _Call) -> None:
        """Take back a call whose thread was torn away, and with it the lead."""
        with self._lock:
            if call in self._waiting:
                self._waiting.remove(call)
                if call.leads:
                    self._pass_on()

    def _exchange(self, batch: list[_Call]) -> None:
        line = self._line
        try:
            if self._used and _is_over(line):
                line.disconnect()
            self._used = True
            line.send_packed_command([b"".join([call.packed for call in batch])])
            for call in batch:
                try:
                    call.end(line.read_response())
                except redis.ResponseError as refused:
                    call.end(refused)
            self._failed = False
        except BaseException as error:
            line.disconnect()  # an answer may still come, and would be taken for the next one's
            self._used, self._failed = False, True
            if not isinstance(error, redis.RedisError | OSError):
                raise
            with self._lock:  # nor need those wait as long who came meanwhile
                batch = [*batch, *self._waiting]
                self._waiting = []
            for call in batch:
                if not call.over:
                    call.end(type(error)(*error.args))


class _Call:
    """A command on its way; `turn` opens when it is over, or when its thread is to lead."""

    __slots__ = ("answer", "leads", "over", "packed", "turn")

    def __init__(self, packed: bytes) -> None:
        self.packed = packed
        self.turn = threading.Lock()
        self.turn.acquire()
        self.answer: Any = None
        self.over = self.leads = False

    def end(self, answer: Any) -> None:
        self.answer, self.over = answer, True
        self.turn.release()


def _is_over(line: Any) -> bool:
    """Whether the server hung up since: there is something to read where nothing was asked."""
    try:
        return bool(line.can_read())
    except (redis.RedisError, OSError):
        return True


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
    for name, value in parse_qsl(parts.query):
        if name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile") and not Path(value).is_file():
            raise ConfigError([f"BRIDGE_REDIS_URL: {name} names {value!r}, where no file is"])


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
        raise _unreachable(error, name) from None
    problems, warnings = _unfit_by_nature(about, name), []
    policy, log_kept = about.get("maxmemory_policy"), about.get("aof_enabled")
    try:
        told = ask("CONFIG", "GET", "appendonly")
        log_kept = "1" if _word(dict(_pairs(told)).get("appendonly")) == "yes" else "0"
        forbidden = False
    except redis.ResponseError:
        forbidden = True
    except redis.RedisError as error:
        raise _unreachable(error, name) from None
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


def _unreachable(error: redis.RedisError, name: str) -> TransientError:
    loading = isinstance(error, redis.exceptions.BusyLoadingError)
    code = "redis_loading" if loading else "redis_unreachable"
    return TransientError(code, f"the Redis at {name} does not answer: {_short(error)}")


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
