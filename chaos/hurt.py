"""`bridge` with points to die at, and impatient: `python -m chaos.hurt worker ...`.

The helpdesks' rate budgets are lifted as in benchmarks/lifted.py, and the pauses between tries are a
fifth of the product's, so that a run is not mostly waiting. The product has no such switches.
"""

from __future__ import annotations

import sys

from bridge.cli import main
from bridge.helpdesks.freshdesk import limits as freshdesk
from bridge.helpdesks.zendesk import limits as zendesk
from bridge.jobs import outside
from chaos import points

PLENTY = 100_000_000

if __name__ == "__main__":
    for limits in (zendesk.LIMITS, freshdesk.LIMITS):
        limits.update({name: (PLENTY, window) for name, (_, window) in limits.items()})
    outside.STEPS = tuple(step / 5 for step in outside.STEPS)
    points.install()
    sys.exit(main(sys.argv[1:]))
