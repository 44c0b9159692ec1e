"""`bridge demo`: the whole product on this machine, with a scripted day."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time

from bridge.settings import Settings

HELP = "see the whole thing work on this machine, no account needed"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--once", action="store_true",
        help="stop after the story; exit 1 if anything ended otherwise than told",
    )  # fmt: skip
    parser.add_argument(
        "--sandbox-port", type=int, default=0, help="port of the page (default: any)"
    )


def run(args: argparse.Namespace) -> int:
    started = time.monotonic()
    from bridge import demo  # a heavy import, and the clock should run while it loads

    settings = Settings.from_environ(os.environ)
    port = 0 if args.once and "PORT" not in os.environ else settings.port
    # Whenever it comes, what was started is stopped and what was written is removed.
    signal.signal(signal.SIGTERM, _leave)
    print("Starting the sandbox, an embedded Redis, web and workers ...", flush=True)
    try:
        with demo.running(port, args.sandbox_port) as made:
            print(f"listening on {made.bridge}", flush=True)
            print(f"The page: {made.sandbox}/\n", flush=True)
            fine = demo.play(made, started, lambda line: print(line, flush=True))
            print()
            if fine:
                print(
                    f"Everything ended as told, {time.monotonic() - started:.0f} s after the start."
                )
            else:
                print("Something ended otherwise than told; see above.")
            if args.once:
                return 0 if fine else 1
            print(
                f"\nNow it is yours: open {made.sandbox}/ , complain on the left, answer on the right."
                "\nCtrl-C stops everything and removes it.",
                flush=True,
            )
            threading.Event().wait()
            return 0
    except demo.Otherwise as error:
        print(f"bridge demo: {error}")
        return 1


def _leave(*_: object) -> None:
    raise SystemExit(0)
