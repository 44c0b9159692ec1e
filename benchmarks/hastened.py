"""`bridge` whose rate budgets run faster: `python -m benchmarks.hastened FACTOR worker ...`.

For a sandbox whose clock runs FACTOR times as fast as the wall's: a minute of its limits is a minute of our
budgets then. Nothing else is hastened (leases, sweeps, retries, what a request takes), so all that
the product does slowly weighs FACTOR times as much. The product has no such switch.
"""

from __future__ import annotations

import sys

from bridge.channels import SOURCES
from bridge.cli import main
from bridge.helpdesks import HELPDESKS

if __name__ == "__main__":
    factor = float(sys.argv[1])
    for one in (*HELPDESKS.values(), *SOURCES.values()):
        for name, (count, seconds) in dict(one.limits).items():
            one.limits[name] = (count, seconds / factor)  # type: ignore[index]
    sys.exit(main(sys.argv[2:]))
