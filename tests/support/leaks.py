"""Looking for secrets in whatever a run leaves behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from bridge.sandbox import wires

NOT_SECRET = {"BRIDGE_PUBLIC_URL", "SANDBOX_URL", "ZENDESK_CLIENT_ID"}


def secrets(more: Mapping[str, str]) -> dict[str, str]:
    """Every secret of the sandbox's configuration by name, and *more*."""
    named = {**wires.environment("", ""), **more}
    return {name: value for name, value in named.items() if name not in NOT_SECRET}


def found(data: bytes, wanted: Mapping[str, str]) -> list[str]:
    """The names of what stands in *data*, also percent-encoded or as JSON writes it."""
    return [
        name
        for name, value in wanted.items()
        if value.encode() in data
        or quote(value, safe="").encode() in data
        or json.dumps(value)[1:-1].encode() in data
    ]
