"""`bridge normalise SOURCE FILE...`: what an adapter makes of payloads, one JSON line per event."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.channels import CHANNELS, SOURCES, generic
from bridge.channels.base import Source
from bridge.config import load_source, source_files
from bridge.core.errors import Unreadable
from bridge.core.line import line
from bridge.core.model import Delivery, Message

HELP = "show what an adapter makes of payloads"
SOURCE_HELP = f"one of {', '.join(SOURCES)}, or the name of a file in the mappings' sources/"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the source and the files."""
    parser.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    parser.add_argument("files", metavar="FILE", nargs="+", help="a payload; - is standard input")


def run(args: argparse.Namespace) -> int:
    """Print the events of every file; 1 if a file could not be read, 2 for an unknown source."""
    folder = mappings_folder(os.environ)
    source = find(args.source, folder)
    if source is None:
        print(f"bridge normalise: {unknown(args.source, folder)}", file=sys.stderr)
        return 2
    found_wrong = False
    for name in args.files:
        messages = events("normalise", source, name)
        found_wrong = found_wrong or messages is None
        for message in messages or ():
            print(written({"file": name, **line(message)}))
    return int(found_wrong)


def mappings_folder(environ: Mapping[str, str]) -> Path:
    """The folder BRIDGE_MAPPINGS names, else ./mappings."""
    return Path(environ.get("BRIDGE_MAPPINGS", "").strip() or "mappings").expanduser()


def folder_beside(rules: Path | None) -> Path:
    """Where words, accounts and business hours are: beside other rules if something is there, else the mappings."""
    beside = ("replies", "connections.yaml", "calendars.yaml", "sources")
    if rules is not None and any((rules.parent / name).exists() for name in beside):
        return rules.parent
    return mappings_folder(os.environ)


def find(name: str, folder: Path) -> Source | None:
    """The source *name*: one of the bridge's own, or a file in sources/. Raises ConfigError for its mistakes."""
    if name in SOURCES:
        return SOURCES[name]
    file = load_source(folder, name, taken=(*SOURCES, *CHANNELS))
    return generic.source(file) if file else None


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


def unknown(name: str, folder: Path) -> str:
    """A sentence about a source that there is none of, with what was probably meant."""
    sentence = f"there is no source {shown(name)!r}"
    files = source_files(folder)
    if name == generic.TYPE:
        told = ", ".join(files) or "none yet"
        return f"{name} is read as a file in {folder}/sources says: name that one ({told})"
    if name in CHANNELS:
        owner = next(source.name for source in SOURCES.values() if name in source.channels)
        return f"{sentence}: {name} comes by the source {owner!r}"
    known = [*SOURCES, *files]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"{sentence}; did you mean {near[0]!r}?"
    return f"{sentence}; the sources are {', '.join(known)}"


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
    """A file's name, an id or a link as somebody typed it, harmless on a terminal."""
    return "".join(one if one.isprintable() else "?" for one in name)[:200] or "(no name)"
