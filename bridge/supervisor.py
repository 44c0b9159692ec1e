"""Keeps child processes running, and ends them in order.

A child that ends is started again: at once the first time, then ever later up to half a minute, for
ever, and loudly when it keeps ending. On SIGTERM or SIGINT the stages end one after the other (the
web stops taking in, then the workers finish, then Redis); a second signal ends all at once. SIGHUP goes on to
those who read files.
Children die with us by their own doing (`--parent`, see processes.py); nothing is left behind.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from bridge.core.errors import BridgeError

log = logging.getLogger("bridge.supervisor")

GRACE_SECONDS = 20.0
STEADY_SECONDS = 10.0  # who ran for so long did not fail to start
LONGEST_WAIT = 30.0
LOUD_AFTER = 3
LOOK_SECONDS = 0.1


class Service(Protocol):
    """Something kept running that is not a command of ours: the embedded Redis."""

    def start(self) -> object: ...
    def stop(self) -> None: ...
    def alive(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process to keep running. Lower stages end first; `again` is added when it is restarted."""

    name: str
    argv: Sequence[str]
    stage: int = 0
    sockets: tuple[int, ...] = ()
    again: tuple[str, ...] = ()
    rereads: bool = False  # at SIGHUP it reads its files again


def wait_before(failures: int) -> float:
    """Seconds before the next start, after so many quick ends in a row."""
    return 0.0 if failures <= 1 else min(0.5 * 2.0 ** (failures - 2), LONGEST_WAIT)


@dataclass(slots=True)
class _Kept:
    """A child, or the service, and how it fares."""

    name: str
    failures: int = 0
    begun: float = 0.0
    due: float = 0.0
    down: bool = False

    def ended(self, now: float, how: str) -> None:
        """Note an end, say it, and set the time of the next start."""
        quick = now - self.begun < STEADY_SECONDS
        self.failures = self.failures + 1 if quick else 1
        wait = wait_before(self.failures)
        self.due, self.down = now + wait, True
        if self.failures >= LOUD_AFTER:
            log.error(
                "%s keeps ending: %s, %d times in a row; next try in %g s",
                self.name, how, self.failures, wait,
            )  # fmt: skip
        else:
            log.warning("%s ended: %s; it is started again", self.name, how)


@dataclass(slots=True)
class _Running:
    child: Child
    kept: _Kept
    process: subprocess.Popen[bytes] | None = None
    starts: int = field(default=0)


class Supervisor:
    """Runs *children*, and *service* below them, until told to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        service: Service | None = None,
        *,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._running = [_Running(child, _Kept(child.name)) for child in children]
        self._service = service
        self._service_kept = _Kept("redis", begun=time.monotonic())
        self._grace = grace
        self._signals = 0

    def pids(self) -> dict[str, int]:
        """Name and process id of each child that runs."""
        return {one.child.name: one.process.pid for one in self._running if one.process}

    def run(self) -> int:
        """Start all, keep them running, end them when told; the service must run already."""
        with self._told():
            try:
                while not self._signals:
                    self.look()
                    time.sleep(LOOK_SECONDS)
            finally:
                self.stop()
        return 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        def note(number: int, frame: FrameType | None) -> None:
            self._signals += 1

        before = {sign: signal.signal(sign, note) for sign in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: self.reread())
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def reread(self) -> None:
        """Pass a SIGHUP on to those who read files."""
        for one in self._running:
            if one.child.rereads and one.process is not None and one.process.poll() is None:
                one.process.send_signal(signal.SIGHUP)

    def look(self) -> None:
        """One round: note who ended, start who is due."""
        now = time.monotonic()
        self._look_after_service(now)
        for one in self._running:
            if one.process is not None:
                code = one.process.poll()
                if code is None:
                    continue
                self._end_group(one.process)  # what it left behind goes with it
                one.process = None
                one.kept.ended(now, _how(code))
            if now >= one.kept.due:
                self._start(one)

    def _start(self, one: _Running) -> None:
        again = one.child.again if one.starts else ()
        one.starts += 1
        one.kept.begun, one.kept.down = time.monotonic(), False
        try:
            one.process = subprocess.Popen(
                [*one.child.argv, *again],
                pass_fds=one.child.sockets,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is for us: we end them in order
                # One that comes while a child still starts is not its end: it reads its files then anyway.
                preexec_fn=_deaf if one.child.rereads else None,
            )
        except OSError as error:
            one.kept.ended(time.monotonic(), f"it could not be started ({error.strerror})")

    def _look_after_service(self, now: float) -> None:
        service, kept = self._service, self._service_kept
        if service is None or service.alive():
            return
        if not kept.down:
            kept.ended(now, "the server is gone")
        if now >= kept.due:
            try:
                service.start()
            except BridgeError as error:
                log.error("redis does not start: %s", error.detail)
                kept.ended(time.monotonic(), "it does not start")
            else:
                kept.begun, kept.down = time.monotonic(), False

    def stop(self) -> None:
        """End the stages in order, the service last. A second signal makes it short."""
        signals = self._signals
        for stage in sorted({one.child.stage for one in self._running}):
            several = [
                one.process
                for one in self._running
                if one.child.stage == stage and one.process is not None
            ]
            for process in several:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            until = time.monotonic() + self._grace
            for process in several:
                while process.poll() is None and time.monotonic() < until:
                    if self._signals > max(signals, 1):
                        break
                    time.sleep(0.02)
                if process.poll() is None:
                    log.warning("pid %d did not end in time and is killed", process.pid)
                self._end_group(process)
                process.wait()
        for one in self._running:
            one.process = None
        if self._service is not None:
            self._service.stop()

    @staticmethod
    def _end_group(process: subprocess.Popen[bytes]) -> None:
        """Kill what is left of a child's process group (its own children included)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _deaf() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
