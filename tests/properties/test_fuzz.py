"""Real payloads and real answers, spoiled at random: a verdict comes of it, never an accident.

The suite tries a few hundred of a fixed seed; `make fuzz N=100000 SEED=7` tries as many as one likes, and
prints the seed and the number of whatever fails: the same two make the same payload again.
"""

from __future__ import annotations

import json
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from support import described
from support.contract import NOW, SHARED, Other, answer, parsed, payloads, recorded, table
from support.desks import VERBS, Verb
from support.fuzz import spoiled
from support.given import DESKS, PLATFORMS
from support.many import many
from support.platforms import recorded as recorded_payloads
from support.verdicts import STATUSES
from support.voices import Case, cases
from support.whole import Whole, crashes

from bridge.channels import SOURCES
from bridge.channels.base import Source
from bridge.core.calls import HttpRequest, HttpResponse, drive
from bridge.core.errors import BridgeError, Unreadable
from bridge.core.facts import view
from bridge.core.line import line
from bridge.core.model import Delivery, Ticket
from bridge.core.stored import message_in, message_out, update_in, update_out
from bridge.core.ticket import Case as Words
from bridge.core.ticket import note, subject, words
from bridge.core.untrusted import clean
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

N = int(os.environ.get("FUZZ") or 0)
SEED = os.environ.get("SEED") or "1"
MOST = 5  # kinds of failures that are told

PAYLOADS: list[tuple[Source, Any]] = [
    *(
        (source, fixture["payload"])
        for source in SOURCES.values()
        for channel in source.channels
        for _, fixture in payloads(channel)
    ),
    *((source, body) for name, source in described.SOURCES.items() for _, body in described.payloads(name)),
    *((SOURCES[name], body) for name, body in recorded_payloads()),
]  # fmt: skip
EVENTS: list[tuple[Helpdesk, dict[str, Any]]] = [
    (HELPDESKS[name], row) for name in HELPDESKS for row in table(name, "events")
]
ANSWERS: dict[str, list[Any]] = {
    name: [
        *(one.get("body") for row in table(name, "answers") for one in row["answers"]),
        *(body for _, body in recorded(name)),
    ]
    for name in HELPDESKS
}
GRAPH = [
    json.loads(path.read_text())
    for path in sorted((SHARED / "payloads" / "meta_api_responses").glob("*.json"))
]
CASES = list(cases())


def fuzz(what: str, share: int, one: Callable[[random.Random], str]) -> None:
    """Do *one* so many times, each with its own dice; tell what came of it, and fail with the failures."""
    came: Counter[str] = Counter()
    failed: dict[str, str] = {}
    for number in range(N or share):
        try:
            came[one(random.Random(f"{SEED} {what} {number}"))] += 1
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
            told = "".join(traceback.format_exception(error)[-6:])
            failed.setdefault(name, f"SEED={SEED}, number {number}: {told}")
            if len(failed) >= MOST:
                break
    print(f"{what}: {dict(came.most_common())}, seed {SEED}")
    assert not failed, "\n\n".join(failed.values())


# --- webhooks ------------------------------------------------------------------------------------------


def test_a_spoiled_payload_is_events_or_refused() -> None:
    others = [body for _, body in PAYLOADS]

    def one(rng: random.Random) -> str:
        source, payload = rng.choice(PAYLOADS)
        body = spoiled(rng, payload, others)
        try:
            found = parsed(source, body)
        except Unreadable:
            return "refused"
        assert parsed(source, body) == found, body
        for message in found:
            stored = json.loads(json.dumps(message_out(message), allow_nan=False))
            again = message_in(stored)
            assert message_out(again) == stored, body
            written = json.dumps(line(again), ensure_ascii=False)
            assert clean(written) == written, body
            view(again)
            told = Words(channel="Facebook", conversation=again.conversation, messages=(again,))
            shown = words(told), note(told)
            assert clean("".join(shown)) == "".join(shown)
            assert len(subject(told)) <= 150
            assert max(map(len, shown)) < 65_536
        return "ignored" if all(message.ignored for message in found) else "events"

    fuzz("webhooks of platforms", 700, one)


def _words(value: Any) -> set[str]:
    """The keys in *value*, and the short texts: what readers look for."""
    if isinstance(value, dict):
        return set(value).union(*map(_words, value.values()))
    if isinstance(value, list):
        return set().union(*map(_words, value))
    return {value} if isinstance(value, str) and len(value) < 24 else set()


KNOWN = sorted(_words([body for _, body in PAYLOADS] + [row["body"] for _, row in EVENTS]))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)  # fmt: skip
JSON = st.recursive(
    LEAVES | st.sampled_from(KNOWN),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KNOWN), inner, max_size=5)
    ),
    max_leaves=30,
)
READERS = [*SOURCES.values(), *described.SOURCES.values(), *HELPDESKS.values()]


@pytest.mark.parametrize("reader", READERS, ids=[one.name for one in READERS])
@many(40)
@given(value=JSON)
def test_any_json_of_known_words_is_read_or_refused(reader: Any, value: Any) -> None:
    entry = {"id": "1", "time": 1, "changes": [value], "messaging": [value]}
    for body in (value, {"object": "page", "entry": [entry, value]}, {"message": value}):
        raw = json.dumps(body).encode()
        try:
            found = reader.parse(Delivery(connection="our", source=reader.name, body=raw))
        except Unreadable:
            continue
        assert all(one.dedupe for one in found)


def test_a_spoiled_event_of_a_helpdesk_is_updates_or_refused() -> None:
    others = [row["body"] for _, row in EVENTS]

    def one(rng: random.Random) -> str:
        desk, row = rng.choice(EVENTS)
        delivery = Delivery(
            connection="our", source=desk.name, headers=row.get("headers", {}), received_at=NOW,
            body=spoiled(rng, row["body"], others),
        )  # fmt: skip
        try:
            found = desk.parse(delivery)
        except Unreadable:
            return "refused"
        for update in found:
            stored = json.loads(json.dumps(update_out(update), allow_nan=False))
            assert update_out(update_in(stored)) == stored, delivery.body
            assert update.ticket_id or update.ignored
        return "ignored" if all(update.ignored for update in found) else "updates"

    fuzz("webhooks of helpdesks", 1000, one)


# --- answers -------------------------------------------------------------------------------------------


def odd_answer(rng: random.Random, right: Any, others: list[Any]) -> HttpResponse:
    """What may come instead of *right*: it spoiled, something that was recorded elsewhere, a refusal."""
    status = rng.choice((200, 200, 201, rng.choice(STATUSES)))
    wait = rng.choice(("", "37", "-1", "nan", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"))
    known = right if rng.random() < 0.7 else rng.choice([*others, right])
    known = {} if isinstance(known, HttpResponse | bytes) else known
    return answer(spoiled(rng, known, [*others, right]), status, {"retry-after": wait})


def verdict(error: BridgeError) -> str:
    """What kind of verdict *error* is; it must be one that people can read."""
    assert error.code
    assert 0 < len(error.detail) < 2000
    return type(error).__name__


class Spoiler(Other):
    """Plays the other side, and spoils one answer in two."""

    def __init__(self, rng: random.Random, yes: Any, others: list[Any]) -> None:
        super().__init__(yes)
        self._rng, self._others = rng, others

    def __call__(self, request: HttpRequest) -> HttpResponse:
        assert len(self.asked) < 500, "it asks and asks"
        right = super().__call__(request)
        if self._rng.random() < 0.5:
            return right
        return odd_answer(self._rng, self.yes(request), self._others)


def test_a_spoiled_answer_of_a_helpdesk_is_a_result_or_a_verdict() -> None:
    def one(rng: random.Random) -> str:
        verb: Verb = rng.choice(VERBS)
        name = verb.desk.name
        try:
            result = drive(verb.start(), Spoiler(rng, DESKS[name].yes, ANSWERS[name]))
        except BridgeError as error:
            return verdict(error)
        if verb.name.startswith(("create", "update", "read")):
            assert isinstance(result, Ticket)
            assert isinstance(result.id, str)
        return "result"

    fuzz("answers of helpdesks", 1500, one)


def test_a_spoiled_answer_of_a_platform_is_a_result_or_a_verdict() -> None:
    def one(rng: random.Random) -> str:
        case: Case = rng.choice(CASES)
        yes = PLATFORMS[case.source.name].yes
        try:
            result = drive(case.calls(), Spoiler(rng, yes, GRAPH or [{"error": {"code": 1}}]))
        except BridgeError as error:
            return verdict(error)
        if case.verb.startswith(("public", "private", "template")):
            assert isinstance(result, str)
        return "result"

    fuzz("answers of platforms", 1500, one)


# --- the whole way -------------------------------------------------------------------------------------


def test_what_is_spoiled_goes_the_whole_way_without_a_crash(
    client: redis.Redis, tmp_path: Path
) -> None:
    """From the kept delivery to the last answer of helpdesk and platform, all of them spoiled."""
    dice = random.Random(SEED)
    everything = [body for _, body in PAYLOADS] + [row["body"] for _, row in EVENTS]

    def answers(request: HttpRequest, right: Any) -> HttpResponse:
        if dice.random() < 0.85:
            return answer(right)
        return odd_answer(dice, right, GRAPH or [{}])

    whole = Whole(client, tmp_path, answers)
    with crashes() as crashed:

        def one(rng: random.Random) -> str:
            nonlocal dice
            dice = rng
            if rng.random() < 0.6:
                source, payload = rng.choice(PAYLOADS)
                name, headers = source.name, {}
            else:
                desk, row = rng.choice(EVENTS)
                name, headers, payload = desk.name, row.get("headers", {}), _of_ours(row)
            body = spoiled(rng, payload, everything) if rng.random() < 0.6 else _plain(payload)
            if rng.random() < 0.01:
                balanced(whole)
                client.flushdb()  # or every lane there ever was is worked again and again
            whole.comes(name, headers, body)
            whole.works(rng.choice((1, 2, 4)))
            if crashed:
                _, error, _ = crashed.pop().exc_info or (None, None, None)
                crashed.clear()
                raise error or AssertionError("a crash without its reason")
            return name

        fuzz("the whole way", 250, one)
    balanced(whole)


def balanced(whole: Whole) -> None:
    """The books add up, and nobody died of a mistake of ours."""
    assert not [why for why in whole.dead() if "crashed" in why or "reading it failed" in why]
    for row in whole.bridge.store.books().values():
        parts = ("done", "ignored", "parked", "dead", "in_progress")
        assert row["received"] == sum(row[part] for part in parts)


def _plain(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def _of_ours(row: dict[str, Any]) -> Any:
    """The event's body as if it were about the ticket that the played helpdesks have."""
    ticket = (row["expected"] or {}).get("ticket_id")
    return json.loads(json.dumps(row["body"]).replace(str(ticket), "7")) if ticket else row["body"]
