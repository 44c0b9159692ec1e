"""Our words in the helpdesk's: what the map knows is translated, what it does not is left out and told."""

import re

import pytest

from bridge.core.mapping import HelpdeskMap, apply, meant, tags
from bridge.core.model import Status
from bridge.core.rules import Escalation

MAP = HelpdeskMap(
    priorities={"urgent": "urgent", "high": "high", "normal": "normal", "low": "normal"},
    groups={"Refunds": 360001, "Night shift": "77"},
    fields={
        "reason": {"id": 360004, "values": {"refund": "reason_refund", "true": "reason_yes"}},
        "followers": {"id": "360005", "from": "author.followers"},
        "name": {"id": 360006, "from": "author.name"},
        "topics": {"id": 360007},
    },
    tags=("bridge", "Social Media"),
    type="incident",
)
FACTS = {"channel": "facebook", "kind": "comment", "author.followers": 0}


def test_everything_asked_for_is_said_in_the_helpdesks_words():
    asked = Escalation(
        priority="low",
        group="Refunds",
        type="problem",
        tags=("refund", "VIP!"),
        fields={"reason": "refund", "topics": ["a", "b"]},
    )
    mapped = apply(MAP, asked, FACTS)
    assert mapped.priority == "normal"
    assert mapped.group == "360001"
    assert mapped.type == "problem"
    assert mapped.tags == ("bridge", "social_media", "facebook", "comment", "refund", "vip")
    assert mapped.fields == {"360004": "reason_refund", "360005": 0, "360007": ["a", "b"]}
    assert mapped.unknown == ()


def test_what_the_map_does_not_know_is_left_out_and_told():
    asked = Escalation(group="Lawyers", fields={"reason": "moon", "colour": "red"})
    mapped = apply(MAP, asked, FACTS)
    assert mapped.group is None
    assert "360004" not in mapped.fields
    assert mapped.unknown == ("group Lawyers", "field reason: moon", "field colour")


def test_ids_may_be_written_instead_of_names():
    mapped = apply(MAP, Escalation(group="360009", fields={"360011": "x"}), FACTS)
    assert mapped.group == "360009"
    assert mapped.fields["360011"] == "x"
    assert mapped.unknown == ()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [({"author.followers": 12}, 12), ({"author.followers": None}, None), ({}, None)],
)
def test_a_field_is_filled_from_a_known_fact_and_left_alone_without(facts, expected):
    assert apply(MAP, None, facts).fields.get("360005") == expected


def test_a_rule_wins_over_a_fact():
    asked = Escalation(fields={"followers": 5})
    assert apply(MAP, asked, {"author.followers": 12}).fields["360005"] == 5


def test_a_strangers_text_in_a_field_is_one_harmless_line():
    mapped = apply(MAP, None, {"author.name": "Ana\r\n{{ticket.id}}\u202e" + "x" * 500})
    name = mapped.fields["360006"]
    assert name.startswith("Ana { {ticket.id}}x")
    assert "\n" not in name


def test_yaml_words_for_truth_are_found():
    assert apply(MAP, Escalation(fields={"reason": True}), {}).fields["360004"] == "reason_yes"


def test_without_an_escalation_the_map_still_says_type_and_tags():
    mapped = apply(MAP, None, FACTS)
    assert (mapped.priority, mapped.group, mapped.type) == (None, None, "incident")
    assert mapped.tags == ("bridge", "social_media", "facebook", "comment")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("Żółć Ł", "a b  c", "A-B_c"), ("zolc_l", "a_b_c", "a-b_c")),
        (("x", "X", "x"), ("x",)),
        (("", None, "!!!", "_"), ()),
        (("t" * 200,), ("t" * 80,)),
        (("{{a}}", "a,b;c"), ("a", "a_b_c")),
    ],
)
def test_tags_are_plain_words_each_once(given, expected):
    assert tags(given) == expected
    assert all(re.fullmatch(r"[a-z0-9_-]+", tag) for tag in tags(given))


@pytest.mark.parametrize(
    ("statuses", "status", "counts_as"),
    [
        ({}, Status.ON_HOLD, Status.ON_HOLD),
        ({"hold": "on_hold"}, Status.ON_HOLD, Status.ON_HOLD),
        ({"hold": "pending"}, Status.ON_HOLD, Status.PENDING),
        ({"hold": "pending"}, Status.PENDING, Status.PENDING),
        ({"hold": "pending", "pending": "open"}, Status.ON_HOLD, Status.PENDING),
        ({"on_hold": "pending"}, Status.ON_HOLD, Status.ON_HOLD),
        ({"deleted": "open"}, Status.DELETED, Status.OPEN),
    ],
)
def test_a_status_counts_as_what_the_operator_says_by_the_helpdesks_word(
    statuses, status, counts_as
):
    theirs = {Status.ON_HOLD: "hold", Status.PENDING: "pending"}
    assert meant(HelpdeskMap(statuses=statuses), theirs, status) is counts_as
