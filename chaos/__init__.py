"""The bridge, used and broken at the same time: `python -m chaos 1000 --seed 7`; docs/chaos.md."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The running bridge, the throw-away Redis and the sandbox are those of the tests (tests/support).
sys.path.insert(0, str(ROOT / "tests"))


def leave_nothing() -> None:
    """Make SIGTERM end this process as Ctrl-C does: what it has started ends, and its folders go."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
