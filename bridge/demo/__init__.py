"""The demonstration: the whole product on this machine, and a scripted day that must end as told.

stage.py   the sandbox and `bridge up` as processes, and short ways to use them
day.py     the scenes, in order
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.core.errors import BridgeError
from bridge.demo.day import DAY
from bridge.demo.stage import Otherwise, Stage, running, shipped_mappings

__all__ = ["Otherwise", "Stage", "play", "running", "shipped_mappings"]


def play(made: Stage, started: float, say: Callable[[str], None]) -> bool:
    """Play the day, a sentence a decision; True when everything ended as told."""
    fine = True
    for number, (title, act) in enumerate(DAY, 1):
        say(f"{number:2}. {title}.")
        try:
            say(f"    {act(made)}")
        except (Otherwise, BridgeError, KeyError) as error:
            fine = False
            say(f"    OTHERWISE: {error}")
        if number == 1:
            say(f"    (first ticket {time.monotonic() - started:.1f} s after the start)")
    return fine
