"""What happens at all, in order: the table of contents of the product.

    web         verify -> keep, answer 2xx                         (web/, store.accept)
    ingest      read a kept delivery -> events in their lanes      (jobs/ingest.py)
    drain       for each lane that has work, in its order:         (jobs/turn.py: one worker a lane)
      escalate  decide -> open or extend the ticket                (jobs/escalate.py: `in` lanes)
      answer    fit the words to the channel, post, remember       (jobs/answer.py: `out` lanes)
    sweep       what is kept, due and not finished -> wake a job   (jobs/worker.py)

An RQ job carries no meaning, only "there is work": `drain` works off all that is due, many lanes side
by side in threads, each lane in its own order, and returns when nothing is left.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from bridge.core.errors import BridgeError
from bridge.jobs import answer, escalate
from bridge.jobs.ingest import ingest
from bridge.jobs.mutes import Book
from bridge.jobs.outside import Outside
from bridge.jobs.slots import threads_for
from bridge.jobs.suspect import Company
from bridge.jobs.turn import Hand, Leases, work
from bridge.store import Taken
from bridge.versions import Versions
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

LINGER = 0.25  # seconds a drain stays for what comes next: cheaper than another job
LONGEST = 50.0  # seconds after which a drain gives its RQ worker the word
READING = 16  # deliveries taken at a time
BUSY = 0.04  # seconds between two looks for more while work is under way


class Engine:
    """The drain of one process: threads for lanes, leases renewed while they work.

    Each connection may have *slots* of the threads; there are some more, for the others.
    """

    def __init__(self, bridge: Bridge, slots: int) -> None:
        self.bridge = bridge
        self.versions = Versions(bridge)
        self.threads = threads_for(slots)
        self.outside = Outside(bridge, slots)
        self.leases, self.book = Leases(bridge), Book(bridge.store)
        self.company = Company()
        self.stopping = threading.Event()
        self._holders = itertools.count(1)
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="lane")
        self._at_it = threading.Lock()

    def run(self) -> str:
        """Work off everything that is due; returns how much it was, for the operator."""
        with self._at_it:
            return self._run()

    def _run(self) -> str:
        running: set[Future[None]] = set()
        began = idle_since = time.monotonic()
        read = turns = 0
        try:
            while not self.stopping.is_set():
                running = {one for one in running if not one.done()}
                room = self.threads - len(running)
                asked = time.monotonic()
                holder = f"{self.bridge.owner}.{next(self._holders)}"
                names = self.versions.latest.config.connections
                kept, lanes = self.bridge.store.claim(
                    self.bridge.owner, READING, room, holder, self.outside.slots.room(names)
                )
                came = len(kept)
                read, turns = read + came, turns + len(lanes)
                if kept and kept[0].tries > 1:
                    # Somebody died while it was first. It is read before a lane can be what kills
                    # us: that must not be charged to it.
                    ingest(self.versions.latest, kept.pop(0))
                for lane in lanes:
                    self.leases.hold(lane, holder, asked)
                    slot = self.outside.slots.taken(lane.asks)
                    running.add(self._pool.submit(self._turn, lane, holder, slot))
                for delivery in kept:
                    ingest(self.versions.latest, delivery)
                now = time.monotonic()
                if came or lanes:
                    idle_since = now
                elif running:
                    wait(running, timeout=BUSY, return_when=FIRST_COMPLETED)
                    idle_since = now
                elif now - began > LONGEST:
                    break
                elif now - idle_since > LINGER:
                    if self.bridge.store.soon() > LINGER:
                        break
                    idle_since = now  # somebody's turn in a line is about to come
                else:
                    self.stopping.wait(0.01)
                if now - began > LONGEST and not came:
                    break
        except BridgeError as error:
            # Redis is away: what is leased comes up again by itself, and the sweep wakes us.
            log.warning("a drain stopped early: %s", error)
        wait(running, timeout=20)
        return f"{read} deliveries, {turns} turns"

    def _turn(self, lane: Taken, holder: str, slot: str) -> None:
        self.outside.slots.have(slot)
        hand = Hand(self.bridge, self.outside, self.leases, lane, holder, self.versions, self.book)
        step = escalate.step if lane.startswith("in:") else answer.step
        work(hand, step, self.stopping.is_set, self.company)

    def close(self) -> None:
        """Finish what runs and give back the threads. Harmless to ask for twice, and by whichever thread."""
        self.stopping.set()
        with self._at_it:  # what it has claimed needs the threads
            self._pool.shutdown(wait=True)
        self.leases.stop()


_engine: list[Engine] = []


def use(engine: Engine) -> None:
    """Make *engine* the one that this process' jobs run on."""
    _engine[:] = [engine]


def drain() -> str:
    """The RQ job: there is work. Harmless to run twice, at once, or not at all."""
    return _engine[0].run()
