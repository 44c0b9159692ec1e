"""Recorded payloads of the platforms, kept beside this repository, normalise as expected there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.platforms import FOLDERS, SHARED

from bridge.channels import SOURCES
from bridge.core.line import line
from bridge.core.model import Delivery

KINDS = {
    "comment_edit": ("comment", "edited"),
    "comment_remove": ("comment", "deleted"),
    "comment_hide": ("comment", "edited"),
    "post_edit": ("post", "edited"),
    "post_remove": ("post", "deleted"),
    "review_edit": ("review", "edited"),
    "review_remove": ("review", "deleted"),
    "quote": ("mention", "created"),
    "message": ("dm", "created"),
    "postback": ("dm", "created"),
    "message_edit": ("dm", "edited"),
    "message_delete": ("dm", "deleted"),
    **{kind: (kind, "created") for kind in ("comment", "mention", "review", "post", "handover")},
}


def cases() -> Iterator[Any]:
    for folder, source in FOLDERS.items():
        expected = SHARED / folder / "expected.json"
        if expected.exists():
            for name, events in json.loads(expected.read_text()).items():
                yield pytest.param(SHARED / folder / name, source, events, id=f"{folder}/{name}")


CASES = list(cases())


@pytest.mark.skipif(not CASES, reason="the shared payloads are not here")
@pytest.mark.parametrize(("path", "source", "expected"), CASES)
def test_a_recorded_payload_normalises_as_expected(
    path: Path, source: str, expected: list[dict[str, Any]]
) -> None:
    delivery = Delivery(connection=source, source=source, body=path.read_bytes())
    lines = [line(message) for message in SOURCES[source].parse(delivery)]
    if not expected:  # no event at all: then there is one that says so
        assert [(one["kind"], bool(one["ignored"])) for one in lines] == [("other", True)]
        return
    assert len(lines) == len(expected)
    for got, want in zip(lines, expected, strict=True):
        kind, change = KINDS.get(want["kind"], ("other", "created"))
        shown = {
            "kind": got["kind"],
            "change": got["change"],
            "external_id": got["external_id"],
            "thread_id": got["thread_id"],
            "author_id": (got["author"] or {}).get("id"),
            "own": got["own"],
        }
        assert shown == {
            "kind": kind,
            "change": change,
            **{name: want[name] for name in ("external_id", "thread_id", "author_id", "own")},
        }
        assert got["text"] in (want["text"], *want.get("text_also_ok", ()))
        if not want.get("debatable"):
            assert (got["ignored"] is not None) == want["ignore"]
        assert len(got["attachments"]) == len(want["attachments"])
        for one, wanted in zip(got["attachments"], want["attachments"], strict=True):
            assert one["type"] == wanted["type"]
            assert one["url"] == wanted.get("url", one["url"])
            assert (one["url"] or "").startswith(wanted.get("url_prefix", ""))
            name, known = one["name"], one.get("id")
            names = [wanted[key] for key in ("name", "title", "filename") if key in wanted]
            ids = [wanted[key] for key in ("id", "file_id", "sticker_id") if key in wanted]
            assert [name] == (names or [name])
            assert [known] == (ids or [known])
