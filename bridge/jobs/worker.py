"""One worker process: RQ runs the wake-ups, a thread beside it sweeps.

RQ's own recovery is too slow and too lossy to rely on (docs/decisions/0002-journal.md), so nothing
relies on it: a lost wake-up costs one sweep. The worker runs only the functions on a fixed list, because a
job in Redis names the function it wants, and Redis may be written by others.
"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Any, Final

from redis.exceptions import ConnectionError, OutOfMemoryError, TimeoutError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from bridge import jobs
from bridge.core.errors import BridgeError
from bridge.jobs.slots import threads_for
from bridge.settings import Settings
from bridge.store import QUEUE
from bridge.wiring import Bridge, build

log = logging.getLogger(__name__)

ALLOWED: Final = frozenset({"bridge.jobs.drain"})
SWEEP = 0.5  # seconds between two looks for work that nobody was woken for


class NotAllowed(RuntimeError):
    """A job names a function that is none of ours."""


class SafeJob(Job):
    """A job that can only be one of ours: no other function, no callbacks, no instance."""

    @property
    def func(self) -> Any:
        if self.func_name not in ALLOWED or self.instance:
            raise NotAllowed(f"job {self.id} names a function that is not on the list")
        return jobs.drain

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None


class SafeQueue(Queue):
    job_class = SafeJob


class DrainWorker(SimpleWorker):
    """RQ's in-process worker, which tells the engine to finish when it is told to stop."""

    job_class = SafeJob
    queue_class = SafeQueue
    engine: jobs.Engine

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.engine.stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


class Sweep(threading.Thread):
    """Looks for due work that nobody was woken for, and slowly for work that fell out of its index."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(name="sweep", daemon=True)
        self.bridge = bridge
        self.ended = threading.Event()

    def run(self) -> None:
        cursor, rounds = 0, 0
        while not self.ended.wait(SWEEP):
            try:
                self.bridge.store.sweep()
                rounds += 1
                if rounds % 4 == 0:
                    cursor = self.bridge.store.mend(cursor)
            except BridgeError as error:
                log.warning("the sweep could not look: %s", error)
            except Exception:  # a bug must not end what brings everything else back
                log.exception("the sweep failed")


def run(settings: Settings) -> int:
    """Work until told to stop (SIGTERM, SIGINT); returns the exit code."""
    bridge = build(settings, connections=threads_for(settings.worker_threads) + 8)
    engine = jobs.Engine(bridge, settings.worker_threads)
    jobs.use(engine)
    sweep = Sweep(bridge)
    sweep.start()
    client = bridge.store.client
    worker = DrainWorker(
        [SafeQueue(QUEUE, connection=client, serializer=JSONSerializer)],
        connection=client,
        serializer=JSONSerializer,
        log_job_description=False,
        worker_ttl=30,
        maintenance_interval=60,
        job_monitoring_interval=5,
        default_result_ttl=60,
    )
    worker.engine = engine
    logging.getLogger("rq").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, worker.request_stop)
    try:
        return work(worker)
    finally:
        sweep.ended.set()
        engine.close()


def work(worker: SimpleWorker) -> int:
    """Work until told to stop: 0; or 1 when Redis goes away where RQ does not wait for it.

    RQ waits in its loop, not while it signs on or off: whoever watches this process starts it again.
    """
    try:
        worker.work(logging_level="WARNING")
    except (ConnectionError, TimeoutError, OutOfMemoryError) as error:
        log.error("Redis went away, so this worker ends: %s", error)
        return 1
    return 0
