"""Whether a webhook's answer waits for a helpdesk that is slow, or down."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from benchmarks import bodies
from benchmarks.figures import Claim, Findings, Spread, ratios, spread
from benchmarks.stage import Stage

RATE, SENDERS = 60, 12  # webhooks a second, and connections that bring them
STATES = {
    "well": ("answers at once", "/_delay/0"),
    "slow": ("answers after 5 s", "/_delay/5"),
    "down": ("answers 503", "/_down"),
}


def run(quick: bool) -> Findings:
    """The same webhooks a second, into a helpdesk in each state in turn; workers at work all the time."""
    times, seconds = (1, 2.0) if quick else (7, 8.0)
    p50: dict[str, list[float]] = {state: [] for state in STATES}
    p99: dict[str, list[float]] = {state: [] for state in STATES}
    with Stage() as stage:
        stage.environ["BRIDGE_LOG_LEVEL"] = "ERROR"  # they warn of what is taken from them below
        _, url = stage.web()
        stage.workers(2, stage.bridge.settings.worker_threads, "benchmarks.lifted")
        for turn in range(times + 1):
            for state, (_, path) in STATES.items():
                stage.client.flushall()  # what waits is not the next state's business
                stage.ask(path)
                _brought(url, 1.0)
                took = sorted(_brought(url, seconds))
                if turn:  # the first round warms up
                    p50[state].append(took[len(took) // 2])
                    p99[state].append(took[len(took) * 99 // 100])
    findings = Findings(
        "outage: a webhook's answer while the helpdesk is slow or down",
        ("the helpdesk", "p50 ms", "p99 ms"),
        (
            f"{RATE} webhooks a second on {SENDERS} connections, a new conversation each, from first byte "
            f"to answer; 1 web process, 2 workers at work. {times} times {seconds:g} s, interleaved.",
        ),
    )
    found: dict[str, Spread] = {state: spread(values) for state, values in p99.items()}
    for state, (told, _) in STATES.items():
        findings.add(told, spread(p50[state]), found[state])
    findings.claims = [
        Claim(f"p99 while it {STATES[state][0]} / well", ratios(found[state], found["well"]), 1.25,
              most=True, unit=" x")
        for state in ("slow", "down")
    ]  # fmt: skip
    return findings


def _brought(url: str, seconds: float) -> list[float]:
    """Bring webhooks at an even pace; the milliseconds that each took."""
    several = [bodies.comment(number) for number in bodies.numbers(int(RATE * seconds))]
    took: list[float] = []
    began = time.monotonic() + 0.05

    def bring(mine: int) -> None:
        line = HTTPConnection(urlsplit(url).netloc, timeout=30)
        for number in range(mine, len(several), SENDERS):
            time.sleep(max(began + number / RATE - time.monotonic(), 0))
            body = several[number]
            head = {
                "X-Hub-Signature-256": bodies.signature(body),
                "Content-Type": "application/json",
            }
            asked = time.monotonic()
            line.request("POST", bodies.PATH, body, head)
            answer = line.getresponse()
            answer.read()
            took.append((time.monotonic() - asked) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"a webhook was answered {answer.status}")
        line.close()

    senders = [threading.Thread(target=bring, args=(one,)) for one in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if len(took) != len(several):
        raise RuntimeError(f"{len(several)} webhooks, {len(took)} answers")
    return took
