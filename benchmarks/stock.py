"""RQ as it comes: `python -m benchmarks.stock REDIS_URL` is one forking Worker with its defaults.

The job posts and does nothing else: no order, no de-duplication, no look at what is there. What it needs is
imported here, in the parent, so that no work-horse imports anything.
"""

from __future__ import annotations

import os
import sys

import redis
import requests
from rq import Queue, Worker

from bridge.processes import die_with_parent

QUEUE = "stock"
session = requests.Session()
session.trust_env = False


def handle(url: str, number: int, times: int = 1) -> None:
    """So many POSTs to the helpdesk, one after the other: a requester, a ticket, a note are three."""
    for _ in range(times):
        session.post(url, json={"number": number, "text": "My order arrived broken"})


def main(url: str) -> None:
    client = redis.Redis.from_url(url)
    Worker([Queue(QUEUE, connection=client)], connection=client).work(logging_level="WARNING")


if __name__ == "__main__":
    die_with_parent(os.getppid())
    # Under its own name, so that the work-horses find the job's module loaded.
    sys.modules["benchmarks.stock"] = sys.modules["__main__"]
    main(sys.argv[1])
