"""How long a customer's words take to the helpdesk on an idle machine."""

from __future__ import annotations

import random
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from benchmarks import bodies, machine
from benchmarks.figures import Claim, Findings, spread
from benchmarks.stage import Stage


def run(quick: bool) -> Findings:
    """One webhook at a time, each of another conversation, after a rest."""
    times = 8 if quick else 40
    with Stage() as stage:
        web, url = stage.web()
        threads = stage.bridge.settings.worker_threads
        processes = stage.bridge.settings.worker_processes
        workers = stage.workers(processes, threads)
        first, opened, answered = [], [], []
        for number in bodies.numbers(times):
            # Longer than a drain stays for more work, so that each is a wake-up.
            time.sleep(random.uniform(0.5, 1.0))
            stage.ask("/_reset")
            line = HTTPConnection(urlsplit(url).netloc)
            line.connect()
            body = bodies.comment(number)
            began = time.monotonic()
            line.request("POST", bodies.PATH, body, {"X-Hub-Signature-256": bodies.signature(body),
                                                     "Content-Type": "application/json"})  # fmt: skip
            status = line.getresponse().status
            answered.append((time.monotonic() - began) * 1000)
            line.close()
            if status != 200:
                raise RuntimeError(f"the webhook was answered {status}")
            stage.finished()
            asked = [(at, name) for at, name in stage.asked() if name != "platform"]
            first.append((asked[0][0] - began) * 1000)
            opened.append((next(at for at, name in asked if name == "create") - began) * 1000)
        worker = [machine.memory(pid) for pid in workers]
        web_memory = machine.memory(web)
    findings = Findings(
        "latency: from a webhook to the helpdesk, idle",
        ("from the webhook's first byte to", "ms, median (range)"),
        (
            f"{times} webhooks one at a time, a new conversation each, 0.5 to 1 s apart; {processes} "
            f"warm workers of {threads} threads, 1 web process; a helpdesk that answers at once.",
        ),
    )
    findings.add("its answer 200", spread(answered))
    findings.add("the first helpdesk request", spread(first))
    findings.add("the request that opens the ticket", spread(opened))
    rss = spread([one[0] for one in worker])
    findings.add(f"(memory: warm worker, MiB RSS, PSS {worker[0][1]:.0f})", rss)
    findings.add(f"(memory: web, MiB RSS, PSS {web_memory[1]:.0f})", spread([web_memory[0]]))
    findings.claims = [
        Claim("webhook to helpdesk request", spread(first), 50, most=True, unit=" ms"),
        Claim("resident memory of a warm worker", rss, 120, most=True, unit=" MiB"),
    ]
    return findings
