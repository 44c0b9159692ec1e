"""How many examples a property is tried with: few and always the same, or as many as one likes.

The suite is fixed: the same examples on every machine, so that what fails once fails again. With
`EXAMPLES=20` (make properties) each property gets twenty times as many, new ones each time, and what
fails is remembered in .hypothesis until it is mended.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

# All but "explain", which takes minutes where an example is a hundred commands to Redis.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
TIMES = int(os.environ.get("EXAMPLES") or 0)


def many(examples: int, **more: object) -> settings:
    """Settings for a property that the suite tries with *examples* examples."""
    return settings(
        max_examples=examples * max(TIMES, 1),
        derandomize=not TIMES,
        phases=PHASES,
        deadline=None,  # a slow machine is no failure
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
        ],
        **more,  # type: ignore[arg-type]
    )
