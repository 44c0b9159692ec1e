from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bridge.core import sync
from bridge.core.model import Status
from bridge.core.sync import MOMENTS, notice, reopens, says, status_after

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVERY: tuple[Status | None, ...] = (None, *Status)


def the_table() -> dict[tuple[str, str], str]:
    """The table that opens core/sync.py, read back: (from, to) -> moment or "-"."""
    lines = [line.split() for line in (sync.__doc__ or "").splitlines() if line.startswith("    ")]
    columns = lines[0][3:]
    return {
        (row[0], to): cell for row in lines[1:] for to, cell in zip(columns, row[1:], strict=True)
    }


TABLE = the_table()


def test_the_table_in_the_docstring_is_complete() -> None:
    names = {"(unknown)", *(status.value for status in Status)}
    assert {key[0] for key in TABLE} == names
    assert set(TABLE) == set(product(names, (status.value for status in Status)))


@pytest.mark.parametrize(("previous", "current"), list(product(EVERY, Status)))
def test_a_change_of_status_is_the_moment_the_table_says(
    previous: Status | None, current: Status
) -> None:
    cell = TABLE[(previous.value if previous else "(unknown)", current.value)]
    assert says(previous, current) == (None if cell == "-" else cell)


def test_every_moment_happens_and_no_other() -> None:
    assert {cell for cell in TABLE.values() if cell != "-"} == set(MOMENTS)


NOTICES = {moment: f"words-{moment}" for moment in MOMENTS}


@pytest.mark.parametrize(("previous", "current"), list(product(EVERY, Status)))
def test_a_moment_says_what_the_map_says(previous: Status | None, current: Status) -> None:
    moment = says(previous, current)
    assert notice(NOTICES, previous, current) == (f"words-{moment}" if moment else None)
    assert notice({}, previous, current) is None
    assert notice(dict.fromkeys(MOMENTS), previous, current) is None


@pytest.mark.parametrize("status", Status)
def test_nothing_changed_says_nothing(status: Status) -> None:
    assert notice(NOTICES, status, status) is None


def test_closed_after_solved_says_nothing_but_solved_did() -> None:
    assert notice(NOTICES, Status.OPEN, Status.SOLVED) == "words-solved"
    assert notice(NOTICES, Status.SOLVED, Status.CLOSED) is None


def test_reopened_by_staff_is_news_and_by_the_customer_is_not() -> None:
    assert notice(NOTICES, Status.SOLVED, Status.OPEN) == "words-reopened"
    assert notice(NOTICES, Status.SOLVED, Status.OPEN, by_customer=True) is None


def test_a_deleted_ticket_says_nothing_whatever_it_was() -> None:
    assert all(notice(NOTICES, previous, Status.DELETED) is None for previous in EVERY)
    assert all(notice(NOTICES, Status.DELETED, current) is None for current in Status)


# --- the way in --------------------------------------------------------------------------------

SOLVED = {
    "just": timedelta(0),
    "in time": timedelta(days=14),
    "late": timedelta(days=14, seconds=1),
}
STEPS = {
    (None, False): ("append",) * 4,
    (None, True): ("append",) * 4,
    (Status.NEW, False): ("append",) * 4,
    (Status.NEW, True): ("append",) * 4,
    (Status.OPEN, False): ("append",) * 4,
    (Status.OPEN, True): ("append",) * 4,
    (Status.PENDING, False): ("append",) * 4,
    (Status.PENDING, True): ("append",) * 4,
    (Status.ON_HOLD, False): ("append",) * 4,
    (Status.ON_HOLD, True): ("append",) * 4,
    (Status.SOLVED, False): ("reopen", "reopen", "new", "reopen"),
    (Status.SOLVED, True): ("append_quietly",) * 4,
    (Status.CLOSED, False): ("followup",) * 4,
    (Status.CLOSED, True): ("nothing",) * 4,
    (Status.DELETED, False): ("unlinked",) * 4,
    (Status.DELETED, True): ("unlinked",) * 4,
}
AGES = (*SOLVED.values(), None)
ROWS = [
    (status, thanks, age, step)
    for (status, thanks), steps in STEPS.items()
    for age, step in zip(AGES, steps, strict=True)
]


@pytest.mark.parametrize(("status", "thanks", "age", "step"), ROWS)
def test_the_next_message_does_what_the_table_says(
    status: Status | None, thanks: bool, age: timedelta | None, step: str
) -> None:
    solved_at = None if age is None else NOW - age
    assert reopens(status, thanks, now=NOW, solved_at=solved_at, reopen_days=14) == step


def test_the_table_holds_every_status_with_and_without_thanks() -> None:
    assert set(STEPS) == set(product(EVERY, (False, True)))


@pytest.mark.parametrize("solved_at", [NOW, NOW - timedelta(days=1), None])
def test_zero_days_never_reopen(solved_at: datetime | None) -> None:
    assert reopens(Status.SOLVED, False, now=NOW, solved_at=solved_at, reopen_days=0) == "new"


@pytest.mark.parametrize(
    ("status", "step", "after"),
    [
        (Status.PENDING, "append", Status.OPEN),
        (Status.SOLVED, "reopen", Status.OPEN),
        (Status.ON_HOLD, "append", None),
        (Status.OPEN, "append", None),
        (Status.NEW, "append", None),
        (None, "append", None),
        (Status.SOLVED, "append_quietly", None),
        (Status.SOLVED, "new", None),
        (Status.CLOSED, "followup", None),
        (Status.CLOSED, "nothing", None),
        (Status.DELETED, "unlinked", None),
    ],
)  # fmt: skip
def test_only_waiting_and_solved_tickets_change_their_status(
    status: Status | None, step: sync.Next, after: Status | None
) -> None:
    assert status_after(status, step) is after
