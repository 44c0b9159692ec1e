"""Where a value stands in a payload: a JMESPath, compiled once, its cost known before it is used.

JMESPath has no loops and never looks above the value it is given, so that what an expression makes
is at most so many times as large as that value. `_growth` works this factor out; too large a one is
refused, and so no payload, however it is made, becomes a bomb. Source: JMESPath specification,
jmespath.org/specification.html, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError, ParseError
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from bridge.core.mistakes import Mistake, nearest
from bridge.core.untrusted import Broken

LONGEST = 500  # characters of an expression
DEEPEST = 30  # levels of brackets and functions in it
LARGEST = 50  # times that what it makes may be as large as what it is given

_FUNCTIONS: Mapping[str, Mapping[str, Any]] = Functions.FUNCTION_TABLE
# It keeps nothing of what it is given, so that one serves all.
_INTERPRETER = TreeInterpreter()
_QUOTES = (
    "; keys stand with dots between them (order.number), one with spaces, hyphens or accents"
    " in double quotes ('\"order number\"')"
)


@dataclass(frozen=True, slots=True)
class Path:
    """One expression. Paths are equal when their texts are."""

    text: str
    _tree: Mapping[str, Any] = field(compare=False, repr=False)
    _keys: tuple[str, ...] = field(default=(), compare=False, repr=False)  # of a plain `a.b.c`

    def __str__(self) -> str:
        return self.text

    def of(self, value: object) -> object:
        """What stands there in *value*; None when nothing does. Raises Broken, naming no values."""
        if self._keys:  # nearly all are; looking it up takes a tenth of interpreting it
            for key in self._keys:
                value = value.get(key) if isinstance(value, dict) else None
            return value
        try:
            found: object = _INTERPRETER.visit(self._tree, value)
        except JMESPathTypeError as error:
            told = f"{error.function_name}() cannot work on {error.actual_type}"
            raise Broken(f"{told} in `{self.text}`") from None
        except (ValueError, TypeError, ArithmeticError):  # a number too large, keys of mixed types
            raise Broken(f"`{self.text}` cannot be worked out") from None
        return found


def path(text: str) -> Path:
    """The expression *text*. Raises Mistake with a sentence for whoever wrote it."""
    if len(text) > LONGEST:
        raise Mistake(f"is longer than {LONGEST} characters")
    try:
        tree: Mapping[str, Any] = jmespath.compile(text).parsed
    except RecursionError:
        raise Mistake(f"has more than {DEEPEST} brackets within each other") from None
    except ParseError as error:
        raise Mistake(f"{_shown(text)} is no JMESPath{_near(text, error)}") from None
    except (JMESPathError, ValueError):
        raise Mistake(f"{_shown(text)} is no JMESPath{_QUOTES}") from None
    if _depth(tree) > DEEPEST:
        raise Mistake(f"has more than {DEEPEST} brackets within each other")
    for node in _nodes(tree):
        if node["type"] == "function_expression":
            _check(node)
        if _growth(node) > LARGEST:
            raise Mistake("could make far more than it is given; say it with less")
    return Path(text, tree, _keys(tree))


def _near(text: str, error: ParseError) -> str:
    at = error.lex_position
    if at >= len(text):
        return ": it ends too early"
    return (f" from {text[at : at + 20]!r} on" if at > 0 else "") + _QUOTES


def _shown(text: str) -> str:
    return f"'{text if len(text) <= 60 else f'{text[:59]}…'}'"


def _children(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [child for child in node["children"] if isinstance(child, dict)]


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


def _keys(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of an expression that only goes down from key to key; none for any other."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return ()
    parts = [_keys(child) for child in _children(node)]
    return tuple(key for part in parts for key in part) if all(parts) else ()


def _depth(node: Mapping[str, Any]) -> int:
    return 1 + max(map(_depth, _children(node)), default=0)


def _check(node: Mapping[str, Any]) -> None:
    """Refuse a function that there is none of, or that is given too much or too little."""
    name, given = node["value"], len(node["children"])
    known = _FUNCTIONS.get(name)
    if known is None:
        known_ones = f" (there is: {', '.join(sorted(_FUNCTIONS))})"
        raise Mistake(
            f"'{name}' is no function of JMESPath{nearest(name, _FUNCTIONS) or known_ones}"
        )
    wanted = known["signature"]
    least = len(wanted)
    variadic = bool(wanted) and wanted[-1].get("variadic", False)
    if given < least or (given > least and not variadic):
        more = " or more" if variadic else ""
        raise Mistake(f"{name}() takes {least}{more}, not {given}")
    if name == "join" and node["children"][0]["type"] != "literal":
        raise Mistake("join() takes what it puts between as a text in single quotes: join(', ', x)")


_CHAINS = frozenset({
    "subexpression", "index_expression", "pipe", "projection", "value_projection",
    "filter_projection",
})  # fmt: skip
_ANSWERS = frozenset({"comparator", "not_expression", "literal"})
_SHORT = frozenset({"contains", "ends_with", "length", "starts_with", "type"})
_OVER_LISTS = frozenset({"map", "max_by", "min_by", "sort_by"})


def _growth(node: Mapping[str, Any]) -> int:
    """How many times as large as the value it is given what *node* makes can be."""
    kind, parts = node["type"], [_growth(child) for child in _children(node)]
    if kind in _ANSWERS or (kind == "function_expression" and node["value"] in _SHORT):
        return 1
    if kind in _CHAINS or (kind == "function_expression" and node["value"] in _OVER_LISTS):
        return prod(parts)
    whole = max(sum(parts), 1)
    if kind == "function_expression" and node["value"] == "join":
        return whole * (1 + len(str(node["children"][0]["value"])))
    if kind == "function_expression" and node["value"] == "to_string":
        return whole * 6  # JSON writes a character in up to six
    return whole
