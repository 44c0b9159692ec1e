"""When something is read back, how far we are, and whose silence is an alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis

from bridge.channels.base import Recent
from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import TransientError
from bridge.core.model import Account, Connection, Kind, Message, Visibility
from bridge.jobs import gaps, silence, watch
from bridge.jobs.gaps import Found, State, keep_state, since_of, state_of, stepped
from bridge.jobs.hearing import TICKETS, Ears
from bridge.jobs.outside import Outside
from bridge.settings import Settings
from bridge.store import Store
from bridge.web.beat import beat
from bridge.wiring import Bridge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = Account(channel="facebook", id="1", name="Acme")
META = Connection(name="meta", type="meta", accounts=(PAGE,))
DESK = Connection(name="zendesk", type="zendesk")
HOUR = 3600


class Known:
    """What the watch needs of a bridge, at a time that tests set."""

    def __init__(self, client: redis.Redis, **settings: Any) -> None:
        self.at = NOW
        self.store = Store(client, keep=30 * 86400, keep_raw=86400, clock=self.now)
        self.settings = replace(Settings(), **settings)
        self.config = SimpleNamespace(connections={"meta": META, "zendesk": DESK})
        self.check: Callable[[Connection], Any] | None = None
        self.setup: Callable[[Connection, str], Any] | None = None
        self.owner = "me"

    def now(self) -> datetime:
        return self.at

    def source(self, connection: Connection) -> Any:
        here = SimpleNamespace(channels={}, check=self.check, setup=self.setup)
        return here if connection is META else None

    def helpdesk(self, connection: Connection) -> Any:
        return SimpleNamespace(check=None, changed=None)


@pytest.fixture
def bridge(client: redis.Redis) -> Known:
    return Known(client)


def as_bridge(known: Known) -> Bridge:
    return cast(Bridge, known)


def test_a_redis_that_stays_away_is_told_once(
    bridge: Known, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch, "TICK", 0)
    looks = [TransientError("redis_away", why) for why in ("full", "full", "gone")]
    watching = watch.Watch(as_bridge(bridge), cast(Outside, None))

    def look() -> None:
        error = looks.pop(0)
        if not looks:
            watching.ended.set()
        raise error

    monkeypatch.setattr(watching, "look", look)
    watching.run()
    told = [one.getMessage().rpartition(" ")[2] for one in caplog.records]
    assert told == ["full", "gone"]


# --- how far we are ----------------------------------------------------------------------------


def test_a_state_is_read_as_it_was_kept_and_may_lack_what_came_later(bridge: Known) -> None:
    state = State(to=NOW, at=NOW, calls=3, errors=["no"], all_new=7, more=True)
    keep_state(as_bridge(bridge), "meta", state)
    assert state_of(as_bridge(bridge), "meta") == state
    bridge.store.put("gap:meta", '{"v": 1, "to": null, "unknown": 1}', 60)
    assert state_of(as_bridge(bridge), "meta") == State()


def test_it_is_read_from_where_it_ended_with_an_overlap(bridge: Known) -> None:
    since = since_of(as_bridge(bridge), State(to=NOW - timedelta(hours=2)), None, NOW)
    assert since == NOW - timedelta(hours=2) - gaps.OVERLAP


def test_a_wish_reaches_farther_back_and_never_skips_anything(bridge: Known) -> None:
    state = State(to=NOW - timedelta(hours=2))
    wish = NOW - timedelta(hours=5)
    assert since_of(as_bridge(bridge), state, wish, NOW) == wish - gaps.OVERLAP
    late = since_of(as_bridge(bridge), state, NOW - timedelta(minutes=1), NOW)
    assert late < NOW - timedelta(hours=2)


def test_nothing_is_read_of_which_we_may_have_forgotten_that_it_was_handled(
    client: redis.Redis,
) -> None:
    short = Known(client)
    short.store.keep_ms = 86_400_000
    since = since_of(as_bridge(short), State(to=NOW - timedelta(days=30)), None, NOW)
    assert since == NOW - timedelta(days=0.8)
    long = since_of(as_bridge(Known(client)), State(to=NOW - timedelta(days=30)), None, NOW)
    assert long == NOW - gaps.FARTHEST


def test_after_an_error_it_is_read_again_from_the_same_time(bridge: Known) -> None:
    before = State(to=NOW - timedelta(hours=1))
    after = stepped(as_bridge(bridge), before, Found(errors=["away"], wait=1000.0), NOW, False)
    assert after.to == before.to
    assert after.due == NOW + timedelta(seconds=1000)
    well = stepped(as_bridge(bridge), after, Found(calls=2), NOW, False)
    assert well.to == NOW - timedelta(seconds=120)
    assert well.due == NOW + timedelta(minutes=30)
    assert (well.runs, well.all_calls) == (2, 2)


def test_where_it_was_cut_it_goes_on_at_once_and_without_going_back(bridge: Known) -> None:
    cut = stepped(as_bridge(bridge), State(), Found(until=NOW - timedelta(days=1)), NOW, False)
    assert cut.due == NOW
    since = since_of(as_bridge(bridge), cut, None, NOW)
    assert since == NOW - timedelta(days=1) + timedelta(seconds=1)


def test_only_what_was_asked_for_is_followed_by_another_reading(bridge: Known) -> None:
    fresh = Found(fresh=True)
    asked = stepped(as_bridge(bridge), State(), fresh, NOW, True)
    assert asked.due == NOW + timedelta(seconds=125)
    assert stepped(as_bridge(bridge), State(), fresh, NOW, False).due == NOW + timedelta(minutes=30)
    assert stepped(as_bridge(bridge), State(), Found(), NOW, True).due == NOW + timedelta(
        minutes=30
    )


@pytest.mark.parametrize("minutes", [0, 30])
def test_it_is_followed_until_nothing_is_left_to_webhooks_but_not_for_ever(
    client: redis.Redis, minutes: int
) -> None:
    """Our own writes make a ticket young again, on which an answer may stand that nobody has told of."""
    bridge = as_bridge(Known(client, reconcile_minutes=minutes))
    soon, usual = NOW + timedelta(seconds=125), bridge_due(minutes)
    first = stepped(bridge, State(), Found(fresh=True), NOW, True)
    away = stepped(bridge, first, Found(errors=["away"]), NOW, False)
    again = stepped(bridge, away, Found(fresh=True), NOW, False)
    assert (first.due, again.due) == (soon, soon)
    ended = stepped(bridge, again, Found(), NOW, False)
    assert ended.due == usual
    assert stepped(bridge, ended, Found(fresh=True), NOW, False).due == usual
    state, readings = first, 1
    while state.due == soon:
        state, readings = stepped(bridge, state, Found(fresh=True), NOW, False), readings + 1
    assert (readings, state.due) == (gaps.FOLLOW + 1, usual)


def bridge_due(minutes: int) -> datetime | None:
    return NOW + timedelta(minutes=minutes) if minutes else None


def test_without_an_interval_nothing_is_due_by_itself(client: redis.Redis) -> None:
    never = Known(client, reconcile_minutes=0)
    assert watch.first(as_bridge(never), NOW).due is None
    assert stepped(as_bridge(never), State(), Found(), NOW, False).due is None


# --- whose turn it is --------------------------------------------------------------------------


class Turns:
    """A watch whose readings are counted and not done."""

    def __init__(self, bridge: Known, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[tuple[str, bool]] = []
        self.bridge = bridge
        monkeypatch.setattr(watch, "readable", lambda bridge, connection: connection is META)
        monkeypatch.setattr(watch, "reconcile", self._reconcile)
        monkeypatch.setattr(silence, "listen", lambda *_: None)
        self.watch = watch.Watch(as_bridge(bridge), cast(Outside, None))

    def _reconcile(
        self, bridge: Bridge, outside: Outside, connection: Connection, asked: bool
    ) -> None:
        self.read.append((connection.name, asked))
        state = state_of(bridge, connection.name)
        keep_state(bridge, connection.name, stepped(bridge, state, Found(), bridge.now(), asked))

    def after(self, minutes: float) -> list[tuple[str, bool]]:
        """What was read by a look so many minutes later."""
        self.bridge.at += timedelta(minutes=minutes)
        self.read.clear()
        self.watch.look()
        return list(self.read)


@pytest.fixture
def turns(bridge: Known, monkeypatch: pytest.MonkeyPatch) -> Turns:
    return Turns(bridge, monkeypatch)


def test_what_was_there_before_us_is_not_read_and_then_every_half_an_hour(turns: Turns) -> None:
    assert turns.after(0) == []
    assert turns.after(29) == []
    assert turns.after(1) == [("meta", False)]
    assert turns.after(29) == []
    assert turns.after(1) == [("meta", False)]


def test_what_is_asked_for_is_read_at_once_and_once(turns: Turns) -> None:
    turns.after(0)
    watch.ask(as_bridge(turns.bridge), "meta")
    assert turns.after(1) == [("meta", True)]
    assert turns.after(1) == []


def test_a_wish_is_kept_in_mind_before_it_is_forgotten(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies over it leaves it due, from the time that was wished for."""
    turns.after(0)
    wish = NOW - timedelta(hours=5)
    watch.ask(as_bridge(turns.bridge), "meta", wish)

    def dies(*_: object, **__: object) -> None:
        raise TransientError("redis_away", "Redis does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(watch, "reconcile", dies)
        with pytest.raises(TransientError):
            turns.watch.look()
    state = state_of(as_bridge(turns.bridge), "meta")
    assert (state.to, state.due) == (wish, turns.bridge.at)
    assert turns.after(0) == [("meta", False)]


def test_deliveries_that_wait_are_read_first(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    turns.after(0)
    store = turns.bridge.store
    monkeypatch.setattr(store, "overdue", lambda: {"deliveries": 60.0, "lanes": 0.0})
    assert turns.after(31) == []
    monkeypatch.setattr(store, "overdue", lambda: {"deliveries": 1.0, "lanes": 60.0})
    assert turns.after(1) == [("meta", False)]


def test_what_is_paused_or_down_is_read_when_it_is_open_again(turns: Turns) -> None:
    turns.after(0)
    turns.bridge.store.trouble("meta", "paused")
    assert turns.after(31) == []
    turns.bridge.store.resume("meta")
    assert turns.after(1) == [("meta", False)]


def test_two_workers_do_not_read_the_same_at_once(turns: Turns) -> None:
    turns.after(0)
    assert turns.bridge.store.take("reading:meta", "another", 60)
    assert turns.after(31) == []
    turns.bridge.store.give_back("reading:meta", "another")
    assert turns.after(0) == [("meta", False)]
    # It was given back, for whoever is next.
    assert turns.bridge.store.take("reading:meta", "another", 60)


@pytest.mark.parametrize("cut", [["Facebook Acme, comments"], []])
def test_where_more_was_said_than_is_read_somebody_is_told_to_look(
    bridge: Known, monkeypatch: pytest.MonkeyPatch, cut: list[str]
) -> None:
    monkeypatch.setattr(watch, "read_back", lambda *told: Found(cut=cut))
    watch.reconcile(as_bridge(bridge), cast(Outside, None), META)
    told = bridge.store.alarms().get("gap:meta", {}).get("text", "")
    assert ("Facebook Acme, comments" in told) is bool(cut)


# --- an absence --------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["refused", "flooded"])
def test_no_account_is_starved_by_one_that_fails_or_has_more_than_is_read(
    bridge: Known, first: str
) -> None:
    """Reserve list of the stories: several Pages, and the first one takes all the reading."""
    asked: list[str | None] = []

    def recent(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
        asked.append(account.id)
        yield HttpRequest(method="GET", url=f"https://example.com/{account.id}", write=False)
        if account.id == "1" and first == "refused":
            raise TransientError("rate_limited", "not now", retry_after=7.0)
        return Recent((), whole=account.id != "1")

    def carried_out(connection: Connection, calls: Calls[Recent]) -> Recent:
        next(calls)
        try:
            calls.send(HttpResponse(status=200))
        except StopIteration as stop:
            return cast(Recent, stop.value)
        raise AssertionError("it asked twice")

    pages = replace(
        META,
        accounts=(PAGE, replace(PAGE, id="2", name="Two"), replace(PAGE, id="3", name="Three")),
    )
    channel = SimpleNamespace(label="Facebook", recent={"comments": recent})
    source: Any = SimpleNamespace(channels={"facebook": channel}, recognise=lambda _, told: told)
    here: Any = SimpleNamespace(
        store=bridge.store, settings=bridge.settings, source=lambda _: source
    )
    outside: Any = SimpleNamespace(of=lambda _: SimpleNamespace(platform=carried_out))
    found = gaps.read_back(here, outside, pages, NOW - timedelta(hours=1), NOW)
    assert asked == ["1", "2", "3"]
    assert found.calls == 3
    assert found.errors == (["Facebook Acme, comments: not now"] if first == "refused" else [])
    assert found.cut == ([] if first == "refused" else ["Facebook Acme, comments"])


def test_an_absence_has_everything_read_back_from_its_beginning(bridge: Known) -> None:
    beat(as_bridge(bridge))
    bridge.at = NOW + timedelta(seconds=61)
    beat(as_bridge(bridge))
    assert bridge.store.get("asked:meta") == NOW.isoformat()
    assert bridge.store.get("asked:zendesk") == NOW.isoformat()
    assert (bridge.store.get("open") or "").split()[0] == str(bridge.at.timestamp())


def test_a_restart_is_no_absence_and_neither_is_the_first_start(bridge: Known) -> None:
    beat(as_bridge(bridge))
    bridge.at = NOW + timedelta(seconds=59)
    beat(as_bridge(bridge))
    assert bridge.store.get("asked:meta") is None
    assert (bridge.store.get("open") or "").split()[0] == str(NOW.timestamp())


# --- who is silent -----------------------------------------------------------------------------


def comment(channel: str = "facebook", account: str = "1") -> Message:
    return Message(
        channel=channel, account_id=account, kind=Kind.COMMENT, external_id="c", thread_id="c",
        visibility=Visibility.PUBLIC, author=None, dedupe="c",
    )  # fmt: skip


def usually(
    bridge: Known, source: str, an_hour: int, *, last: float, connection: str = "meta"
) -> None:
    """*source* has brought so many an hour for a month, and said nothing for *last* hours."""
    for back in range(30 * 24):
        at = NOW.timestamp() - last * HOUR - back * HOUR
        with_count = {source: an_hour}
        bridge.store.heard(connection, with_count, at, 40 * 86400)
    client = bridge.store.client
    client.hset(f"bridge:heard:{connection}", f"last {source}", str(NOW.timestamp() - last * HOUR))
    client.hset(f"bridge:heard:{connection}", f"first {source}", str(NOW.timestamp() - 29 * 86400))


def listened(bridge: Known, **answers: Any) -> tuple[dict[str, str], list[tuple[str, datetime]]]:
    """The alarms after a look, and what it has asked to be read back."""
    asked: list[tuple[str, datetime]] = []
    outside = SimpleNamespace(
        platform=lambda connection, calls: calls, desk=lambda connection, calls: calls
    )
    silence.listen(
        as_bridge(bridge), cast(Outside, outside), lambda name, at: asked.append((name, at))
    )
    return {name: one["text"] for name, one in bridge.store.alarms().items()}, asked


def test_a_busy_source_is_missed_after_an_hour_and_says_what_to_do(bridge: Known) -> None:
    usually(bridge, "facebook:1", 20, last=1.5)
    alarms, asked = listened(bridge)
    (text,) = alarms.values()
    assert text.startswith("facebook:1 of meta: nothing since 2026-11-22 10:30 UTC, and about 30")
    assert "It cannot be asked" in text
    assert "`bridge setup meta` subscribes again" in text
    assert asked == [("meta", NOW - timedelta(hours=1.5))]


def test_an_alarm_is_raised_once_and_its_time_stays(bridge: Known) -> None:
    usually(bridge, "facebook:1", 20, last=1.5)
    listened(bridge)
    (before,) = bridge.store.alarms().values()
    bridge.at = NOW + timedelta(minutes=5)
    _, asked = listened(bridge)
    assert list(bridge.store.alarms().values()) == [before]
    assert asked == []


@pytest.mark.parametrize(
    ("an_hour", "last"),
    [(20, 0.9), (1, 8), (0, 100)],
    ids=["not for long enough", "too few are missing", "never says anything"],
)
def test_who_is_no_quieter_than_usual_makes_no_alarm(
    bridge: Known, an_hour: int, last: float
) -> None:
    usually(bridge, "facebook:1", an_hour, last=last)
    assert listened(bridge) == ({}, [])


def test_the_floor_is_a_setting(client: redis.Redis) -> None:
    anxious = Known(client, silence_events=5)
    usually(anxious, "facebook:1", 1, last=8)
    assert len(listened(anxious)[0]) == 1


def test_the_next_event_ends_the_alarm_of_its_source_and_no_other(bridge: Known) -> None:
    for source in ("facebook:1", "messenger:1"):
        usually(bridge, source, 20, last=3)
    assert len(listened(bridge)[0]) == 2
    ears = Ears()
    ears.hear(META, comment())
    ears.write(bridge.store, NOW.timestamp())
    assert set(bridge.store.alarms()) == {"silence:meta:messenger:1"}
    assert set(listened(bridge)[0]) == {"silence:meta:messenger:1"}


def test_a_helpdesk_that_tells_nothing_is_missed_as_well(bridge: Known) -> None:
    usually(bridge, TICKETS, 20, last=3, connection="zendesk")
    (text,) = listened(bridge)[0].values()
    assert text.startswith("tickets of zendesk: nothing since")


def test_while_nobody_was_here_nobody_was_silent(bridge: Known) -> None:
    usually(bridge, "facebook:1", 20, last=5)
    half_an_hour_ago = NOW.timestamp() - 1800
    bridge.store.put("open", f"{half_an_hour_ago} {NOW.timestamp()}", 60)
    assert listened(bridge) == ({}, [])


def test_a_source_that_is_no_longer_configured_is_not_missed(bridge: Known) -> None:
    usually(bridge, "facebook:2", 20, last=5)
    assert listened(bridge) == ({}, [])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(False, "Page Acme: our app is not subscribed"), (True, "fine")], "our app is not subscribed."),
        ([(True, "fine")], "it says that all is well"),
    ],
)  # fmt: skip
def test_the_other_side_is_asked_and_its_answer_is_told(
    bridge: Known, rows: list[tuple[bool, str]], says: str
) -> None:
    bridge.check = lambda connection: rows
    usually(bridge, "facebook:1", 20, last=3)
    (text,) = listened(bridge)[0].values()
    assert says in text
    assert "fine" not in text
    assert ".." not in text


def test_only_by_setting_it_subscribes_again(client: redis.Redis) -> None:
    done: list[str] = []

    def setup(connection: Connection, url: str) -> list[str]:
        done.append(url)
        return ["By hand, once per app: click", "Page Acme: subscribed."]

    for resubscribe in (False, True):
        client.flushdb()
        here = Known(client, resubscribe=resubscribe, public_url="https://bridge.example.com")
        here.check = lambda connection: [(False, "Page Acme: our app is not subscribed")]
        here.setup = setup
        usually(here, "facebook:1", 20, last=3)
        (text,) = listened(here)[0].values()
        assert ("Subscribed again: Page Acme: subscribed." in text) is resubscribe
        assert "By hand" not in text
    assert done == ["https://bridge.example.com/hooks/meta"]


# --- far less than usual -----------------------------------------------------------------------


def brings(bridge: Known, source: str, an_hour: int, hours: int = 3) -> None:
    """*source* has brought so many in each of the last hours, and spoke a moment ago."""
    client, this = bridge.store.client, int(bridge.at.timestamp() // HOUR)
    for back in range(hours + 1):
        client.hset(f"bridge:hours:meta:{source}", str(this - back), an_hour)
    client.hset("bridge:heard:meta", f"last {source}", str(bridge.at.timestamp() - 60))


def test_a_source_of_which_only_a_little_still_comes_is_an_alarm_until_half_of_it_does(
    bridge: Known,
) -> None:
    """One of several subscriptions is gone, or one of several phone numbers."""
    bridge.check = lambda connection: [(False, "Page Acme: the field feed is not subscribed")]
    usually(bridge, "facebook:1", 40, last=0)
    brings(bridge, "facebook:1", 5)
    (text,), asked = (listened(bridge)[0].values(), listened(bridge)[1])
    assert text.startswith("facebook:1 of meta: 5 events in the last full hour, and about 40")
    assert "the field feed is not subscribed" in text
    assert asked == []  # once: it stands already
    bridge.at += timedelta(hours=1)
    brings(bridge, "facebook:1", 15)
    assert list(listened(bridge)[0]) == ["quiet:meta:facebook:1"]
    bridge.at += timedelta(hours=1)
    brings(bridge, "facebook:1", 30, hours=1)
    assert listened(bridge) == ({}, [])


def test_the_gap_of_a_quiet_source_is_read_back(bridge: Known) -> None:
    usually(bridge, "facebook:1", 40, last=0)
    brings(bridge, "facebook:1", 5)
    assert listened(bridge)[1] == [("meta", NOW - timedelta(hours=2))]


def test_a_source_that_falls_silent_altogether_has_one_alarm(bridge: Known) -> None:
    usually(bridge, "facebook:1", 40, last=0)
    brings(bridge, "facebook:1", 5)
    listened(bridge)
    bridge.at += timedelta(hours=2)  # not a word since
    assert list(listened(bridge)[0]) == ["silence:meta:facebook:1"]


@pytest.mark.parametrize(
    ("usually_so_many", "now"), [(40, 9), (1, 0), (0, 3)],
    ids=["more than a fifth", "too few to tell", "never says anything"],
)  # fmt: skip
def test_who_says_less_by_chance_makes_no_alarm(
    bridge: Known, usually_so_many: int, now: int
) -> None:
    usually(bridge, "facebook:1", usually_so_many, last=0)
    brings(bridge, "facebook:1", now)
    assert listened(bridge) == ({}, [])


def test_who_was_heard_first_a_few_days_ago_has_no_usual_hours(bridge: Known) -> None:
    usually(bridge, "facebook:1", 40, last=0)
    bridge.store.client.hset(
        "bridge:heard:meta", "first facebook:1", str(NOW.timestamp() - 5 * 86400)
    )
    brings(bridge, "facebook:1", 5)
    assert listened(bridge) == ({}, [])


# --- what is heard -----------------------------------------------------------------------------


def test_events_are_counted_by_source_and_hour_and_strangers_not_at_all(bridge: Known) -> None:
    ears = Ears()
    ears.hear(META, comment(), comment(), comment(account="2"))
    ears.write(bridge.store, NOW.timestamp())
    ears.hear(META, comment("messenger"))
    ears.write(bridge.store, NOW.timestamp() + 1)
    ears.write(bridge.store, NOW.timestamp() + 9)  # nothing since
    hour = int(NOW.timestamp() // HOUR)
    assert bridge.store.hours("meta", "facebook:1", [hour, hour - 1]) == {hour: 2, hour - 1: 0}
    assert bridge.store.last_heard("meta") == {
        "facebook:1": NOW.timestamp(), "messenger:1": NOW.timestamp() + 1
    }  # fmt: skip


def test_what_could_not_be_written_is_written_the_next_time(bridge: Known) -> None:
    ears, away = Ears(), SimpleNamespace()

    def heard(*told: Any) -> None:
        raise TransientError("redis_away", "Redis does not answer")

    away.heard = heard
    ears.hear(META, comment())
    with pytest.raises(TransientError):
        ears.write(cast(Store, away), NOW.timestamp())
    ears.hear(META, comment())
    ears.write(bridge.store, NOW.timestamp())
    hour = int(NOW.timestamp() // HOUR)
    assert bridge.store.hours("meta", "facebook:1", [hour]) == {hour: 2}


def test_counts_end_after_five_weeks(bridge: Known) -> None:
    early = NOW.timestamp() - 36 * 86400
    for at in (early, NOW.timestamp()):
        bridge.store.heard("meta", {"facebook:1": 1}, at, 35 * 86400)
    key = "bridge:hours:meta:facebook:1"
    assert bridge.store.client.hkeys(key) == [str(int(NOW.timestamp() // HOUR)).encode()]
    assert 0 < cast(int, bridge.store.client.ttl(key)) <= 35 * 86400
