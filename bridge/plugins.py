"""What an installed package may bring: another reader of moods, by an entry point.

A package says in its pyproject.toml

    [project.entry-points."escalation_bridge.sentiment"]
    ours = "our_package:score"

and the bridge takes it with BRIDGE_SENTIMENT=ours. It is code that runs inside the worker, with all
that the worker may do: install only what you trust.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points

from bridge.core.errors import ConfigError
from bridge.core.mistakes import nearest
from bridge.core.sentiment import Felt, Scorer

log = logging.getLogger(__name__)

GROUP = "escalation_bridge.sentiment"
AGAINST = -0.3  # from here down its words count as a complaint


@cache
def scorer(name: str) -> Scorer | None:
    """The reader of moods that is installed as *name*; None for no name. Raises ConfigError."""
    if not name:
        return None
    found = {one.name: one for one in entry_points(group=GROUP)}
    if name not in found:
        told = ", ".join(sorted(found)) or "none"
        raise ConfigError(
            [
                f"BRIDGE_SENTIMENT: no package brings '{name}' for {GROUP}"
                f" (installed: {told}){nearest(name, found)}"
            ]
        )
    try:
        score = found[name].load()
    except Exception as error:  # whatever their module does while it is imported
        told = f"{type(error).__name__}: {error}"[:200]
        raise ConfigError([f"BRIDGE_SENTIMENT: '{name}' cannot be loaded: {told}"]) from error
    return _guarded(name, score)


def _guarded(name: str, score: Callable[[str, str | None], object]) -> Scorer:
    """*score* as we ask it: what it cannot tell, or breaks on, is unknown; the log says that it broke."""

    def felt(text: str, language: str | None) -> Felt | None:
        try:
            told = score(text, language)
        except (
            Exception
        ) as error:  # a plug-in must not stop a message; its words stay out of the log
            log.error("the sentiment plug-in %s failed: %s", name, type(error).__name__)
            return None
        if told is None:
            return None
        if isinstance(told, bool) or not isinstance(told, (int, float)) or not math.isfinite(told):
            log.error("the sentiment plug-in %s told no number", name)
            return None
        value = max(-1.0, min(1.0, float(told)))
        return Felt(round(value, 2), name, value <= AGAINST)

    return felt
