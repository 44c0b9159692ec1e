"""One line for each thing worth telling, on stderr: JSON for machines, plain where a person watches.

Messages are our own sentences and ids; bodies, headers and customers' words are never passed in.
JSON is ASCII only, so that no line can be forged by what stands in a value.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What was passed as `extra=`: the ids a line is about."""
    return {name: value for name, value in vars(record).items() if name not in _KNOWN}


class JsonLines(logging.Formatter):
    """One JSON object a record: at, level, logger, message, the extras, error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extras(record),
        }
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=True, default=str)


class Plain(logging.Formatter):
    """`10:15:00 warning  sentence  name=value`, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        words = [f"{name}={value}" for name, value in extras(record).items()]
        line = "  ".join([record.getMessage(), *words])
        shown = "".join(
            char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line
        )
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        text = f"{time} {record.levelname.lower():8} {shown}"
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return text


def configure(level: str = "INFO", *, terminal: bool | None = None) -> None:
    """Send all logging to stderr in the shape that fits; *terminal* None asks stderr itself."""
    plain = sys.stderr.isatty() if terminal is None else terminal
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain() if plain else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Their INFO lines repeat ours (job ids, connections) and would hold URLs at DEBUG.
    for chatty in ("urllib3", "requests", "rq", "rq.worker"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
