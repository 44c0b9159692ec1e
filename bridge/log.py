"""One line for each thing worth telling, on stderr: JSON for machines, plain where a person watches.

Messages are our own sentences and ids; bodies, headers and customers' words are never passed in.
JSON is ASCII only, so that no line can be forged by what stands in a value. Of a mistake of ours the log tells where
it happened and of what kind it was; what Python says of it may quote anything, and is left out.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from bridge.core.errors import BridgeError

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What was passed as `extra=`: the ids a line is about."""
    return {name: value for name, value in vars(record).items() if name not in _KNOWN}


# What these say is about our code, not about what it was given.
_TELLING = (BridgeError, TypeError, AttributeError, NameError, ImportError)


def trouble(error: BaseException) -> str:
    """*error* and what it came of: where and of what kind, without the values that its words may quote."""
    told: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        words = f": {step}" if isinstance(step, _TELLING) else ""
        told.append("".join(traceback.format_tb(step.__traceback__)) + type(step).__name__ + words)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return "\nwhich came of\n".join(told)


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
        if record.exc_info and record.exc_info[1]:
            line["error"] = trouble(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, default=str)


class Plain(logging.Formatter):
    """`10:15:00 warning  sentence  name=value`, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        words = [f"{name}={value}" for name, value in extras(record).items()]
        line = "  ".join([record.getMessage(), *words])
        shown = _printable(line)
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        text = f"{time} {record.levelname.lower():8} {shown}"
        if record.exc_info and record.exc_info[1]:
            told = trouble(record.exc_info[1]).splitlines()
            text = "\n".join([text, *(_printable(one) for one in told)])
        return text


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def configure(level: str = "INFO", *, terminal: bool | None = None) -> None:
    """Send all logging to stderr in the shape that fits; *terminal* None asks stderr itself."""
    plain = sys.stderr.isatty() if terminal is None else terminal
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain() if plain else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Their INFO lines repeat ours (job ids, connections) and would hold URLs at DEBUG.
    for chatty in ("urllib3", "requests", "rq", "rq.worker"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
