import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import Capabilities
from bridge.core.replies import (
    PLACEHOLDERS,
    Mouth,
    Replies,
    Variant,
    choose,
    first_name,
    problems,
    signed,
    too_long,
)

SHIPPED = Path(__file__).parents[2] / "mappings" / "replies"


def replies(**languages: dict[str, dict[str, list[str]]]) -> Replies:
    return Replies(
        texts={
            language.replace("_", "-"): {
                name: (
                    *(Variant(text=text, named=True) for text in kinds.get("named", [])),
                    *(Variant(text=text) for text in kinds.get("plain", [])),
                )
                for name, kinds in names.items()
            }
            for language, names in languages.items()
        }
    )


# --- first names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "extra", "expected"),
    [
        ("Ana Kowalska", None, "Ana"),
        ("Ana", None, "Ana"),
        ("  Ana\xa0Kowalska ", None, "Ana"),
        ("Ana Kowalska", "Anna Maria", "Anna Maria"),
        ("Acme Ltd", "Ewa", "Ewa"),
        ("Ana Kowalska", "null", "Ana"),
        (None, "Ewa", "Ewa"),
        ("Jean-Luc Picard", None, "Jean-Luc"),
        ("D'Artagnan", None, "D'Artagnan"),
        ("O’Neil Smith", None, "O’Neil"),
        ("ŁUKASZ NOWAK", None, "Łukasz"),
        ("JP Nowak", None, "JP"),
        ("Żaneta (Nowak) Kowalska", None, "Żaneta"),
        ("Martin King, Jr.", None, "Martin"),
        ("🌸 Ana 🌸 Kowalska ❤️", None, "Ana"),
        ("Ana🌸", None, "Ana"),
        ("𝓐𝓷𝓪 Kowalska", None, "Ana"),
        ("Ana Kowalska", "Ewa (Ewunia)", "Ewa"),
        ("王小明", None, "王小明"),
        ("太郎　山田", None, "太郎"),
        ("Ana👩🏽‍🦰 Kowalska", None, "Ana"),
        ("김민준", None, "김민준"),
        ("प्रिया शर्मा", None, "प्रिया"),
        ("محمد علي", None, "محمد"),
        ("Zoe\u0308 Smith", None, "Zoë"),
    ],
)
def test_a_first_name_is_used(author: str | None, extra: str | None, expected: str) -> None:
    assert first_name(author, extra) == expected


@pytest.mark.parametrize(
    "shown",
    [
        None, "", "   ", "null", "None", "undefined", "unknown", "N/A", "1234567890", "Ana1987", "24",
        "Guest User", "Guest", "Facebook user", "Facebook User", "Użytkownik Facebooka", "Instagram User",
        "Deleted Account", "Anonim", "Gość",
        "@ana", "＠ana", "Ana @everyone", "ana_kowalska", "ana.kowalska", "ana@example.com",
        "www.example.com", "https://example.com", "example.com", "Ana http://x.pl", "Ana x.pl/a",
        "Acme Ltd", "Acme Sp. z o.o.", "Acme S.A.", "Sklep Zielony", "Pizzeria Roma", "The Flower House",
        "Klub Sportowy Orzeł", "Tom & Ana", "Ana i Tomek", "Fundacja Dom",
        "Dr Jan Nowak", "Mr. Smith", "Pani Anna", "Kowalska, Anna", "J. Kowalski", "J Kowalski", "A",
        "Ana\nKowalska", "Ana\u2028Kowalska", "Ana\x00", "\u202eanA", "Ana\u200b Kowalska",
        "<b>Ana</b>", "[Ana](x)", "*Ana*", "`Ana`", "^Ana", "{first_name}", "{{ticket.id}}", "Ana|", "Ana\\",
        "A" * 41, "Ana " + "K" * 40, "Ana" + "\u0301" * 5, "A\u0301\u0302\u0303\u0304na", "!!!", "🌸🌸", "-", "''", "Ana-", "-Ana",
        "\ud800Ana",
    ],
)  # fmt: skip
def test_what_is_not_clearly_a_first_name_is_not_used(shown: str | None) -> None:
    assert first_name(shown, None) is None
    assert first_name(None, shown) is None


def test_forty_characters_are_a_name_and_one_more_are_none() -> None:
    assert first_name("A" + "b" * 39, None) == "A" + "b" * 39
    assert first_name("A" + "b" * 40, None) is None


@given(st.text(st.characters(codec=None), max_size=60), st.none() | st.text(max_size=60))
def test_a_name_never_carries_anything_into_an_answer(author: str, extra: str | None) -> None:
    found = first_name(author, extra)
    if found is not None:
        assert len(found) <= 40
        assert found == found.strip()
        assert not re.search(r"[\d@<>\[\]{}()/\\#_*`~\n\r:;|&]", found)
        assert "http" not in found.lower()
        assert first_name(None, found) == found


@pytest.mark.parametrize(
    ("text", "author", "signed_as"),
    [
        ("Done.", "Ewa Nowak", "Done. ^Ewa"),
        ("One.\nTwo.", "Ewa Nowak", "One.\nTwo.\n^Ewa"),
        ("Done. ^Ewa", "Ewa Nowak", "Done. ^Ewa"),
        ("Done.", "Support", "Done."),
        ("Done.", "agent7@acme.example", "Done."),
        ("Done.", None, "Done."),
    ],
)
def test_an_agents_answer_is_signed_by_a_first_name_or_not_at_all(
    text: str, author: str | None, signed_as: str
) -> None:
    assert signed(text, "^{agent}", author) == signed_as
    assert signed(text, None, author) == text


# --- choosing ----------------------------------------------------------------------------------

FIVE = {
    "named": [f"Hi {{first_name}}, {n}" for n in range(5)],
    "plain": [f"Hello, {n}" for n in range(5)],
}
WORDS = replies(
    en={"solved": FIVE, "only-en": {"plain": ["English"]}},
    pl={"solved": {"named": ["Cześć {first_name}"], "plain": ["Dzień dobry"]}},
    pt_BR={"solved": {"plain": ["Olá"]}},
)


def test_a_thread_always_hears_the_same_wording() -> None:
    first = choose(WORDS, "solved", language="en", key="thread")
    assert {choose(WORDS, "solved", language="en", key="thread") for _ in range(20)} == {first}


def test_different_threads_hear_different_wordings() -> None:
    heard = [choose(WORDS, "solved", language="en", key=f"thread-{n}") for n in range(500)]
    assert len(set(heard)) == 5
    assert max(heard.count(words) for words in set(heard)) < 200


def test_the_choice_is_the_same_in_every_process() -> None:
    assert [choose(WORDS, "solved", language="en", key=f"thread-{n}") for n in range(6)] == [
        "Hello, 0", "Hello, 1", "Hello, 0", "Hello, 2", "Hello, 2", "Hello, 4",
    ]  # fmt: skip


def test_nobody_hears_the_same_words_twice_while_others_are_left() -> None:
    said: list[str] = []
    for _ in range(10):
        words = choose(WORDS, "solved", language="en", key="thread", person_name="Ana", said=said)
        assert words is not None
        assert words not in said
        said.append(words)
    assert all(words.startswith("Hi Ana") for words in said[:5])
    assert all(words.startswith("Hello") for words in said[5:])
    again = choose(WORDS, "solved", language="en", key="thread", person_name="Ana", said=said)
    assert again == said[0]


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("Ana", "Cześć Ana"),
        (None, "Dzień dobry"),
        ("", "Dzień dobry"),
        ("@everyone", "Dzień dobry"),
        ("{brand}", "Dzień dobry"),
        ("Guest User", "Dzień dobry"),
    ],
)
def test_named_words_need_a_name(person: str | None, expected: str) -> None:
    assert choose(WORDS, "solved", language="pl", key="k", person_name=person) == expected


@pytest.mark.parametrize(
    ("language", "start"),
    [
        ("pl", "Dzień"),
        ("pl-PL", "Dzień"),
        ("PL_pl", "Dzień"),
        ("pt-BR", "Olá"),
        ("pt-br", "Olá"),
        ("pt", "Hello"),
        ("de", "Hello"),
        (None, "Hello"),
        ("", "Hello"),
    ],
)
def test_a_language_falls_back_to_its_wider_one_and_to_the_default(
    language: str | None, start: str
) -> None:
    words = choose(WORDS, "solved", language=language, key="k")
    assert words is not None
    assert words.startswith(start)


def test_a_text_missing_in_a_language_is_said_in_the_default_one() -> None:
    assert choose(WORDS, "only-en", language="pl", key="k") == "English"
    assert choose(WORDS, "only-en", language="pl", default_language="pt-BR", key="k") is None
    assert choose(WORDS, "nowhere", language="pl", key="k") is None
    assert choose(Replies(), "solved", language="pl", key="k") is None


def test_values_are_filled_in_one_pass() -> None:
    words = replies(en={"x": {"named": ["{first_name} {brand} {link}"], "plain": ["{brand}"]}})
    values = {"brand": "{link} & {first_name}", "link": "https://x.pl/{brand}"}
    assert choose(words, "x", language="en", key="k", person_name="Ana", values=values) == (
        "Ana {link} & {first_name} https://x.pl/{brand}"
    )


def test_a_wording_without_all_its_values_is_not_said() -> None:
    words = replies(en={"x": {"plain": ["See {link}", "See {ticket}", "Just words"]}})
    assert {choose(words, "x", language="en", key=str(n)) for n in range(30)} == {"Just words"}
    linked = {
        choose(words, "x", language="en", key=str(n), values={"link": "L"}) for n in range(30)
    }
    assert linked == {"Just words", "See L"}
    only = replies(en={"x": {"plain": ["See {link}"]}})
    assert choose(only, "x", language="en", key="k") is None
    assert choose(only, "x", language="en", key="k", values={"link": ""}) is None


def test_a_first_name_among_the_values_cannot_pass_the_guard() -> None:
    words = replies(en={"x": {"named": ["Hi {first_name}"], "plain": ["Hello"]}})
    assert choose(words, "x", language="en", key="k", person_name="Ana",
                  values={"first_name": "@everyone"}) == "Hi Ana"  # fmt: skip
    assert choose(words, "x", language="en", key="k", values={"first_name": "@all"}) == "Hello"


# --- problems ----------------------------------------------------------------------------------

FINE = {"named": ["Hi {first_name}"], "plain": ["Hello"]}


@pytest.mark.parametrize(
    ("kinds", "place", "sentence"),
    [
        ({"named": ["Hi {first_nam}", "Hi {first_name}"], "plain": ["x"]}, "named > 1",
         "{first_nam} is not one of {first_name}, {brand}, {link}, {status}, {opens}; did you mean {first_name}?"),
        ({"plain": ["{ticket.id}"]}, "plain > 1", "{ticket.id} is not one of"),
        ({"plain": ["{}"]}, "plain > 1", "{} is not one of"),
        ({"plain": ["a { b"]}, "plain > 1", "has a { or } that belongs to no placeholder"),
        ({"plain": ["x", "Hi {first_name}"]}, "plain > 2", "move it to 'named'"),
        ({"named": ["Hello"], "plain": ["x"]}, "named > 1", "move it to 'plain'"),
        ({"named": ["Hi {first_name}"]}, "", "has no text under 'plain'"),
        ({}, "", "has no text under 'plain'"),
        ({"plain": ["  "]}, "plain > 1", "is empty"),
        ({"plain": ["x", "x "]}, "plain > 2", "stands here twice"),
        ({"plain": ["Hello @everyone"]}, "plain > 1", "calls everybody"),
        ({"plain": ["Hello @ here"]}, "plain > 1", "calls everybody"),
        ({"plain": ["pay \u202ewon"]}, "plain > 1", "cannot be seen"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(
    kinds: dict[str, list[str]], place: str, sentence: str
) -> None:
    found = problems(replies(pl={"solved": kinds}))
    where = "replies/pl.yaml: solved" + (f" > {place}" if place else "")
    assert any(one.startswith(f"{where}: ") and sentence in one for one in found), found


def test_good_words_have_no_problems() -> None:
    assert problems(replies(en={"solved": FINE})) == []
    assert (
        problems(replies(en={"x": {"plain": ["write to help@herexample.com {brand} {link}"]}}))
        == []
    )
    assert problems(Replies()) == []


def test_a_text_too_long_for_a_channel_is_told_with_its_placeholders_filled() -> None:
    words = replies(en={"solved": {"named": ["Hi {first_name}"], "plain": ["ż" * 30]}})
    mouths = [mouth("narrow", 42), mouth("bytes", 59, "bytes"), mouth("wide", 123, "bytes")]
    assert [one.partition(": shorten")[0] for one in too_long(words, mouths)] == [
        "replies/en.yaml: solved > named > 1: may be 43 characters long when filled in; narrow takes 42",
        "replies/en.yaml: solved > named > 1: may be 123 bytes long when filled in; bytes takes 59",
        "replies/en.yaml: solved > plain > 1: may be 60 bytes long when filled in; bytes takes 59",
    ]


def mouth(channel: str, length: int, measure: str = "characters", *, public: bool = True) -> Mouth:
    allows = Capabilities(max_length=length, measure=measure)
    return Mouth(channel=channel, label=channel, public=public, allows=allows)


LONG_AND_SHORT = Replies(
    texts={"en": {"hello": (Variant(text="x" * 50), Variant(text="x" * 9, channel="narrow"))}}
)


def test_words_of_its_own_are_all_that_a_channel_says_and_is_measured_by() -> None:
    assert choose(LONG_AND_SHORT, "hello", language="en", key="k", channel="narrow") == "x" * 9
    assert choose(LONG_AND_SHORT, "hello", language="en", key="k", channel="wide") == "x" * 50
    assert choose(LONG_AND_SHORT, "hello", language="en", key="k") == "x" * 50
    assert too_long(LONG_AND_SHORT, [mouth("narrow", 10), mouth("wide", 50)]) == []
    (told,) = too_long(LONG_AND_SHORT, [mouth("narrow", 8), mouth("wide", 50)])
    assert told.startswith("replies/en.yaml: hello > channels > narrow > plain > 1: may be 9 ")


def test_words_said_in_private_alone_may_be_longer_than_a_comment() -> None:
    words = replies(en={"away": {"plain": ["x" * 50]}})
    mouths = [mouth("threads", 40), mouth("chat", 60, public=False)]
    assert too_long(words, mouths, {"away": {False}}) == []
    assert len(too_long(words, mouths, {"away": {True, False}})) == 1
    assert len(too_long(words, mouths)) == 1


def test_words_of_a_channel_need_some_for_nobody_too() -> None:
    only_named = (Variant(text="Hello"), Variant(text="Hi {first_name}", named=True, channel="x"))
    (told,) = problems(Replies(texts={"en": {"hello": only_named}}))
    assert told.startswith("replies/en.yaml: hello > channels > x: has no text under 'plain'")


# --- what we ship ------------------------------------------------------------------------------

NAMES = {
    "acknowledged",
    "waiting",
    "solved",
    "reopened",
    "moved_to_private",
    "outside_hours",
    "satisfaction",
    "holding",
    "neutral",
    "thanks",
}


def shipped() -> dict[str, dict[str, dict[str, list[str]]]]:
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in SHIPPED.glob("*.yaml")}


def test_the_shipped_words_are_complete_and_fit_everywhere() -> None:
    files = shipped()
    assert set(files) == {"en", "pl"}
    for names in files.values():
        assert set(names) == NAMES
        assert all(len(kinds[kind]) >= 3 for kinds in names.values() for kind in ("named", "plain"))
    assert problems(replies(**files)) == []
    assert too_long(replies(**files), [mouth("narrow", 280)]) == []


def test_the_shipped_words_keep_the_tone() -> None:
    for language, names in shipped().items():
        greeting = {
            "en": ("Hi {first_name}, ", "Hello {first_name}, "),
            "pl": ("Cześć {first_name}, ",),
        }
        nameless = {"en": "Hello, ", "pl": "Dzień dobry, "}[language]
        for name, kinds in names.items():
            assert all(text.startswith(greeting[language]) for text in kinds["named"]), name
            assert all(text.startswith(nameless) for text in kinds["plain"]), name
            for text in (*kinds["named"], *kinds["plain"]):
                assert "!" not in text
                assert not re.search(r"\b\w+(?:łeś|łaś|łbyś|łabyś)\b", text)  # no guess of gender
                assert not re.search(r"\d", text)  # no hours, no days: nothing to be held to


def test_the_placeholders_of_the_shipped_words_are_known() -> None:
    text = "".join(path.read_text("utf-8") for path in SHIPPED.glob("*.yaml"))
    assert set(re.findall(r"\{(\w+)\}", text)) == set(PLACEHOLDERS)
