"""How long a newcomer waits for the first ticket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

from benchmarks.figures import Claim, Findings, spread

FIRST = re.compile(r"first ticket ([0-9.]+) s after")


def run(quick: bool) -> Findings:
    """`bridge demo --once`, ended after its first scene."""
    times = 2 if quick else 5
    ours, told = zip(*(_once() for _ in range(times)), strict=True)
    findings = Findings(
        "start: from `bridge demo` to the first ticket",
        ("what", "s, median (range)"),
        (f"Embedded Redis, sandbox, web and workers from nothing, {times} times.",),
    )
    findings.add("from the start of the process", spread(ours))
    findings.add("as the demo says it", spread(told))
    findings.claims = [Claim("start to the first ticket", spread(ours), 5, most=True, unit=" s")]
    return findings


def _once() -> tuple[float, float]:
    began = time.monotonic()
    environ = {
        k: v for k, v in os.environ.items() if not k.startswith(("BRIDGE_", "REDIS_", "PORT"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "demo", "--once"], env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := FIRST.search(line):
                return time.monotonic() - began, float(found[1])
        raise RuntimeError("the demo ended without a ticket")
    finally:
        process.send_signal(signal.SIGINT)  # it stops and removes what it started
        process.wait(60)
        process.stdout.close()
