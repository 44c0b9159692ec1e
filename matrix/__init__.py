"""The bridge at every point and in every doubt, one cell after the other: `make matrix`; docs/matrix.md."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The running bridge, the throw-away Redis and the sandbox are those of the tests (tests/support).
sys.path.insert(0, str(ROOT / "tests"))
