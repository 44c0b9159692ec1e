"""Bodies that may be read, bodies that may not, and values that tell the truth about themselves."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import untrusted
from bridge.core.errors import Unreadable
from bridge.core.untrusted import (
    clean,
    fingerprint,
    flag,
    ident,
    items,
    link_at,
    mapping,
    moment,
    number,
    text,
)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"   ", "bad_json"),
        (b"{", "bad_json"),
        (b'{"a": 1,}', "bad_json"),
        (b"{'a': 1}", "bad_json"),
        (b'{"a": 1} {"b": 2}', "bad_json"),
        (b'{"a": "\n"}', "bad_json"),
        (b'"never ends', "bad_json"),
        (b'"ends in a backslash\\', "bad_json"),
        (b'"a\x00b"', "bad_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),  # a surrogate as bytes
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" + b"{}," * 200_000 + b"{}]", "too_many_values"),
        (b"[" + b"1," * 200_000 + b"1]", "too_many_values"),
        (b"[NaN]", "not_a_number"),
        (b"[Infinity]", "not_a_number"),
        (b"[-Infinity]", "not_a_number"),
        (b"[1e999]", "huge_number"),
        (b"[-1e999]", "huge_number"),
        (b"[" + b"9" * 101 + b"]", "huge_number"),
        (b"[" + b"9" * 5000 + b"]", "huge_number"),
        (b"[0." + b"1" * 5000 + b"]", "huge_number"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": 1, "\\u0061": 1}', "duplicate_key"),
        (b'[{"b": {"a": 1, "a": 1}}]', "duplicate_key"),
        (b'["\\ud800"]', "lone_surrogate"),
        (b'["\\udc00\\ud800"]', "lone_surrogate"),
        (b'[{"\\uDFFF": 1}]', "lone_surrogate"),
    ],
)
def test_an_unreadable_body_is_refused_with_a_code_and_a_sentence(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        untrusted.read_json(body)
    assert refused.value.code == code
    assert " " in refused.value.detail


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b' {"a": [1, true, "x"]}\r\n', {"a": [1, True, "x"]}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[" * 32 + b"]" * 32, json.loads("[" * 32 + "]" * 32)),
        (b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]', ["[" * 44]),
        (b'["\\"[[{,,,\\\\"]', ['"[[{,,,\\']),
        (b"[12345678901234567890123]", [12345678901234567890123]),
        (b"[" + b"9" * 100 + b"]", [int("9" * 100)]),
        (b"[-" + b"9" * 100 + b"]", [-int("9" * 100)]),
        (b"[1.5, 1e3, -0.0]", [1.5, 1000.0, 0.0]),
        (b'["\\ud83d\\ude21"]', ["\U0001f621"]),
        (b'["\\\\ud800"]', ["\\ud800"]),
        ('["zażółć"]'.encode(), ["zażółć"]),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_a_readable_body_is_read_exactly(body: bytes, value: object) -> None:
    assert untrusted.read_json(body) == value


def test_a_batch_as_large_as_meta_sends_is_read() -> None:
    item = {"sender": {"id": "1"}, "message": {"mid": "m", "text": 'a "[{," b', "attachments": []}}
    body = json.dumps({"entry": [{"messaging": [item] * 1000}]}).encode()
    assert untrusted.read_json(body) == json.loads(body)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        json.dumps(untrusted.read_json(body), allow_nan=False).encode()


VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**99), 10**99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_by_the_book_is_read_as_it_was(value: object) -> None:
    assert untrusted.read_json(json.dumps(value).encode()) == value


@given(VALUES)
def test_no_value_upsets_an_accessor(value: object) -> None:
    assert isinstance(mapping(value), dict)
    assert isinstance(items(value), list | tuple)
    assert text(value) is None or isinstance(text(value), str)
    assert ident(value) is None or 0 < len(ident(value) or "") <= 512
    found = moment(value)
    assert found is None or found.tzinfo is UTC
    assert fingerprint(value) == fingerprint(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1_2", "1_2"),
        (12345654332, "12345654332"),
        (-1001234567890, "-1001234567890"),
        (9223372036854775809, "9223372036854775809"),
        ("x" * 512, "x" * 512),
        ("x" * 513, None),
        ("", None),
        (1.0, None),
        (True, None),
        (None, None),
        ({}, None),
        ("a\x00b", None),
        ("a\nb", None),
        ("a\u202eb", None),
        ("../..", "../.."),  # quoted wherever it goes
    ],
)
def test_an_id_keeps_its_digits_or_is_none(value: object, found: str | None) -> None:
    assert ident(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1701413571, datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        (10**12, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),  # from here on milliseconds
        (10**12 - 1, None),
        (1701413571000, datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        (1701413571.0, datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        ("1701413571", datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        ("2023-12-01T06:52:51+0000", datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        ("2023-12-01T07:52:51+01:00", datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        ("2023-12-01T06:52:51Z", datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        ("2023-12-01T06:52:51", datetime(2023, 12, 1, 6, 52, 51, tzinfo=UTC)),
        ("rubbish", None),
        ("", None),
        (0, None),
        (-5, None),
        (True, None),
        (None, None),
        (10**30, None),
        (9e13, None),
        (4102444800, None),
        ("4821-12-26T16:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("٢٠٢٣", None),
        ([], None),
    ],
)
def test_a_time_comes_in_many_shapes_or_is_none(value: object, found: datetime | None) -> None:
    assert moment(value) == found


@pytest.mark.parametrize("link", ["https://shop.example/p/1", "https://www.shop.example/"])
def test_an_address_at_the_place_it_should_lead_to_is_taken(link: str) -> None:
    assert link_at("shop.example", link) == link


@pytest.mark.parametrize(
    "value",
    [
        "http://shop.example/", "https://shop.example.evil.example/", "https://evilshop.example/",
        "https://shop.example@evil.example/", "javascript:shop.example", "https://[shop.example",
        "", None, 7, {"href": "https://shop.example/"},
    ],
)  # fmt: skip
def test_an_address_anywhere_else_is_none(value: object) -> None:
    assert link_at("shop.example", value) is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain\ttext\nhere", "plain\ttext\nhere"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("nul\x00esc\x1b[0mdel\x7fc1\x9b", "nulesc[0mdelc1"),
        ("\u202edesrever\u202c \u2066isolated\u2069", "desrever isolated"),
        ("ignore\U000e0061\U000e0062 me", "ignore me"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
        ("\U0001f3f4\U000e0061hidden", "\U0001f3f4hidden"),
        ("שלום \u200fעולם", "שלום \u200fעולם"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
)  # fmt: skip
def test_tricks_are_taken_out_and_words_stay(given: str, shown: str) -> None:
    assert clean(given) == shown
    assert clean(shown) == shown


def test_true_and_false_are_no_numbers() -> None:
    assert [number(value) for value in (True, False, "1", None)] == [None] * 4
    assert [number(value) for value in (0, -1, 1.5)] == [0, -1, 1.5]


@pytest.mark.parametrize("value", [1, "true", "false", [False], {"a": 1}, None, False])
def test_a_flag_is_true_and_nothing_else(value: object) -> None:
    assert flag(True) is True
    assert flag(value) is False


def test_equal_values_have_equal_fingerprints_and_others_do_not() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
