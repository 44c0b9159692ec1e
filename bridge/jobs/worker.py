"""One worker process: RQ runs the wake-ups, a thread beside it sweeps.

RQ's own recovery is too slow and too lossy to rely on (docs/decisions/0002-journal.md), so nothing
relies on it: a lost wake-up costs one sweep. The worker runs only the functions on a fixed list, because a
job in Redis names the function it wants, and Redis may be written by others.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import re
import signal
import threading
import time
import zlib
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError, StopRequested
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import as_text, now

from bridge import embedded, jobs, processes, redisclient
from bridge.core.errors import BridgeError
from bridge.core.limits import kind
from bridge.jobs.slots import threads_for
from bridge.jobs.watch import Watch
from bridge.settings import Settings
from bridge.store import QUEUE
from bridge.versions import Files
from bridge.wiring import Bridge, build

log = logging.getLogger(__name__)

ALLOWED: Final = frozenset({"bridge.jobs.drain"})
LONGEST: Final = 200  # bytes of a job's call
_ID: Final = re.compile(rb"[A-Za-z0-9_-]{1,100}")
# What RQ wants to know of a job, as the store makes it.
_KEPT: Final = {"origin": QUEUE, "timeout": 3600, "result_ttl": 60, "failure_ttl": 3600}
PATIENCE = 600.0  # seconds in a line before an operator should know
SWEEP = 0.5  # seconds between two looks for work that nobody was woken for
COLLECT = 20_000  # new objects after which the collector looks for cycles; Python's own: 700
REREAD = 2.0  # seconds between two looks at the mappings
WRITTEN = 0.5  # seconds in which nothing of them must change before they are read
AGAIN = 0.5  # seconds before RQ's loop is begun again
FAREWELL = 2.0  # seconds for signing off at the end, and for what RQ writes down before


class NotOurs(NoSuchJobError):
    """A job that is no wake-up of ours; RQ goes on as if it were not there."""


class SafeJob(Job):
    """A job that can only be a wake-up: of what Redis says of it, only the function is compared.

    Not read at all are arguments, callbacks, and the web addresses that RQ would tell of its end.
    """

    def restore(self, raw_data: Any) -> Any:
        fields = {as_text(name): value for name, value in raw_data.items()}
        if not _wakes(fields.get("data", b"")):
            log.warning("a job that is none of ours lay in the queue; it is not run")
            raise NotOurs("no wake-up")
        super().restore({**_KEPT, "data": fields["data"], "status": JobStatus.QUEUED.value})

    def refresh(self) -> None:
        try:
            super().refresh()  # type: ignore[no-untyped-call]
        except redis.ResponseError:  # the key holds something else than a job
            raise NotOurs("no job") from None

    @property
    def func(self) -> Any:
        return jobs.drain


def _wakes(data: bytes) -> bool:
    """Whether *data* asks for our one function, with nothing to say to it."""
    try:
        if data.startswith(b"["):
            plain = data[:LONGEST]
        else:
            plain = zlib.decompressobj().decompress(data, LONGEST)
        name, *rest = json.loads(plain)
    except (zlib.error, ValueError, TypeError, RecursionError):
        return False
    return name in ALLOWED and rest == [None, [], {}]


class SafeQueue(Queue):
    """A queue in which the name of a job is the name of a job, or nothing."""

    job_class = SafeJob

    @classmethod
    def lmove(cls, connection: redis.Redis, queue_key: str, timeout: int | None) -> Any:
        found = super().lmove(connection, queue_key, timeout)
        if found and not _ID.fullmatch(found[1]):
            # RQ would stumble over it now, and again each time it tidies up.
            connection.lrem(IntermediateQueue(queue_key, connection).key, 0, found[1])
            log.warning("something that names no job lay in the queue; it is thrown away")
            return queue_key, b"nobody"
        return found


class DrainWorker(SimpleWorker):
    """RQ's in-process worker, which tells the engine to finish when it is told to stop.

    RQ's own way asks Redis for its state, inside the signal's handler: where Redis does not answer, its worker
    cannot be told anything. Nor does it listen to commands that come by Redis: stopping is the system's.
    """

    job_class = SafeJob
    queue_class = SafeQueue
    max_connection_wait_time = (
        1.0  # seconds between two looks for a Redis that is away; RQ's: up to 180
    )
    stopping: threading.Event
    at_work = False

    def subscribe(self) -> None:
        pass

    def execute_job(self, job: Job, queue: Queue) -> None:
        self.at_work = True
        try:
            super().execute_job(job, queue)
        finally:
            self.at_work = False

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """RQ would log the error's words, which may quote anything."""
        log.error("a drain failed", exc_info=exc_info)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping.set()
        self._stop_requested, self._shutdown_requested_date = True, now()
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, self.request_force_stop)
        if not self.at_work:
            raise StopRequested

    def register_death(self) -> None:
        """Sign off, but wait only a moment for a Redis that hangs: who does not sign off is forgotten, too."""

        def sign_off() -> None:
            with contextlib.suppress(redis.RedisError):
                SimpleWorker.register_death(self)  # type: ignore[no-untyped-call]

        last = threading.Thread(target=sign_off, name="sign off", daemon=True)
        last.start()
        last.join(FAREWELL)

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        self._stop_requested = self.stopping.is_set()  # told while it signed on


class NotOfRedis(logging.Filter):
    """Lets pass what RQ logs, but for a Redis that is away: the sweep says so, once."""

    def filter(self, record: logging.LogRecord) -> bool:
        told = record.args if isinstance(record.args, tuple) else ()
        raised = record.exc_info[1] if record.exc_info else None
        return not any(isinstance(one, redis.RedisError) for one in (*told, raised))


class Sweep(threading.Thread):
    """Looks for due work that nobody was woken for, and slowly for work that fell out of its index."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(name="sweep", daemon=True)
        self.bridge = bridge
        self.ended = threading.Event()

    def run(self) -> None:
        cursor, rounds, away = 0, 0, ""
        while not self.ended.wait(SWEEP):
            try:
                if away:
                    # A sweep that finds nothing due writes nothing, and works with a full Redis.
                    self.bridge.store.writable()
                self.bridge.store.sweep()
                rounds += 1
                if rounds % 20 == 0:
                    overdue_lines(self.bridge)
                if rounds % 4 == 0:
                    cursor = self.bridge.store.mend(cursor)
                if away:
                    log.warning("the work goes on")
                away = ""
            except BridgeError as error:
                if error.detail != away:
                    log.warning("the work rests: %s", error.detail)
                away = error.detail
            except Exception:  # a bug must not end what brings everything else back
                log.exception("the sweep failed")


class Reread(threading.Thread):
    """Looks whether the mappings have changed: by themselves every two seconds, at SIGHUP at once."""

    def __init__(self, files: Files) -> None:
        super().__init__(name="reread", daemon=True)
        self.files = files
        self.asked, self.ended = threading.Event(), threading.Event()
        signal.signal(signal.SIGHUP, lambda *_: self.ask())

    def ask(self) -> None:
        self.files.ask()
        self.asked.set()

    def run(self) -> None:
        while not self.ended.is_set():
            writing = False
            try:
                writing = self.files.look()
            except BridgeError as error:
                log.debug("the mappings could not be offered: %s", error)  # the sweep says so, too
            except Exception:  # a bug here must not end what the operator counts on
                log.exception("looking at the mappings failed")
            self.asked.wait(WRITTEN if writing else REREAD)
            self.asked.clear()

    def end(self) -> None:
        self.ended.set()
        self.asked.set()


def overdue_lines(bridge: Bridge) -> None:
    """Raise an alarm for each limit that work has been waiting for too long."""
    for line in bridge.store.lines():
        if line.budget and line.oldest >= PATIENCE:
            text = (
                f"{line.connection}: {line.lanes} conversations wait because its limit "
                f"({kind(line.budget)}) is used up, the first for {line.oldest / 60:.0f} minutes"
            )
            bridge.store.alarm(f"line:{line.connection}", text, 60)


def leave(engine: jobs.Engine) -> None:
    """End the process once it is told to stop and its work in hand is done, though RQ still waits for Redis.

    RQ gives a Redis that hangs 25 seconds for each of the commands that follow a job, more than any supervisor
    does. Nothing of ours hangs on them: the job was a wake-up, and a worker that did not sign off is forgotten.
    """
    engine.stopping.wait()
    engine.close()
    time.sleep(2 * FAREWELL)
    log.info("Redis does not answer; what RQ would still write down is left")
    os._exit(0)


def run(settings: Settings) -> int:
    """Work until told to stop (SIGTERM, SIGINT); returns the exit code."""
    processes.step_aside()
    bridge = build(settings, connections=threads_for(settings.worker_threads) + 8)
    engine = jobs.Engine(bridge, settings.worker_threads)
    jobs.use(engine)
    threading.Thread(target=leave, args=(engine,), name="leave", daemon=True).start()
    sweep = Sweep(bridge)
    sweep.start()
    watch = Watch(bridge, engine.outside)
    watch.start()
    reread = Reread(Files(bridge))
    reread.start()
    settle_down()
    # RQ's has its own: it makes the time-outs of the client it is given longer.
    client = redisclient.client(embedded.find(settings))
    logging.getLogger("rq.worker").addFilter(NotOfRedis())
    try:
        work(lambda: hire(client, engine.stopping), bridge.store.writable, engine.stopping)
    finally:
        sweep.ended.set()
        watch.ended.set()
        reread.end()
        engine.close()
    return 0


def settle_down() -> None:
    """Let the collector leave alone what stays, and look less often for the little that lies in cycles.

    It cost a fifteenth of a worker's processor time to walk the same modules and tables again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT)


def hire(client: redis.Redis, stopping: threading.Event) -> DrainWorker:
    """A worker of RQ's for our queue. Signing on raises what Redis raises."""
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
    worker.stopping = stopping
    return worker


def work(
    hired: Callable[[], SimpleWorker], usable: Callable[[], None], stopping: threading.Event
) -> None:
    """Work until *stopping* is set, whatever Redis does.

    RQ's loop ends, or raises, when Redis fails it in most places: a new one is *hired* as soon as Redis is
    *usable*, so nobody has to start this process again.
    """
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stopping.set())
    away = ""
    while not stopping.is_set():
        try:
            usable()
            hired().work(logging_level="WARNING")
            away = ""
        except StopRequested:
            return
        except (redis.RedisError, BridgeError) as error:
            if str(error) != away:  # said once: a Redis that is away may stay so for hours
                log.info("the wait for work is begun again: %s", error)
            away = str(error)
        stopping.wait(AGAIN)
