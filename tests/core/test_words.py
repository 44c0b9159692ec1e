"""Words compare whole, without case, accents and tricks."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.words import _Folded, fold, is_question, is_thanks, phrase, spaced, words


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("REFUND", "refund"),
        ("Łódź, ŻÓŁĆ", "lodz, zolc"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ＲＥＦＵＮＤ", "refund"),
        ("𝓻𝓮𝓯𝓾𝓷𝓭", "refund"),
        ("re\u200bfu\u00adnd", "refund"),
        ("r\u0301e\u0301f\u0301und", "refund"),
        ("\u202ere\u2066fund\ufeff", "refund"),
        ("don’t", "don't"),
        ("❤\ufe0f", "❤"),
        ("\ud800ok", "ok"),
        ("Køb Ðæs", "kob daes"),
    ],
)
def test_fold(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("written", "text", "within"),
    [
        ("refund", "I want a REFUND!", True),
        ("refund", "refunded, thanks", False),
        ("refund", "prerefund", False),
        ("refund", "refund_policy", True),
        ("zwrot*", "Zwrotu żądam", True),
        ("zwrot*", "powrót", False),
        ("zwrot*", "zwrot", True),
        ("charge back", "CHARGE - back", True),
        ("charge back", "charge me back", False),
        ("charge back", "back charge", False),
        ("nie dział*", "NIE DZIAŁAJĄ telefony", True),
        ("nie dział*", "nie, ale działa", False),
        ("żółć", "zolc", True),
        ("zolc", "ŻÓŁĆ", True),
        ("don't work", "they don’t work", True),
        ("zwrot* pieniędzy", "zwrotu pieniedzy", True),
        ("zwrot* pieniędzy", "zwrot moich pieniedzy", False),
        ("zwrot* pieni*", "zwroty pieniężne", True),
        ("😡", "why😡why", True),
        ("😡", "why why", False),
        ("#fail", "epic FAIL", True),
        ("100", "100%", True),
        ("手动", "手动", True),
    ],
)
def test_a_phrase_is_its_words_in_a_row(written: str, text: str, within: bool) -> None:
    assert phrase(written).within(spaced(text)) is within


@pytest.mark.parametrize("written", ["", "  ", "?!", "*", "a*b", "*fund", "re**", "... *"])
def test_what_stands_for_no_words_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        phrase(written)


@pytest.mark.parametrize(
    "text",
    ["e" + "\u0301\u0316" * 50_000, "\u0301\u0316" * 100_000, ("e" + "\u0301" * 9) * 20_000,
     "\ufdfa" * 60_000, "-" * 200_000],
)  # fmt: skip
def test_a_flood_is_never_normalised_as_a_whole(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    normalize, longest = unicodedata.normalize, 0

    def measured(form: str, part: str) -> str:
        nonlocal longest
        longest = max(longest, len(part))
        return normalize(form, part)

    monkeypatch.setattr("bridge.core.words.unicodedata.normalize", measured)
    monkeypatch.setattr("bridge.core.words._TABLE", _Folded())
    assert len(spaced(text)) <= 20 * len(text)
    assert longest <= 20  # one character, or what it is taken apart into


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folded_text_has_no_mark_and_no_capital(text: str) -> None:
    folded = fold(text)
    assert not [c for c in folded if unicodedata.combining(c)]
    assert folded == folded.casefold() or not folded.isascii()


@given(st.text(alphabet="aąbcć żł'-.,!😡", max_size=30), st.text(max_size=20))
def test_a_text_holds_its_own_words_in_a_row(text: str, around: str) -> None:
    if words(text):
        assert phrase(text).within(spaced(f"{around} {text} {around}"))


@given(st.lists(st.sampled_from(["refund", "zwrotu", "now", "żądam"]), min_size=1, max_size=5))
def test_case_and_accents_never_matter(said: list[str]) -> None:
    text = " ".join(said)
    for variant in (
        text.upper(),
        unicodedata.normalize("NFD", text),
        unicodedata.normalize("NFC", text),
    ):
        assert words(variant) == words(text)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("where is my parcel?", True),
        ("Do you ship to Norway", True),
        ("Hi. Can you help me", True),
        ("czy macie to w czerwonym", True),
        ("Jak mogę zwrócić buty", True),
        ("¿Dónde está?", True),
        ("真的？", True),
        ("see https://shop.example/?id=1", False),
        ("I know how it is", False),
        ("when I came it was fine", False),
        ("thanks", False),
        ("", False),
    ],
)
def test_questions(text: str, asks: bool) -> None:
    assert is_question(text) is asks


@pytest.mark.parametrize(
    ("text", "thanks"),
    [
        ("Thanks!", True),
        ("thank you so much 🙏", True),
        ("Dziękuję bardzo za pomoc", True),
        ("dzieki, wszystko dziala", True),
        ("no problem, thanks", True),
        ("nie ma problemu, dziękuję", True),
        ("thanks for nothing", False),
        ("thanks, but it is still broken", False),
        ("Thanks. When will it come?", False),
        ("dzięki, ale nadal nie działa", False),
        ("ok", False),
        ("", False),
        ("thanks " * 30, False),
    ],
)
def test_thanks(text: str, thanks: bool) -> None:
    assert is_thanks(text) is thanks
