"""`bridge normalise SOURCE FILE...`: what an adapter makes of payloads, one JSON line per event."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from pathlib import Path
from typing import Any

from bridge.channels import CHANNELS, SOURCES
from bridge.channels.base import Source
from bridge.core.errors import Unreadable
from bridge.core.line import line
from bridge.core.model import Delivery, Message

HELP = "show what an adapter makes of payloads"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the source and the files."""
    parser.add_argument("source", metavar="SOURCE", help=f"one of {', '.join(SOURCES)}")
    parser.add_argument("files", metavar="FILE", nargs="+", help="a payload; - is standard input")


def run(args: argparse.Namespace) -> int:
    """Print the events of every file; 1 if a file could not be read, 2 for an unknown source."""
    source = SOURCES.get(args.source)
    if source is None:
        print(f"bridge normalise: {unknown(args.source)}", file=sys.stderr)
        return 2
    found_wrong = False
    for name in args.files:
        messages = events("normalise", source, name)
        found_wrong = found_wrong or messages is None
        for message in messages or ():
            print(written({"file": name, **line(message)}))
    return int(found_wrong)


def events(command: str, source: Source, name: str) -> list[Message] | None:
    """The events in the file *name* (`-`: standard input); None when it cannot be read, which is said."""
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return source.parse(Delivery(connection=source.name, source=source.name, body=body))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
    except Unreadable as error:
        reason = error.detail
    print(f"bridge {command}: {shown(name)}: {reason}", file=sys.stderr)
    return None


def unknown(name: str) -> str:
    """A sentence about a source that there is none of, with what was probably meant."""
    sentence = f"there is no source {shown(name)!r}"
    if name in CHANNELS:
        owner = next(source.name for source in SOURCES.values() if name in source.channels)
        return f"{sentence}: {name} comes by the source {owner!r}"
    near = difflib.get_close_matches(name, SOURCES, n=1)
    if near:
        return f"{sentence}; did you mean {near[0]!r}?"
    return f"{sentence}; the sources are {', '.join(SOURCES)}"


# What a terminal would obey instead of show, and line ends that JSON does not know.
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def written(event: Any) -> str:
    """*event* on one line, in plain letters where that is safe, else with escapes."""
    readable = json.dumps(event, ensure_ascii=False, allow_nan=False)
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    if encoding == "utf8" and not _UNSAFE.search(readable):
        return readable
    return json.dumps(event, ensure_ascii=True, allow_nan=False)


def shown(name: str) -> str:
    """A file's name, harmless on a terminal."""
    return re.sub(r"[^\w./@+ -]", "?", name)[:200] or "(no name)"
