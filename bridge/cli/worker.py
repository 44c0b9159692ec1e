"""`bridge worker`: the processes that do the work; `--processes N` keeps N of them running."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

from bridge import embedded, log
from bridge.processes import die_with_parent
from bridge.settings import settle
from bridge.supervisor import Child, Supervisor
from bridge.wiring import configuration

HELP = "run worker processes"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many processes, and of how many threads."""
    parser.add_argument(
        "--processes",
        type=_count,
        metavar="N",
        help="how many (default: BRIDGE_WORKER_PROCESSES or 1)",
    )
    parser.add_argument(
        "--threads", type=_count, metavar="N", help="conversations side by side in each process"
    )
    parser.add_argument("--parent", type=int, metavar="PID", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Work until told to stop."""
    if args.parent:
        die_with_parent(args.parent)
    settings = settle()
    if args.threads:
        settings = replace(settings, worker_threads=args.threads)
    log.configure(settings.log_level)
    wanted = args.processes or int(os.environ.get("BRIDGE_WORKER_PROCESSES") or 1)
    if wanted == 1:
        from bridge.jobs.worker import run as work

        return work(settings)
    # Mistakes are said once and here, not by each child.
    configuration(settings)
    embedded.connect(settings).close()
    return Supervisor(
        [worker(number, settings.worker_threads) for number in range(1, wanted + 1)]
    ).run()


def worker(number: int, threads: int) -> Child:
    """One worker process as a child of this one."""
    words = ["worker", "--processes", "1", "--threads", str(threads), "--parent", str(os.getpid())]
    argv = (sys.executable, "-m", "bridge", *words)
    return Child(name=f"worker {number}", argv=argv, stage=1, rereads=True)


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError(f"write a whole number from 1 to 256, not {text!r}")
    return number
