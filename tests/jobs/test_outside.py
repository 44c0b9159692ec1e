"""How long to wait, how a budget is spread, and what a 429 teaches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import AuthError, BridgeError, TransientError
from bridge.core.limits import Budget
from bridge.core.model import Connection, Secret
from bridge.helpdesks import HELPDESKS
from bridge.jobs.budgets import paced
from bridge.jobs.outside import LONGEST, STEPS, Outside, wait_of
from bridge.jobs.rank import Asker
from bridge.store import Leave
from bridge.wiring import Bridge

# --- when to try again --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "tries", "jitter", "seconds"),
    [
        (None, 1, 0.5, 1.0),
        (None, 1, 0.0, 0.8),
        (None, 1, 1.0, 1.2),
        (None, len(STEPS), 0.5, 600.0),
        (None, len(STEPS) + 1, 0.5, 3600.0),
        (None, 0, 0.5, 1.0),
        (40.0, 1, 0.0, 40.0),
        (40.0, 9, 1.0, 44.0),
        (0.0, 1, 0.0, 0.05),
        (9e9, 1, 0.0, LONGEST),
    ],
)
def test_the_next_try_waits_as_told_or_ever_longer(
    told: float | None, tries: int, jitter: float, seconds: float
) -> None:
    error = TransientError("x", retry_after=told)
    assert wait_of(error, tries, jitter) == pytest.approx(seconds)


@given(st.none() | st.floats(0, 1e6), st.integers(0, 10**6), st.floats(0, 1))
def test_no_wait_is_nothing_or_for_ever(told: float | None, tries: int, jitter: float) -> None:
    assert (
        0.05
        <= wait_of(TransientError("x", retry_after=told), tries, jitter)
        <= LONGEST * 1.1 + 0.001
    )


# --- budgets ------------------------------------------------------------------------------------------


def test_a_tickets_budget_is_spread_so_that_the_first_updates_go_at_once() -> None:
    assert paced(Budget("ticket:7", 30, 600.0)) == [
        Budget("ticket:7:1", 10, 60.0),
        Budget("ticket:7:3", 15, 180.0),
        Budget("ticket:7:6", 22, 360.0),
        Budget("ticket:7", 30, 600.0),
    ]


def test_the_others_are_spent_as_they_are() -> None:
    assert paced(Budget("account", 400, 60.0, True)) == [Budget("account", 400, 60.0, True)]


@given(st.integers(3, 10_000), st.floats(1, 1e5))
def test_each_smaller_budget_allows_less_in_less_time(limit: int, window: float) -> None:
    spread = paced(Budget("ticket:7", limit, window))
    assert len({one.name for one in spread}) == len(spread)
    assert [one[1:3] for one in spread] == sorted(one[1:3] for one in spread)


# --- being told to wait -------------------------------------------------------------------------------


class Room:
    """A journal that lets everything go out, and notes what is stopped."""

    def __init__(self) -> None:
        self.stopped: list[tuple[str, str, float]] = []
        self.asked: list[tuple[str, list[Budget]]] = []
        self.kept: dict[str, str] = {}
        self.alarms: list[str] = []
        self.slowed: list[tuple[str, str, float]] = []
        self.taught: list[tuple[str, int, float]] = []
        self.left: tuple[int, ...] = ()
        self.others = 0
        self.says: list[str] = []
        self.cheered = 0

    def gate(self, connection: str, budgets: list[Budget], lane: str, order: int) -> Leave:
        self.asked.append((connection, list(budgets)))
        why = self.says.pop(0) if self.says else ""
        return Leave(0.0, why, left=self.left, others=self.others)

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str, seconds: float) -> None:
        self.kept[key] = value

    def alarm(self, name: str, text: str, lasts: float) -> None:
        self.alarms.append(name)

    def slow(self, connection: str, budget: str, gap: float, seconds: float) -> None:
        self.slowed.append((connection, budget, gap))

    def told(self, connection: str, budget: Budget, left: int, seconds: float) -> int:
        self.taught.append((budget.name, left, seconds))
        return 0

    def cheer(self, connection: str) -> None:
        self.cheered += 1

    def stop(self, connection: str, budget: str, seconds: float) -> None:
        self.stopped.append((connection, budget, seconds))


def outside(answer: HttpResponse, **options: Any) -> tuple[Outside, Room, Connection]:
    room = Room()
    bridge = SimpleNamespace(
        store=room,
        http=SimpleNamespace(send=lambda request: answer),
        helpdesk=lambda connection: HELPDESKS["zendesk"],
        provider=lambda connection: HELPDESKS["zendesk"],
    )
    given = {"url": "https://acme.zendesk.com", "email": "a@acme.example", **options}
    return Outside(cast(Bridge, bridge)), room, Connection(name="z", type="zendesk", options=given)


def asking(*budget: str, write: bool = True) -> Calls[HttpResponse]:
    return (
        yield HttpRequest(
            method="PUT", url="https://elsewhere.example/x", budget=budget, write=write
        )
    )


def twice() -> Calls[int]:
    """A call of two requests that fails as soon as an answer is none it likes."""
    for _ in range(2):
        answer = yield HttpRequest(method="PUT", url="https://elsewhere.example/x")
        if answer.status != 200:
            raise TransientError("server_error", "no")
    return 2


def test_a_try_that_is_answered_opens_the_connection_before_the_next_request() -> None:
    out, room, desk = outside(HttpResponse(status=200))
    room.says = ["try", "not asked yet"]
    seen = []
    room.cheer = lambda connection: seen.append(len(room.asked))  # type: ignore[method-assign]
    assert out.desk(desk, twice()) == 2
    assert seen == [1]


@pytest.mark.parametrize(("after", "told"), [(0, "z"), (1, "")], ids=["before", "after"])
def test_a_redis_that_is_away_tells_of_the_call_only_before_anything_was_written(
    after: int, told: str
) -> None:
    out, room, desk = outside(HttpResponse(status=200))

    def gate(*asked: Any) -> Leave:
        if len(room.asked) == after:
            raise TransientError("redis_away")
        return Room.gate(room, *asked)

    room.gate = gate  # type: ignore[method-assign]
    with pytest.raises(TransientError) as caught:
        out.desk(desk, twice())
    assert (caught.value.code, caught.value.connection) == ("redis_away", told)


def test_a_try_that_ends_the_errand_opens_the_connection_too() -> None:
    out, room, desk = outside(HttpResponse(status=200))
    room.says = ["try"]
    out.desk(desk, asking())
    assert room.cheered == 1


def test_a_try_that_fails_opens_nothing_and_what_needs_no_try_cheers_nobody() -> None:
    out, room, desk = outside(HttpResponse(status=500))
    room.says = ["try"]
    with pytest.raises(TransientError):
        out.desk(desk, twice())
    out, other, desk = outside(HttpResponse(status=200))
    out.desk(desk, twice())
    assert (room.cheered, other.cheered) == (0, 0)


UPDATE = ("ticket:7", "updates", "account")


@pytest.mark.parametrize(
    ("headers", "body", "budget", "stopped"),
    [
        ({"retry-after": "37"}, b"", UPDATE, ("z", "account", 37.0)),
        ({}, b"", UPDATE, ("z", "account", 10.0)),
        ({"retry-after": "soon"}, b"", UPDATE, ("z", "account", 10.0)),
        ({"retry-after": "nan"}, b"", UPDATE, ("z", "account", 10.0)),
        ({"retry-after": "0"}, b"", UPDATE, ("z", "account", 1.0)),
        ({"retry-after": "3600"}, b"", UPDATE, ("z", "account", 3600.0)),
        (
            {"retry-after": "400", "zendesk-ratelimit-per-ticket-updates": "total=30; remaining=0; resets=400"},
            b"", UPDATE, ("z", "ticket:7", 400.0),
        ),
        (
            {"retry-after": "30"}, b"Number of allowed ticket update API requests exceeded",
            UPDATE, ("z", "updates", 30.0),
        ),
        # Budgets with plenty left are told of as well: they are not what stopped us.
        (
            {
                "retry-after": "30", "x-rate-limit-remaining": "0",
                "zendesk-ratelimit-per-ticket-updates": "total=30; remaining=29; resets=468",
                "zendesk-ratelimit-tickets-update": "total=100; remaining=60; resets=9",
            },
            b"Number of allowed API requests per minute exceeded", UPDATE, ("z", "account", 30.0),
        ),
        (
            {"retry-after": "9", "zendesk-ratelimit-tickets-update": "total=100; remaining=0; resets=9"},
            b"", UPDATE, ("z", "updates", 9.0),
        ),
        (
            {"retry-after": "500"},
            b"Number of allowed ticket updates per 10 minutes for this ticket per minute exceeded",
            UPDATE, ("z", "ticket:7", 500.0),
        ),
        # A read never spends what only updates spend.
        ({"retry-after": "30"}, b"ticket update", ("account",), ("z", "account", 30.0)),
    ],
)  # fmt: skip
def test_a_429_stops_the_narrowest_budget_it_speaks_of(
    headers: dict[str, str], body: bytes, budget: tuple[str, ...], stopped: tuple[str, str, float]
) -> None:
    out, room, connection = outside(HttpResponse(status=429, headers=headers, body=body))
    out.desk(connection, asking(*budget))
    assert room.stopped == [stopped]


def test_a_good_answer_stops_nothing() -> None:
    out, room, connection = outside(HttpResponse(status=200))
    out.desk(connection, asking(*UPDATE))
    assert room.stopped == []


def test_the_operator_may_know_the_accounts_limit_better() -> None:
    out, room, connection = outside(HttpResponse(status=200), requests_per_minute=700)
    out.desk(connection, asking("account"))
    assert room.asked[0][1] == [Budget("account", 700, 60.0, shared=True)]


# --- guards and names ---------------------------------------------------------------------------------


def test_a_write_asks_the_guard_after_the_leave_and_a_read_does_not_ask_it() -> None:
    def guard() -> None:
        raise BridgeError("lease_lost")

    out, room, connection = outside(HttpResponse(status=200))
    sent = list[HttpRequest]()
    out.bridge.http.send = lambda one: sent.append(one) or HttpResponse(status=200)  # type: ignore[method-assign, func-returns-value]
    with pytest.raises(BridgeError, match="lease_lost"):
        out.desk(connection, asking("account"), guard)
    assert (len(room.asked), sent) == (1, [])  # Redis may take its time over the leave
    assert out.desk(connection, asking("account", write=False), guard).status == 200
    assert len(sent) == 1


def test_leave_for_the_first_request_is_asked_as_told_and_for_the_others_as_ever() -> None:
    def ask(connection: str, spends: list[Budget]) -> Leave:
        asked.append(connection)
        return Leave(0.0)

    asked = list[str]()
    out, room, desk = outside(HttpResponse(status=200))
    assert out.desk(desk, twice(), ask=ask) == 2
    assert (asked, len(room.asked)) == (["z"], 1)


@pytest.mark.parametrize(("lane", "kept"), [("in:x", 1), ("", 0)])
@pytest.mark.parametrize("fails", [False, True])
def test_what_was_spent_counts_from_the_answer_on_also_where_there_was_none(
    lane: str, kept: int, fails: bool
) -> None:
    """Kept until it is written down; who works on no lane writes nothing down."""

    def send(request: HttpRequest) -> HttpResponse:
        if fails:
            raise TransientError("timeout")
        return HttpResponse(status=200)

    out, room, desk = outside(HttpResponse(status=200))
    out.bridge.http.send = send  # type: ignore[method-assign]
    room.gate = lambda *asked: Leave(0.0, at=999)  # type: ignore[method-assign]
    asker = Asker(lane)
    with suppress(TransientError):
        out.of(asker).desk(desk, asking("updates", "account"))
    assert asker.late == [["z", 999, "updates", 60_000, "account", 60_000]] * kept


def test_an_error_carries_the_connection_it_is_about() -> None:
    def failing() -> Calls[None]:
        yield HttpRequest(method="GET", url="https://acme.zendesk.com/x")
        raise TransientError("server_error")

    out, _, connection = outside(HttpResponse(status=200), api_token=None)
    with pytest.raises(TransientError) as caught:
        out.platform(connection, failing())
    assert caught.value.connection == "z"


def test_a_closed_gate_is_told_with_its_reason_and_its_wait() -> None:
    out, room, connection = outside(HttpResponse(status=200))
    room.gate = lambda *asked: Leave(3.5, "outage", "z")  # type: ignore[method-assign]
    with pytest.raises(TransientError) as caught:
        out.desk(connection, asking("account"))
    error = caught.value
    assert (error.code, error.retry_after, error.limited) == ("outage", 3.5, True)
    assert (error.connection, error.line) == ("z", "z")


# --- tokens -------------------------------------------------------------------------------------------


class Vault(Room):
    """A journal that remembers by name, too."""

    def __init__(self) -> None:
        super().__init__()
        self.freed: list[Callable[[], object]] = []  # what happens once the lock is free

    def forget(self, key: str) -> None:
        self.kept.pop(key, None)

    def take(self, key: str, owner: str, seconds: float) -> bool:
        return self.kept.setdefault(key, owner) == owner

    def give_back(self, key: str, owner: str) -> None:
        if self.kept.get(key) == owner:
            del self.kept[key]
        if self.freed:
            self.freed.pop()()


class Desk:
    """A helpdesk that takes the tokens it gave, until they are revoked."""

    def __init__(self) -> None:
        self.given = 0
        self.good: set[str] = set()
        self.seen: list[str] = []
        self.meanwhile: list[Callable[[], object]] = []
        self.refuses = False

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.url.endswith("/oauth/tokens"):
            self.given += 1
            if self.refuses:
                return HttpResponse(status=401, body=b'{"error": "invalid_client"}')
            self.good.add(f"t{self.given}")
            body = f'{{"access_token": "t{self.given}", "expires_in": 1800}}'
            return HttpResponse(status=200, body=body.encode())
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.seen.append(token)
        status = 200 if token in self.good else 401
        if self.meanwhile:
            self.meanwhile.pop()()
        return HttpResponse(status=status)


def workers(count: int) -> tuple[Desk, list[Outside], Connection]:
    """Some processes, one journal, one helpdesk."""
    desk, vault = Desk(), Vault()
    bridge = SimpleNamespace(
        store=vault, http=desk, helpdesk=lambda connection: HELPDESKS["zendesk"],
        provider=lambda connection: HELPDESKS["zendesk"],
        settings=SimpleNamespace(secret_key=Secret("")),
    )  # fmt: skip
    options = {
        "url": "https://acme.zendesk.com", "client_id": "b", "client_secret": Secret("s"),
    }  # fmt: skip
    made = [Outside(cast(Bridge, bridge)) for _ in range(count)]
    return desk, made, Connection(name="z", type="zendesk", options=options)


def here() -> Calls[HttpResponse]:
    return (yield HttpRequest(method="GET", url="https://acme.zendesk.com/api/v2/x", write=False))


def test_a_token_is_fetched_once_for_all() -> None:
    desk, (one, two), connection = workers(2)
    for outside_ in (one, two, one):
        assert outside_.desk(connection, here()).status == 200
    assert desk.given == 1


def test_a_refused_token_is_renewed_once_for_all() -> None:
    desk, (one, two), connection = workers(2)
    one.desk(connection, here())
    two.desk(connection, here())
    desk.good.clear()
    assert one.desk(connection, here()).status == 200
    assert two.desk(connection, here()).status == 200
    assert desk.given == 2


def test_a_token_that_another_thread_renewed_meanwhile_is_not_renewed_again() -> None:
    desk, (one,), connection = workers(1)
    one.desk(connection, here())
    desk.good.clear()
    # While the first thread reads its 401, the second one asks, is refused, and renews.
    desk.meanwhile.append(lambda: one.desk(connection, here()))
    assert one.desk(connection, here()).status == 200
    assert desk.given == 2
    assert desk.seen == ["t1", "t1", "t1", "t2", "t2"]


def test_whoever_has_the_lock_next_finds_the_new_token() -> None:
    desk, (one, two), connection = workers(2)
    one.desk(connection, here())
    two.desk(connection, here())
    desk.good.clear()
    # The other process waits for the lock, and has it the moment it is free.
    vault = cast(Vault, one.bridge.store)
    vault.freed.append(lambda: two.desk(connection, here()))
    assert one.desk(connection, here()).status == 200
    assert desk.given == 2
    assert desk.seen == ["t1", "t1", "t1", "t1", "t2", "t2"]


def test_two_tokens_that_were_refused_one_after_the_other_are_renewed_all_the_same() -> None:
    desk, (one, two), connection = workers(2)
    two.desk(connection, here())
    desk.good.clear()
    one.desk(connection, here())  # another one for all, which is revoked at once
    desk.good.clear()
    assert two.desk(connection, here()).status == 200
    assert desk.seen[-3:] == ["t1", "t2", "t3"]


def test_a_helpdesk_that_refuses_each_token_it_gives_is_not_asked_for_ever() -> None:
    desk, (one,), connection = workers(1)
    desk.good = Never()
    assert one.desk(connection, here()).status == 401
    assert desk.given == 3


class Never(set[str]):
    """Good tokens of which there are none."""

    def add(self, _: str) -> None:
        return None


def test_who_was_on_the_way_when_a_token_was_refused_does_not_ask_for_another() -> None:
    desk, (one, two), connection = workers(2)
    one.desk(connection, here())
    desk.good.clear()
    desk.refuses = True

    def meanwhile() -> None:
        with pytest.raises(AuthError):
            two.desk(connection, here())

    desk.meanwhile.append(meanwhile)
    with pytest.raises(AuthError):
        one.desk(connection, here())
    assert desk.given == 2  # the first one, and one that was refused


def test_whoever_comes_later_asks_for_a_token_again() -> None:
    desk, (one, two), connection = workers(2)
    desk.refuses = True
    with pytest.raises(AuthError):
        one.desk(connection, here())
    desk.refuses = False
    assert two.desk(connection, here()).status == 200


@pytest.mark.parametrize(
    ("url", "sees"),
    [
        ("https://acme.zendesk.com/a", True),
        ("https://cdn.example/a", False),
        ("http://acme.zendesk.com/a", False),  # readable on its way
        ("https://acme.zendesk.com:8443/a", False),
    ],
)
def test_only_the_helpdesks_own_address_sees_our_token(url: str, sees: bool) -> None:
    _, (one,), connection = workers(1)
    request = HttpRequest(method="GET", url=url)
    signed = one._signed(HELPDESKS["zendesk"], connection, request, "")
    assert ("Authorization" in signed.headers) is sees


def test_a_fixed_key_that_is_refused_is_not_sent_again() -> None:
    desk, (one,), connection = workers(1)
    fixed = {"email": "a@acme.test", "api_token": Secret("k")}
    options = {"url": connection.options["url"], **fixed}
    assert one.desk(replace(connection, options=options), here()).status == 401
    assert (len(desk.seen), desk.given) == (1, 0)
