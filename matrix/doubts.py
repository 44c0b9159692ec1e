"""Every write outside, in every doubt: it was done and its answer is lost, or it was not done and nobody says so.

Afterwards there is exactly one effect at the far side; or, where the platform cannot be asked, at most one and
the agent is told. Both are deeds' to see (matrix.deeds).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from chaos import points
from matrix.cells import Cell
from matrix.deeds import ANSWER, FIRST, FURTHER, REOPEN, Case, Deed
from matrix.scene import Scene

# Action: the deed, and where it is done by the system behind it: place, and the write as the
# sandbox's faults name it.
Write = tuple[str, str, str, str]  # place, system, method, path
ACTIONS: Final[dict[str, tuple[Deed, dict[str, Write]]]] = {
    "create": (FIRST, {
        "Zendesk": ("messenger", "zendesk", "POST", r"/tickets$"),
        "Freshdesk": ("whatsapp", "freshdesk", "POST", r"/tickets$"),
    }),
    "comment": (FURTHER, {
        "Zendesk": ("messenger", "zendesk", "PUT", r"/tickets/\d+$"),
        "Freshdesk": ("whatsapp", "freshdesk", "POST", r"/notes$"),
    }),
    "status": (REOPEN, {
        "Zendesk": ("messenger", "zendesk", "PUT", r"/tickets/\d+$"),
        "Freshdesk": ("whatsapp", "freshdesk", "PUT", r"/tickets/\d+$"),
    }),
    "public reply": (ANSWER, {
        "Facebook": ("facebook", "meta", "POST", "/comments$"),
        "Instagram": ("instagram", "meta", "POST", "/replies$"),
        "Threads": ("threads", "meta", "POST", "/threads_publish$"),
        "Telegram, group": ("telegram-group", "telegram", "POST", "/sendMessage$"),
    }),
    "private reply": (ANSWER, {
        "Facebook": ("facebook-private", "meta", "POST", "/messages$"),
        "Instagram": ("instagram-private", "meta", "POST", "/messages$"),
    }),
    "message": (ANSWER, {
        "Messenger": ("messenger", "meta", "POST", "/messages$"),
        "Instagram": ("instagram-chat", "meta", "POST", "/messages$"),
        "WhatsApp": ("whatsapp", "meta", "POST", "/messages$"),
        "Telegram": ("telegram", "telegram", "POST", "/sendMessage$"),
    }),
}  # fmt: skip
# What goes wrong: the sandbox's fault, whose `seconds` count deadlines of a call; or a point to die at.
DOUBTS: Final[dict[str, dict[str, Any] | str]] = {
    "timeout, done": {"effect": "drip", "seconds": 1.8},
    "timeout, not done": {"effect": "hang", "seconds": 1.8},
    "reset, done": {"effect": "drop_after"},
    "reset, not done": {"effect": "drop_before"},
    "502, done": {"effect": "status_after", "status": 502},
    "502, not done": {"effect": "status", "status": 502},
    "truncated": {"effect": "half"},
    "killed, done": "after",
    "killed, not done": "before",
}  # fmt: skip
VERBS: Final = {"create": "create", "comment": "update", "status": "update"}


def cells() -> Iterator[Cell]:
    for action, (_, systems) in ACTIONS.items():
        for system in systems:
            for doubt in DOUBTS:
                row = f"{action}, {system}"
                yield Cell("doubt", row, doubt, _run, (action, system, doubt))


def _run(scene: Scene, action: str, system: str, doubt: str) -> list[str]:
    deed, systems = ACTIONS[action]
    place, name, method, path = systems[system]
    case = Case(scene, place)
    deed.before(case)
    trouble = DOUBTS[doubt]
    if isinstance(trouble, str):
        point = f"{name}-{VERBS.get(action, 'say')}.{trouble}"
        already = len(points.hit(scene.points))
        points.arm(scene.points, point)
        deed.do(case)
        scene.until(lambda: len(points.hit(scene.points)) > already, f"a death at {point}")
    else:
        wish = dict(trouble)
        if "seconds" in wish:
            wish["seconds"] *= scene.deadline
        scene.fault(name, method=method, path=path, times=1, **wish)
        deed.do(case)
        scene.until(
            lambda: any(one["what"] == "fault" for one in case.record()), f"a {doubt} at {path}"
        )
    scene.rest()
    scene.sandbox.delete("faults")
    return case.wrong()
