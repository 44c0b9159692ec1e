"""YAML without its surprises."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.plain import BIGGEST, Misread, parse, read


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("+1", "+1"),
        ("2026-11-22", "2026-11-22"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("=", "="),
        ("42", 42),
        ("-7", -7),
        ("0.5", 0.5),
        ("12345678901234567890123", "12345678901234567890123"),
        ("~", None),
        ("null", None),
        ("", None),
        ('"no"', "no"),
    ],
)
def test_a_plain_value_is_what_it_looks_like(written: str, value: object) -> None:
    found = parse(f"key: {written}\n".encode(), "file").data["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (b"a: &x [1]\nb: *x\n", 1),
        (b"a: &a [*a]\n", 1),
        (b"a: 1\nb: 2\na: 3\n", 3),
        (b"ok: 1\n1: one\n", 2),
        (b"ok: 1\n? [a, b]\n: 2\n", 2),
        (b"ok: 1\nnull: 2\n", 2),
        (b"ok: !!binary aGk=\n", 1),
        (b"ok: !local x\n", 1),
        (b"a: " + b"[" * 21 + b"]" * 21, 1),
        (b"a: " + b"[" * 10_000 + b"]" * 10_000, 1),
        (b"ok: 1\nbad: \xff\n", 2),
        (b"ok: 1\nbad: 'never closed\n", 2),
        (b"a: 1\n--- \nb: 2\n", 2),
        (b"a: \x00\n", 0),
        (b"#" * (BIGGEST + 1), 0),
    ],
)
def test_a_trick_is_refused_with_its_line(written: bytes, line: int) -> None:
    with pytest.raises(Misread) as caught:
        parse(written, "file")
    assert caught.value.line == line


def test_a_merge_is_only_a_key_of_that_name() -> None:
    assert parse(b"<<: {b: 2}\nc: 3\n", "file").data == {"<<": {"b": 2}, "c": 3}


def test_twenty_levels_are_not_too_deep() -> None:
    assert parse(b"a: " + b"[" * 19 + b"]" * 19, "file").data


def test_every_value_knows_its_line() -> None:
    document = parse(b"rules:\n  - name: one\n    when:\n      kind: dm\n  - name: two\n", "f")
    assert document.line(("rules", 0, "when", "kind")) == 4
    assert document.line(("rules", 1)) == 5
    assert document.line(("rules", 1, "then", "missing")) == 5
    assert document.problem(("rules", 0, "when"), "x") == "f:3: rules > one > when: x"
    assert document.problem(("rules", 7), "x") == "f:1: rules > number 8: x"


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Misread, match="cannot be read"):
        read(tmp_path)


@given(st.binary(max_size=300))
def test_any_bytes_are_values_or_a_sentence(raw: bytes) -> None:
    with contextlib.suppress(Misread):
        assert parse(raw, "file").raw == raw
