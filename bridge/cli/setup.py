"""`bridge setup CONNECTION`: what the other side needs is created, or the clicks are told."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from urllib.parse import urlsplit

from bridge.channels import SOURCES
from bridge.cli import parts
from bridge.cli.asking import NOT_SENT, Asking, Open, Refrained
from bridge.core.errors import BridgeError
from bridge.helpdesks import HELPDESKS
from bridge.settings import Settings
from bridge.store import Store

HELP = "create what the other side needs, or print the clicks"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the connection, --dry-run and --url."""
    parser.add_argument("connection", metavar="CONNECTION", help="its name in connections.yaml")
    parser.add_argument("--dry-run", action="store_true", help="look only; say what would be sent")
    parser.add_argument("--url", metavar="PUBLIC_URL", help="instead of BRIDGE_PUBLIC_URL")


def run(args: argparse.Namespace) -> int:
    """Take every step and print it; 1 when one failed, 2 for a name or an address that is none."""
    settings = parts.settings()
    config = parts.config(settings)
    connection = config.connections.get(args.connection)
    if connection is None:
        print(
            f"bridge setup: {parts.unknown(args.connection, config.connections)}", file=sys.stderr
        )
        return 2
    public = (args.url or settings.public_url or "").rstrip("/")
    if problem := _unfit(public):
        print(f"bridge setup: {problem}", file=sys.stderr)
        return 2
    record = SOURCES.get(connection.type) or HELPDESKS[connection.type]
    url = f"{public}/hooks/{connection.name}"
    if record.setup is None:
        print(f"{connection.name}: nothing can be set up from here; webhooks go to {url}")
        return 0
    rights = getattr(record, "setup_options", {})
    connection = replace(connection, options={**connection.options, **rights})
    asking = Asking(settings, config, _journal(settings), dry=args.dry_run)
    wrong = 0
    try:
        steps = asking.ask(connection, record.setup(connection, url))
    except Refrained:
        steps = []
    except BridgeError as error:
        steps, wrong = [], 1
        print(f"bridge setup: {connection.name}: {parts.harmless(error.detail)}", file=sys.stderr)
    for step in steps:
        if NOT_SENT not in step:
            print(parts.harmless(step))
    if args.dry_run:
        for request in asking.http.written:
            print(f"would be sent: {request}")
        print(f"{NOT_SENT}; webhooks would go to {url}")
        return wrong
    if steps:
        print("`bridge doctor` tells whether all is well.")
    return 1 if wrong or asking.http.failed else 0


def _unfit(public: str) -> str | None:
    """Why webhooks cannot be sent to this address, if they cannot."""
    if not public:
        return (
            "say where the bridge is reached from outside: set BRIDGE_PUBLIC_URL, "
            "or give --url https://bridge.example.com"
        )
    try:
        parts_of = urlsplit(public)
        host, scheme = parts_of.hostname, parts_of.scheme
    except ValueError:
        host, scheme = None, ""
    if not host or scheme not in ("http", "https"):
        return "the public address must look like https://bridge.example.com"
    if scheme == "http" and host not in _LOOPBACK:
        return "platforms send to https only: put TLS in front, and give the https address"
    return None


def _journal(settings: Settings) -> Store | None:
    """The journal where there is one: its access tokens are shared with the workers."""
    try:
        return parts.journal(settings, Open)
    except BridgeError:
        return None
