"""How often each rule matched, as `bridge status` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.cli import parts
from bridge.config import Config
from bridge.core.tally import tallies
from bridge.store import Store
from bridge.versions import rules_in_force

SHOWN = 20  # rules in the table; `--json` has all of them


def rows(store: Store, folder: Path, config: Config, version: str | None) -> dict[str, Any]:
    """`{rule: {matches, shadow, moved, last, in_force}}` in the order of the rules in force."""
    rules = rules_in_force(store, folder, config, version)
    return {
        one.rule: {
            "matches": one.matches,
            "shadow": one.shadow,
            "moved": one.moved,
            "last": one.last.isoformat() if one.last else None,
            "in_force": one.in_force,
        }
        for one in tallies((rule.name for rule in rules.rules), store.matches())
    }


def show(told: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the rules that matched, the most often first, and name those that never did."""
    matched = [name for name, one in told.items() if one["last"]]
    never = [name for name, one in told.items() if not one["last"]]
    matched.sort(key=lambda name: -(told[name]["matches"] + told[name]["shadow"]))
    if matched:
        wide = max(len(parts.harmless(name)) for name in matched[:SHOWN])
        print(f"\n{'rule':{wide}}  {'matched':>9}  {'in shadow':>9}  {'moved':>7}  last")
        for name in matched[:SHOWN]:
            one = told[name]
            gone = "" if one["in_force"] else "  (not in force any more)"
            print(
                f"{parts.harmless(name):{wide}}  {one['matches']:>9,}  {one['shadow']:>9,}  {one['moved']:>7,}  "
                f"{one['last'][:16].replace('T', ' ')}{gone}"
            )
        if len(matched) > SHOWN:
            print(f"and {len(matched) - SHOWN:,} more: --json tells all")
    if matched and never:
        more = f" and {len(never) - SHOWN:,} more" if len(never) > SHOWN else ""
        print(f"never matched yet: {parts.harmless(', '.join(never[:SHOWN]))}{more}")
    if matched:
        print()
