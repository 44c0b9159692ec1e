"""What a topic has found: a table, claims with their goals, and what was set for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several repetitions, with their range."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        return f"{short(self.median)} ({short(min(self.values))} to {short(max(self.values))})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(tuple(values))


def ratios(above: Spread, below: Spread) -> Spread:
    """Repetition by repetition: neighbours in time are compared, not the best of one with the worst."""
    return Spread(tuple(a / b for a, b in zip(above.values, below.values, strict=True)))


def short(value: float) -> str:
    """Three figures are more than this machine can promise."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure against its goal; `most` says that less is better."""

    what: str
    found: Spread
    goal: float
    most: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.found.median <= self.goal if self.most else self.found.median >= self.goal

    def __str__(self) -> str:
        goal = f"{'at most' if self.most else 'at least'} {short(self.goal)}{self.unit}"
        verdict = "met" if self.met else "not met"
        return f"{self.what}: {self.found}{self.unit}; goal {goal}: {verdict}"


@dataclass(slots=True)
class Findings:
    """Everything one topic prints."""

    title: str
    head: tuple[str, ...]
    settings: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append(tuple(str(cell) for cell in cells))

    def __str__(self) -> str:
        table = [self.head, *self.rows]
        widths = [max(len(row[at]) for row in table) for at in range(len(self.head))]
        lines = [
            "| "
            + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            + " |"
            for row in table
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        told = [f"- {one}" for one in self.claims]
        return "\n".join([f"## {self.title}", "", *self.settings, "", *lines, "", *told, ""])
