"""How quickly a webhook is taken in, against doing nothing and against doing it naively."""

from __future__ import annotations

from benchmarks import load, machine
from benchmarks.figures import Claim, Findings, ratios, spread
from benchmarks.load import Load
from benchmarks.stage import Stage

CONNECTIONS = 32
# More than can be taken in: a repeated webhook would be a duplicate, and cheap.
A_SECOND = {"hello": 8000, "naive": 3000, "ours": 8000}
TOLD = {
    "hello": "bare Flask hello",
    "naive": "naive: HMAC, SET NX, Queue.enqueue",
    "ours": "ours: signed, de-duplicated, durable",
}


def run(quick: bool) -> Findings:
    """Three servers that differ in their application alone, loaded in turn."""
    times, seconds = (2, 1.0) if quick else (7, 3.0)
    with Stage() as stage:
        servers = {
            "hello": stage.python("benchmarks.baseline", "hello"),
            "naive": stage.python("benchmarks.baseline", "naive"),
            "ours": stage.web(),
        }
        loads: dict[str, list[Load]] = {name: [] for name in servers}
        used: dict[str, list[float]] = {name: [] for name in servers}
        redis_used: dict[str, list[float]] = {name: [] for name in servers}
        for turn in range(times + 1):
            for name, (pid, url) in servers.items():
                stage.client.flushall()
                before, redis_before = machine.cpu(pid), machine.cpu(stage.redis_pid)
                length = seconds if turn else 1.0
                prepared = int(A_SECOND[name] * length)
                found = load.run(f"{url}/hooks/meta", length, CONNECTIONS, prepared)
                if turn == 0:
                    continue  # the first round warms up
                loads[name].append(found)
                each = 1e6 / found.requests
                used[name].append((machine.cpu(pid) - before) * each)
                redis_used[name].append((machine.cpu(stage.redis_pid) - redis_before) * each)
                if name == "ours":
                    _all_there(stage, found.requests)
        settings, server = stage.bridge.settings, stage.version
    rates = {name: spread([one.rate for one in several]) for name, several in loads.items()}
    findings = Findings(
        "accept: from the wire to Redis",
        ("what", "requests/s", "p50 ms", "p99 ms", "server CPU us", "Redis CPU us"),
        (
            f"gunicorn gthread, {settings.web_processes} process, {settings.web_threads} threads; "
            f"{server} on a socket file, AOF everysec; bodies of about 500 bytes, each "
            f"once; {CONNECTIONS} connections by {load.GENERATOR}; {times} x {seconds:g} s, interleaved.",
        ),
    )
    for name, several in loads.items():
        p50, p99 = spread([one.p50 for one in several]), spread([one.p99 for one in several])
        cpu, redis_cpu = spread(used[name]), spread(redis_used[name])
        findings.add(TOLD[name], rates[name], p50, p99, cpu, redis_cpu)
    hello, naive = ratios(rates["ours"], rates["hello"]), ratios(rates["ours"], rates["naive"])
    findings.claims = [
        Claim("ours / hello", hello, 0.5, unit=" x"),
        Claim("ours / hello, the stretch", hello, 0.8, unit=" x"),
        Claim("ours / naive", naive, 1.8, unit=" x"),
    ]
    return findings


def _all_there(stage: Stage, least: int) -> None:
    """What was answered is in Redis, or the figure is worth nothing."""
    kept = int(stage.client.zcard("bridge:ingest"))
    if kept < least:
        raise RuntimeError(f"{least} were answered, {kept} are kept")
