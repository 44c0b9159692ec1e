"""Small facts about processes that several parts need: children that cannot outlive us, and who goes first."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

# Loaded before any fork: looking a library up between fork and exec could take a lock for ever.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, sign: signal.Signals = signal.SIGTERM) -> None:
    """Make this process get *sign* when the thread that started it ends; now, if it is gone.

    Linux only; elsewhere nothing happens, and the parent's own shutdown is what ends children.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), sign)


def bound_to_us(sign: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn` for a foreign program that must not outlive this process."""
    parent = os.getpid()
    return lambda: die_with_parent(parent, sign)


def step_aside() -> None:
    """Let the threads that this one starts wait for whoever runs, and for those who answer webhooks.

    Many threads in turn are a batch to the system, which then switches a third less between them. Linux only;
    elsewhere, or where that is forbidden, nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def is_alive(pid: int) -> bool:
    """Whether a process with this id runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - /proc is Linux only
            return file.read().rpartition(b")")[2].split()[:1] != [b"Z"]
    except OSError:
        return True
