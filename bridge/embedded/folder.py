"""Whose the data folder is: its lock, its rights, and what stands in it of the server that runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from bridge.core.errors import ConfigError
from bridge.processes import is_alive
from bridge.redisclient import client

STOP_SECONDS = 20.0


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

    def lives(self, folder: Path) -> bool:
        """Whether the process is there and *folder* is held: the id may be another one's by now."""
        try:
            lock = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # who wants it waits for this glance
        except OSError:
            return is_alive(self.pid)
        finally:
            os.close(lock)
        return False

    def answers(self) -> bool:
        """Whether the server lives; after a `kill -9` the file is still there, and wrong."""
        if not is_alive(self.pid):
            return False
        with contextlib.suppress(redis.RedisError), client(self.url, timeout=2.0) as connection:
            return bool(connection.ping())
        return False


def own(folder: Path) -> None:
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


def take(folder: Path, seconds: float = STOP_SECONDS) -> int:
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


def write_private(path: Path, text: str) -> None:
    """Replace *path* in one step by a file only we can read."""
    fresh = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)
