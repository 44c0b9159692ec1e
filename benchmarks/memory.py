"""How many bytes of Redis a conversation, an event and an unread delivery take."""

from __future__ import annotations

from collections import defaultdict

from benchmarks import bodies
from benchmarks.figures import Findings, short
from benchmarks.stage import Stage

FAMILIES = {
    "d": "raw delivery, until it expires (7 days)",
    "e": "event and its receipt (30 days)",
    "m": "what was said, for edits (30 days)",
    "r": "room: conversation and its ticket (90 days)",
    "ticket": "ticket to room (90 days)",
    "thread": "thread to room (90 days)",
    "person": "person to room (90 days)",
    "who": "customer's id at the helpdesk (90 days)",
    "post": "the post above the words (1 day)",
}


def run(quick: bool) -> Findings:
    """Real comments through real workers; what Redis says it uses, step by step."""
    count = 300 if quick else 2000
    with Stage() as stage:
        workers = stage.workers(2, 32, "benchmarks.lifted")
        stage.hold(workers)
        for key in stage.client.scan_iter("bridge:*", count=1000):
            stage.client.delete(key)
        empty = _used(stage)
        several = [bodies.comment(number) for number in bodies.numbers(count)]
        size = sum(map(len, several)) / count
        stage.keep(several)
        unread = _used(stage)
        stage.go_on(workers)
        stage.finished()
        finished = _used(stage)
        families = _families(stage)
        raw = _without(stage, "d")
        events = _without(stage, "e", "m", "post")
        server = stage.version
    findings = Findings(
        "memory: bytes of Redis",
        ("what", "bytes each", "how many"),
        (
            f"{server}; {count} comments of {size:.0f} bytes, a new conversation with its ticket and "
            "note each; used_memory before and after, without clients' and log buffers.",
        ),
    )
    each = "one a conversation"
    findings.add("accepted, not yet read", short((unread - empty) / count), "one a delivery")
    findings.add("finished, raw payload kept", short((finished - empty) / count), each)
    findings.add("finished, raw payload expired", short((raw - empty) / count), each)
    findings.add("conversation kept, events expired", short((events - empty) / count), each)
    findings.add(
        "a finished event, so between two of these", short((raw - events) / count / 2),
        "two a conversation: the words, our note",
    )  # fmt: skip
    for name, (keys, total) in sorted(families.items(), key=lambda item: -item[1][1]):
        told = FAMILIES.get(name, "shared or short-lived")
        findings.add(f"  {name}: {told}", short(total / keys), f"{keys / count:.2f} a conversation")
    return findings


def _used(stage: Stage) -> int:
    """Bytes in use for what is kept."""
    about = stage.client.info("memory")
    buffers = about.get("mem_clients_normal", 0) + about.get("mem_aof_buffer", 0)
    return int(about["used_memory"]) - int(buffers)


def _without(stage: Stage, *families: str) -> int:
    """Bytes in use once the keys of *families* have expired."""
    for family in families:
        keys = list(stage.client.scan_iter(f"bridge:{family}:*", count=1000))
        for start in range(0, len(keys), 500):
            stage.client.delete(*keys[start : start + 500])
    return _used(stage)


def _families(stage: Stage) -> dict[str, tuple[int, int]]:
    """Keys and bytes by the first word of the key."""
    keys = [key.decode() for key in stage.client.scan_iter("*", count=1000)]
    pipe = stage.client.pipeline(transaction=False)
    for key in keys:
        pipe.memory_usage(key, samples=0)
    sizes: dict[str, list[int]] = defaultdict(list)
    for key, size in zip(keys, pipe.execute(), strict=True):
        whose, _, rest = key.partition(":")
        name = rest.partition(":")[0] if whose == "bridge" else f"{whose}:*"
        sizes[name].append(size or 0)
    return {name: (len(several), sum(several)) for name, several in sizes.items()}
