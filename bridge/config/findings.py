"""What is wrong and what is doubtful in a folder of mappings, collected while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.config.plain import Document, Where


class Findings:
    """Lines for people: `problems` refuse the configuration, `warnings` do not."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def wrong(self, document: Document, where: Where, sentence: str) -> None:
        """Note a mistake that must be mended."""
        self.problems.append(document.problem(where, sentence))

    def unready(self, document: Document, where: Where, sentence: str) -> None:
        """Note what must be there before anything starts, but not for a check of the files."""
        line = document.problem(where, sentence)
        (self.problems if self.strict else self.warnings).append(line)

    def doubtful(self, document: Document, where: Where, sentence: str) -> None:
        """Note what is allowed, and yet worth a look."""
        self.warnings.append(document.problem(where, sentence))

    def all_of(self, document: Document, messages: Any, where: Where = ()) -> None:
        """Note all that a schema found, each at its place below *where*."""
        for path, sentence in _flat(messages):
            self.wrong(document, where + path, sentence)


def _flat(messages: Any, path: Where = ()) -> Iterator[tuple[Where, str]]:
    """Marshmallow's nested messages as (path, sentence) pairs."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else (*path, key))
    elif isinstance(messages, list):
        for one in messages:
            yield from _flat(one, path)
    else:
        yield path, str(messages)
