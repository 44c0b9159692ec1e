"""What the machine is, and what processes of it have used: /proc, so Linux alone."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
PACKAGES = ("escalation-bridge", "flask", "gunicorn", "redis", "hiredis", "rq", "requests")


def described() -> str:
    """Versions, cores, and how busy the machine is right now, in two lines."""
    named = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Python {platform.python_version()}, {named}\n"
        f"{os.cpu_count()} cores for everything (load, server, workers, Redis, stub); "
        f"load average at the start {load()}"
    )


def load() -> str:
    """How many processes wanted to run, on average over 1, 5 and 15 minutes."""
    return " ".join(Path("/proc/loadavg").read_text().split()[:3])


def family(pid: int) -> list[int]:
    """*pid* and all that descends from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (words := _stat(int(entry.name))):
            children.setdefault(int(words[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu(*pids: int) -> float:
    """Seconds of processor time that *pids*, their children and those they have waited for used."""
    ticks = 0
    for pid in {one for root in pids for one in family(root)}:
        words = _stat(pid)
        ticks += sum(int(word) for word in words[11:15])
    return ticks / _TICK


def memory(*pids: int) -> tuple[float, float]:
    """(resident, proportional) MiB of *pids* and their children; shared pages count once in the second."""
    rss = pss = 0
    for pid in {one for root in pids for one in family(root)}:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # a work-horse that has just ended
        sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
        rss += int(sizes.get("Rss", 0))
        pss += int(sizes.get("Pss", 0))
    return rss / 1024, pss / 1024


def _stat(pid: int) -> list[str]:
    """The words of a process' state behind its name; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
