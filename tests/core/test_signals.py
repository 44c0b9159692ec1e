"""Signals: what is worked out, when, and that what somebody told is not worked out again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import sentiment
from bridge.core.conditions import condition
from bridge.core.facts import View
from bridge.core.rules import Outcome, Rule, Rules, decide, example_view
from bridge.core.sentiment import Felt, felt
from bridge.core.signals import SIGNALS, hours_of


def seen(text: str, **facts: Any) -> View:
    return View({"kind": "comment", "text": text, **facts})


@pytest.mark.parametrize(
    ("text", "language", "mood"),
    [
        ("I love it", "en", 1),
        ("I don't love it", "en", -1),
        ("not bad", "en", 1),
        ("bad", "en", -1),
        ("very bad", "en", -1),
        ("good, but broken", "en", -1),
        ("broken, but they were great about it", "en", 1),
        ("Bardzo polecam", "pl", 1),
        ("Nie polecam", "pl", -1),
        ("gar nicht schlecht", "de", 1),
        ("gut", "de", 1),
        ("Finger weg", "de", -1),
        ("je ne recommande pas", "fr", -1),
        ("pas mal du tout", "fr", 1),
        ("nada mal", "es", 1),
        ("no me gusta", "es", -1),
        ("Toll, schon wieder ausgefallen", "de", -1),
        ("Great, another price increase", "en", -1),
        ("lovely service 🙃", "en", -1),
        ("😍😍", None, 1),
        ("😡", "uk", -1),
        ("it came :)", "en", 1),
        ("it came :(", "en", -1),
        ("I was there in May", "en", 0),
    ],
)
def test_a_mood_is_read(text: str, language: str | None, mood: int) -> None:
    told = felt(text, language)
    assert told is not None
    assert (told.score > 0) - (told.score < 0) == mood
    assert -1 <= told.score <= 1


@pytest.mark.parametrize(
    ("text", "language"), [("", "en"), ("  ", None), ("12", None), ("це було вчора", "uk")]
)
def test_where_nothing_can_be_told_the_mood_is_unknown(text: str, language: str | None) -> None:
    assert felt(text, language) is None
    unknown = condition({"sentiment": {"unknown": True}, "sentiment_source": {"unknown": True}})
    assert (
        unknown.failure(View({"text": text, "language": language or "uk"})) is None or text == "12"
    )


def test_a_mood_tells_who_says_so() -> None:
    assert seen("I love it", language="en").get("sentiment_source") == "words"
    assert seen("😡", language="uk").get("sentiment_source") == "emoji"
    assert seen("I love it", sentiment=-0.4).get("sentiment_source") == "tool"


def test_the_tools_own_score_stands_and_no_words_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentiment, "felt", lambda *_: pytest.fail("read"))
    view = seen("I love it", sentiment=-0.9)
    assert condition({"sentiment": {"at_most": -0.5}, "praise": False}).failure(view) is None
    assert "sentiment" not in view.read


def test_another_reader_takes_the_place_of_our_words() -> None:
    asked: list[tuple[str, str | None]] = []

    def reader(text: str, language: str | None) -> Felt | None:
        asked.append((text, language))
        return Felt(-1.0, "ours")

    view = View({"text": "I love it", "language": "en"}, reader)
    assert (view.get("sentiment"), view.get("sentiment_source")) == (-1.0, "ours")
    assert asked == [("I love it", "en")]


def test_a_signal_is_worked_out_once_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        sentiment, "felt", lambda text, language: asked.append(text) or Felt(0.5, "words")
    )
    rules = Rules(
        rules=(
            Rule(name="dm", when=condition({"kind": "dm", "praise": True}), then=Outcome(ignore="x")),
            Rule(name="sad", when=condition({"sentiment": {"at_most": -0.5}}), then=Outcome(ignore="x")),
            Rule(name="kind", when=condition({"praise": True, "sentiment": {"at_least": 0.2}}),
                 then=Outcome(ignore="praise")),
        )
    )  # fmt: skip
    decision = decide(rules, example_view({"text": "my thing", "language": "en"}))
    assert decision.rule == "kind"
    assert asked == ["my thing"]
    assert decision.signals == {"sentiment": 0.5, "praise": True, "wants_answer": False, "question": False}  # fmt: skip
    assert decide(rules, example_view({"kind": "dm", "text": "", "praise": True})).signals == {}


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("Love this shop ❤️", {}, True),
        ("Love this shop, but my order is broken", {}, False),
        ("Love this shop! Do you ship to Norway?", {}, False),
        ("Thanks", {"rating": 2}, False),
        ("Thanks", {"rating": 5}, True),
        ("Thanks", {"recommendation": "negative"}, False),
        ("I was there", {}, False),
    ],
)
def test_praise_is_kind_and_asks_nothing(text: str, facts: dict[str, Any], expected: bool) -> None:
    assert seen(text, language="en", **facts).get("praise") is expected


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("wants_answer", "Proszę o kontakt", "Widziałem was wczoraj"),
        ("wants_answer", "rappelez-moi svp", "je suis passé hier"),
        ("wants_answer", "anyone there?", "https://shop.example/?q=1"),
        ("question", "wo bleibt das Paket", "das Paket ist da"),
        ("question", "cuánto cuesta el envío", "el envío es caro"),
        ("question", "combien coûte la livraison", "la livraison coûte"),
        ("urgent", "bitte dringend melden", "kein Stress"),
        ("urgent", "PILNE!!!", "spokojnie"),
        ("safety", "el cargador explotó", "el cargador funciona"),
        ("safety", "dziecko ma poparzoną rękę", "dziecko ma zabawkę"),
        ("safety", "we are in hospital", "we are in Leeds"),
    ],
)
def test_a_signal_and_what_it_is_not(name: str, yes: str, no: str) -> None:
    assert seen(yes).get(name) is True
    assert seen(no).get(name) is False


@pytest.mark.parametrize(
    ("facts", "turn"),
    [
        ({"standby": True}, "bot"),
        ({"is_bot": True}, "bot"),
        ({"standby": False}, "human"),
        ({"kind": "handover"}, "human"),
        ({}, None),
    ],
)
def test_whose_turn_it_is(facts: dict[str, Any], turn: str | None) -> None:
    assert View({"text": "", **facts}).get("turn") == turn


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("author.messages.1h", 1), ("author.messages.24h", 24), ("author.messages.7d", 168),
        ("author.messages.168h", 168), ("author.messages.169h", None), ("author.messages.8d", None),
        ("author.messages.0h", None), ("author.messages.24", None), ("author.messages", None),
    ],
)  # fmt: skip
def test_a_window_is_part_of_the_name(name: str, hours: int | None) -> None:
    assert hours_of(name) == hours


def test_how_often_somebody_wrote_is_unknown_where_nobody_counts() -> None:
    assert seen("x").get("author.messages.24h") is None
    assert seen("x", **{"author.messages": (0.0, 30.0)}).get("author.messages.24h") == 1
    assert example_view({"author.messages.24h": 4}).get("author.messages.24h") == 4


@given(st.text(max_size=400), st.sampled_from(["en", "pl", "de", "fr", "es", "uk", None]))
def test_any_text_has_all_signals(text: str, language: str | None) -> None:
    view = View({"text": text, "language": language})
    told = {name: view.get(name) for name in SIGNALS}
    assert told["sentiment"] is None or -1 <= told["sentiment"] <= 1
    assert told == {name: View({"text": text, "language": language}).get(name) for name in SIGNALS}


@pytest.mark.parametrize("text", [["refund"], {"a": 1}, 7, True])
def test_a_text_that_is_none_upsets_no_signal(text: object) -> None:
    view = View({"text": text})
    for name in SIGNALS:
        view.get(name)
    assert isinstance(view.get("text"), str)
