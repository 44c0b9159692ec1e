"""The named points of the pipeline at which a process can be made to die, before and after each commit.

Nothing of the bridge knows of this: `install` wraps what it has, in processes that chaos.hurt starts. An
armed point is a file of its name in `armed/`; whoever passes it first moves it to `hit/` and kills itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

FOLDER: Final = "CHAOS_POINTS"  # the variable that names the folder

# Redis commits: the journal's scripts, settle by what it writes down, and single commands.
COMMITS: Final = (
    "accept", "claim", "record", "load", "settle-intent", "settle-result", "settle", "renew", "gate",
    "trouble", "cheer", "sweep", "mend", "command",
)  # fmt: skip
# Writes to the outside, and the job that RQ has handed over.
WRITES: Final = (
    "zendesk-create", "zendesk-update", "zendesk-else", "freshdesk-create", "freshdesk-update",
    "meta-say", "telegram-say",
)  # fmt: skip
POINTS: Final = tuple(
    f"{name}.{side}" for name in (*COMMITS, *WRITES, "drain") for side in ("before", "after")
)


def arm(folder: Path, point: str) -> None:
    """The next process that passes *point* dies there."""
    (folder / "armed" / point).touch()


def prepare(folder: Path) -> None:
    for name in ("armed", "hit"):
        (folder / name).mkdir(parents=True)


def armed(folder: Path) -> list[str]:
    """The points that nobody has passed yet."""
    return [one.name for one in (folder / "armed").iterdir()]


def disarm(folder: Path) -> list[str]:
    """Take back what was armed and never passed; the names."""
    left = armed(folder)
    for name in left:
        (folder / "armed" / name).unlink(missing_ok=True)
    return left


def hit(folder: Path) -> list[str]:
    """The points at which processes have died."""
    return [one.name.partition("@")[0] for one in (folder / "hit").iterdir()]


def passes(folder: str, point: str) -> None:
    """Die here, if the point is armed."""
    name = f"{point}@{os.getpid()}"
    try:
        os.rename(f"{folder}/armed/{point}", f"{folder}/hit/{name}")  # noqa: PTH104 - often
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def install() -> None:
    """Wrap the commits and the writes of this process."""
    from bridge import jobs
    from bridge.http import Http
    from bridge.store import Store

    folder = os.environ[FOLDER]

    def around(plain: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if not (point := name(*args)):
                return plain(*args, **more)
            passes(folder, f"{point}.before")
            answer = plain(*args, **more)
            passes(folder, f"{point}.after")
            return answer

        return call

    wrapped: Any = Store
    wrapped._run = around(wrapped._run, _commit)
    wrapped._do = around(wrapped._do, _single)
    wrapped = Http
    wrapped.send = around(wrapped.send, _write)
    wrapped = jobs.Engine
    wrapped.run = around(wrapped.run, lambda *_: "drain")


def _commit(store: Any, script: str, *args: Any) -> str:
    if script != "settle":
        return script if script in COMMITS else ""
    orders = str(args[1])
    if '"intent":[' in orders:
        return "settle-intent"
    return "settle-result" if '"intent":""' in orders else "settle"


def _single(store: Any, call: Any) -> str:
    """What a script is run by is no command of its own."""
    return "" if getattr(call, "__qualname__", "").startswith("Access._run.") else "command"


def _write(http: Any, request: Any) -> str:
    if not request.write:
        return ""
    _, system, *rest = urlsplit(request.url).path.split("/")
    if system in ("graph", "telegram"):
        return f"{'meta' if system == 'graph' else system}-say"
    if "tickets" not in rest:
        return f"{system}-else"
    return f"{system}-create" if rest[-1] == "tickets" else f"{system}-update"
