"""`bridge normalise`: lines a machine can read, sentences a person can."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.platforms import FIXTURES

from bridge.channels import SOURCES
from bridge.cli import main

KEYS = [
    "file", "channel", "account_id", "kind", "change", "external_id", "thread_id", "conversation",
    "visibility", "author", "own", "ignored", "text", "attachments", "in_reply_to", "permalink",
    "sent_at", "language", "sentiment",
]  # fmt: skip


def payload(folder: Path, channel: str, name: str) -> Path:
    """A file with the payload of an own fixture."""
    path = folder / f"{name}.json"
    fixture = json.loads((FIXTURES / channel / f"{name}.json").read_text())
    path.write_text(json.dumps(fixture["payload"]))
    return path


def lines(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    out, err = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()], err


def test_prints_one_line_per_event_with_the_documented_keys_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = payload(tmp_path, "facebook", "comment")
    assert main(["normalise", "meta", str(path)]) == 0
    (event,), err = lines(capsys)
    assert list(event) == KEYS
    assert list(event["author"]) == ["id", "name", "username", "followers", "verified", "url"]
    assert event["file"] == str(path)
    assert event["sent_at"] == "2026-11-22T09:59:50Z"
    assert err == ""


def test_prints_ignored_and_broken_events_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["normalise", "meta", str(payload(tmp_path, "facebook", "batch"))]) == 0
    events, _ = lines(capsys)
    assert len(events) == 6
    assert [bool(event["ignored"]) for event in events] == [False, True, False, False, False, True]


def test_an_unknown_payload_is_one_line_of_kind_other_and_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.json").write_text('{"hello": 1}')
    for source in ("meta", "telegram"):
        assert main(["normalise", source, str(tmp_path / "odd.json")]) == 0
        (event,), _ = lines(capsys)
        assert event["kind"] == "other"
        assert event["ignored"]


@pytest.mark.parametrize(
    ("body", "word"),
    [(b"{", "not JSON"), (b"", "empty"), (b"\xff", "UTF-8"), (b"[" * 100_000, "nested"), (b'{"a":1,"a":2}', "twice")],
)  # fmt: skip
def test_an_unreadable_file_is_a_sentence_and_the_others_are_printed(
    body: bytes, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(body)
    good = payload(tmp_path, "telegram", "private")
    assert main(["normalise", "telegram", str(bad), str(good)]) == 1
    (event,), err = lines(capsys)
    assert event["kind"] == "dm"
    assert word in err
    assert "bad.json" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["missing.json", ".", "nul\x00.json"])
def test_a_file_that_cannot_be_opened_is_a_sentence_and_the_others_are_printed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = payload(tmp_path, "telegram", "private")
    assert main(["normalise", "telegram", str(tmp_path / name), str(good)]) == 1
    events, err = lines(capsys)
    assert len(events) == 1
    assert err.startswith("bridge normalise: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("telegrm", "did you mean 'telegram'?"),
        ("messenger", "comes by the source 'meta'"),
        ("zzz", f"the sources are {', '.join(SOURCES)}"),
        ("\x1b[31m", "?"),
    ],
)
def test_an_unknown_source_is_a_sentence_with_the_nearest_name_and_exit_2(
    name: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["normalise", name, "whatever.json"]) == 2
    out, err = capsys.readouterr()
    assert advice in err
    assert "\x1b" not in err
    assert out == ""


def test_without_a_file_the_usage_is_shown_and_the_exit_is_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["normalise", "meta"])
    assert stopped.value.code == 2
    assert "FILE" in capsys.readouterr().err


def test_a_dash_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = b'{"update_id": 1, "message": {"message_id": 2, "chat": {"id": 3}, "text": "hi"}}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert main(["normalise", "telegram", "-"]) == 0
    (event,), _ = lines(capsys)
    assert (event["file"], event["external_id"]) == ("-", "3:2")


class Terminal(io.StringIO):
    """Where standard output goes, with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.spoken = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.spoken


@pytest.mark.parametrize(
    ("text", "encoding", "plain"),
    [
        ("zażółć", "utf-8", True),
        ("zażółć", "UTF-8", True),
        ("zażółć", "ascii", False),
        ("zażółć", "iso8859-1", False),
        ("line\u2028end", "utf-8", False),
        ("mark\u200fed", "utf-8", False),
    ],
)
def test_letters_are_plain_where_that_is_safe_and_escaped_elsewhere(
    text: str, encoding: str, plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.json"
    update = {"update_id": 1, "message": {"message_id": 2, "chat": {"id": 3}, "text": text}}
    path.write_text(json.dumps(update))
    terminal = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["normalise", "telegram", str(path)]) == 0
    shown = terminal.getvalue()
    assert json.loads(shown)["text"] == text
    assert (text in shown) is plain
    assert plain or shown.isascii()
