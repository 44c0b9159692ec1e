"""Rows for a spreadsheet."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridge.cli import parts


def write(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print *rows* as CSV, a line for the names of the *columns* first; what is None stays empty."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(columns)
    for row in rows:
        out.writerow([cell(row[name]) for name in columns])


def cell(value: Any) -> str:
    """*value* as a table programme shows it and calculates nothing: strangers' words may begin with = or +."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text = parts.harmless(str(value)).replace("\t", " ")
    return f"'{text}" if text[:1] in "=+-@" and text else text
