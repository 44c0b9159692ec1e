"""Whose turn it is: one worker per lane, by a lease that is renewed while the work lasts.

A turn loads the lane, lets `escalate` or `answer` do one step, writes down what came of it, and looks
again, until nothing is left; then it gives the lease back. What goes wrong is sorted by verdict in one
place, `_stumbled`: later, parked until the connection is mended, or the dead-letter box.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bridge.core import receipt, telling
from bridge.core.errors import Ambiguous, AuthError, BridgeError, TransientError
from bridge.core.limits import Budget
from bridge.core.mutes import Standing
from bridge.jobs.mutes import Book
from bridge.jobs.outside import Ask, Outside, wait_of
from bridge.jobs.rank import Asker
from bridge.jobs.room import Room, note_event
from bridge.jobs.suspect import CRASHED, CRASHES, Company, is_suspect, narrowed, newer, tried_alone
from bridge.store import LEASE, MOST, Event, Leave, Orders, Taken, Turn
from bridge.versions import Versions
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

GIVE_UP = 72 * 3600.0  # seconds of trying before a dead letter
MARGIN = 8.5  # seconds of lease that an outside write needs: its deadline and a little more
NEWER = 5.0  # seconds after which a lane that only a newer release can read is offered again
REFUSED = 60.0  # seconds until refused credentials are tried again
SHUT = 60.0  # seconds for which failures in a row close a connection at most
OUTAGES = frozenset(
    {"unreachable", "broken_off", "timeout", "server_error", "unavailable", "unreadable_answer"}
)


class Lost(BridgeError):
    """The lease is not ours any more: stop, another worker is at it."""


class Leases:
    """The leases one process holds, each a lane and the holder of one turn, renewed together by one thread."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._until: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()
        self._spared: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="leases", daemon=True)
        self._thread.start()

    def hold(self, lane: str, holder: str, since: float) -> None:
        """Note that *lane* was leased to *holder* at *since* (monotonic)."""
        with self._lock:
            self._until[lane, holder] = since + LEASE

    def drop(self, lane: str, holder: str) -> None:
        with self._lock:
            self._until.pop((lane, holder), None)

    def spare(self, lane: str) -> None:
        """Note that a turn on *lane* ended without a word to Redis, and not by a death."""
        with self._lock:
            self._spared.add(lane)

    def left(self, lane: str, holder: str) -> float:
        """Seconds for which *lane* is surely still *holder*'s."""
        with self._lock:
            return self._until.get((lane, holder), 0.0) - time.monotonic()

    def stop(self) -> None:
        self._ended.set()

    def renew(self, held: list[tuple[str, str]]) -> None:
        """Prolong *held* now. Counts from before the call: an answer may take its time."""
        asked = time.monotonic()
        kept = self.bridge.store.renew(held)
        with self._lock:
            for one in held:
                if one in self._until:
                    self._until[one] = asked + LEASE if one in kept else 0.0

    def _renew(self) -> None:
        while not self._ended.wait(LEASE / 4):
            with self._lock:
                held, spared = list(self._until), list(self._spared)
            try:
                for lane in spared:
                    self.bridge.store.spare(lane)
                    self._spared.discard(lane)
                for start in range(0, len(held), 500):
                    self.renew(held[start : start + 500])
            except BridgeError as error:
                log.warning("leases could not be renewed: %s", error)
            except Exception:  # a bug must not end the renewing: all turns would be lost
                log.exception("renewing the leases failed")


class Hand:
    """One lane in one worker's hand, while *holder* has the turn."""

    def __init__(
        self, bridge: Bridge, outside: Outside, leases: Leases, lane: str, holder: str,
        versions: Versions | None = None, book: Book | None = None,
    ) -> None:  # fmt: skip
        self.versions, self.asker = versions, Asker(lane)
        self.book, self.mutes = book or Book(bridge.store), Standing()
        self.bridge, self.outside, self.leases = bridge, outside.of(self.asker), leases
        self.lane, self.holder = lane, holder
        self.room_id = lane.split(":", 1)[1]
        self._said_so: set[str] = set()
        self.at_hand = ""  # the event that is worked on, where it need not be the first
        self.left = False  # nothing was left in the lane, and the turn is given back
        self.turn: Turn | None = None  # how the lane stood at the last look
        self._seen: Turn | None = None  # how the lane stands since the last settling
        self._taken = lane if isinstance(lane, Taken) else None  # until the first look
        self.settled = False  # whether anything was written down since the last look

    def guard(self) -> None:
        """Allow an outside write only with more lease left than its deadline, else renew first."""
        if self.leases.left(self.lane, self.holder) < MARGIN:
            self.leases.renew([(self.lane, self.holder)])
            if self.leases.left(self.lane, self.holder) < MARGIN:
                raise self._lost()

    def orders(self) -> Orders:
        return Orders(self.lane, self.room_id)

    def closing(self, event: Event, state: str, reason: str) -> Orders:
        """Orders that end *event* like this, for more to be added."""
        slip = {"v": 1, "outcome": state, "reason": reason}
        orders = self.orders()
        orders.events.append(
            {"e": event.id, "state": state, "f": {"reason": reason, "receipt": receipt.pack(slip)}}
        )
        return orders

    def close(self, room: Room | None, event: Event, state: str, reason: str) -> None:
        """End *event* like this; what is new of *room* is written down with it."""
        orders = self.closing(event, state, reason)
        if room is not None:
            orders.facts = room.changed()
        self.settle(orders)

    def settle(self, orders: Orders) -> None:
        """Write *orders* down; raises Lost when the turn has passed on."""
        self._begin(orders)
        # After an intent comes the write it is about: a look would be stale when it is needed.
        most = 0 if orders.intent else MOST
        answer, self._seen = self.bridge.store.settle_and_look(self.holder, orders, most)
        self.left = answer == 3
        self._check(answer)

    def intending(self, orders: Orders) -> Ask:
        """What writes *orders* down, and in them an intent, once there is leave for the write it is about.

        It raises Lost as `settle` does. Where there is no leave, nothing is written down.
        """

        def ask(connection: str, spends: Sequence[Budget]) -> Leave:
            before = self.settled
            self._begin(orders)
            place = (self.asker.lane, self.asker.order)
            store = self.bridge.store
            answer, leave = store.settle_and_ask(self.holder, orders, connection, spends, *place)
            if leave.wait:
                self.settled = before
            self._check(answer)
            return leave

        return ask

    def _begin(self, orders: Orders) -> None:
        orders.late, self.asker.late = self.asker.late, []
        # The helpdesk or platform answered: whatever was closed may open. Once a turn is enough.
        orders.cheer = [name for name in orders.cheer if name not in self._said_so]
        self._said_so.update(orders.cheer)
        self._seen, self.settled = None, True

    def _check(self, answer: int) -> None:
        if answer == 0:
            raise self._lost()

    def _lost(self) -> Lost:
        return Lost("lease_lost", f"the turn on {self.lane} has passed to another worker")

    def load(self) -> Turn:
        """How the lane stands now; raises Lost when the turn has passed on."""
        turn, self._seen, self.settled = self._seen, None, False
        if self._taken:
            taken, self._taken = self._taken, None
            turn = taken.look()
        turn = turn or self.bridge.store.load(self.lane, self.holder)
        if turn is None:
            raise self._lost()
        if self.versions is not None:
            self.bridge = self.versions.of(turn.version, self.bridge)
        turn = _awake(turn)
        self.mutes = self.book.of(turn)
        self.asker.look(turn)
        self.turn = turn
        return turn


def _awake(turn: Turn) -> Turn:
    """*turn*, or of one that rests with its platform only our own notes: the agent is to read them now."""
    if not turn.paused or turn.paused == turn.room.get("desk") or turn.intent:
        return turn
    notes = tuple(one for one in turn.events if one.kind == "n")
    return replace(turn, events=notes, paused="") if notes else turn


# A step does one thing. It returns True to be called again with a fresh look, or the seconds after
# which something that waits for its time is due; None when nothing is left to do.
Step = Callable[[Hand, Turn], bool | float | None]


def work(hand: Hand, step: Step, stopping: Callable[[], bool], company: Company) -> None:
    """Work the lane off by *step*, then give the turn back. Never raises for what a step meets."""
    turn: Turn | None = None
    try:
        turn = hand.load()
        with company.of(is_suspect(turn)):
            if is_suspect(turn) and not turn.paused:
                turn = _alone(hand, turn)
            again = None if hand.left else _next(hand, turn, step)
            while again is True and not hand.left and not stopping():
                turn = hand.load()
                again = _next(hand, turn, step)
        if not hand.left:
            orders = hand.orders()
            orders.rests, orders.again = True, int((0 if again is True else again or 0) * 1000)
            hand.settle(orders)
    except Lost as error:
        log.info("%s", error)
        hand.leases.spare(hand.lane)
    except BridgeError as error:
        _whatever_comes(hand, turn, error)
    except Exception as error:  # our bug, or a poisonous event: counted, then put aside
        log.exception("a turn failed")
        _whatever_comes(hand, turn, error)
    finally:
        hand.leases.drop(hand.lane, hand.holder)
        hand.outside.slots.end()


def _alone(hand: Hand, turn: Turn) -> Turn:
    """Count that a suspect is worked with nobody beside it; put its event aside where too many died of that."""
    orders = hand.orders()
    if (died := tried_alone(turn)) >= CRASHES:
        _bury(orders, turn, _at_hand(hand, turn), f"{CRASHES} workers died of it", doubtful=True)
        _give_back(hand, orders)
        return turn
    orders.tries = {"alone": str(died + 1)}
    hand.settle(orders)
    return turn if hand.left else hand.load()


def _next(hand: Hand, turn: Turn, step: Step) -> bool | float | None:
    """Do the next thing, or find that the lane has to wait; see `Step`."""
    if turn.paused:
        _park(hand, turn, 900, turn.paused)
        return None
    if what := newer(turn):
        why = f"a newer release has stored it ({what}): update this one"
        hand.bridge.store.alarm("newer", f"what waits can not all be read: {why}", 60)
        _park(hand, turn, NEWER, why=why)
        return None
    if not turn.intent and (doubt := _doubted(hand, turn)):
        hand.settle(doubt)
        return True
    return step(hand, narrowed(turn))


def _park(hand: Hand, turn: Turn, seconds: float, waits: str = "", why: str = "") -> None:
    """Let all of the lane wait for an operator, or for *seconds*."""
    orders = hand.orders()
    orders.touch = _parked(turn, why)
    orders.again, orders.waits = int(seconds * 1000), waits
    orders.order = hand.asker.order
    _give_back(hand, orders)


def _give_back(hand: Hand, orders: Orders) -> None:
    """Write *orders* down, with which the turn is over."""
    hand.settle(orders)
    hand.left = True


def _doubted(hand: Hand, turn: Turn) -> Orders | None:
    """Orders that take up again the write of a dead letter that an operator retries: it may have been done."""
    event = next((one for one in turn.events if one.fields.get("doubt")), None)
    if event is None:
        return None
    orders = hand.orders()
    orders.intent = json.loads(event.fields["doubt"])
    same = [one for one in turn.events if one.fields.get("doubt") == event.fields["doubt"]]
    orders.touch = [{"e": one.id, "f": {"doubt": ""}} for one in same]
    return orders


def _whatever_comes(hand: Hand, turn: Turn | None, error: Exception) -> None:
    """Write the failure down; when even that fails, the lease runs out and another worker looks."""
    if turn is None:
        log.warning("a lane could not be read: %s", error)
        hand.leases.spare(hand.lane)
        return
    try:
        _stumbled(hand, turn, error)
    except BridgeError as second:
        log.warning("a failure could not be written down: %s", second)
        hand.leases.spare(hand.lane)


def _stumbled(hand: Hand, turn: Turn, error: Exception) -> None:
    """Sort a failure by its verdict and give the turn back accordingly."""
    bridge, orders = hand.bridge, hand.orders()
    orders.order = hand.asker.order
    before = turn.intent
    if hand.settled:  # perhaps an intent: look at what stands now
        turn = bridge.store.load(hand.lane, hand.holder) or turn
    now = time.time()
    tries = int(turn.tries.get("n", "0")) + 1
    first = float(turn.tries.get("first", now))
    orders.tries = {"n": str(tries), "first": str(first), "why": _why(error)}
    connection = getattr(error, "connection", "")
    jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
    if isinstance(error, AuthError):
        if connection:
            alarm = f"{connection}: {error.detail}; its work waits until the credentials are mended"
            bridge.store.trouble(connection, "auth", REFUSED, alarm)
        orders.touch = _parked(turn)
        orders.again, orders.waits = int(REFUSED * 1000 * (1 + 0.2 * jitter)), connection
    elif isinstance(error, TransientError):
        _later(hand, orders, turn, error, tries, now - first, jitter)
    elif isinstance(error, BridgeError) or tries >= CRASHES:
        _bury(orders, turn, _at_hand(hand, turn), _why(error), not isinstance(error, BridgeError))
    else:
        orders.again = int(min(2**tries, 60) * 500)
    # Only the call itself can tell that nothing happened: when Redis is away, the write may be done.
    verdict = isinstance(error, TransientError | AuthError) and not isinstance(error, Ambiguous)
    known = verdict and bool(connection)
    # An intent found here unsettled is still in doubt when we could not even look: it stays.
    doubtful = turn.intent == before
    if known and turn.intent and not doubtful and orders.intent is None:
        # Nothing happened: plan anew, with all that has come meanwhile. Words of which a part is
        # said already go on where they stopped.
        orders.intent = {"sure": "1"} if turn.intent.get("part", "0") != "0" else ""
    hand.settle(orders)


def _later(
    hand: Hand, orders: Orders, turn: Turn, error: TransientError, tries: int, age: float,
    jitter: float,
) -> None:  # fmt: skip
    connection = error.connection
    if error.limited:
        # Told to wait is no failure: it neither counts nor ages.
        orders.tries = replace_tries(turn)
        orders.waits, orders.busy = error.line, error.code == "busy"
        if error.code in ("auth", "paused", "outage"):
            orders.touch = _parked(turn)
    elif connection and error.code in OUTAGES:
        opened = hand.bridge.store.trouble(
            connection, "outage", SHUT, f"{connection} does not answer properly: {error.detail}"
        )
        orders.waits = connection if opened else ""
    if not error.limited and age > GIVE_UP:
        why = f"gave up after 72 hours: {_why(error)}"
        _bury(orders, turn, _at_hand(hand, turn), why, doubtful=True)
        return
    orders.again = int(wait_of(error, tries, jitter) * 1000)


def replace_tries(turn: Turn) -> dict[str, str] | None:
    """The failures so far, unchanged."""
    return dict(turn.tries) or None


def _at_hand(hand: Hand, turn: Turn) -> list[str]:
    """The events that the write under way is about, else the one that is worked on, or would be first."""
    first = sorted(turn.events, key=lambda one: one.fields.get("state") == "timer")[:1]
    first = [one for one in turn.events if one.id == hand.at_hand] or first
    return json.loads(turn.intent.get("events", "[]")) or [one.id for one in first]


def _parked(turn: Turn, why: str = "") -> list[dict[str, Any]]:
    """All that waits in the lane, as waiting for an operator."""
    return [
        {"e": one.id, "f": {"reason": why} if why else {}, "state": "parked"}
        for one in turn.events
        if one.fields.get("state") != "timer"
    ]


def _bury(orders: Orders, turn: Turn, ids: list[str], reason: str, doubtful: bool) -> None:
    """Put events into the dead-letter box; an agent whose answer is among them learns it.

    *doubtful*: the write under way may have been done. It is kept with each of them, so that whoever gives
    one another life looks before it is done again.
    """
    orders.events = [{"e": eid, "state": "dead", "f": {"reason": reason}} for eid in ids]
    if doubtful and turn.intent:
        for one in orders.events:
            one["f"]["doubt"] = json.dumps(dict(turn.intent))
        if turn.intent.get("kind") == "create":
            orders.facts["doubt"] = "1"
    orders.intent, orders.tries, orders.again = "", "", 0
    room = Room.read(turn.room_id, turn.room)
    if turn.lane.startswith("out:") and room.ticket:
        words = turn.intent.get("whole") or next(
            ((one.doc.get("comment") or {}).get("text", "") for one in turn.events), ""
        )
        left = ["an operator finds it among the dead letters (bridge dead list)"]
        note = telling.failed("dead", reason, left, words)
        if (held := turn.intent.get("held")) and held == room.facts.get("waiting"):
            orders.facts["waiting"] = ""  # a retry of the letter sends it, and nothing else
        orders.push.append(note_event(room, note, "dead", *ids))


def _why(error: Exception) -> str:
    if isinstance(error, BridgeError):
        return f"{error.code}: {error.detail}"[:500]
    return f"{CRASHED}{type(error).__name__}"
