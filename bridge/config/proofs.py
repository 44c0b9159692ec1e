"""`proof:` of a connection: how a tool of anybody's shows that a delivery is its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bridge.config.plain import Where
from bridge.config.values import unknown_key
from bridge.core.model import Secret
from bridge.core.signing import Basic, Bearer, EchoedToken, Hmac, Proof

OPTION = "proof_secret"  # where the secret lies among the connection's options
# The keys of each kind: the first holds the secret, the second must be there too.
KINDS: Mapping[str, tuple[str, ...]] = {
    "header_secret": ("value", "name"),
    "bearer": (),
    "basic": ("password", "user"),
    "hmac": ("secret", "header", "algorithm", "encoding", "prefix", "signs", "timestamp", "window"),
}
_CHOICES = {"algorithm": ("sha256", "sha1", "sha512"), "encoding": ("hex", "base64")}
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")

Wrong = Callable[[Where, str], None]
Secrets = Callable[[Where, Any], Secret | tuple[Secret, ...]]


def read_proof(
    where: Where, written: Any, wrong: Wrong, secrets: Secrets
) -> tuple[Proof | None, Secret | tuple[Secret, ...]]:
    """The proof that *written* stands for, and its secret; None and a problem where it is none."""
    nothing = (None, Secret(""))
    if not isinstance(written, Mapping) or len(written) != 1:
        wrong(where, f"needs one of {', '.join(KINDS)} below it")
        return nothing
    ((kind, said),) = written.items()
    where = (*where, kind)
    if kind not in KINDS:
        wrong(where, unknown_key(kind, KINDS))
        return nothing
    if kind == "bearer":
        return Bearer(option=OPTION), secrets(where, said)
    keys = KINDS[kind]
    if not isinstance(said, Mapping):
        wrong(where, f"needs `{keys[1]}:` and `{keys[0]}:` below it")
        return nothing
    told = list(_mistakes(keys, said))
    for place, sentence in told:
        wrong((*where, *place), sentence)
    secret = secrets((*where, keys[0]), said[keys[0]]) if keys[0] in said else Secret("")
    return (None if told else _proof(kind, said)), secret


def _mistakes(keys: tuple[str, ...], said: Mapping[str, Any]) -> list[tuple[Where, str]]:
    found: list[tuple[Where, str]] = []
    found += [((key,), unknown_key(key, keys)) for key in said if key not in keys]
    found += [((), f"`{key}` is missing") for key in keys[:2] if key not in said]
    for key, value in said.items():
        if key not in keys[1:]:
            continue
        if key == "window":
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 86400:
                found.append(((key,), "must be seconds, from 1 to 86400"))
        elif not isinstance(value, str) or not value or not value.isprintable():
            found.append(((key,), "must be a text on one line; put it in quotes"))
        elif key in _CHOICES and value not in _CHOICES[key]:
            found.append(((key,), f"'{value[:40]}' is not one of {', '.join(_CHOICES[key])}"))
        elif key in ("name", "header", "timestamp") and not _HEADER.fullmatch(value):
            found.append(((key,), "is no name of a header: letters, digits and - only"))
        elif key == "user" and ":" in value:
            found.append(((key,), "must not hold a colon"))
    found += _unsigned(said) if "header" in keys else []
    return found


def _unsigned(said: Mapping[str, Any]) -> list[tuple[Where, str]]:
    """What an HMAC leaves open: a body or a time that is not signed proves nothing."""
    signs = str(said.get("signs", "{body}"))
    found: list[tuple[Where, str]] = []
    if signs.count("{body}") != 1:
        found.append((("signs",), "must hold {body} once"))
    if "timestamp" in said and "{timestamp}" not in signs:
        found.append((
            ("signs",) if "signs" in said else ("timestamp",),
            "a time counts only where it is signed: say how, such as signs: '{timestamp}.{body}'",
        ))  # fmt: skip
    if "{timestamp}" in signs and "timestamp" not in said:
        found.append((("signs",), "names {timestamp}, so `timestamp:` must name its header"))
    return found


def _proof(kind: str, said: Mapping[str, Any]) -> Proof:
    if kind == "header_secret":
        return EchoedToken(header=said["name"].lower(), option=OPTION)
    if kind == "basic":
        return Basic(user=said["user"], option=OPTION)
    return Hmac(
        header=said["header"].lower(),
        option=OPTION,
        algorithm=said.get("algorithm", "sha256"),
        encoding=said.get("encoding", "hex"),
        prefix=said.get("prefix", ""),
        signs=said.get("signs", "{body}"),
        timestamp=said.get("timestamp", "").lower(),
        window=float(said.get("window", 300)),
    )
