"""Every named point of the pipeline: a worker or web process dies exactly there, once; then one of everything.

PASSES says which deeds pass which point. A cell whose point nobody passes has proved nothing and is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from chaos import points
from matrix.cells import Cell
from matrix.deeds import ANSWER, FIRST, FURTHER, STATUS, Case, Deed
from matrix.scene import Scene

DEEDS: Final = {"first": FIRST, "further": FURTHER, "answer": ANSWER, "status": STATUS}
ALL: Final = tuple(DEEDS)
FROM_HERE: Final = ("first", "further")  # what customers do
FROM_DESK: Final = ("answer", "status")  # what agents do

# Who passes a point. Not among the commits: what only an operator's command runs (tests/cli).
PASSES: Final[dict[str, tuple[str, ...]]] = {
    "accept": ALL, "claim": ALL, "record": ALL, "load": ALL, "settle-intent": ALL,
    "settle-result": ALL, "settle": ALL, "gate": ("first", *FROM_DESK), "renew": ALL, "trouble": ALL, "cheer": ALL,
    "sweep": ALL, "mend": ALL, "command": ALL, "drain": ALL,
    "zendesk-create": ("first",), "zendesk-update": ("further",), "zendesk-else": ("first",),
    "freshdesk-create": ("first",), "freshdesk-update": ("further",),
    "meta-say": FROM_DESK, "telegram-say": FROM_DESK,
}  # fmt: skip
# Where it is done, if not in Messenger with Zendesk behind it.
PLACES: Final = {"freshdesk": "whatsapp", "telegram": "telegram"}
# The first outside write of each deed, as the sandbox's faults name it: Messenger's and Zendesk's.
WRITES: Final[dict[str, dict[str, Any]]] = {
    "first": {"system": "zendesk", "method": "POST", "path": r"/tickets$"},
    "further": {"system": "zendesk", "method": "PUT", "path": r"/tickets/\d+"},
    "answer": {"system": "meta", "method": "POST", "path": "/messages$"},
    "status": {"system": "meta", "method": "POST", "path": "/messages$"},
}  # fmt: skip


def cells() -> Iterator[Cell]:
    for stem, deeds in PASSES.items():
        for side in ("before", "after"):
            for name in deeds:
                point = f"{stem}.{side}"
                yield Cell("kill", point, name, _run, (point, name), patient=stem == "cheer")


def _run(scene: Scene, point: str, name: str) -> list[str]:
    deed: Deed = DEEDS[name]
    case = Case(scene, PLACES.get(point.partition("-")[0], "messenger"))
    deed.before(case)
    already = len(points.hit(scene.points))
    for fault in _needed(point, name, scene.deadline):
        scene.sandbox.post("faults", fault)
    points.arm(scene.points, point)
    deed.do(case)
    scene.until(lambda: len(points.hit(scene.points)) > already, f"a death at {point}")
    scene.rest()
    scene.sandbox.delete("faults")
    died = points.hit(scene.points)[already:]
    return case.wrong() + ([] if len(died) == 1 else [f"died at {died}"])


def _needed(point: str, name: str, deadline: float) -> Iterator[dict[str, Any]]:
    """What must go wrong outside, or be slow, for somebody to pass the point."""
    stem = point.partition(".")[0]
    write = WRITES[name]
    if stem == "renew":
        yield {**write, "effect": "delay", "seconds": deadline * 0.8}
    if stem in ("load", "trouble", "cheer"):
        times = {"load": 1, "trouble": 1, "cheer": 5}[stem]
        yield {**write, "effect": "status", "status": 503, "times": times}
