"""Rules: conditions, order, and what is told about both."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.calendars import ALWAYS, Clock
from bridge.core.conditions import MATCHED, condition, finds
from bridge.core.facts import FIELDS, View, view
from bridge.core.mistakes import Mistake
from bridge.core.model import Attachment, Author, Change, Kind, Message, Visibility
from bridge.core.rules import (
    Decision,
    Escalation,
    Example,
    Outcome,
    Reply,
    Rule,
    Rules,
    decide,
    example_view,
    failing,
    proves,
)

MESSAGE = Message(
    channel="facebook",
    account_id="1067",
    kind=Kind.COMMENT,
    change=Change.EDITED,
    external_id="1067_99",
    thread_id="1067_98",
    visibility=Visibility.PUBLIC,
    author=Author(id="24", name="Ana Król", followers=1500, verified=False),
    text="I want a REFUND for order 123456",
    attachments=(Attachment(type="image", url="https://x.example/1"), Attachment(type="video")),
    sent_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    dedupe="1",
    extra={"rating": 2, "post": {"id": "7", "text": "Our new shop"}, "recommendation": "negative",
           "first_name": "Ana", "odd": {"deep": {"er": 1}}},
)  # fmt: skip
SIGNALS = {"has_ticket": False, "author": {"label": ["vip", "press"], "messages": (0, 3, 20, 40)}}


def holds(written: dict[str, Any], **facts: Any) -> bool:
    seen = View(facts) if facts else view(MESSAGE, SIGNALS)
    return condition(written).failure(seen) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"kind": "comment"}, True),
        ({"kind": ["dm", "comment"]}, True),
        ({"kind": {"is": "dm"}}, False),
        ({"channel": "FACEBOOK"}, True),
        ({"account_id": "1067"}, True),
        ({"change": "edited", "visibility": "public"}, True),
        ({"change": "edited", "visibility": "private"}, False),
        ({"author.followers": {"at_least": 1500}}, True),
        ({"author.followers": {"at_least": 1501}}, False),
        ({"author.followers": {"at_most": 1500, "at_least": 1000}}, True),
        ({"author.followers": {"at_least": 1400, "at_most": 1499}}, False),
        ({"author.followers": 1500}, True),
        ({"author.verified": False}, True),
        ({"author.verified": True}, False),
        ({"author.name": "ana krol"}, True),
        ({"author.name": {"any_of": ["Ana"]}}, True),
        ({"author.name": {"any_of": ["Anabel"]}}, False),
        ({"author.username": {"unknown": True}}, True),
        ({"author.name": {"unknown": True}}, False),
        ({"author.name": {"unknown": False}}, True),
        ({"attachments": {"at_least": 2}}, True),
        ({"attachments": {"at_most": 1}}, False),
        ({"attachments": "video"}, True),
        ({"attachments": ["sticker", "audio"]}, False),
        ({"rating": {"at_most": 2}}, True),
        ({"recommendation": "NEGATIVE"}, True),
        ({"post.id": "7", "post.text": {"all_of": ["shop", "new"]}}, True),
        ({"extra.odd.deep.er": 1}, True),
        ({"extra.rating": 2}, True),
        ({"extra.nothing": {"unknown": True}}, True),
        ({"first_name": {"any_of": ["ana"]}}, True),
        ({"has_ticket": False}, True),
        ({"has_ticket": True}, False),
        ({"author.label": "vip"}, True),
        ({"author.label": ["troll"]}, False),
        ({"language": "en"}, True),
        ({"sentiment": {"at_most": -0.3}}, True),
        ({"sentiment_source": "words"}, True),
        ({"sentiment_source": ["tool", "emoji"]}, False),
        ({"wants_answer": False, "urgent": False, "safety": False, "praise": False}, True),
        ({"personal_data": "order"}, True),
        ({"personal_data": ["card", "iban"]}, False),
        ({"personal_data": {"at_least": 1}}, True),
        ({"turn": {"unknown": True}}, True),
        ({"answered": {"unknown": True}}, True),
        ({"author.messages.24h": {"at_least": 3}}, True),
        ({"author.messages.1h": {"at_least": 3}}, False),
        ({"author.messages.2d": 4}, True),
        ({"text": {"any_of": ["refund", "zwrot*"]}}, True),
        ({"text": {"any_of": ["refun"]}}, False),
        ({"text": {"all_of": ["order", "refund"]}}, True),
        ({"text": {"all_of": ["order", "parcel"]}}, False),
        ({"text": {"none_of": ["refunded"]}}, True),
        ({"text": {"any_of": ["refund"], "none_of": ["order"]}}, False),
        ({"text": {"matches": r"order\s+\d{6}"}}, True),
        ({"text": {"matches": "ORDER"}}, False),
        ({"text": {"matches": "(?i)ORDER"}}, True),
        ({"text": {"question": False, "empty": False}}, True),
        ({"text": {"question": True}}, False),
        ({"not": {"kind": "dm"}}, True),
        ({"not": {"kind": "comment"}}, False),
        ({"not": {"kind": "comment", "channel": "telegram"}}, True),
        ({"not": [{"kind": "comment"}, {"channel": "telegram"}]}, False),
        ({"any": [{"kind": "dm"}, {"rating": {"at_most": 2}}]}, True),
        ({"any": [{"kind": "dm"}, {"rating": {"at_least": 3}}]}, False),
        ({"all": [{"kind": "comment"}, {"any": [{"channel": "x"}, {"not": {"channel": "y"}}]}]}, True),
        ({"all": [{"kind": "comment"}, {"any": [{"channel": "x"}, {"channel": "y"}]}]}, False),
    ],
)  # fmt: skip
def test_a_condition(written: dict[str, Any], expected: bool) -> None:
    assert holds(written) is expected


UNKNOWING = [
    {"author.followers": {"at_least": 0}},
    {"author.followers": {"at_most": 10**9}},
    {"author.followers": 0},
    {"author.verified": False},
    {"author.name": {"none_of": ["x"]}},
    {"author.name": {"matches": ".*"}},
    {"author.name": {"empty": True}},
    {"author.label": "vip"},
    {"author.name": {"unknown": False}},
]


@pytest.mark.parametrize("written", UNKNOWING)
def test_an_unknown_value_matches_nothing(written: dict[str, Any]) -> None:
    assert holds(written, kind="dm") is False


@pytest.mark.parametrize("written", UNKNOWING)
def test_so_the_opposite_of_it_holds(written: dict[str, Any]) -> None:
    assert holds({"not": written}, kind="dm") is True


def test_an_unknown_value_matches_unknown_and_not_its_opposite() -> None:
    assert holds({"author.name": {"unknown": True}}, kind="dm")
    assert not holds({"not": {"author.name": {"unknown": True}}}, kind="dm")


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_no_text_is_the_empty_text_and_known(text: str | None) -> None:
    assert holds({"text": {"empty": True}}, text=text, kind="dm")
    assert holds({"text": {"none_of": ["refund"], "question": False}}, text=text, kind="dm")
    assert not holds({"text": {"unknown": True}}, text=text, kind="dm")


def test_a_fact_of_another_type_than_expected_is_not_what_was_asked_for() -> None:
    assert not holds({"author.followers": {"at_least": 1}}, **{"author.followers": "many"})
    assert not holds({"rating": {"at_most": 1}}, rating={"stars": 1})
    assert holds({"author.name": {"any_of": ["12"]}}, **{"author.name": 12})


def test_true_is_not_one() -> None:
    assert not holds({"extra.flag": 1}, flag=True)
    assert not holds({"extra.count": True}, count=1)


def test_a_regular_expression_looks_at_the_first_ten_thousand_characters() -> None:
    assert holds({"text": {"matches": "needle"}}, text="x" * (MATCHED - 6) + "needle")
    assert not holds({"text": {"matches": "needle"}}, text="x" * MATCHED + "needle")
    assert not holds({"text": {"matches": "(a+)+$"}}, text="a" * (MATCHED - 1) + "b")
    assert holds({"text": {"matches": "lone"}}, text="\ud800 lone")


@pytest.mark.parametrize(
    "pattern", ["(?=x)", "(?<!x)y", r"(a)\1", "((a{100}){100}){100}", "(", "[z-a]"]
)
def test_what_re2_does_not_take_is_a_sentence(pattern: str) -> None:
    with pytest.raises(Mistake, match="RE2"):
        condition({"text": {"matches": pattern}})


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ({}, ()),
        (None, ()),
        ([], ()),
        ({"kind": {}}, ("kind",)),
        ({"kind": []}, ("kind",)),
        ({"kind": None}, ("kind",)),
        ({"kind": "tweet"}, ("kind",)),
        ({"knid": "dm"}, ("knid",)),
        ({"author.messages.24": 1}, ("author.messages.24",)),
        ({"author.messages.8d": 1}, ("author.messages.8d",)),
        ({"personal_data": "phoen"}, ("personal_data",)),
        ({"text": {"any_of": ["ok", 1]}}, ("text", "any_of", 1)),
        ({"text": {"like": "x"}}, ("text", "like")),
        ({"rating": "2"}, ("rating",)),
        ({"rating": {"at_most": True}}, ("rating", "at_most")),
        ({"author.verified": "yes"}, ("author.verified",)),
        ({"not": {"any": [{"kind": "dm"}, {"kind": "x"}]}}, ("not", "any", 1, "kind")),
        ({"any": {}}, ("any",)),
        ({"kind": {"is": {"a": 1}}}, ("kind", "is")),
        ({"text": {"question": 1}}, ("text", "question")),
        ({"text": {"matches": 1}}, ("text", "matches")),
    ],
)
def test_a_mistake_knows_its_place(written: Any, path: tuple[str | int, ...]) -> None:
    with pytest.raises(Mistake) as caught:
        condition(written)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("written", "told", "value"),
    [
        ({"kind": ["dm", "review"]}, "kind is dm, review", "comment"),
        ({"author.followers": {"at_least": 5000}}, "author.followers at_least 5000", 1500),
        ({"author.verified": True}, "author.verified is true", False),
        ({"sentiment": {"at_most": -1}}, "sentiment at_most -1", -0.75),
        ({"influence": {"at_least": 0}}, "influence at_least 0", None),
        ({"attachments": "audio"}, "attachments is audio", ["image", "video"]),
        ({"kind": "comment", "channel": "x", "change": "created"}, "channel is x", "facebook"),
        ({"any": [{"kind": "dm"}, {"channel": "x"}]}, "any of (kind is dm; channel is x)", "comment"),
        ({"not": {"rating": {"at_most": 3}}}, "not (rating at_most 3)", 2),
        ({"not": {"kind": "comment", "rating": 2}}, "not (kind is comment and rating is 2)", None),
        ({"text": {"any_of": list("bcdefghj")}}, "text any_of b, c, d, e, f, g and 2 more", MESSAGE.text),
        ({"text": {"any_of": ["zzz"]}, "kind": "dm"}, "text any_of zzz", MESSAGE.text),
    ],
)  # fmt: skip
def test_the_first_failing_condition_is_told_with_the_value_it_saw(
    written: dict[str, Any], told: str, value: Any
) -> None:
    failure = condition(written).failure(view(MESSAGE, SIGNALS))
    assert failure is not None
    assert (failure.condition, failure.value) == (told, value)


def test_a_long_or_broken_text_is_told_short_and_whole() -> None:
    failure = condition({"kind": "dm", "text": {"any_of": ["x"]}}).failure(
        View({"kind": "dm", "text": "\ud800" + "y" * 5000})
    )
    assert failure is not None
    assert len(failure.value) == 200
    failure.value.encode("utf-8")


# --- the view --------------------------------------------------------------------------------------


def test_every_fact_of_the_line_can_be_asked_for() -> None:
    seen = view(MESSAGE, SIGNALS, clock=Clock(ALWAYS, datetime(2026, 11, 22, tzinfo=UTC)))
    unknown = {name for name in FIELDS if seen.get(name) is None}
    assert unknown == {
        "author.username", "author.url", "in_reply_to", "permalink", "chat_type", "standby", "tags",
        "influence", "answered", "answered_natively", "incident", "turn",
    }  # fmt: skip


def test_what_the_line_knows_cannot_be_overruled() -> None:
    from dataclasses import replace

    liar = replace(MESSAGE, extra={"kind": "dm", "author": {"id": "1"}, "has_ticket": True})
    seen = view(liar, {"has_ticket": False, "channel": "x", "sentiment": -0.5})
    assert [seen.get(name) for name in ("kind", "author.id", "channel", "has_ticket", "sentiment")] == [
        "comment", "24", "facebook", False, -0.5,
    ]  # fmt: skip


def test_a_message_without_an_author_has_unknown_facts_of_one() -> None:
    from dataclasses import replace

    seen = view(replace(MESSAGE, author=None))
    assert {seen.get(name) for name in FIELDS if name.startswith("author.")} == {None}


def test_the_language_is_detected_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("bridge.core.language.detect", lambda text: asked.append(text) or "pl")
    seen = View({"text": "cokolwiek"})
    assert condition({"kind": "dm"}).failure(seen)
    assert asked == []
    assert condition({"language": "pl"}).failure(seen) is None
    assert condition({"language": "pl"}).failure(View({"language": "en"}))
    assert asked == ["cokolwiek"]


# --- the order ---------------------------------------------------------------------------------------


def rule(name: str, when: dict[str, Any] | None = None, **then: Any) -> Rule:
    return Rule(name=name, when=condition(when) if when else None, then=Outcome(**then))


@pytest.mark.parametrize(
    ("when", "enough"),
    [
        ({"text": {"any_of": ["slur"]}}, True),
        ({"personal_data": ["card"]}, True),
        ({"author.label": ["spammer"], "sentiment": {"at_most": -0.5}}, True),
        ({"extra.spam_score": {"at_least": 9}}, True),
        ({"safety": True}, True),
        ({"any": [{"text": {"any_of": ["a"]}}, {"text": {"matches": "b"}}]}, True),
        ({"any": [{"text": {"any_of": ["a"]}}, {"sentiment": {"at_most": -0.5}}]}, False),
        ({"sentiment": {"at_most": -0.9}, "kind": "comment", "channel": "facebook"}, False),
        ({"praise": False}, False),
        ({"rating": {"at_most": 1}}, False),
        ({"text": {"none_of": ["thanks"]}, "sentiment": {"at_most": -0.5}}, False),
        ({"not": {"text": {"any_of": ["thanks"]}}}, False),
        ({"safety": False}, False),
    ],
)
def test_a_house_rule_stands_on_something_that_was_said(when: dict[str, Any], enough: bool) -> None:
    assert finds(condition(when)) is enough


def test_a_rule_that_hides_is_kept_by_its_name_beside_the_one_that_decides() -> None:
    decision = decided(
        rule("slur", hide="hate", go_on=True), rule("mine", escalate=Escalation(), hide="spam")
    )
    found = (decision.rule, decision.outcome, decision.hide)
    assert found == ("mine", "escalate", ("hate", "slur"))
    alone = decided(rule("slur", hide="hate"))
    assert (alone.rule, alone.outcome) == ("slur", "hide")


def decided(*rules: Rule, **facts: Any) -> Decision:
    return decide(Rules(rules=rules), example_view(facts))


HIGH, LOW = Escalation(priority="high", tags=("a",)), Escalation(priority="low", tags=("a", "b"))
REST = rule("rest", ignore="nothing-to-do")


def test_the_first_match_wins_and_later_rules_are_not_tried() -> None:
    decision = decided(
        rule("dm", {"kind": "dm"}, escalate=LOW),
        rule("any", {"kind": "comment"}, escalate=HIGH),
        rule("later", {"kind": "comment"}, ignore="late"),
        REST,
    )
    assert (decision.rule, decision.outcome, decision.escalation) == ("any", "escalate", HIGH)
    assert [(tried.rule, tried.matched) for tried in decision.tried] == [
        ("dm", False),
        ("any", True),
    ]
    assert decision.tried[0].condition == "kind is dm"
    assert decision.tried[0].value == "comment"


def test_colleagues_of_all_rules_hear_of_the_ticket_once() -> None:
    one, two = (
        Escalation(collaborators=("a@x.pl", "b@x.pl")),
        Escalation(collaborators=("c@x.pl", "a@x.pl")),
    )
    decision = decided(rule("one", escalate=one, go_on=True), rule("two", escalate=two))
    assert decision.escalation == Escalation(collaborators=("a@x.pl", "b@x.pl", "c@x.pl"))


def test_the_last_rule_owns_what_no_other_wants() -> None:
    decision = decided(rule("dm", {"kind": "dm"}, escalate=LOW), REST)
    assert (decision.rule, decision.outcome, decision.reason) == ("rest", "ignore", "nothing-to-do")


def test_continue_lets_later_rules_add_and_the_first_ticket_wins() -> None:
    decision = decided(
        rule("first", {"kind": "comment"}, escalate=Escalation(priority="low", tags=("x",), fields={"f": 1}), go_on=True),
        rule("words", replies=(Reply("public", "hello"),), notify=("team",), go_on=True),
        rule("second", escalate=Escalation(priority="urgent", group="G", tags=("y", "x"), fields={"f": 2, "g": 3})),
        REST,
    )  # fmt: skip
    assert decision.escalation == Escalation(
        priority="low", tags=("x", "y"), fields={"f": 1, "g": 3}
    )
    assert (decision.rule, decision.outcome, decision.reason) == ("first", "escalate", None)
    assert (decision.replies, decision.notify) == ((Reply("public", "hello"),), ("team",))
    assert decision.rules == ("first", "words", "second")


def test_a_ticket_wins_over_a_reason_to_ignore_below_it() -> None:
    decision = decided(rule("ticket", escalate=HIGH, go_on=True), REST)
    assert (decision.outcome, decision.rule, decision.reason) == ("escalate", "ticket", None)
    assert decision.rules == ("ticket", "rest")


def test_words_that_a_person_approves_need_a_ticket_to_wait_on() -> None:
    asks, says = Reply("public", "thanks", approve=True), Reply("private", "hello")
    words = rule("words", replies=(asks, says), approve=True, go_on=True)
    decision = decided(words, rule("ticket", escalate=HIGH))
    assert (decision.replies, decision.unsaid, decision.approve) == ((asks, says), (), "words")
    decision = decided(words, REST)
    assert (decision.replies, decision.approve) == ((says,), None)
    assert decision.unsaid == (("thanks", "there is no ticket on which a person could approve it"),)


def test_ignoring_may_come_with_a_reply() -> None:
    decision = decided(rule("troll", ignore="troll", replies=(Reply("public", "calm"),)))
    assert (decision.outcome, decision.reason) == ("ignore", "troll")
    assert decision.replies == (Reply("public", "calm"),)


@pytest.mark.parametrize(
    ("then", "outcome"),
    [
        ({"replies": (Reply("private", "hi"),)}, "reply"),
        ({"replies": (Reply("private", "hi", approve=True),)}, "none"),
        ({"replies": (Reply("public", "hi", approve=True),), "notify": ("team",)}, "notify"),
        ({"notify": ("team",)}, "notify"),
        ({"feedback": ("delivery",)}, "feedback"),
        ({"feedback": ("delivery",), "ignore": "praise"}, "ignore"),
        ({}, "none"),
    ],
)
def test_other_outcomes(then: dict[str, Any], outcome: str) -> None:
    decision = decided(rule("one", {"kind": "comment"}, **then))
    assert (decision.outcome, decision.rule) == (outcome, "one")


def test_topics_of_all_rules_are_kept_with_the_mood_of_the_words() -> None:
    decision = decided(
        rule("slow", feedback=("delivery", "price"), go_on=True),
        rule("dear", feedback=("price",), go_on=True),
        rule("rest", ignore="nothing-to-do"),
        text="The delivery was awful!",
    )
    assert decision.feedback == ("delivery", "price")
    assert decision.signals["sentiment"] < 0
    plain = decided(REST, text="The delivery was awful!")
    assert (plain.feedback, plain.signals) == ((), {})


def test_no_rules_decide_nothing() -> None:
    assert decided() == Decision(rule=None, outcome="none")


def test_what_an_example_promises() -> None:
    rules = Rules(rules=(rule("tag", {"kind": "comment"}, notify=("x",), go_on=True), rule("one", {"kind": "comment"}, escalate=LOW), REST))  # fmt: skip
    decision = decide(rules, example_view({"text": "x"}))
    assert proves(decision, rules, "one")
    assert proves(decision, rules, "tag")
    assert proves(decision, rules, ("tag", "one"))
    assert not proves(decision, rules, ("one",))
    assert not proves(decision, rules, "rest")


SOME = [
    rule("dm", {"kind": "dm"}, escalate=HIGH),
    rule("comment", {"kind": "comment"}, escalate=LOW),
    rule("asks", {"text": {"question": True}}, ignore="asked"),
    rule("many", {"author.followers": {"at_least": 10}}, notify=("x",)),
    rule("everybody", ignore="all"),
]
FACTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["dm", "comment", "review"]),
        "text": st.sampled_from(["why?", "ok", ""]),
        "author.followers": st.sampled_from([None, 1, 10]),
    }
)


@given(st.permutations(SOME), FACTS)
def test_the_decision_is_the_first_match_in_any_order(rules: list[Rule], facts: Any) -> None:
    seen = example_view(facts)
    matching = [one for one in rules if one.when is None or one.when.failure(seen) is None]
    decision = decide(Rules(rules=tuple(rules)), seen)
    assert decision.rule == matching[0].name
    assert [one.rule for one in decision.tried] == [
        one.name for one in rules[: rules.index(matching[0]) + 1]
    ]
    assert [one.matched for one in decision.tried].count(True) == 1


@given(st.permutations(SOME), FACTS)
def test_rules_that_do_not_match_change_nothing(rules: list[Rule], facts: Any) -> None:
    seen = example_view(facts)
    matching = [one for one in rules if one.when is None or one.when.failure(seen) is None]
    with_others = decide(Rules(rules=tuple(rules)), seen)
    without = decide(Rules(rules=tuple(matching)), seen)
    assert (with_others.rule, with_others.escalation) == (without.rule, without.escalation)


def test_a_rule_in_the_shadow_is_remembered_and_does_nothing() -> None:
    rule = Rule(name="bold", then=Outcome(escalate=Escalation(priority="urgent")), shadow=True)
    last = Rule(name="default", then=Outcome(ignore="nothing"))
    decision = decide(Rules(rules=(rule, last)), example_view({"text": "hello"}))
    assert (decision.rule, decision.outcome, decision.rules) == ("default", "ignore", ("default",))
    assert [(one.rule, one.matched, one.shadow) for one in decision.tried] == [
        ("bold", True, True), ("default", True, False),
    ]  # fmt: skip


def test_the_examples_of_a_rule_in_the_shadow_are_tried_as_if_it_were_not() -> None:
    example = Example(facts={"text": "hello"}, gives="bold")
    rule = Rule(name="bold", then=Outcome(ignore="x"), shadow=True, examples=(example,))
    last = Rule(name="default", then=Outcome(ignore="nothing"))
    assert failing(Rules(rules=(rule, last))) == []
    wrong = replace(rule, examples=(replace(example, gives="default"),))
    assert [one[0].name for one in failing(Rules(rules=(wrong, last)))] == ["bold"]
