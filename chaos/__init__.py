"""The bridge, used and broken at the same time: `python -m chaos 1000 --seed 7`; docs/chaos.md."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The running bridge, the throw-away Redis and the sandbox are those of the tests (tests/support).
sys.path.insert(0, str(ROOT / "tests"))
