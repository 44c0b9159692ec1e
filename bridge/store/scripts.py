"""The scripts that Redis runs for us: their sources, whole, as they are sent there."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

QUEUE: Final = "bridge"
SCRIPTS: Final = (
    "accept", "claim", "renew", "record", "load", "settle", "gate", "told", "trouble", "cheer", "sweep",
    "mend", "revive", "publish", "mute", "erase",
)  # fmt: skip
JOB_MARK: Final = "--[[the job's fields: store/scripts.py puts them here]]"
_PARTS: Final = {
    "claim": ("look",),
    "load": ("look",),
    "gate": ("leave",),
    "settle": ("look", "crowd", "leave"),
}  # what a script is built on
_LUA: Final = Path(__file__).parents[1] / "lua"


def source(name: str) -> str:
    """The script *name* with what it is built on."""
    parts = (*_PARTS.get(name, ()), name)
    return _prelude() + "".join((_LUA / f"{part}.lua").read_text() for part in parts)


@functools.cache
def _prelude() -> str:
    """What all scripts begin with; in it the job that means "there is work", made once by RQ itself.

    Its fields are part of the source because sending them with each call costs more than the call.
    They must be the same in all processes, or each start would leave another copy in Redis.
    """
    job = Job.create(
        "bridge.jobs.drain", connection=redis.Redis(), serializer=JSONSerializer,
        timeout=3600, result_ttl=60, failure_ttl=3600, description="drain", origin=QUEUE,
        status=JobStatus.QUEUED,
    )  # fmt: skip
    fields: dict[str, Any] = {**job.to_dict(), "created_at": "2026-01-01T00:00:00.000000Z"}
    listed = ",".join(_lua_text(part) for pair in fields.items() for part in pair)
    return (_LUA / "prelude.lua").read_text().replace(JOB_MARK, listed)


def _lua_text(value: object) -> str:
    plain = value.value if isinstance(value, JobStatus) else value  # str() of it is its name
    whole = plain if isinstance(plain, bytes) else str(plain).encode()
    return '"' + "".join(f"\\{byte:03}" for byte in whole) + '"'
