"""`bridge` as in chaos.hurt, with its deadlines multiplied by MATRIX_SCALE.

What is scaled stays in proportion: a lease still outlives the deadline of a write and its margin, and
who looks for what a write did still waits until it can be seen.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from bridge import wiring
from bridge.cli import main
from bridge.helpdesks import HELPDESKS
from bridge.http import Http
from bridge.jobs import posting, turn
from bridge.store import turns
from chaos import hurt, points

SCALE: Final = "MATRIX_SCALE"
CLOCK: Final = "MATRIX_CLOCK"  # seconds by which the clocks of workers are wrong


def scaled(by: float) -> None:
    """Shorten leases, deadlines of calls, and the waits before a look, all *by* one factor."""
    plain: Any = Http.send

    def send(http: Http, request: Any) -> Any:
        return plain(http, replace(request, deadline=request.deadline * by))

    changed: Any = Http
    changed.send = send
    for module in (turns, turn):
        changed = module
        changed.LEASE *= by
    turn.MARGIN *= by
    posting.SETTLED *= by
    for helpdesk in HELPDESKS.values():
        object.__setattr__(helpdesk, "settles", helpdesk.settles * by)


def set_wrong(seconds: float) -> None:
    """Let this process think that it is so much later."""
    plain = time.time
    changed: Any = time
    changed.time = lambda: plain() + seconds
    changed = wiring
    changed.now = lambda: datetime.now(UTC) + timedelta(seconds=seconds)


def _side(folder: Path) -> int:
    """1 for the first process that asks, -1 for the second, and so on."""
    number = 0
    while True:
        try:
            (folder / f"clock-{number}").touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return -1 if number % 2 else 1


def live(environ: dict[str, str], words: Sequence[str], log: Path, told: Connection) -> None:
    """Be `bridge *words*` in a process that was just forked."""
    hurt.become(environ, log, told)
    hurt.impatient()
    scaled(float(os.environ.get(SCALE, "1")))
    if (wrong := float(os.environ.get(CLOCK, "0"))) and "worker" in words:
        set_wrong(wrong * _side(Path(environ[points.FOLDER])))
    points.install()
    sys.exit(main(list(words)))


def command(environ: dict[str, str], words: Sequence[str], told: Connection) -> None:
    """Be one of the operator's commands, unhurt; all that it says goes to *told*."""
    os.environ.clear()
    os.environ.update(environ)
    sys.stdout.flush()
    for stream in (1, 2):
        os.dup2(told.fileno(), stream)
    sys.exit(main(list(words)))
