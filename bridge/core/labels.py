"""What is known of a person beyond one message: labels somebody gave them, and how often they wrote.

Both are kept as small JSON texts beside the person: labels with the time they end, contacts as moments
with the short name of what was said, so that the same message never counts twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from bridge.core.stored import moment_in, moment_out

USUAL = 90 * 86400  # seconds a label stands where nobody says how long
WEEK = 7 * 86400  # seconds contacts are remembered
MANY = 50  # contacts that are remembered; who writes more often has written often


def labels(kept: str | None, now: datetime) -> dict[str, datetime]:
    """The labels in *kept* that still stand, with the time each ends."""
    told = {name: moment_in(until) for name, until in json.loads(kept or "{}").items()}
    return {name: until for name, until in told.items() if until is not None and until > now}


def labelled(kept: str | None, given: Mapping[str, int], now: datetime) -> tuple[str, int]:
    """What to keep once the labels *given*, each for so many seconds, are added; and for how long.

    A label that is given again stands as long as the later of the two says.
    """
    standing = labels(kept, now)
    for name, seconds in given.items():
        until = now + timedelta(seconds=seconds)
        standing[name] = max(until, standing.get(name, until))
    return _kept(standing, now)


def unlabelled(kept: str | None, name: str, now: datetime) -> tuple[str, int]:
    """What to keep once the label *name* is gone, and for how long."""
    return _kept({one: at for one, at in labels(kept, now).items() if one != name}, now)


def _kept(standing: Mapping[str, datetime], now: datetime) -> tuple[str, int]:
    written = {name: moment_out(until) for name, until in standing.items()}
    last = max(standing.values(), default=now)
    return json.dumps(written, separators=(",", ":")), max(1, int((last - now).total_seconds()))


def contacts(kept: str | None, name: str, at: datetime) -> str:
    """What to keep once the message *name* was written *at*; the same name is the same contact."""
    known = [one for one in json.loads(kept or "[]") if one[1] != name]
    since = at.timestamp() - WEEK
    fresh = sorted([one for one in known if one[0] > since] + [[int(at.timestamp()), name]])
    return json.dumps(fresh[-MANY:], separators=(",", ":"))


def ages(kept: str, at: datetime) -> tuple[float, ...]:
    """How many hours before *at* each contact in *kept* was; later ones do not count."""
    told = [(at.timestamp() - moment) / 3600 for moment, _ in json.loads(kept)]
    return tuple(hours for hours in told if hours > -1 / 60)
