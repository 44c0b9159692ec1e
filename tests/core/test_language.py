"""The language of short messages; none where a wrong one could be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.language import detect

SURE = {
    "en": ["I want my money back", "Where is my order?", "my order is broken", "this is the worst service"],
    "pl": ["Gdzie jest moja paczka?", "chce zwrotu pieniedzy", "nie działa aplikacja od rana",
           "Skandal, czekam trzeci tydzień", "Dziękuję za pomoc!"],
    "de": ["Wo ist meine Bestellung?", "Ich will mein Geld zurück"],
    "fr": ["Où est ma commande ?", "je veux un remboursement"],
    "es": ["¿Dónde está mi pedido?", "quiero que me devuelvan el dinero"],
    "it": ["Voglio un rimborso subito", "il prodotto non funziona"],
    "nl": ["Waar blijft mijn bestelling"],
    "pt": ["Quero meu dinheiro de volta"],
    "uk": ["Де моє замовлення?"],
    "cs": ["Kde je moje objednávka?", "chci vrátit peníze"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in SURE.items() for text in texts]
)
def test_a_short_message_is_told_by_its_language(code: str, text: str) -> None:
    assert detect(text) == code


@pytest.mark.parametrize(
    "text",
    ["", "ok", "refund now", "😡😡😡", "12 34 56", "@acme lol xD", "asdf qwer zxcv", "手动点赞 手动 点赞",
     "https://a.example/the/is/of", "\ud800 \ud800 \ud800"],
)  # fmt: skip
def test_what_is_too_short_or_unclear_has_none(text: str) -> None:
    assert detect(text) is None


@given(st.text(max_size=200))
def test_any_text_has_the_same_answer_twice(text: str) -> None:
    assert detect(text) == detect(text)
