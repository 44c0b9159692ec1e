"""A write whose answer was lost: looked for, waited for, and done again only where that is certainly harmless."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core import compose
from bridge.core.errors import Ambiguous, Done, PermanentError
from bridge.core.model import Connection, Status, Ticket
from bridge.jobs import posting, undelivered, writing
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders, Turn

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DESK = Connection(name="desk", type="zendesk")
META = Connection(name="meta", type="meta")
ROOM = Room.read("r", {})
EVENT = Event("e1", "desk", NOW.timestamp(), "u", {}, {}, {})


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


class Did(list[str]):
    """What a step did, in its order; `settled` are the intents it has written down, `sets` the indexes."""

    def __init__(self, helpdesk: Any = None, kept: dict[str, str] | None = None) -> None:
        super().__init__()
        self.settled, self.sets = list[Any](), list[Any]()
        self.bridge = SimpleNamespace(
            now=lambda: NOW,
            store=SimpleNamespace(get=(kept or {}).get),
            config=SimpleNamespace(connections={"desk": DESK}),
            helpdesk=lambda desk: helpdesk,
        )
        self.outside = SimpleNamespace(
            desk=lambda desk, found: found, platform=lambda connection, found: found
        )

    def orders(self) -> Orders:
        return Orders("out:r", "r")

    def settle(self, orders: Orders) -> None:
        self.settled.append(orders.intent)
        self.sets += orders.set


# --- a ticket, and what is added to it -----------------------------------------------------------------


def desk(
    once: float | None = 7200,
    settles: float = 0,
    tickets: Sequence[Ticket] = (),
    there: bool = False,
) -> Any:
    """A helpdesk that repeats its answer to a create for so many seconds, and shows a write after so many."""
    return SimpleNamespace(
        create_once=once,
        settles=settles,
        find=lambda desk, stamp, asker: tickets,
        marked=lambda desk, ticket, ident: there,
    )


def resolved(
    monkeypatch: pytest.MonkeyPatch, kind: str, age: float, helpdesk: Any, before: str = "[]"
) -> tuple[list[str], bool | float]:
    """What becomes of a write that was begun *age* seconds ago, and what the step returns."""
    did = Did(helpdesk)
    monkeypatch.setattr(writing, "_send", lambda *told: did.append("written") or True)
    monkeypatch.setattr(writing, "commit", lambda *told: did.append(f"is ticket {told[3].id}"))
    intent = {
        "desk": "desk",
        "kind": kind,
        "id": "i",
        "ticket": "7",
        "at": ago(age),
        "before": before,
    }
    turn = Turn("in:r", "r", (), intent, {}, {}, {})
    return did, writing.resolve(cast(Hand, did), turn, ROOM)


def test_while_its_key_holds_a_ticket_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    there = desk(tickets=[Ticket(id="8", status=Status.OPEN)])
    assert resolved(monkeypatch, "create", 6000, there)[0] == ["written"]


@pytest.mark.parametrize(("age", "once"), [(6500, 7200.0), (10, None)])
def test_without_its_key_a_ticket_is_looked_for_first(
    monkeypatch: pytest.MonkeyPatch, age: float, once: float | None
) -> None:
    there = desk(once, tickets=[Ticket(id="8", status=Status.OPEN)])
    assert resolved(monkeypatch, "create", age, there)[0] == ["is ticket 8"]
    assert resolved(monkeypatch, "create", age, desk(once))[0] == ["written"]


def test_an_earlier_ticket_and_a_closed_one_are_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tickets = [Ticket(id="5", status=Status.SOLVED), Ticket(id="6", status=Status.CLOSED)]
    found = desk(None, tickets=tickets)
    assert resolved(monkeypatch, "create", 10, found, before='["5"]')[0] == ["written"]
    assert resolved(monkeypatch, "create", 10, found)[0] == ["is ticket 5"]


@pytest.mark.parametrize("kind", ["create", "update"])
def test_nobody_looks_before_it_could_be_seen(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    assert resolved(monkeypatch, kind, 10, desk(None, settles=30)) == ([], 20.0)
    assert resolved(monkeypatch, kind, 31, desk(None, settles=30))[0] == ["written"]


@pytest.mark.parametrize(("there", "done"), [(True, "is ticket 7"), (False, "written")])
def test_words_that_stand_on_the_ticket_are_not_added_again(
    monkeypatch: pytest.MonkeyPatch, there: bool, done: str
) -> None:
    assert resolved(monkeypatch, "update", 10, desk(there=there))[0] == [done]


def test_a_key_that_was_used_for_other_words_makes_no_second_ticket() -> None:
    did = Did(desk())
    error = Ambiguous("idempotency_mismatch", "another body")
    intent = {"desk": "desk", "kind": "create", "id": "i"}
    with pytest.raises(Ambiguous):
        writing._find(cast(Hand, did), ROOM, intent, error)


# --- words on a platform -------------------------------------------------------------------------------


def said(
    monkeypatch: pytest.MonkeyPatch, age: float, *, look: str | bool | None = False, echo: float = 0,
    kept: dict[str, str] | None = None, **more: str,
) -> tuple[Did, bool | float]:  # fmt: skip
    """What becomes of words that were on their way *age* seconds ago, and what the step returns.

    *look* is what one finds who looks on the platform; False where nobody can.
    """
    did = Did(kept=kept)
    target = SimpleNamespace(connection=META, channel="facebook", account_id="1")
    here = SimpleNamespace(
        facts={}, places={"p": {"item": "1"}}, target=lambda bridge, place: target
    )
    voice = SimpleNamespace(look=None if look is False else lambda *told: look, echo=echo)
    monkeypatch.setattr(posting, "voice_at", lambda hand, target, private: voice)
    monkeypatch.setattr(posting, "_post", lambda *told: did.append("said"))
    monkeypatch.setattr(posting, "_recorded", lambda *told: did.append(f"was {told[5]}"))
    monkeypatch.setattr(undelivered, "tell", lambda *told, said: did.append(f"told: {told[3]}"))
    intent = {
        "id": "e1", "kind": "post", "place": "p", "marker": "e1.0", "private": "", "human": "1", "whole": "It comes.",
        "text": "It comes.", "tag": "", "part": "0", "at": ago(age), **more,
    }  # fmt: skip
    turn = Turn("out:r", "r", (EVENT,), intent, {}, {}, {})
    return did, posting.resolve(cast(Hand, did), turn, cast(Room, here))


def test_where_nobody_can_look_the_agent_is_told_and_nothing_is_said_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert said(monkeypatch, 10)[0] == ["told: unconfirmed"]


def test_an_echo_may_come_for_a_while_and_tells_that_they_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert said(monkeypatch, 10, echo=12) == ([], 2.0)
    assert said(monkeypatch, 10, echo=60) == ([], posting.SETTLED)
    assert said(monkeypatch, 10, echo=60, kept={"found:e1.0": "77"})[0] == ["was 77"]
    assert said(monkeypatch, 61, echo=60)[0] == ["told: unconfirmed"]


def test_where_one_can_look_one_looks_when_they_could_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert said(monkeypatch, 1, look="77") == ([], posting.SETTLED - 1)
    assert said(monkeypatch, 5, look="77")[0] == ["was 77"]
    assert said(monkeypatch, 5, look=None)[0] == ["said"]


def test_equal_words_that_were_said_before_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    target = SimpleNamespace(connection=META, account_id="1")
    before = posting._sent_key(cast(Any, target), "facebook", "77")
    assert said(monkeypatch, 5, look="77", kept={before: "r e0"})[0] == ["said"]


def test_what_certainly_did_not_happen_is_said_without_a_look_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    did, _ = said(monkeypatch, 1, look="77", sure="1")
    assert did == ["said"]
    assert did.settled == [{"sure": ""}]  # before they go out: who dies now leaves a doubt


def test_words_whose_event_has_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    did, _ = said(monkeypatch, 5, look="77", id="another")
    assert (did, did.settled) == ([], [""])


# --- words that go out now -----------------------------------------------------------------------------


def goes(
    monkeypatch: pytest.MonkeyPatch, *, allowed: bool = True, refused: Exception | None = None
) -> list[str]:
    """What becomes of one piece of words when it is sent."""
    did = Did()

    def sends(connection: Connection, posted: str, guard: Any, ask: Any) -> str:
        if refused:
            raise refused
        did.append("sent")
        return posted

    did.outside.platform = sends
    did.guard = None  # type: ignore[attr-defined]
    window = compose.Window(allowed=allowed, code=None if allowed else "window_closed")
    monkeypatch.setattr(posting, "window", lambda *told: window)
    monkeypatch.setattr(posting, "_piece", lambda intent: None)
    monkeypatch.setattr(posting, "_place", lambda room, intent: {})
    monkeypatch.setattr(posting, "_recorded", lambda *told: did.append(f"was {told[5]}"))
    monkeypatch.setattr(undelivered, "tell", lambda *told, said: did.append(f"told: {told[3]}"))
    intent = {"pieces": '["It comes."]', "part": "0", "human": "1", "whole": "It comes."}
    voice: Any = SimpleNamespace(post=lambda target, piece: "77")
    target: Any = SimpleNamespace(connection=META)
    posting._post(cast(Hand, did), ROOM, EVENT, intent, voice, target)
    return did


def test_whether_one_may_speak_is_asked_when_the_words_go_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert goes(monkeypatch) == ["sent", "was 77"]
    assert goes(monkeypatch, allowed=False) == ["told: window_closed"]


def test_words_that_the_platform_says_it_has_already_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert goes(monkeypatch, refused=Done("said_already", found="78")) == ["was 78"]
    assert goes(monkeypatch, refused=PermanentError("blocked")) == ["told: blocked"]


def test_the_next_piece_is_recorded_with_its_own_name_and_time_before_it_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    did = Did()
    monkeypatch.setattr(posting, "_spoken_at", lambda *told: {"facebook"})
    saying = ("saying: two", "e1.1", 600)
    monkeypatch.setattr(posting, "_saying", lambda *told: [saying])
    intent = {
        "pieces": '["one", "two"]', "part": "0", "text": "one", "marker": "e1.0", "ids": "[]", "at": ago(9),
    }  # fmt: skip
    target: Any = SimpleNamespace(connection=META, account_id="1")
    assert posting._recorded(cast(Hand, did), ROOM, EVENT, intent, target, "77")
    (written,) = did.settled
    assert written == {
        "pieces": '["one", "two"]', "part": "1", "text": "two", "marker": "e1.1", "ids": '["77"]', "at": ago(0),
    }  # fmt: skip
    # Its echo, and what the platform tells of it later, are known by this.
    sent = (posting._sent_key(target, "facebook", "77"), "r e1", 30 * 86400)
    assert did.sets == [sent, saying]
