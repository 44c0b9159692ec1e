"""`bridge web`: the process that takes webhooks in."""

from __future__ import annotations

import argparse
import socket

from bridge import log
from bridge.processes import die_with_parent
from bridge.settings import settle

HELP = "run the web process"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing for people; what `bridge up` tells its child is hidden."""
    parser.add_argument("--socket", type=int, metavar="FD", help=argparse.SUPPRESS)
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, metavar="PID", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from bridge.web.serve import serve

    if args.parent:
        die_with_parent(args.parent)
    settings = settle()
    log.configure(settings.log_level)
    listener = socket.socket(fileno=args.socket) if args.socket is not None else None
    return serve(settings, listener, announce=not args.again)
