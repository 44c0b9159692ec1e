"""One cell: what is done to the bridge, and whether everything was right afterwards."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matrix.scene import Scene


@dataclass(frozen=True, slots=True)
class Cell:
    """`run(scene, *what)` gives what was wrong; `table`, `row` and `column` are where it stands."""

    table: str
    row: str
    column: str
    run: Callable[..., list[str]]
    what: tuple[Any, ...]
    patient: bool = False  # it takes ten seconds and more

    def __str__(self) -> str:
        return f"{self.table}: {self.row}, {self.column}"


@dataclass(frozen=True, slots=True)
class Result:
    cell: Cell
    wrong: tuple[str, ...]
    seconds: float


def ran(scene: Scene, cell: Cell) -> Result:
    """The cell's result; whatever it left behind is gone when it was wrong."""
    began = time.monotonic()
    try:
        wrong = cell.run(scene, *cell.what)
    except AssertionError as failed:
        wrong = [str(failed)]
    if wrong:
        wrong = [*wrong, scene.kept()]
        scene.wipe()
    return Result(cell, tuple(wrong), time.monotonic() - began)


def sample(cells: Iterable[Cell], number: int, seed: int) -> Sequence[Cell]:
    """So many of those that take seconds, the same for the same seed, from every table its share."""
    dice = random.Random(seed)
    tables: dict[str, list[Cell]] = {}
    for cell in cells:
        if not cell.patient:
            tables.setdefault(cell.table, []).append(cell)
    share, more = divmod(number, len(tables) or 1)
    return [
        cell
        for at, table in enumerate(tables.values())
        for cell in dice.sample(table, min(share + (at < more), len(table)))
    ]


def seed_of() -> int:
    """Of the environment (MATRIX_SEED), else one of chance."""
    told = os.environ.get("MATRIX_SEED")
    return int(told) if told else random.SystemRandom().randrange(10**6)
