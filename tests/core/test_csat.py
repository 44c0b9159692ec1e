"""What is an answer to "how content were you?", what is a complaint beside it, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.csat import Answer, answer


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("5", 5),
        (" 4 ", 4),
        ("1!", 1),
        ("5/5", 5),
        ("4 / 5", 4),
        ("8/10", 4),
        ("10/10", 5),
        ("3 stars", 3),
        ("5 gwiazdek", 5),
        ("4 étoiles", 4),
        ("5, thanks a lot!", 5),
        ("5 thank you", 5),
        ("5 👍", 5),
        ("4 - fast and friendly", 4),
        ("⭐⭐⭐⭐", 4),
        ("⭐️⭐️", 2),
        ("👍", 5),
        ("👍🏽 thank you!", 5),
        ("🙂", 4),
        ("😐", 3),
        ("👎", 1),
        ("😡😡", 1),
        ("good", 4),
        ("Very good!", 5),
        ("bad", 2),
        ("Very bad.", 1),
        ("dobrze", 4),
        ("Bardzo źle", 1),
        ("świetnie, dziękuję", 5),
        ("sehr gut", 5),
        ("schlecht", 2),
        ("très bien", 5),
        ("mauvais", 2),
        ("muy mal", 1),
        ("bueno", 4),
        ("ok", 3),
        ("five", 5),
        ("Pięć, dziękuję", 5),
        ("drei", 3),
    ],
)
def test_a_number_a_face_or_a_word_is_an_answer(text: str, score: int) -> None:
    assert answer(text) == Answer(score)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("1, nobody has called me back", 1),
        ("2 - I still wait for my parcel", 2),
        ("5, but when does my refund come?", 5),
        ("👎 this was a disgrace", 1),
        ("bad, it is broken again", 2),
        ("źle, nikt nie oddzwonił do dziś", 2),
        ("ok, though the driver was rude and horrible", 3),
    ],
)
def test_an_answer_with_a_complaint_beside_it_is_both(text: str, score: int) -> None:
    assert answer(text) == Answer(score, complains=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thank you",
        "2 of my cups are broken",
        "two of my cups are broken",
        "tres bien cuit",
        "3 weeks and not a word",
        "0",
        "6",
        "11/10",
        "4/7",
        "5551234",
        "order 4",
        "good morning, where is my order",
        "badly packed",
        "super glue does not hold",
        "it is still broken",
        "⭐⭐⭐⭐⭐⭐⭐",
        "/5",
    ],
)
def test_other_words_are_no_answer(text: str) -> None:
    assert answer(text) is None


@given(st.text(max_size=60))
def test_no_text_crashes_and_every_score_is_on_the_scale(text: str) -> None:
    found = answer(text)
    assert found is None or 1 <= found.score <= 5
