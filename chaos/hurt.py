"""`bridge` with points to die at, and impatient.

All rate budgets are lifted as in benchmarks/lifted.py, and the pauses between tries, also with
refused credentials and where a connection is closed, are a fifth of the product's, so that a run is not
mostly waiting. The product has no such switches.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from bridge.channels import usage
from bridge.channels.telegram import api as telegram
from bridge.cli import main, web, worker  # noqa: F401 - loaded once, for all that are forked
from bridge.helpdesks.freshdesk import limits as freshdesk
from bridge.helpdesks.zendesk import limits as zendesk
from bridge.jobs import outside, turn
from bridge.web import app  # noqa: F401
from chaos import points

PLENTY = 100_000_000


def live(environ: dict[str, str], words: Sequence[str], log: Path, told: Connection) -> None:
    """Be `bridge *words*` in a process that was just forked."""
    become(environ, log, told)
    impatient()
    points.install()
    sys.exit(main(list(words)))


def become(environ: dict[str, str], log: Path, told: Connection) -> None:
    """Have a session of its own, its words in *log*, what it prints going to *told*."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    sys.stdout.flush()
    os.dup2(told.fileno(), 1)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)


def impatient() -> None:
    """Lift the budgets and shorten the pauses between tries."""
    for limits in (zendesk.LIMITS, freshdesk.LIMITS, usage.LIMITS, telegram.LIMITS):
        limits.update({name: (PLENTY, window) for name, (_, window) in limits.items()})
    outside.STEPS = tuple(step / 5 for step in outside.STEPS)
    turn.REFUSED /= 5
    turn.SHUT /= 5
