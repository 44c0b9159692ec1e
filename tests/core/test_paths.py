"""Paths: what stands there, what they refuse, and that no payload becomes a bomb."""

from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.mistakes import Mistake
from bridge.core.paths import LARGEST, Path, path
from bridge.core.untrusted import Broken

BODY: dict[str, Any] = {
    "review": {"id": 7, "text": "Fine", "stars": 0, "tags": [{"label": "a"}, {"label": "b"}]},
    "order number": "10",
    "spam": False,
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("review.id", 7),
        ('"order number"', "10"),
        ("review.tags[].label", ["a", "b"]),
        ("review.tags[-1].label", "b"),
        ("review.title || review.text", "Fine"),
        ("!spam", True),
        ("review.stars < `3`", True),
        ("join(', ', review.tags[].label)", "a, b"),
        ("review.tags[?label == 'b'] | [0].label", "b"),
        ("nothing.at.all", None),
        ("review.text.deeper", None),
    ],
)
def test_a_path_gives_what_stands_there(text: str, found: object) -> None:
    assert path(text).of(BODY) == found


@pytest.mark.parametrize("body", [None, [], "text", 7, True])
def test_a_path_into_something_else_finds_nothing(body: object) -> None:
    assert path("review.id").of(body) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("order number", "accents in double quotes"),
        ("a.b[", "ends too early"),
        ("lenght(a)", "did you mean 'length'"),
        ("length(a, b)", "takes 1, not 2"),
        ("not_null()", "takes 1 or more, not 0"),
        ("join(glue, a)", "in single quotes"),
        ("a" * 501, "500 characters"),
        ("!" * 40 + "a", "30 brackets"),
        ("!" * 499 + "a", "30 brackets"),
    ],
)
def test_what_is_no_path_is_told_with_advice(text: str, told: str) -> None:
    with pytest.raises(Mistake, match=told):
        path(text)


@pytest.mark.parametrize(
    "text",
    [
        "[@,@,@,@]|[@,@,@,@]|[@,@,@,@]",
        "[*].[@,@,@,@,@,@,@,@][].[@,@,@,@,@,@,@,@]",
        "map(&[@,@,@,@,@,@,@,@], a).[@,@,@,@,@,@,@,@]",
        "join('" + "x" * 60 + "', a)",
        "a[?to_string([@,@,@,@,@,@,@,@,@])].b",
    ],
)
def test_a_path_that_makes_far_more_than_it_is_given_is_refused(text: str) -> None:
    with pytest.raises(Mistake, match="far more"):
        path(text)


@pytest.mark.parametrize(
    "text", ["[a, b, c, d, e]", "{id: a.id, of: b.id}", "items || [@]", "a[].b[].c[].d[]"]
)
def test_a_path_that_makes_little_more_is_taken(text: str) -> None:
    assert path(text).text == text


def size(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + size(one) for one in value.values())
    if isinstance(value, list):
        return 1 + sum(map(size, value))
    return len(value) if isinstance(value, str) else 1


PIECES = st.sampled_from(
    ["a", "b", "@", "[]", "[*]", "*", "[@, @]", "[a, b]", "{a: a, b: @}", "[?a]", "to_string(@)"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=6), VALUES)
def test_nothing_grows_beyond_the_bound(pieces: list[str], value: object) -> None:
    try:
        known = path(" | ".join(pieces))
    except Mistake:
        return
    assert size(known.of(value)) <= LARGEST * (size(value) + 4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("length(missing)", r"length\(\) cannot work on null in `length\(missing\)`"),
        ("sum(review.tags)", r"sum\(\) cannot work on"),
        ("ceil(to_number(big))", "cannot be worked out"),
    ],
)
def test_a_function_on_the_wrong_thing_breaks_the_one_event(text: str, told: str) -> None:
    with pytest.raises(Broken, match=told):
        path(text).of({**BODY, "big": "1e999"})


def test_what_the_customer_wrote_is_not_told_when_it_breaks() -> None:
    with pytest.raises(Broken) as caught:
        path("abs(words)").of({"words": "a private matter"})
    assert "private" not in str(caught.value)


def test_paths_of_the_same_text_are_the_same() -> None:
    assert path("a.b") == path("a.b")
    assert path("a.b") != path("a.c")
    assert repr(path("a.b")) == "Path(text='a.b')"
    assert isinstance(path("a"), Path)


@pytest.mark.parametrize("text", ["a", "a.b", "a.b.c", '"a"."b"', "a.a.a"])
@pytest.mark.parametrize(
    "value",
    [None, 1, "a", [], {}, {"a": None}, {"a": [1]}, {"a": {"b": {"c": 1}, "a": {"a": False}}}, [{"a": 1}]],
)  # fmt: skip
def test_a_plain_way_down_is_what_jmespath_says(text: str, value: object) -> None:
    assert path(text).of(value) == jmespath.search(text, value)
