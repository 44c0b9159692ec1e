"""Sources described in files: what becomes of a payload, good, odd or broken."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.channels import generic
from bridge.config import load_source
from bridge.core.calls import drive
from bridge.core.described import Described
from bridge.core.errors import Rejected, Unreadable
from bridge.core.facts import view
from bridge.core.line import line
from bridge.core.model import Connection, Delivery, Kind, Message, Visibility
from bridge.core.signing import Bearer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHIPPED = Path(__file__).parents[2] / "mappings"
NAMES = sorted(one.stem for one in (SHIPPED / "sources").glob("*.yaml"))


class Making:
    """Files with other fields, read as an operator's are."""

    def __init__(self, folder: Path) -> None:
        (folder / "sources").mkdir()
        self.folder = folder

    def __call__(self, fields: dict[str, Any] | None = None, **more: Any) -> Described:
        fields = {"kind": {"always": "comment"}, "external_id": "id", **(fields or {})}
        written = {"label": "Shop", "fields": fields, **more}
        (self.folder / "sources" / "shop.yaml").write_text(yaml.safe_dump(written))
        found = load_source(self.folder, "shop")
        assert found is not None
        return found


@pytest.fixture
def described(tmp_path: Path) -> Making:
    return Making(tmp_path)


def parsed(file: Described, *bodies: Any, at: datetime | None = None) -> list[Message]:
    """What each body gives; a body that is bytes is sent as it is."""
    found: list[Message] = []
    for body in bodies:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        delivery = Delivery(connection="shop", source="generic", body=raw, received_at=at)
        found += generic.source(file).parse(delivery)
    return found


def one(file: Described, body: Any) -> Message:
    (message,) = parsed(file, body)
    return message


# --- what we ship ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_we_ship_gives_what_its_examples_promise(name: str) -> None:
    file = load_source(SHIPPED, name)
    assert file is not None
    assert file.samples
    assert list(generic.failing(file)) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [{}, [], [[]], [1], None, 7, "words", {"events": {}}, {"id": {}}])
def test_no_payload_is_too_odd_for_what_we_ship(name: str, body: Any) -> None:
    file = load_source(SHIPPED, name)
    assert file is not None
    found = parsed(file, body)
    assert found
    assert all(message.ignored for message in found)


# --- whole bodies ------------------------------------------------------------------------------------


def test_every_event_of_a_list_is_one_in_its_order(described: Making) -> None:
    file = described({"text": "words"}, events="data.items")
    found = parsed(file, {"data": {"items": [{"id": 1, "words": "a"}, {"id": 2, "words": "b"}]}})
    assert [(m.external_id, m.text) for m in found] == [("1", "a"), ("2", "b")]


def test_a_body_that_is_a_list_needs_no_path(described: Making) -> None:
    assert [m.external_id for m in parsed(described(), [{"id": 1}, {"id": 2}])] == ["1", "2"]


def test_a_broken_event_is_broken_alone(described: Making) -> None:
    first, second, third, last = parsed(described(), [{"id": 1}, {"id": []}, "x", {"id": 4}])
    assert (first.external_id, last.external_id) == ("1", "4")
    assert (second.extra, third.extra) == ({"broken": True}, {"broken": True})
    assert second.ignored == "broken item: external_id: what stands there is no id"
    assert third.ignored == "broken item: the event is not an object"


@pytest.mark.parametrize(
    ("body", "reason"),
    [({}, "unknown payload"), ({"events": []}, "empty payload"), (None, "unknown payload")],
)
def test_a_body_without_events_is_ignored_with_the_reason(
    described: Making, body: Any, reason: str
) -> None:
    assert one(described(events="events"), body).ignored == reason


def test_a_body_that_is_no_json_is_unreadable(described: Making) -> None:
    with pytest.raises(Unreadable):
        parsed(described(), b"{not json")


def test_a_body_with_too_many_events_is_unreadable(described: Making) -> None:
    assert len(parsed(described(), [{"id": n} for n in range(1000)])) == 1000
    with pytest.raises(Unreadable, match="1000 events"):
        parsed(described(), [{"id": n} for n in range(1001)])


# --- which events count ------------------------------------------------------------------------------


def test_what_does_not_count_is_ignored_for_the_first_reason(described: Making) -> None:
    only = [
        {"when": "state == 'open'", "otherwise": "not open"},
        {"when": "stars", "otherwise": "no stars"},
    ]
    file = described(only=only)
    assert one(file, {"id": 1, "state": "open", "stars": 0}).ignored is None  # 0 is a value
    assert one(file, {"id": 1, "state": "shut", "stars": 1}).ignored == "not open"
    assert one(file, {"id": 1, "state": "open", "stars": None}).ignored == "no stars"
    assert one(file, {"id": 1, "state": "open"}).kind is Kind.OTHER


def test_a_condition_that_cannot_be_asked_breaks_the_event_and_tells_no_words(
    described: Making,
) -> None:
    file = described(only=[{"when": "contains(words, 'x')", "otherwise": "no x"}])
    assert one(file, {"id": 1, "words": "axe"}).ignored is None
    told = one(file, {"id": 1, "words": 7}).ignored or ""
    assert told.startswith("broken item: contains() cannot work on number")


@pytest.mark.parametrize(
    ("fields", "body", "reason"),
    [
        ({"kind": "what"}, {"id": 1, "what": "poke"}, "unknown kind: poke"),
        ({"kind": "what"}, {"id": 1}, "unknown kind: none"),
        ({"kind": {"from": "what", "values": {"A": "dm"}}}, {"id": 1, "what": "B\n<b>"},
         "unknown kind: B?b?"),
        ({"change": "did"}, {"id": 1, "did": "pinned"}, "unknown change: pinned"),
    ],
)  # fmt: skip
def test_a_word_we_do_not_know_is_ignored_with_it(
    described: Making, fields: dict[str, Any], body: dict[str, Any], reason: str
) -> None:
    assert one(described(fields), body).ignored == reason


def test_what_our_own_team_wrote_opens_nothing(described: Making) -> None:
    file = described({"own": "ours"})
    mine, theirs = parsed(file, {"id": 1, "ours": "true"}, {"id": 2, "ours": False})
    assert (mine.own, mine.ignored) == (True, "own")
    assert (theirs.own, theirs.ignored) == (False, None)


# --- who and where -----------------------------------------------------------------------------------


def test_a_private_talk_is_one_conversation_of_the_author(described: Making) -> None:
    file = described({"kind": {"always": "dm"}, "author": {"id": "mail"}})
    first, second, unknown = parsed(
        file, {"id": 1, "mail": "a@b.example"}, {"id": 2, "mail": "a@b.example"}, {"id": 3}
    )
    assert first.conversation == second.conversation != unknown.conversation
    assert first.visibility is Visibility.PRIVATE
    assert unknown.thread_id == "3"  # people we know nothing of are not thrown together


def test_a_public_item_is_a_conversation_of_its_own_or_of_its_thread(described: Making) -> None:
    alone, below = described({"author": {"id": "mail"}}), described({"thread_id": "root || id"})
    first, second = parsed(
        alone, {"id": 1, "mail": "a@b.example"}, {"id": 2, "mail": "a@b.example"}
    )
    assert first.conversation != second.conversation
    first, second = parsed(below, {"id": 1}, {"id": 2, "root": 1})
    assert first.conversation == second.conversation
    assert first.visibility is Visibility.PUBLIC


def test_the_visibility_can_be_said(described: Making) -> None:
    file = described({"visibility": "seen_by"})
    assert one(file, {"id": 1, "seen_by": "private"}).visibility is Visibility.PRIVATE
    assert one(file, {"id": 1}).visibility is Visibility.PUBLIC
    assert "broken" in one(file, {"id": 1, "seen_by": "friends"}).extra


def test_the_account_may_stand_beside_the_events(described: Making) -> None:
    file = described({"account": {"body": "shop.id"}}, events="items")
    assert one(file, {"shop": {"id": 8}, "items": [{"id": 1}]}).account_id == "8"


def test_people_of_two_connections_are_not_the_same(described: Making) -> None:
    source = generic.source(described())
    names = [
        source.account_of(Connection(name=name, type="generic")) for name in ("shop-pl", "shop-de")
    ]
    assert names == ["shop-pl", "shop-de"]


# --- which event it is -------------------------------------------------------------------------------


def test_the_same_id_and_change_are_one_event_however_they_come(described: Making) -> None:
    file = described({"change": {"from": "did", "default": "created"}})
    first, again = parsed(file, {"id": 1, "t": "a"}, {"t": "b", "id": 1}, at=NOON)
    assert first.dedupe == again.dedupe
    gone = one(file, {"id": 1, "did": "deleted"})
    assert (gone.external_id, gone.dedupe) == ("1", "1:deleted")
    edits = parsed(file, *({"id": 1, "did": "edited", "t": t} for t in "aba"))
    assert edits[0].dedupe == edits[2].dedupe != edits[1].dedupe


def test_an_id_that_is_not_there_is_a_dead_letter(described: Making) -> None:
    assert one(described(), {"t": "a"}).ignored == "broken item: external_id: nothing stands there"


def test_a_hash_names_what_has_no_name(described: Making) -> None:
    file = described({"external_id": {"hash": ["mail", "words"]}})
    assert generic.source(file).names_event
    first, same, other = parsed(
        file, *({"mail": "a", "words": w, "tries": n} for n, w in enumerate("xxy"))
    )
    assert first.external_id == same.external_id != other.external_id
    assert "broken" in one(file, {"tries": 1}).extra


def test_without_an_id_every_delivery_is_an_event_and_a_replay_is_not(described: Making) -> None:
    fields = {"kind": {"always": "comment"}, "text": "t"}
    file = described()
    file = Described(name="shop", label="Shop", channel="shop", fields={
        name: value for name, value in described(fields).fields.items() if name != "external_id"
    })  # fmt: skip
    assert not generic.source(file).names_event
    later = datetime(2026, 11, 22, 13, tzinfo=UTC)
    (first,), (second,) = (parsed(file, {"t": "a"}, at=at) for at in (NOON, later))
    assert first.dedupe != second.dedupe
    assert parsed(file, {"t": "a"}, at=NOON) == [first]
    twins = parsed(file, [{"t": "a"}, {"t": "a"}], at=NOON)
    assert twins[0].dedupe != twins[1].dedupe


# --- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22 10:00:00", "2026-11-22T10:00:00Z"),
        ("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00Z"),
        (1795341600, "2026-11-22T10:00:00Z"),
        (1795341600000, "2026-11-22T10:00:00Z"),
        ("1795341600", "2026-11-22T10:00:00Z"),
        ("22.11.2026", None),
        (True, None),
        ({}, None),
    ],
)
def test_times_are_read_in_many_forms(described: Making, value: Any, read: str | None) -> None:
    assert line(one(described({"sent_at": "t"}), {"id": 1, "t": value}))["sent_at"] == read


@pytest.mark.parametrize(
    ("value", "followers", "verified"),
    [(12, 12, None), ("2220", 2220, None), ("1e3", None, None), (-1, None, None), (1, 1, True),
     ("yes", None, True), ("No", None, False), (True, None, True), ([], None, None),
     (10**40, None, None), ("0", 0, False), (None, None, None)],
)  # fmt: skip
def test_numbers_and_flags_are_read_from_texts_too(
    described: Making, value: Any, followers: int | None, verified: bool | None
) -> None:
    file = described({"author": {"id": "id", "followers": "v", "verified": "v"}})
    author = one(file, {"id": 1, "v": value}).author
    assert author is not None
    assert (author.followers, author.verified) == (followers, verified)


@pytest.mark.parametrize(
    ("value", "language"),
    [("en", "en"), ("en-GB", "en"), ("pl_PL", "pl"), ("eng", None), ("English", None), (7, None)],
)
def test_languages_are_two_letters(described: Making, value: Any, language: str | None) -> None:
    assert one(described({"language": "l"}), {"id": 1, "l": value}).language == language


@pytest.mark.parametrize(
    ("value", "sentiment"),
    [("angry", -1.0), ("so-so", None), (0.5, 0.5), ("-0.5", -0.5), (80, None), (True, None)],
)
def test_moods_are_numbers_or_words_of_a_table(
    described: Making, value: Any, sentiment: float | None
) -> None:
    table = {"from": "m", "values": {"angry": -1}} if isinstance(value, str) else "m"
    if value == "-0.5":
        table = "m"
    assert one(described({"sentiment": table}), {"id": 1, "m": value}).sentiment == sentiment


@pytest.mark.parametrize(
    ("value", "known"),
    [("https://shop.example.com/1", True), ("javascript:alert(1)", False), ("shop.example", False),
     ('https://x.example/"><b>', False), (7, False)],
)  # fmt: skip
def test_a_link_is_one_to_click_on_or_none(described: Making, value: Any, known: bool) -> None:
    message = one(described({"permalink": "url"}), {"id": 1, "url": value})
    assert (message.permalink is not None) is known


def test_texts_are_cleaned_and_bounded(described: Making) -> None:
    file = described({"text": "t", "author": {"id": "id", "name": "n", "username": "u"}})
    message = one(
        file, {"id": 1, "t": "a\u202eb\x00\r\nc" + "x" * 200_000, "n": " A\n B ", "u": "@ana"}
    )
    assert (message.text or "").startswith("ab\ncx")
    assert len(message.text or "") == generic.MOST_TEXT
    assert message.author is not None
    assert (message.author.name, message.author.username) == ("A B", "ana")


@pytest.mark.parametrize(
    ("value", "words"), [("a", "a"), (7, "7"), (True, "true"), (None, None), ("", "")]
)
def test_words_are_texts(described: Making, value: Any, words: str | None) -> None:
    assert one(described({"text": "t"}), {"id": 1, "t": value}).text == (words or None)


@pytest.mark.parametrize("value", [{"words": "help"}, ["help"]])
def test_words_that_cannot_be_read_are_not_lost_in_silence(described: Making, value: Any) -> None:
    told = one(described({"text": "t"}), {"id": 1, "t": value}).ignored
    assert told == "broken item: text: what stands there is no text"


def test_tables_defaults_and_joins(described: Making) -> None:
    file = described({
        "text": {"join": ["title", "body"], "with": "\n"},
        "extra": {
            "level": {"from": "level", "values": {"1": "low", "true": "yes"}, "default": "other"},
            "shop": {"always": "Main"},
        },
    })  # fmt: skip
    message = one(file, {"id": 1, "title": "T", "body": None, "level": 1})
    assert (message.text, message.extra) == ("T", {"level": "low", "shop": "Main"})
    assert one(file, {"id": 1, "level": True}).extra["level"] == "yes"
    assert one(file, {"id": 1, "level": "2"}).extra["level"] == "other"
    assert one(file, {"id": 1}).extra["level"] == "other"
    assert one(file, {"id": 1}).text is None


def test_further_facts_are_plain_and_rules_can_ask_for_them(described: Making) -> None:
    file = described(
        {"extra": {"rating": "r", "post.text": "p", "tags": "tags", "deep": "d", "no": "n"}}
    )
    message = one(
        file,
        {"id": 1, "r": 4, "p": "Sale", "tags": ["a", None, {"x": 1}, 3], "d": {"x": 1}, "n": ""},
    )
    assert message.extra == {"rating": 4, "post.text": "Sale", "tags": ["a", 3]}
    seen = view(message)
    assert (seen.get("rating"), seen.get("post.text"), seen.get("extra.tags")) == (
        4, "Sale", ["a", 3],
    )  # fmt: skip


def test_files_come_as_addresses_or_as_objects(described: Making) -> None:
    bare = one(
        described({"attachments": {"each": "files"}}),
        {"id": 1, "files": ["https://x.example/a.pdf"]},
    )
    assert [(f.type, f.url) for f in bare.attachments] == [("file", "https://x.example/a.pdf")]
    file = described({
        "attachments": {
            "each": "files", "url": "link", "name": "called", "id": "n",
            "type": {"from": "kind", "values": {"photo": "image"}, "default": "file"},
        }
    })  # fmt: skip
    rich = one(
        file,
        {
            "id": 1,
            "files": [{"link": "https://x.example/1", "called": "a b", "kind": "photo", "n": 5}],
        },
    )
    (found,) = rich.attachments
    assert (found.type, found.url, found.name, found.id) == (
        "image", "https://x.example/1", "a b", "5",
    )  # fmt: skip
    assert one(file, {"id": 1}).attachments == ()
    many = one(file, {"id": 1, "files": [{"n": n} for n in range(100)]})
    assert len(many.attachments) == generic.MOST_FILES


def test_files_are_copied_from_hosts_that_were_named_alone(described: Making) -> None:
    without = generic.channel(described({"attachments": {"each": "files"}}))
    assert (without.fetch, without.media_hosts) == (None, ())
    hosts = ["images.example.com"]
    named = generic.channel(described({"attachments": {"each": "files", "hosts": hosts}}))
    assert named.fetch is not None
    assert named.media_hosts == ("images.example.com",)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "events", "eventData", "items", "author", "text"]), inner
        )
    ),
    max_leaves=30,
)


FILES = [file for name in NAMES if (file := load_source(SHIPPED, name))]


@settings(deadline=None)
@given(_JSON)
def test_nothing_that_is_json_is_an_error(body: Any) -> None:
    assert len(FILES) == len(NAMES)
    for file in FILES:
        try:
            found = parsed(file, json.dumps(body).encode())
        except Unreadable:
            continue
        assert found
        assert parsed(file, json.dumps(body).encode()) == found


# --- the record --------------------------------------------------------------------------------------


def test_nobody_can_be_answered_through_it(described: Making) -> None:
    channel = generic.channel(described())
    assert (channel.name, channel.label) == ("shop", "Shop")
    assert channel.voice(Visibility.PUBLIC, {}) is channel.voice(Visibility.PRIVATE, {}) is None
    assert channel.hide is None


def test_a_source_without_a_proof_takes_nothing(described: Making) -> None:
    source = generic.source(described())
    with pytest.raises(Rejected):
        source.proof.check({}, b"{}", Connection(name="shop", type="generic"), NOON)


def test_doctor_and_setup_say_what_the_tool_must_send(described: Making) -> None:
    proof = Bearer(option="proof_secret")
    source = generic.source(described(), proof)
    connection = Connection(name="form", type="generic", options={"proof": proof})
    assert source.check is not None
    assert source.setup is not None

    def nothing(request: object) -> Any:
        raise AssertionError("nothing is asked")

    told = drive(source.check(connection), nothing)
    assert [ok for ok, _ in told] == [True, None]
    steps = drive(source.setup(connection, "https://bridge.example.com/hooks/form"), nothing)
    said = "\n".join([*steps, *(text for _, text in told)])
    assert "POST https://bridge.example.com/hooks/form" in said
    assert "Authorization: Bearer <the secret>" in said
    assert "bridge normalise shop" in said


# --- examples in a file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "gives", "told"),
    [
        ({"id": 1, "t": "a"}, {"text": "a"}, []),
        ({"id": 1, "t": "a"}, {"text": "b"}, ["text gives 'a', not 'b'"]),
        ({"id": 1}, {"text": "b"}, ["text gives nothing, not 'b'"]),
        ({"id": 1, "t": "a"}, {"text": None}, ["text gives 'a', not nothing"]),
        ({"t": "a"}, {"text": "a"},
         ["is ignored: broken item: external_id: nothing stands there"]),
        ({"id": 1}, {"ignored": "spam"}, ["ignored gives nothing, not 'spam'"]),
        ([{"id": 1}, {"id": 2}], {"external_id": "1"}, ["gives 2 events, not 1"]),
        ([{"id": 1}, {"id": 2}], [{"external_id": "1"}, {"external_id": "1"}],
         ["event 2: external_id gives '2', not '1'"]),
        ('{"id": 12345678901234567890}', {"external_id": "12345678901234567890"}, []),
        ("{", {"external_id": "1"}, ["the body cannot be read: not JSON at line 1, column 2"]),
        ({"id": 1, "r": 1}, {"extra": {"rating": True}}, ["extra.rating gives '1', not 'True'"]),
        ({"id": 1, "files": ["https://x.example/a"]},
         {"attachments": [{"url": "https://x.example/a"}]}, []),
        ({"id": 1, "files": []}, {"attachments": [{"type": "file"}]},
         ["attachments gives '[]', not '[{'type': 'file'}]'"]),
    ],
)  # fmt: skip
def test_an_example_says_what_differs(
    described: Making, payload: Any, gives: Any, told: list[str]
) -> None:
    file = described(
        {"text": "t", "extra": {"rating": "r"}, "attachments": {"each": "files"}},
        examples=[{"payload": payload, "gives": gives}],
    )
    assert [sentence for _, sentence in generic.failing(file)] == told
