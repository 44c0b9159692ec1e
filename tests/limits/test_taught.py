"""What answers teach of the limits: totals, what others spend, percents, and being told to wait."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.channels import SOURCES
from bridge.core.calls import HttpRequest, HttpResponse
from bridge.core.errors import TransientError
from bridge.core.limits import Budget, Told
from bridge.core.model import Connection
from bridge.helpdesks import HELPDESKS
from bridge.jobs.budgets import LONG, REST, Budgets
from bridge.jobs.rank import Asker, Rank
from bridge.store import Leave
from bridge.wiring import Bridge


class Notes:
    """A journal that notes what it is told."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.stopped: dict[str, float] = {}
        self.slowed: dict[str, float] = {}
        self.others: list[tuple[str, int, float]] = []
        self.alarms: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str, seconds: float) -> None:
        self.kept[key] = value

    def stop(self, connection: str, budget: str, seconds: float) -> None:
        self.stopped[budget] = seconds

    def slow(self, connection: str, budget: str, gap: float, seconds: float) -> None:
        self.slowed[budget] = gap

    def told(self, connection: str, budget: Budget, left: int, seconds: float) -> int:
        self.others.append((budget.name, left, seconds))
        return 0

    def alarm(self, name: str, text: str, lasts: float) -> None:
        self.alarms[name] = text


def budgets(kind: str, **options: Any) -> tuple[Budgets, Notes, Connection]:
    notes, provider = Notes(), {**HELPDESKS, **SOURCES}[kind]
    bridge = SimpleNamespace(store=notes, provider=lambda connection: provider)
    return Budgets(cast(Bridge, bridge)), notes, Connection(name="z", type=kind, options=options)


def asking(*budget: str) -> HttpRequest:
    return HttpRequest(method="PUT", url="https://acme.example/x", budget=budget)


def learn(
    kind: str, request: HttpRequest, headers: dict[str, str], *left: int, others: int = 0
) -> Notes:
    known, notes, connection = budgets(kind)
    spent = known.of(connection, request, Asker())
    leave = Leave(0.0, left=left or tuple(one.limit - 1 for one in spent), others=others)
    known.learn(connection, request, HttpResponse(status=200, headers=headers), spent, leave)
    return notes


# --- when it is counted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("took", "late"),
    [
        (0.05, []),
        (0.2, ["z", 5_900, "account", 60_000]),  # the second in which leave was given is over
        (7.0, ["z", 5_900, "updates", 600_000, "account", 60_000]),
    ],
)
def test_what_all_spend_counts_from_the_answer_on(took: float, late: list[object]) -> None:
    spent = [
        Budget("ticket:7", 30, 60.0),
        Budget("updates", 100, 600.0, shared=True),
        Budget("account", 100, 60.0, shared=True),
    ]
    assert Budgets.late("z", spent, Leave(0.0, at=5_900), took) == late


# --- how much is allowed --------------------------------------------------------------------------------


def test_the_plan_is_read_from_an_answer_and_all_budgets_that_depend_on_it_follow() -> None:
    known, notes, desk = budgets("freshdesk")
    request = asking("updates", "account")
    spent = known.of(desk, request, Asker())
    assert [(one.name, one.limit) for one in spent] == [("updates", 80), ("account", 200)]
    answer = HttpResponse(status=200, headers={"x-ratelimit-total": "700.0"})
    known.learn(desk, request, answer, spent, Leave(0.0, left=(79, 199)))
    assert [one.limit for one in known.of(desk, request, Asker())] == [280, 700]
    # And by a process that has not asked yet.
    other, more, desk = budgets("freshdesk")
    more.kept = notes.kept
    assert [one.limit for one in other.of(desk, request, Asker())] == [280, 700]


def test_the_operators_figure_is_the_most_whatever_the_plan_allows() -> None:
    known, notes, desk = budgets("zendesk", requests_per_minute=100)
    notes.kept["told:z"] = '{"account": 700}'
    assert [one.limit for one in known.of(desk, asking("account"), Asker())] == [100]


def test_what_the_webhooks_of_an_account_are_allowed_is_not_what_the_account_is() -> None:
    notes = learn("zendesk", asking("webhooks"), {"x-rate-limit": "100"})
    assert notes.kept == {}


# --- what is left ---------------------------------------------------------------------------------------


def test_others_are_counted_when_less_is_left_than_we_left() -> None:
    headers = {"x-rate-limit": "400", "x-rate-limit-remaining": "10", "ratelimit-reset": "9"}
    assert learn("zendesk", asking("account"), headers, 300).others == [("account", 10, 9.0)]


@pytest.mark.parametrize(("left", "ours"), [("300", 300), ("399", 300), ("297", 300)])
def test_nobody_is_counted_when_as_much_is_left_or_nearly(left: str, ours: int) -> None:
    """Answers overtake each other: while there is plenty, a few more or less say nothing."""
    assert learn("zendesk", asking("account"), {"x-rate-limit-remaining": left}, ours).others == []


def test_near_the_end_every_single_one_counts() -> None:
    headers = {"x-rate-limit-remaining": "19"}
    assert learn("zendesk", asking("account"), headers, 20).others == [("account", 19, 60.0)]


def test_a_plan_that_is_smaller_than_thought_is_not_taken_for_others() -> None:
    headers = {"x-rate-limit": "200", "x-rate-limit-remaining": "199"}
    assert learn("zendesk", asking("account"), headers).others == []
    headers["x-rate-limit-remaining"] = "100"
    assert learn("zendesk", asking("account"), headers).others == [("account", 100, 60.0)]


def test_others_who_have_gone_are_counted_no_more() -> None:
    headers = {"x-rate-limit-remaining": "300"}
    assert learn("zendesk", asking("account"), headers, 200, others=90).others != []
    assert learn("zendesk", asking("account"), headers, 200).others == []


def test_what_is_left_of_a_ticket_is_that_tickets() -> None:
    known, notes, desk = budgets("zendesk")
    request = asking("ticket:7", "updates", "account")
    spent = known.of(desk, request, Asker())
    headers = {"zendesk-ratelimit-per-ticket-updates": "total=30; remaining=2; resets=468"}
    leave = Leave(0.0, left=(9, 14, 21, 29, 99, 399))
    known.learn(desk, request, HttpResponse(status=200, headers=headers), spent, leave)
    assert notes.others == [("ticket:7", 2, 468.0)]
    assert notes.kept == {}  # its total is no plan's


# --- how much is used, in percent ---------------------------------------------------------------------

CASES = "x-business-use-case-usage"


def usage(percent: float, minutes: int = 0) -> dict[str, str]:
    one = f'{{"call_count": {percent}, "estimated_time_to_regain_access": {minutes}}}'
    return {CASES: f'{{"1": [{one}, {{"type": "pages", "total_time": 3}}]}}'}


@pytest.mark.parametrize(("percent", "gap"), [(80, 1.0), (90, 5.5), (99, 9.55)])
def test_an_account_that_is_nearly_used_up_is_spared_ever_more(percent: float, gap: float) -> None:
    notes = learn("meta", asking("meta:1", "app"), usage(percent))
    assert notes.slowed == {"meta:1": pytest.approx(gap)}
    assert notes.stopped == {}


def test_below_that_nothing_changes() -> None:
    notes = learn("meta", asking("meta:1", "app"), usage(79) | {"x-app-usage": '{"total_time": 9}'})
    assert (notes.slowed, notes.stopped) == ({}, {})


def test_a_used_up_account_rests_as_long_as_told_and_an_operator_learns_it() -> None:
    notes = learn("meta", asking("meta:1", "app"), usage(100, 19))
    assert notes.stopped == {"meta:1": 19 * 60}
    assert "19 minutes" in notes.alarms["limit:z"]


def test_the_apps_own_usage_stops_all_its_accounts() -> None:
    headers = {"x-app-usage": '{"call_count": 3, "total_time": 3, "total_cputime": 101}'}
    assert learn("meta", asking("meta:1", "app"), headers).stopped == {"app": REST}


@pytest.mark.parametrize(
    "rubbish",
    ["", "x", "[]", "7", '{"1": 3}', '{"1": [[]]}', '{"call_count": NaN}', '{"1": [{"call_count": NaN}]}',
     '{"1": [{"call_count": "9", "estimated_time_to_regain_access": null}]}', "[" * 9999],
)  # fmt: skip
def test_rubbish_in_a_usage_header_says_nothing(rubbish: str) -> None:
    notes = learn("meta", asking("meta:1", "app"), {"x-app-usage": rubbish, CASES: rubbish})
    assert (notes.slowed, notes.stopped) == ({}, {})


# --- told to wait -----------------------------------------------------------------------------------------


def refused(budget: tuple[str, ...], scope: str, seconds: float | None, **more: Any) -> Notes:
    known, notes, _ = budgets("meta")
    error = TransientError("rate_limited", retry_after=seconds, limited=True, scope=scope)
    known.refused("z", asking(*budget), error)
    return notes


SAID = ("pair:1:2", "number:1", "meta:1", "app")


@pytest.mark.parametrize(
    ("scope", "budget"),
    [("pair", "pair:1:2"), ("number", "number:1"), ("meta", "meta:1"), ("app", "app"), ("", "pair:1:2")],
)  # fmt: skip
def test_a_platforms_refusal_stops_the_budget_it_speaks_of(scope: str, budget: str) -> None:
    assert refused(SAID, scope, 6.0).stopped == {budget: 6.0}


def test_an_hour_is_waited_for_an_hour_and_an_operator_learns_it() -> None:
    notes = refused(SAID, "meta", 3600.0)
    assert notes.stopped == {"meta:1": 3600.0}
    assert list(notes.alarms) == ["limit:z"]


def test_a_short_wait_is_nobodys_business() -> None:
    assert refused(SAID, "meta", LONG - 1).alarms == {}


@pytest.mark.parametrize(
    "error",
    [TransientError("server_error"), TransientError("budget", limited=True, retry_after=3.0)],
    ids=["a failure", "our own gate"],
)
def test_other_troubles_stop_no_budget(error: TransientError) -> None:
    known, notes, _ = budgets("meta")
    known.refused("z", asking(*SAID), error)
    assert notes.stopped == {}


# --- who may spend how much -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rank", "most"),
    [
        (Rank.ANSWER, 400),
        (Rank.URGENT, 400),
        (Rank.OPEN, 400),
        (Rank.UPDATE, 392),
        (Rank.NOTE, 368),
        (Rank.NOTICE, 368),
        (Rank.BACK, 200),
    ],
)
def test_lesser_work_leaves_a_part_of_what_all_spend(rank: Rank, most: int) -> None:
    known, _, desk = budgets("zendesk")
    spent = known.of(desk, asking("updates", "account"), Asker("in:1", rank))
    assert [one.limit for one in spent] == [100, most]


def test_nobody_stands_in_line_for_what_one_conversation_alone_spends() -> None:
    known, _, desk = budgets("zendesk")
    spent = known.of(desk, asking("ticket:7", "updates", "account"), Asker())
    assert [one.shared for one in spent] == [False] * 4 + [True, True]


def test_every_budget_that_a_request_names_is_one_that_its_provider_knows() -> None:
    for source in (SOURCES["meta"], SOURCES["telegram"]):
        for name, (count, seconds) in source.limits.items():
            assert source.limit({}, name) == (count, seconds)
    assert SOURCES["meta"].limit({}, "unheard of") is None
    assert Told() == Told(total=None, left=None, percent=None, reset=None)
