"""What every source promises: whatever a delivery holds is read without an accident.

Over SOURCES × the fixtures in tests/channels/NAME. A new channel has nothing to add here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import described
from support.contract import (
    NOW,
    canary,
    connection,
    parsed,
    payloads,
    shows_a_secret,
)
from support.given import PLATFORMS
from support.odd import JUNK, at, places, put, renamed, spoiled
from support.platforms import recorded

from bridge.channels import SOURCES
from bridge.channels.base import Source
from bridge.core.errors import Rejected, Unreadable
from bridge.core.line import line
from bridge.core.model import Account, Connection, Kind, Message
from bridge.core.signing import HubChallenge
from bridge.core.untrusted import Broken, clean

ALL: dict[str, Source] = {**SOURCES, **described.SOURCES}
FIXTURES = [
    pytest.param(SOURCES[source], fixture["payload"], id=f"{channel}/{name}")
    for source in SOURCES
    for channel in SOURCES[source].channels
    for name, fixture in payloads(channel)
]
FIXTURES += [
    pytest.param(source, payload, id=f"{name}/{place}")
    for name, source in described.SOURCES.items()
    for place, payload in described.payloads(name)
]
every_fixture = pytest.mark.parametrize(("source", "payload"), FIXTURES)
every_source = pytest.mark.parametrize("source", ALL.values(), ids=ALL)


def test_every_channel_has_fixtures_and_every_source_its_entry() -> None:
    bare = [name for one in SOURCES.values() for name in one.channels if not payloads(name)]
    assert not bare, f"no tests/channels/NAME/*.json for {bare}: write the fixtures first"
    unknown = sorted(set(SOURCES) - set(PLATFORMS))
    assert not unknown, f"no entry in PLATFORMS of tests/support/given.py for {unknown}"
    assert all(described.payloads(name) for name in described.SOURCES)


# --- the fixtures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "fixture"),
    [
        pytest.param(source, fixture, id=f"{channel}/{name}")
        for source in SOURCES.values()
        for channel in source.channels
        for name, fixture in payloads(channel)
    ],
)
def test_a_fixture_normalises_as_it_says(source: Source, fixture: dict[str, Any]) -> None:
    found = parsed(source, fixture["payload"])
    assert len(found) == len(fixture["expected"])
    for message, expected in zip(found, fixture["expected"], strict=True):
        got = shown(message)
        wanted = {"broken": False, **expected}
        assert {name: got[name] for name in wanted} == wanted


def shown(message: Message) -> dict[str, Any]:
    """The line of *message* with what a fixture may expect besides."""
    report, renamed = getattr(message, "report", None), getattr(message, "renamed", None)
    return {
        **line(message),
        "answer": dict(message.answer),
        "extra": dict(message.extra),
        "dedupe": message.dedupe,
        "broken": message.extra.get("broken", False),
        "customer_id": message.customer_id,
        "aliases": list(message.aliases),
        "renamed": renamed and list(renamed),
        "report": report
        and {name: getattr(report, name) for name in ("of", "state", "marker", "code", "detail")},
    }


@every_fixture
def test_a_fixture_read_twice_gives_equal_messages(source: Source, payload: Any) -> None:
    first, again = (parsed(source, payload) for _ in range(2))
    assert first == again
    assert len({one.dedupe for one in first}) == len(first)


@every_fixture
def test_a_fixture_sent_again_an_hour_later_is_the_same_event(source: Source, payload: Any) -> None:
    first, again = (
        [one.dedupe for one in parsed(source, payload, received_at=at)]
        for at in (NOW, NOW + timedelta(hours=1))
    )
    assert first == again


@every_fixture
def test_a_fixture_gives_tame_messages(source: Source, payload: Any) -> None:
    for message in parsed(source, payload):
        assert not wrong_with(source, message)
        for where in (ours(source), written_by_us(source, message)):
            known = source.recognise(where, message)
            assert not wrong_with(source, known)
            assert (known.dedupe, known.external_id) == (message.dedupe, message.external_id)


def wrong_with(source: Source, message: Message) -> list[str]:
    """What no message may be, whatever came: one sentence each."""
    author = message.author
    ids = {
        "account_id": message.account_id,
        "external_id": message.external_id,
        "thread_id": message.thread_id,
        "in_reply_to": message.in_reply_to,
        "customer_id": message.customer_id,
        "author": author and author.id,
        **{f"alias {at}": one for at, one in enumerate(message.aliases)},
        **{f"answer {name}": one for name, one in message.answer.items()},
    }
    key = message.conversation.split(":")
    written = json.dumps(shown(message), allow_nan=False, ensure_ascii=False)
    rules = {
        "the channel is none of the source's": message.channel in {source.name, *source.channels},
        "an id is no text, or empty": all(
            one is None or (isinstance(one, str) and one) for one in ids.values()
        ),
        "a part of `answer` is missing": None not in message.answer.values(),
        "the dedupe is no name": isinstance(message.dedupe, str) and bool(message.dedupe.strip()),
        "the key has not four parts": len(key) == 4 and all(key),
        "the key says something else": [unquote(key[at]) for at in (0, 1, 3)]
        == [part or "-" for part in (message.channel, message.account_id, message.person)],
        "the time is not UTC": message.sent_at is None or message.sent_at.utcoffset() == timedelta(0),
        "there are control characters": "\\u00" not in written and clean(written) == written,
        "it is of kind other, and no reason why": message.kind is not Kind.OTHER or bool(message.ignored),
        "it is our own, and not ignored": message.own is not True or bool(message.ignored),
        "it is broken, and not of kind other": "broken" not in message.extra or message.kind is Kind.OTHER,
        "nobody knows whose talk it is": message.kind is not Kind.DM
        or bool(message.person or message.thread_id or message.ignored),
        "it is renamed or reported, and not ignored": not (message.renamed or message.report)
        or bool(message.ignored),
    }  # fmt: skip
    return [f"{told}: {message!r}" for told, fine in rules.items() if not fine]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_what_happens_to_an_event_later_has_its_id_and_another_dedupe(source: Source) -> None:
    """An edit and a removal carry the id of the original; dropped as duplicates they were lost."""
    names: dict[tuple[str, str], dict[str, set[str]]] = {}
    for channel in source.channels:
        for _, fixture in payloads(channel):
            for one in parsed(source, fixture["payload"]):
                if one.external_id and one.kind is not Kind.OTHER:
                    changes = names.setdefault((one.channel, one.external_id), {})
                    changes.setdefault(one.change, set()).add(one.dedupe)
    several = [changes for changes in names.values() if len(changes) > 1]
    assert several, "no fixture shows an edit or removal of what another fixture shows"
    for changes in several:
        every = [name for dedupes in changes.values() for name in dedupes]
        assert len(set(every)) == len(every)


def ours(source: Source) -> Connection:
    given = PLATFORMS.get(source.name)
    return connection(source, given.options if given else {})


def written_by_us(source: Source, message: Message) -> Connection:
    """A connection whose account is called as the author of *message* is."""
    author = message.author
    account = Account(
        channel=message.channel,
        id=message.account_id,
        options={**source.account_options, "username": author and author.username},
    )
    return replace(ours(source), accounts=(account,))


@every_source
def test_a_handshake_is_answered_to_whoever_knows_the_token(source: Source) -> None:
    if source.handshake is None:
        return
    assert isinstance(source.handshake, HubChallenge), "teach this test the new handshake"
    good = {
        "hub.mode": "subscribe",
        "hub.verify_token": canary(source.handshake.option),
        "hub.challenge": "1158201444",
    }
    assert source.handshake.answer(good, ours(source)) == "1158201444"
    bad = [{**good, name: odd} for name in good for odd in ("", "x y", "é", "<script>")]
    for query in ({}, *bad):
        with pytest.raises(Rejected) as refused:
            source.handshake.answer(query, ours(source))
        assert refused.value.status == 403
        assert not shows_a_secret(refused.value)


# --- what is nobody's business -------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload", [{}, [], None, True, 7, 1.5, "hello", {"hello": "world"}, [[]], {"": {}}], ids=repr
)
@every_source
def test_a_payload_nobody_knows_is_ignored_with_a_reason(source: Source, payload: object) -> None:
    for message in parsed(source, payload):
        assert message.ignored
        assert message.kind is Kind.OTHER
        assert not wrong_with(source, message)


@every_fixture
def test_events_of_names_nobody_knows_are_no_ticket(source: Source, payload: Any) -> None:
    """Every key of the payload is renamed."""
    for message in parsed(source, renamed(payload)):
        assert message.ignored
        assert message.kind is Kind.OTHER
        assert not wrong_with(source, message)


@every_fixture
def test_one_key_of_another_name_breaks_nothing(source: Source, payload: Any) -> None:
    for path in places(payload):
        if isinstance(path[-1], str):
            other = copy.deepcopy(payload)
            inside = at(other, path[:-1])
            inside[f"unheard_of_{path[-1]}"] = inside.pop(path[-1])
            found = parsed(source, other)
            assert found
            assert not [told for one in found for told in wrong_with(source, one)], path


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"\x00", b"[" * 100_000, b'{"a":' * 50 + b"1" + b"}" * 50, b'{"a":1,"a":2}',
        b"NaN", b'{"a": Infinity}', b'{"a": 1e999}', b'{"a": ' + b"9" * 5000 + b"}", b'{"a":"\\ud800"}',
        b"<xml/>", b"a=1&b=2",
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
@every_source
def test_a_body_that_cannot_be_read_at_all_is_told_apart(source: Source, body: bytes) -> None:
    with pytest.raises(Unreadable):
        parsed(source, body)


# --- odd shapes --------------------------------------------------------------------------------


def with_known_places() -> Iterator[Any]:
    """Each fixture with the places that a fixture before it has, too."""
    known: dict[str, set[tuple[Any, ...]]] = {}
    for one in FIXTURES:
        source, payload = one.values
        seen = known.setdefault(source.name, set())
        yield pytest.param(source, payload, frozenset(seen), id=one.id)
        seen.update(places(payload))


@pytest.mark.parametrize(("source", "payload", "known"), list(with_known_places()))
def test_no_dropped_or_odd_value_breaks_the_reading(
    source: Source, payload: Any, known: frozenset[tuple[Any, ...]]
) -> None:
    """Every value of the fixture in turn, replaced by every kind of junk."""
    for what, body in spoiled(payload, known):
        found = parsed(source, body)
        assert found, what
        assert not [told for one in found for told in wrong_with(source, one)], what


PAYLOADS = [one.values for one in FIXTURES]
PAYLOADS += [(SOURCES[name], payload) for name, payload in recorded()]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_two_odd_values_break_the_reading(data: st.DataObject) -> None:
    source, payload = data.draw(st.sampled_from(PAYLOADS))
    payload = copy.deepcopy(payload)
    for _ in range(data.draw(st.integers(2, 4))):
        if spots := places(payload):
            junk = data.draw(st.sampled_from(JUNK))
            put(payload, data.draw(st.sampled_from(spots)), junk)
    found = parsed(source, payload)
    assert found
    assert not [told for one in found for told in wrong_with(source, one)]


@every_fixture
def test_control_characters_in_every_text_reach_nobody(source: Source, payload: Any) -> None:
    for path in places(payload):
        if isinstance(at(payload, path), str):
            tricky = copy.deepcopy(payload)
            put(tricky, path, f"\x1b[31m{at(payload, path)}\x00\u202e\x85")
            for message in parsed(source, tricky):
                assert not wrong_with(source, message), path


# --- many at once ------------------------------------------------------------------------------


def typical(source: Source) -> Iterator[Any]:
    """One payload for each kind of words that a source brings, which can stand beside others."""
    seen = set()
    for payload in alone(source):
        found = parsed(source, payload)
        if len(found) != 1 or found[0].ignored:
            continue
        kind = (found[0].channel, found[0].kind, found[0].change)
        if kind not in seen:
            seen.add(kind)
            yield pytest.param(source, payload, id="-".join(kind))


def alone(source: Source) -> list[Any]:
    if source.name in described.SOURCES:
        return [described.together(source.name, [one]) for one in described.events(source.name)]
    return [fixture["payload"] for channel in source.channels for _, fixture in payloads(channel)]


def together(source: Source, several: Sequence[Any]) -> Any:
    """*several* payloads of one event each, in one delivery."""
    if source.name in described.SOURCES:
        path = described.FILES[source.name].events
        listed = [one for payload in several for one in (path.of(payload) if path else payload)]
        return described.together(source.name, listed)
    put_together = PLATFORMS[source.name].together
    assert put_together is not None
    return put_together(several)


TYPICAL = [
    one
    for name, source in ALL.items()
    if name in described.SOURCES or (name in PLATFORMS and PLATFORMS[name].together)
    for one in typical(source)
]


@pytest.mark.parametrize(("source", "payload"), TYPICAL)
def test_a_thousand_in_one_delivery_are_all_read(source: Source, payload: Any) -> None:
    (one,) = parsed(source, payload)
    assert parsed(source, together(source, [payload] * 1000)) == [one] * 1000


@pytest.mark.parametrize(("source", "payload"), TYPICAL)
def test_a_broken_one_spoils_none_of_its_neighbours(source: Source, payload: Any) -> None:
    (one,) = parsed(source, payload)
    for path in places(payload):
        broken = copy.deepcopy(payload)
        put(broken, path, {"odd": [1]})
        try:
            body = together(source, [payload, broken, payload])
        except (TypeError, KeyError, Broken):
            continue  # what holds the entries is broken: there is nothing to put together
        found = parsed(source, body)
        assert found[0] == found[-1] == one
