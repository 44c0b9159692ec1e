"""YAML as plain values, and the line each of them stands on.

A subset without surprises: no aliases, no tags, no duplicate keys, keys are text, only `true` and
`false` are booleans (`no` stays a word), only decimal numbers are numbers (`12:30`, `010` and dates
stay text), nesting and size are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BIGGEST = 1_000_000  # bytes of a file
DEEPEST = 20

Where = tuple[str | int, ...]


class Misread(Exception):
    """The file is not YAML we take: its line (0 for the whole file), and a sentence."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says, and where: `lines` maps a path of keys to its line, counted from 1."""

    label: str
    data: Any = None
    lines: Mapping[Where, int] = field(default_factory=dict)
    raw: bytes = b""

    def line(self, where: Where) -> int:
        """The line of *where*, or of the nearest thing around it that has one."""
        for length in range(len(where), -1, -1):
            if where[:length] in self.lines:
                return self.lines[where[:length]]
        return 1

    def problem(self, where: Where, sentence: str) -> str:
        """`file:line: where: sentence`, items of lists by their name where they have one."""
        shown = " > ".join(self._names(where))
        return f"{self.label}:{self.line(where)}: {shown}: {sentence}" if shown else (
            f"{self.label}:{self.line(where)}: {sentence}"
        )  # fmt: skip

    def _names(self, where: Where) -> list[str]:
        names: list[str] = []
        at = self.data
        for key in where:
            try:
                at = at[key]
            except (TypeError, KeyError, IndexError):
                at = None
            name = at.get("name") if isinstance(key, int) and isinstance(at, Mapping) else None
            if isinstance(key, int):
                names.append(name if isinstance(name, str) else f"number {key + 1}")
            else:
                names.append(key[:80])
        return names


class _Loader(yaml.SafeLoader):
    """Resolves only null, true, false, decimal integers and decimal fractions."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _starts in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"\A(?:{_pattern})\Z"), _starts
    )

_KNOWN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "map", "seq")
)


def read(path: Path, label: str | None = None) -> Document:
    """The document in the file at *path*. Raises Misread."""
    try:
        with path.open("rb") as file:
            raw = file.read(BIGGEST + 1)
    except OSError as error:
        raise Misread(0, f"cannot be read: {error.strerror}") from None
    return parse(raw, label or str(path))


def parse(raw: bytes, label: str) -> Document:
    """The document that *raw* holds; an empty one holds None. Raises Misread."""
    if len(raw) > BIGGEST:
        raise Misread(0, f"is larger than {BIGGEST:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Misread(line, "is not UTF-8 text; save the file as UTF-8") from None
    try:
        _refuse_tricks(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            lines: dict[Where, int] = {}
            data = _value(loader, node, (), lines) if node is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and "end of stream" in (error.problem or ""):
            mark = error.context_mark  # where the quote or bracket begins, not where the file ends
        raise Misread(mark.line + 1 if mark else 0, _advice(error)) from None
    except yaml.YAMLError as error:
        raise Misread(0, f"is not YAML: {str(error).splitlines()[0]}") from None
    return Document(label=label, data=data, lines=lines, raw=raw)


def _refuse_tricks(text: str) -> None:
    """Refuse aliases, anchors, tags and deep nesting, before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Misread(
                line,
                "anchors and aliases are not taken; put a text that starts with & or * in quotes",
            )
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag:
            raise Misread(line, f"tags ({event.tag}) are not taken; quote the text if it has a !")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise Misread(line, f"is nested deeper than {DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _advice(error: yaml.MarkedYAMLError) -> str:
    """What PyYAML found wrong, with what usually helps."""
    told = ": ".join(part for part in (error.context, error.problem) if part)
    if "'*'" in told or "alias" in told:
        return f"is not YAML: {told}; a text that starts with * or & must be in quotes"
    if "mapping values are not allowed" in told:
        return (
            f"is not YAML: {told}; a text with a colon must be in quotes, and a key ends with"
            " a colon and a space, on the line above too"
        )
    if "\\t" in told:
        return f"is not YAML: {told}; indent with spaces, not with tabs"
    if "cannot start any token" in told:
        return f"is not YAML: {told}; a text that starts so must be in quotes"
    if "end of stream" in told:
        return f"is not YAML: {told}; what begins here is never closed: a quote or a bracket is missing"
    if "<block end>" in told:
        return f"is not YAML: {told}; this line must begin exactly below the one it belongs with"
    return f"is not YAML: {told}; check quotes, brackets and indentation; outside quotes # begins a comment"


def _value(loader: _Loader, node: yaml.Node, where: Where, lines: dict[Where, int]) -> Any:
    """The plain value of *node*; fills *lines*."""
    lines.setdefault(where, node.start_mark.line + 1)
    if node.tag not in _KNOWN_TAGS:
        raise Misread(node.start_mark.line + 1, f"{node.tag} is not taken; quote the text")
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(loader, item, (*where, number), lines) for number, item in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag != "tag:yaml.org,2002:str":
                dot = " (a fraction is written with a dot: 0.5)" if key and key.isdigit() else ""
                raise Misread(
                    line, f"the key {key or 'here'} must be a text; put it in quotes{dot}"
                )
            if key in found:
                raise Misread(line, f"'{key}' stands here twice; keep one")
            lines[(*where, key)] = line
            found[key] = _value(loader, value_node, (*where, key), lines)
        return found
    if node.tag == "tag:yaml.org,2002:str":
        return node.value
    if node.tag == "tag:yaml.org,2002:int" and len(node.value) > 18:
        return node.value  # an id longer than any number we count with: it stays text
    return loader.construct_object(node)
