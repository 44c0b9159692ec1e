"""`python -m matrix [WORDS]`: every cell, or those whose name has all of WORDS; exit 1 if one was wrong."""

from __future__ import annotations

import argparse
import sys
import time

from chaos import leave_nothing
from matrix import commands, doubts, kills, rows
from matrix.cells import Cell, Result, ran, sample, seed_of
from matrix.scene import Scene

SHOWN = 800  # characters of each thing that was wrong


def every() -> list[Cell]:
    return [*kills.cells(), *commands.cells(), *doubts.cells()]


def run(cells: list[Cell], scale: float) -> list[Result]:
    """The results of *cells*, told as they come."""
    results = []
    with Scene(scale) as scene:
        for number, cell in enumerate(cells, 1):
            results.append(result := ran(scene, cell))
            state = "WRONG" if result.wrong else "right"
            print(f"{number:4}/{len(cells)}  {state}  {result.seconds:5.1f} s  {cell}", flush=True)
            for one in result.wrong:
                print(f"            {one[:SHOWN]}")
    return results


def table(results: list[Result]) -> str:
    """By table and row: which columns were right, and the seconds of all of them."""
    rows: dict[tuple[str, str], list[Result]] = {}
    for one in results:
        rows.setdefault((one.cell.table, one.cell.row), []).append(one)
    lines = ["| | | right | wrong | seconds |", "| --- | --- | --- | --- | --- |"]
    for (of, row), some in rows.items():
        good = ", ".join(one.cell.column for one in some if not one.wrong)
        bad = ", ".join(one.cell.column for one in some if one.wrong)
        seconds = sum(one.seconds for one in some)
        lines.append(f"| {of} | {row} | {good} | {bad} | {seconds:.0f} |")
    return "\n".join(lines)


def faults(results: list[Result]) -> tuple[str, int]:
    """The rows of docs/faults.md by their tests, which are run here, and their cells; how many are wrong."""
    of, lines, bad = rows.rows(), [], 0
    ran_tests = rows.run(of)
    for row in of:
        tests = [ran_tests[one] for one in row.tests]
        cells = [one for one in results if str(one.cell).startswith(row.cells or ("\0",))]
        right = all(one.right for one in tests) and not any(one.wrong for one in cells)
        seconds = sum(one.seconds for one in (*tests, *cells))
        state = ("right" if tests or cells else "no test") if right else "WRONG"
        bad += not right
        counted = f"{len(tests)} tests, {len(cells)} cells"
        lines.append(f"| {row.name} | {row.fault} | {counted} | {state} | {seconds:.0f} |")
    head = ["| Row | What breaks | by | result | seconds |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *lines]), bad


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m matrix", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of the names of cells")
    parser.add_argument("--list", action="store_true", help="name the cells, and do nothing")
    parser.add_argument("--sample", type=int, help="so many cells of a seed (MATRIX_SEED)")
    parser.add_argument(
        "--scale", type=float, default=0.3, help="of the product's deadlines (default 0.3)"
    )
    parser.add_argument("--cells", action="store_true", help="leave out the rows of docs/faults.md")
    args = parser.parse_args()
    if not 0.1 <= args.scale <= 10:
        parser.error("--scale is a number from 0.1 to 10")
    cells = [cell for cell in every() if all(word in str(cell) for word in args.words)]
    if args.sample is not None:
        try:
            seed = seed_of()
        except ValueError:
            parser.error("MATRIX_SEED is a whole number")
        print(f"seed {seed}")
        cells = list(sample(cells, max(args.sample, 0), seed))
    if not cells:
        parser.error("these are no cells; --list names all")
    if args.list:
        print("\n".join(map(str, cells)))
        return 0
    began = time.monotonic()
    results = run(cells, args.scale)
    print(f"\n{table(results)}\n")
    wrong = sum(bool(one.wrong) for one in results)
    if not (args.cells or args.words or args.sample):
        told, bad = faults(results)
        wrong += bad
        print(f"\n{told}\n")
    print(f"{len(results)} cells, {wrong} wrong, {time.monotonic() - began:.0f} s")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    leave_nothing()
    sys.exit(main())
