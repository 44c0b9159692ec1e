"""The sources that shipped files describe, as the contract tests take them: a file is an adapter, too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.channels import generic
from bridge.channels.base import Source
from bridge.config import load_source, source_files
from bridge.core.described import Described
from bridge.core.signing import Basic, Bearer, EchoedToken, Hmac, Proof

SHIPPED = Path(__file__).parents[2] / "mappings"
OPTION = "proof_secret"


def _loaded(name: str) -> Described:
    found = load_source(SHIPPED, name)
    assert found is not None
    return found


FILES: dict[str, Described] = {name: _loaded(name) for name in source_files(SHIPPED)}

# Each kind of `proof:` that a connection may name, and an HMAC in each of its shapes.
PROOFS: dict[str, Proof] = {
    "header_secret": EchoedToken(header="x-bridge-secret", option=OPTION),
    "bearer": Bearer(option=OPTION),
    "basic": Basic(user="form", option=OPTION),
    "hmac": Hmac(header="x-signature", option=OPTION),
    "hmac of sha1": Hmac(header="x-signature", option=OPTION, algorithm="sha1", prefix="sha1="),
    "hmac in base64": Hmac(header="x-signature", option=OPTION, encoding="base64"),
    "hmac with its time": Hmac(
        header="x-signature", option=OPTION, algorithm="sha512", prefix="v0=",
        signs="v0:{timestamp}:{body}", timestamp="x-timestamp",
    ),
}  # fmt: skip


def source(file: Described, proof: str = "bearer") -> Source:
    """The source that *file* describes, with the secret that its connection would hold."""
    return replace(generic.source(file, PROOFS[proof]), secrets=(OPTION,))


SOURCES: dict[str, Source] = {name: source(file) for name, file in FILES.items()}


def payloads(name: str) -> list[tuple[str, Any]]:
    """(its place, payload) of each example in the file."""
    samples = FILES[name].samples
    return [(f"example {at}", json.loads(one.payload)) for at, one in enumerate(samples, 1)]


def events(name: str) -> list[Any]:
    """Each event of the examples by itself."""
    path = FILES[name].events
    found = [path.of(payload) if path else payload for _, payload in payloads(name)]
    return [one for listed in found for one in (listed if isinstance(listed, list) else [listed])]


def together(name: str, several: Sequence[Any]) -> Any:
    """Several events in one delivery: a bare list, or a list below the word the file looks for."""
    path = FILES[name].events
    return list(several) if path is None else {str(path).split()[0]: list(several)}
