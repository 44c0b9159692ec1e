"""`python -m benchmarks [--quick] [TOPIC...]`: one table a topic, each claim with its goal."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks import (
    accept,
    backtest,
    budget,
    delivery,
    latency,
    machine,
    memory,
    merging,
    normalise,
    outage,
    report,
    rules,
    start,
    trips,
)  # fmt: skip
from benchmarks.figures import Findings

TOPICS: dict[str, Callable[[bool], Findings]] = {
    "accept": accept.run,
    "latency": latency.run,
    "delivery": delivery.run,
    "trips": trips.run,
    "outage": outage.run,
    "merging": merging.run,
    "budget": budget.run,
    "memory": memory.run,
    "normalise": normalise.run,
    "rules": rules.run,
    "backtest": backtest.run,
    "report": report.run,
    "start": start.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short: to see that it works")
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(TOPICS))
    args = parser.parse_args()
    if unknown := [name for name in args.topics if name not in TOPICS]:
        parser.error(f"there is no topic {unknown[0]}; there are {', '.join(TOPICS)}")
    print(machine.described())
    if args.quick:
        print("--quick: too few repetitions to compare; the figures only show that it works")
    claims = []
    for name in args.topics or TOPICS:
        began = time.monotonic()
        findings = TOPICS[name](args.quick)
        claims += findings.claims
        print(f"\n{findings}\n({time.monotonic() - began:.0f} s)", flush=True)
    met = sum(claim.met for claim in claims)
    print(f"\n{met} of {len(claims)} goals met; load average now {machine.load()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
