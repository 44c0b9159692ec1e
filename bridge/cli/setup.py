"""`bridge setup CONNECTION`: what the other side needs is created, or the clicks are told."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from urllib.parse import urlsplit

from bridge.channels.base import Source
from bridge.cli import parts
from bridge.cli.asking import NOT_SENT, Asking, Refrained, perhaps_journal
from bridge.core.calls import Undone
from bridge.core.errors import BridgeError
from bridge.core.model import Connection
from bridge.helpdesks.base import Helpdesk

HELP = "create what the other side needs, or print the clicks"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the connection, --dry-run, --show-secret and --url."""
    parser.add_argument("connection", metavar="CONNECTION", help="its name in connections.yaml")
    parser.add_argument("--dry-run", action="store_true", help="look only; say what would be sent")
    parser.add_argument(
        "--show-secret", action="store_true", help="also print the secret that proves its webhooks"
    )
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
    asking = Asking(settings, config, perhaps_journal(settings), dry=args.dry_run)
    record = asking.record(connection)
    url = f"{public}/hooks/{connection.name}"
    if record.setup is None:
        print(f"{connection.name}: nothing can be set up from here; webhooks go to {url}")
        return 0
    rights = getattr(record, "setup_options", {})
    connection = replace(connection, options={**connection.options, **rights})
    wrong = 0
    steps: list[str] = []
    try:
        steps = asking.ask(connection, record.setup(connection, url))
    except Refrained:
        pass  # the rest depends on what a dry run does not send
    except BridgeError as error:
        wrong = 1
        print(f"bridge setup: {connection.name}: {parts.harmless(error.detail)}", file=sys.stderr)
    for step in steps:
        if NOT_SENT not in step:
            print(parts.harmless(step))
    if args.show_secret and not wrong:
        wrong = _show_secret(asking, record, connection, url)
    if args.dry_run:
        for request in asking.http.written:
            print(parts.harmless(f"would be sent: {request}"))
        print(f"{NOT_SENT}; webhooks would go to {url}")
        return wrong
    if steps:
        print("`bridge doctor` tells whether all is well.")
    undone = any(isinstance(step, Undone) for step in steps)
    return 1 if wrong or undone or asking.http.failed else 0


def _show_secret(
    asking: Asking, record: Source | Helpdesk, connection: Connection, url: str
) -> int:
    """Print the secrets that the other side made for its webhooks; 1 when there is none to show."""
    reveal = record.reveal if isinstance(record, Helpdesk) else None
    if reveal is None:
        print(f"{connection.name} signs with a secret of your own choosing: see connections.yaml")
        return 0
    try:
        found = asking.ask(connection, reveal(connection, url))
    except BridgeError as error:
        print(f"bridge setup: {connection.name}: {parts.harmless(error.detail)}", file=sys.stderr)
        return 1
    for name, secret in found.items():
        print(f"the secret of {parts.harmless(name)}, for webhook_secrets:\n{secret}")
    if not found:
        print(f"bridge setup: {connection.name}: no secret can be seen for {url}", file=sys.stderr)
    return 0 if found else 1


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
