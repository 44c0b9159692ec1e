"""Who can write to Redis, or read what lies there. The worker runs one function, whatever a job says."""

from __future__ import annotations

import json
import pickle
import zlib
from pathlib import Path
from typing import Any

from support.trap import Trap
from support.world import World

NOW = "2026-11-22T10:00:00.000000Z"


class Evil:
    """Runs `os.mkdir(path)` in whoever unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        import os

        return os.mkdir, (str(self.path),)


def call(name: str, *args: Any, instance: Any = None) -> bytes:
    return zlib.compress(json.dumps([name, instance, list(args), {}]).encode())


DRAIN = call("bridge.jobs.drain")


def forged(mark: Path, url: str) -> dict[str, Any]:
    """Jobs of strangers by name; each leaves a trace where it has its way."""
    made = str(mark / "made")
    hook = [
        {"url": f"{url}/{end}", "job_status": end, "method": "POST"}
        for end in ("finished", "failed")
    ]
    return {
        "function": {"data": call("os.mkdir", made)},
        "shell": {"data": call("os.system", f"mkdir {made}")},
        "subprocess": {"data": call("subprocess.check_output", ["mkdir", made])},
        "another of ours": {"data": call("bridge.jobs.worker.run")},
        "the engine's parts": {"data": call("bridge.jobs.use", None)},
        "an instance": {"data": call("drain", instance="bridge.jobs.drain")},
        "arguments": {"data": call("bridge.jobs.drain", made)},
        "pickle": {"data": zlib.compress(pickle.dumps(Evil(mark / "made")))},
        "plain pickle": {"data": pickle.dumps(Evil(mark / "made"))},
        "no data": {"status": "queued"},
        "empty data": {"data": b""},
        "not json": {"data": zlib.compress(b"\xff\xfe{")},
        "deep": {"data": zlib.compress(b"[" * 100_000)},
        "bomb": {"data": zlib.compress(b" " * 300_000_000)},
        "number": {"data": zlib.compress(b"7")},
        "success callback": {"data": DRAIN, "success_callback_name": "os.mkdir"},
        "failure callback": {"data": call("no.such"), "failure_callback_name": "os.getcwd"},
        "stopped callback": {"data": DRAIN, "stopped_callback_name": "os.abort"},
        "webhook": {"data": DRAIN, "webhooks": json.dumps(hook)},
        "webhook of a failure": {"data": call("no.such"), "webhooks": json.dumps(hook)},
        "pickled meta": {"data": DRAIN, "meta": pickle.dumps(Evil(mark / "made"))},
        "pickled result": {"data": DRAIN, "result": pickle.dumps(Evil(mark / "made"))},
        "no time": {"data": DRAIN, "created_at": "whenever", "timeout": "x", "result_ttl": "y"},
        "no status": {"data": DRAIN, "status": "\xff"},
        "many repeats": {"data": DRAIN, "repeats_left": "9" * 18, "repeat_intervals": "[0]"},
        "dependency": {"data": DRAIN, "dependency_ids": "[[[]]]"},
        "exc_info": {"data": DRAIN, "exc_info": b"\xff"},
        "list": ["not", "a", "hash"],
        "string": "not a hash",
    }  # fmt: skip


def test_a_foreign_job_is_never_run_and_hurts_no_worker(world: World, tmp_path: Path) -> None:
    """A-53: jobs with os.mkdir, pickles, callbacks, web addresses, bombs and nonsense in RQ's queue."""
    with world.redis.client() as redis, Trap() as trap:
        for name, job in forged(tmp_path, trap.url).items():
            job_id = "forged-" + name.replace(" ", "-").replace("'", "")
            key = f"rq:job:{job_id}"
            if isinstance(job, dict):
                fields = {"created_at": NOW, "status": "queued", "origin": "bridge", **job}
                redis.hset(key, mapping=fields)
            elif isinstance(job, list):
                redis.rpush(key, *job)
            else:
                redis.set(key, job)
            redis.rpush("rq:queue:bridge", job_id)
        for odd in (b"\xff\xfe", b"", b"../../x", b"gone", b"a:b", b"x" * 100_000):
            redis.rpush("rq:queue:bridge", odd)
        world.until(lambda: redis.llen("rq:queue:bridge") == 0, "the queue is empty")
        world.comment("Ana", "My order is broken")
        world.until(world.tickets, "and work goes on")
        assert not (tmp_path / "made").exists()
        assert trap.heard == []
        assert b"unhandled" not in (world.folder / "worker.log").read_bytes()
        for key in [*redis.scan_iter("rq:job:forged-*"), *redis.scan_iter("rq:*:forged-*")]:
            redis.delete(key)


def test_commands_by_redis_stop_no_worker(world: World) -> None:
    """A-53: shutdown, kill-horse and stop-job, published to each worker's channel."""
    with world.redis.client() as redis:
        for name in world.until(world.store.workers, "a worker has signed on"):
            for command in ("shutdown", "kill-horse", "stop-job", "nonsense"):
                message = json.dumps({"command": command, "job_id": "x"})
                assert redis.publish(f"rq:pubsub:{name}", message) == 0, "nobody listens"
            redis.publish(f"rq:pubsub:{name}", b"\x80\x04pickle")
    world.comment("Ben", "My order is broken")
    world.until(world.tickets)
