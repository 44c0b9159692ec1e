"""`bridge sandbox`: the fake platforms and helpdesks, alone in this process; docs/sandbox.md."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import sys

from bridge.sandbox.server import serve

HELP = "run the fake platforms and helpdesks alone"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=port, default=8090, help="port to listen on, 0 for any (8090)"
    )
    parser.add_argument(
        "--host", type=loopback, default="127.0.0.1",
        help="address to listen on, of this machine alone: 127.0.0.1 (as it is) or ::1",
    )  # fmt: skip
    parser.add_argument(
        "--bridge", metavar="URL", help="the bridge whose /hooks/... get the webhooks"
    )
    parser.add_argument("--no-limits", action="store_true", help="no rate limits, for benchmarks")


def port(text: str) -> int:
    """The port number; argparse turns the error into a sentence."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return number


def loopback(text: str) -> str:
    """An address that nobody else can reach: the sandbox asks nobody for a password."""
    try:
        if text == "localhost" or ipaddress.ip_address(text).is_loopback:
            return text
    except ValueError:
        pass  # a name or nonsense: told below
    raise argparse.ArgumentTypeError(
        "the sandbox has no password, so it listens on loopback only: 127.0.0.1, ::1 or localhost"
    )


def run(args: argparse.Namespace) -> int:
    if args.bridge is not None and not args.bridge.startswith(("http://", "https://")):
        print(f"bridge sandbox: --bridge is an http address, not {args.bridge!r}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(args.host, args.port, args.bridge, not args.no_limits, announce))
    except OSError as error:
        print(
            f"bridge sandbox: cannot listen on {args.host}:{args.port}: {error.strerror}",
            file=sys.stderr,
        )
        return 1
    return 0


def announce(url: str) -> None:
    print(f"listening on {url}", flush=True)
