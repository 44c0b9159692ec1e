"""How often each rule matched: in the order of the file, then what was counted for rules that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.core.receipt import MOVED, SHADOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One rule: events that it matched, events that it would have matched in the shadow, the last one.

    `moved` are tickets that left the group to which it had sent them.
    """

    rule: str
    matches: int = 0
    shadow: int = 0
    moved: int = 0
    last: datetime | None = None
    in_force: bool = True


def tallies(rules: Iterable[str], counts: Mapping[str, tuple[int, datetime]]) -> list[Tally]:
    """One of each of *rules*, those in force, and of every other rule that was counted."""
    names = list(dict.fromkeys(rules))
    gone = sorted({name.rpartition(" ")[2] for name in counts} - {*names})
    return [_tally(name, counts, in_force=name not in gone) for name in (*names, *gone)]


def _tally(rule: str, counts: Mapping[str, tuple[int, datetime]], *, in_force: bool) -> Tally:
    found = [counts.get(name) for name in (rule, f"{SHADOW}{rule}")]
    matches, shadow = (one[0] if one else 0 for one in found)
    moved = counts.get(f"{MOVED}{rule}")
    last = max((one[1] for one in found if one), default=None)
    return Tally(
        rule=rule,
        matches=matches,
        shadow=shadow,
        moved=moved[0] if moved else 0,
        last=last,
        in_force=in_force,
    )
