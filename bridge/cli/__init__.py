"""The `bridge` command: one file a subcommand, loaded only when it is asked for.

Each file has `HELP` (one sentence), `arguments(parser)` and `run(args) -> int`. Exit codes: 0 fine,
1 found wrong, 2 usage. A user's mistake is a sentence on stderr, never a traceback.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from bridge import __version__
from bridge.core.errors import BridgeError, ConfigError

# In the order in which people meet them.
COMMANDS: dict[str, str] = {
    "demo": "see the whole thing work on this machine, no account needed",
    "up": "run web and workers on this machine, with the embedded Redis",
    "web": "run the web process",
    "worker": "run worker processes",
    "init": "write a commented mappings folder and .env to start from",
    "sandbox": "run the fake platforms and helpdesks alone",
    "check": "validate the mappings and run their examples",
    "normalise": "show what an adapter makes of payloads",
    "explain": "show what the rules would do with payloads, and why",
    "signals": "show how often the signals are right, on labelled messages",
    "backtest": "try other rules on old messages, and show what would change",
    "rules": "show which rules are in force, publish others, go back",
    "why": "show the receipt of something that happened",
    "status": "show the books, the queues, the limits and the alarms",
    "alarm": "list the alarms with their names; end one that was seen to",
    "mute": "mute an author, a post or a phrase for a while; list and end mutes",
    "crisis": "begin or end an incident by hand, whatever the numbers say; list those that last",
    "unanswered": "list what was neither answered nor ignored with a reason, and tickets whose customer waits",
    "feedback": "export what rules counted as feedback, and how content customers said they were",
    "summary": "sum up what was said: topics, moods, channels, how content customers were",
    "report": "count what came of messages and how soon people answered, by channel, rule, post, mood",
    "ambassadors": "list authors with many kind words and real reach",
    "dead": "list, show, retry or drop dead letters",
    "export": "print all that is kept of one conversation",
    "erase": "erase all that is kept of one person; says first what that is",
    "pause": "stop working for a connection; what comes in is kept",
    "resume": "go on working for a connection",
    "reconcile": "read back what no webhook told: recent words, changed tickets",
    "doctor": "check credentials, subscriptions, clocks and queues",
    "setup": "create what the other side needs, or print the clicks",
    "calendars": "print a helpdesk's business hours as a calendars.yaml to look through",
}


def parser_of(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The argument parser; only the named command's file is imported, for a quick start."""
    parser = argparse.ArgumentParser(
        prog="bridge", description="Public complaints become tickets; answers go back."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = next((word for word in argv if word in COMMANDS), None)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name == named:
            module = importlib.import_module(f"bridge.cli.{name}")
            module.arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """The arguments; FILEs may stand before and behind an option, which argparse alone refuses."""
    parser = parser_of(words)
    args, rest = parser.parse_known_args(words)
    if rest:
        if not hasattr(args, "files") or any(word.startswith("-") for word in rest):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        args.files += rest
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words:
        parser_of(words).print_help(sys.stderr)
        return 2
    args = _parsed(words)
    try:
        return int(args.run(args))
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    except BridgeError as error:
        print(f"bridge {args.command}: {error.detail}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Somebody closed the pipe (`| head`); point stdout elsewhere so that exit says nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
