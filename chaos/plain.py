"""The same errand as plain RQ does it, a job for each message: `python -m chaos.plain REDIS_URL defaults|tuned`.

As a careful reader of RQ's documentation would write it: one queue, `Retry` with intervals, the scheduler, the
ticket of a conversation kept in Redis, time-outs. What RQ does not do is not added.
"""

from __future__ import annotations

import os
import sys

import redis
import requests
from rq import Queue, Retry, Worker, get_current_job

from bridge.processes import die_with_parent

QUEUE = "plain"
WAITS = [5, 5, 10, 30, 60, 120]
TUNED = {"worker_ttl": 20, "maintenance_interval": 5, "job_monitoring_interval": 5}
session = requests.Session()
session.trust_env = False


def enqueue(client: redis.Redis, desk: str, auth: list[str], talk: str, text: str) -> None:
    """Let a worker put *text* on the ticket of *talk*."""
    queue = Queue(QUEUE, connection=client)
    retry = Retry(max=len(WAITS), interval=WAITS)
    queue.enqueue("chaos.plain.tell", desk, auth, talk, text, retry=retry, job_timeout=30)


def tell(desk: str, auth: list[str], talk: str, text: str) -> None:
    """Open the ticket of *talk*, or add to it; whatever goes wrong is RQ's to try again."""
    job = get_current_job()
    assert job is not None
    key = f"ticket:{talk}"
    if ticket := job.connection.get(key):
        body = {"ticket": {"comment": {"body": text}}}
        url = f"{desk}/api/v2/tickets/{int(ticket)}"
        session.put(url, json=body, auth=(auth[0], auth[1]), timeout=8).raise_for_status()
        return
    who = {"name": talk, "external_id": talk}
    body = {"ticket": {"subject": text, "comment": {"body": text}, "requester": who}}
    answer = session.post(f"{desk}/api/v2/tickets", json=body, auth=(auth[0], auth[1]), timeout=8)
    answer.raise_for_status()
    job.connection.set(key, answer.json()["ticket"]["id"])


def main(url: str, how: str) -> None:
    client = redis.Redis.from_url(url)
    options = TUNED if how == "tuned" else {}
    worker = Worker([Queue(QUEUE, connection=client)], connection=client, **options)
    worker.work(with_scheduler=True, logging_level="CRITICAL")


if __name__ == "__main__":
    die_with_parent(os.getppid())
    # Under its own name, so that the work-horses find the job's module loaded.
    sys.modules["chaos.plain"] = sys.modules["__main__"]
    main(sys.argv[1], sys.argv[2])
