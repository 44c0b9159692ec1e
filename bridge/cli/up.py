"""`bridge up`: Redis, web and workers on this machine, in one command."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from bridge import log, plugins
from bridge.cli.check import doubts
from bridge.cli.worker import worker
from bridge.embedded import Embedded, connect
from bridge.settings import Settings, settle
from bridge.supervisor import Child, Supervisor
from bridge.web.serve import listen
from bridge.wiring import configuration

HELP = "run web and workers on this machine, with the embedded Redis"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: the environment says it all (docs/installing.md)."""


def run(args: argparse.Namespace) -> int:
    """Run until told to stop; mistakes in the configuration are said before anything starts."""
    settings = settle()
    log.configure(settings.log_level)
    plugins.scorer(settings.sentiment)  # else each of the processes would say it, again and again
    for warning in doubts(configuration(settings)):
        logging.getLogger("bridge").warning(warning)
    redis = _redis(settings)
    try:
        with listen(settings) as listener:
            web = Child(
                name="web",
                argv=(
                    *(sys.executable, "-m", "bridge", "web"),
                    *("--socket", str(listener.fileno()), "--parent", str(os.getpid())),
                ),
                sockets=(listener.fileno(),),
                again=("--again",),
            )
            numbers = range(1, settings.worker_processes + 1)
            workers = [worker(number, settings.worker_threads) for number in numbers]
            return Supervisor([web, *workers], redis).run()
    finally:
        if redis is not None:
            redis.stop()


def _redis(settings: Settings) -> Embedded | None:
    """The embedded server, started; None where another one is configured, which is then checked."""
    if settings.redis_url:
        connect(settings).close()
        return None
    redis = Embedded(settings.data / "redis", fsync=settings.fsync)
    redis.start()
    return redis
