"""Which Redis commands the code names, found by reading it: also those that no part of the flow comes by.

MONITOR shows what is issued, this what is written: `client.hset(PREFIX + "alarms", ...)` is `HSET bridge:alarms`,
`store.get(f"gap:{name}")` is `GET bridge:gap`. Keys that are made elsewhere cannot be read here, and are not named.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from bridge.store.access import PREFIX
from matrix import ROOT
from matrix.wire import KEY

# What the journal's own words are in Redis' words; any other method of a client is the command of that name.
OWN: Final = {"get": "GET", "put": "SET", "take": "SET", "forget": "DEL", "hash": "HGETALL"}
CLIENTS: Final = ("client", "pipe")
OTHERWISE: Final = {"delete": "DEL", "scan_iter": "SCAN"}


def written() -> set[str]:
    """The names of all commands whose key can be read where they are written."""
    found = set()
    for path in sorted((ROOT / "bridge").rglob("*.py")):
        if "sandbox" not in path.parts:
            tree = ast.parse(path.read_text("utf-8"))
            stores = ("store", "self") if "store" in path.parts else ("store",)
            found |= {name for node in ast.walk(tree) for name in _named(node, stores)}
    return found


def _named(node: ast.AST, stores: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return
    owner, method = ast.unparse(node.func.value).rpartition(".")[2], node.func.attr
    text = _start(node.args[0])
    if owner in CLIENTS:
        command = OTHERWISE.get(method, method.upper())
    elif owner in stores and method in OWN:
        command, text = OWN[method], PREFIX + text
    else:
        return
    if key := KEY.match(text.encode()):
        yield f"{command} {key[1].decode()}"


def _start(node: ast.expr) -> str:
    """What a text begins with, as far as it stands there."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.Name("PREFIX"):
            return PREFIX
        case ast.BinOp(left, ast.Add(), right):
            return _start(left) + _start(right)
        case ast.JoinedStr(values):
            text = ""
            for one in values:
                part = _start(one.value if isinstance(one, ast.FormattedValue) else one)
                if not part:
                    break
                text += part
            return text
    return ""
