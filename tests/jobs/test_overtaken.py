"""Comments of a ticket that wait together are taken as they were written; all else stays behind them."""

from __future__ import annotations

from typing import Any

from bridge.jobs.overtaken import in_order
from bridge.store import Event


def event(name: str, kind: str = "u", **doc: Any) -> Event:
    return Event(name, "zendesk", 0.0, kind, doc, {}, {})


def said(name: str, at: str | None, **more: Any) -> Event:
    return event(name, comment={"id": name, "at": at and f"2026-11-22T10:00:{at}+00:00"}, **more)


def names(*events: Event) -> list[str]:
    return [one.id for one in in_order(events)]


def test_the_time_tells() -> None:
    assert names(said("3", "09"), said("1", "07"), said("2", "08")) == ["1", "2", "3"]


def test_within_a_second_the_ids_tell_which_grow() -> None:
    assert names(said("100", "07"), said("99", "07.5"), said("98", "07.9")) == ["98", "99", "100"]


def test_everything_else_stays_behind_what_it_stood_behind() -> None:
    status, notice = event("status", status="open"), event("notice", "s", reply="x")
    found = names(status, said("2", "08"), notice, said("1", "07"), said("3", "09"))
    assert found == ["status", "1", "2", "notice", "3"]


def test_what_does_not_say_when_and_what_takes_words_back_stays_where_it_is() -> None:
    assert names(said("2", None), said("1", "07")) == ["2", "1"]
    assert names(said("2", "08", withdrawn=True), said("1", "07")) == ["2", "1"]
