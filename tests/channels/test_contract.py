"""What every source promises, over all fixtures."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.platforms import CONNECTIONS, NOW, SECRETS, SOURCE_OF, fixtures, proof, recorded

from bridge.channels import CHANNELS, SOURCES
from bridge.core.errors import Rejected
from bridge.core.line import line
from bridge.core.model import Account, Connection, Delivery, Kind, Message, Secret

ALL = list(fixtures())
BODY = b'{"object": "page", "entry": [], "text": "za\\u017c\\u00f3\\u0142\\u0107"}'


def parsed(source: str, payload: object) -> list[Message]:
    body = json.dumps(payload).encode()
    return SOURCES[source].parse(
        Delivery(connection=source, source=source, body=body, received_at=NOW)
    )


@pytest.mark.parametrize(
    ("channel", "fixture"), [pytest.param(c, f, id=f"{c}/{n}") for c, n, f in ALL]
)
class TestEveryFixture:
    def test_normalises_as_it_says(self, channel: str, fixture: dict[str, Any]) -> None:
        found = parsed(SOURCE_OF[channel], fixture["payload"])
        assert len(found) == len(fixture["expected"])
        for message, expected in zip(found, fixture["expected"], strict=True):
            got = {
                **line(message),
                "answer": dict(message.answer),
                "extra": dict(message.extra),
                "dedupe": message.dedupe,
                "broken": message.extra.get("broken", False),
            }
            wanted = {"broken": False, **expected}
            assert {name: got[name] for name in wanted} == wanted

    def test_parses_twice_to_equal_messages(self, channel: str, fixture: dict[str, Any]) -> None:
        source = SOURCE_OF[channel]
        first, again = (parsed(source, fixture["payload"]) for _ in range(2))
        assert first == again
        assert len({one.dedupe for one in first}) == len(first)

    def test_of_kind_other_says_why_it_is_ignored(
        self, channel: str, fixture: dict[str, Any]
    ) -> None:
        for message in parsed(SOURCE_OF[channel], fixture["payload"]):
            assert message.kind is not Kind.OTHER or message.ignored


def test_an_event_and_what_happened_to_it_later_differ_in_dedupe_but_not_in_id() -> None:
    """An edit and a removal carry the id of the original; dropped as duplicates they were lost."""
    by_id: dict[tuple[str, str], dict[str, str]] = {}
    for channel, name, fixture in ALL:
        for message in parsed(SOURCE_OF[channel], fixture["payload"]):
            if message.external_id and message.kind is not Kind.OTHER:
                key = (message.channel, message.external_id)
                by_id.setdefault(key, {})[f"{name}:{message.change}"] = message.dedupe
    comment = by_id["facebook", "2000_3001"]
    changes = ["comment:created", "comment-edited:edited", "comment-removed-by-customer:deleted"]
    assert len({comment[change] for change in changes}) == 3
    message = by_id["messenger", "m_a"]
    assert (
        len({message[f"{one}"] for one in ("text:created", "edited:edited", "deleted:deleted")})
        == 3
    )


# --- proofs ------------------------------------------------------------------------------------


def check(source: str, headers: dict[str, str], body: bytes, connection: Connection) -> None:
    SOURCES[source].proof.check(headers, body, connection, NOW)


@pytest.mark.parametrize("source", SOURCES)
class TestEveryProof:
    def test_passes_with_the_right_secret(self, source: str) -> None:
        check(source, proof(source, BODY), BODY, CONNECTIONS[source]())

    def test_fails_with_another_secret(self, source: str) -> None:
        headers = proof(source, BODY, secret="somebody-elses")
        with pytest.raises(Rejected) as refused:
            check(source, headers, BODY, CONNECTIONS[source]())
        assert refused.value.status == 401

    @pytest.mark.parametrize("given", [None, "", " ", "sha256=", "é", "\ud800", "0" * 8192, "a,b"])
    def test_fails_with_a_missing_or_odd_header(self, source: str, given: str | None) -> None:
        (header,) = proof(source, BODY)
        with pytest.raises(Rejected):
            check(source, {} if given is None else {header: given}, BODY, CONNECTIONS[source]())

    def test_fails_while_no_secret_is_configured(self, source: str) -> None:
        connection = replace(CONNECTIONS[source](), options={})
        for body in (BODY, b""):
            with pytest.raises(Rejected):
                check(source, proof(source, body, secret=""), body, connection)

    def test_names_no_secret_in_its_refusal(self, source: str) -> None:
        with pytest.raises(Rejected) as refused:
            check(source, proof(source, BODY, secret="wrong"), BODY, CONNECTIONS[source]())
        assert not [one for one in SECRETS.values() if one in str(refused.value)]


def test_meta_accepts_both_secrets_while_they_rotate_and_no_third() -> None:
    for secret in ("app", "old"):
        check("meta", proof("meta", BODY, secret=SECRETS[secret]), BODY, CONNECTIONS["meta"]())
    rotated = CONNECTIONS["meta"](app_secrets=(Secret(SECRETS["app"]),))
    with pytest.raises(Rejected):
        check("meta", proof("meta", BODY, secret=SECRETS["old"]), BODY, rotated)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_meta_refuses_a_body_with_one_byte_changed(at: int, flip: int) -> None:
    changed = BODY[:at] + bytes([BODY[at] ^ flip]) + BODY[at + 1 :]
    with pytest.raises(Rejected):
        check("meta", proof("meta", BODY), changed, CONNECTIONS["meta"]())


# --- odd shapes --------------------------------------------------------------------------------

JUNK: list[object] = [
    None, True, 0, -1, 1.5, 10**60, "", "x", "\x00", "9" * 600, [], {}, [[]], [None, 1], {"id": {}},
]  # fmt: skip


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside *value*."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    found = [path] if path else []
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def changed(payload: Any, path: tuple[Any, ...], put: list[object]) -> object:
    """A copy of *payload* with the value at *path* dropped, or replaced by what *put* holds."""
    copy = json.loads(json.dumps(payload))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    if put:
        inside[path[-1]] = put[0]
    else:
        del inside[path[-1]]
    return copy


NESTED = [(SOURCE_OF[channel], f["payload"]) for channel, _, f in ALL if places(f["payload"])]
NESTED += recorded()


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_dropped_or_odd_field_breaks_the_reading(data: st.DataObject) -> None:
    source, payload = data.draw(st.sampled_from(NESTED))
    for _ in range(data.draw(st.integers(1, 3))):
        spots = places(payload)
        if not spots:
            break
        put = data.draw(st.sampled_from([[], *([one] for one in JUNK)]))
        payload = changed(payload, data.draw(st.sampled_from(spots)), put)
    found = parsed(source, payload)
    assert found
    for message in found:
        written = json.dumps({**line(message), "extra": dict(message.extra)}, allow_nan=False)
        assert "\n" not in written
        assert all(isinstance(part, str) and part for part in message.answer.values())
        assert message.kind is not Kind.OTHER or message.ignored
        written.encode()


# --- the records -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_says_how_people_call_it_and_how_it_speaks(name: str) -> None:
    channel = CHANNELS[name]
    assert channel.name == name
    assert channel.label
    voices = [channel.public, channel.private, *channel.special.values()]
    assert any(voices)
    for voice in filter(None, voices):
        assert voice.capabilities.max_length > 0
    if channel.private_channel:
        assert channel.private_channel in CHANNELS


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_names_its_secrets_and_shows_none(name: str) -> None:
    connection = CONNECTIONS[name]()
    assert set(connection.options) <= {*SOURCES[name].secrets, *SOURCES[name].options}
    shown = repr(connection) + repr(Account(channel="x", token=Secret(SECRETS["page"])))
    assert not [one for one in SECRETS.values() if one in shown]
