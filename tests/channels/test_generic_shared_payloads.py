"""Recorded payloads of tools that have no adapter, kept beside this repository: a file can read them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.platforms import SHARED

from bridge.channels import generic
from bridge.config import load_source
from bridge.core.line import line, when
from bridge.core.model import Delivery
from bridge.core.untrusted import moment

HERE = Path(__file__).parent / "generic"
SHIPPED = Path(__file__).parents[2] / "mappings"
# The folder of payloads -> the file that reads them.
FILES = {one.stem: one for one in sorted(HERE.glob("*.yaml"))}
FILES["trustpilot"] = SHIPPED / "sources" / "reviews.yaml"


def cases() -> Iterator[Any]:
    for name in FILES:
        expected = SHARED / name / "expected.json"
        if expected.exists():
            for file, events in json.loads(expected.read_text()).items():
                yield pytest.param(name, SHARED / name / file, events, id=f"{name}/{file}")


CASES = list(cases())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    for name, file in FILES.items():
        shutil.copy(file, tmp_path / "sources" / f"{name}.yaml")
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_right(folder: Path, name: str) -> None:
    assert load_source(folder, name) is not None


@pytest.mark.skipif(not CASES, reason="the shared payloads are not here")
@pytest.mark.parametrize(("name", "path", "expected"), CASES)
def test_a_recorded_payload_gives_what_is_expected(
    folder: Path, name: str, path: Path, expected: list[dict[str, Any]]
) -> None:
    file = load_source(folder, name)
    assert file is not None
    delivery = Delivery(connection=name, source=name, body=path.read_bytes())
    events = [line(message) for message in generic.source(file).parse(delivery)]
    if all(want["ignore"] for want in expected):
        assert all(event["ignored"] for event in events)
        return
    assert len(events) == len(expected)
    for got, want in zip(events, expected, strict=True):
        kinds = [want["kind"], *want.get("kind_also_ok", ())]
        assert got["kind"] in [{"message": "dm"}.get(kind, kind) for kind in kinds]
        assert got["ignored"] is None
        if want["external_id"] is not None:
            assert got["external_id"] == want["external_id"]
        if want["thread_id"] is not None:
            assert got["thread_id"] in (want["thread_id"], *want.get("thread_also_ok", ()))
        author = got["author"] or {}
        assert author.get("id") == want["author_id"]
        assert author.get("followers") == want.get("author_followers")
        if want.get("author_name") and not want.get("debatable"):
            assert author.get("name") == want["author_name"]
        assert got["text"] in (want["text"], *want.get("text_also_ok", ()))
        assert [one["type"] for one in got["attachments"]] == want["attachments"]
        assert got["sent_at"] == when(at(want.get("created_at", got["sent_at"])))
        for field in ("permalink", "sentiment"):
            if field in want:
                assert got[field] == want[field]


def at(told: str | None) -> datetime | None:
    return moment(told)
