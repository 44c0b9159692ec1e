"""What every helpdesk promises: what each answer means, what is never said twice, what stays hidden.

Over HELPDESKS × their verbs × answers: every status, answers that cannot be read, those in
tests/helpdesks/NAME/answers.json and those recorded beside this repository. Webhooks come from
tests/helpdesks/NAME/events.json. A new helpdesk adds these two files and an entry in tests/support/given.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from datetime import timedelta
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.contract import (
    NOW,
    TESTS,
    Other,
    Outcome,
    answer,
    answers_spoiled,
    canary,
    outcomes,
    recorded,
    shows_a_secret,
    table,
)
from support.desks import DRAFT, VERBS, Verb, verbs, where
from support.given import DESKS
from support.odd import renamed, spoiled
from support.verdicts import STATUSES, fits

from bridge.core import errors
from bridge.core.calls import HttpRequest, drive
from bridge.core.errors import Ambiguous, AuthError, BridgeError, PermanentError, Unreadable
from bridge.core.model import (
    Delivery,
    Ticket,
    TicketUpdate,
)
from bridge.core.untrusted import clean
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

every_desk = pytest.mark.parametrize("desk", HELPDESKS.values(), ids=HELPDESKS)


@pytest.mark.parametrize("name", HELPDESKS)
def test_every_helpdesk_has_its_entry_and_its_fixtures(name: str) -> None:
    assert name in DESKS, f"no entry in DESKS of tests/support/given.py for {name}"
    for file in ("events", "answers"):
        assert table(name, file), f"no tests/helpdesks/{name}/{file}.json: write the fixtures first"


# --- verbs -------------------------------------------------------------------------------------

every_verb = pytest.mark.parametrize(
    "verb", VERBS, ids=[f"{verb.desk.name}/{verb.name}" for verb in VERBS]
)


def played(verb: Verb) -> tuple[Any, list[HttpRequest]]:
    """The result and what was asked for it, while the helpdesk says yes."""
    other = Other(DESKS[verb.desk.name].yes)
    return drive(verb.start(), other), other.asked


def refused(verb: Verb, status: int, body: Any) -> Iterator[Outcome]:
    no = answer(body, status, {"retry-after": "37"})
    return outcomes(verb.start, DESKS[verb.desk.name].yes, no)


# --- requests ----------------------------------------------------------------------------------


@every_verb
def test_a_yes_is_a_success(verb: Verb) -> None:
    result, asked = played(verb)
    assert asked
    tickets = {"create", "update", "update with a note", "read"}
    if verb.name in tickets:
        assert isinstance(result, Ticket)
        assert isinstance(result.id, str)
    if verb.name.startswith("find"):
        assert [ticket.stamp for ticket in result] == [DRAFT.stamp]
    if verb.name == "comments":
        assert result
        assert all(isinstance(one.id, str) for one in result)


@every_verb
def test_requests_say_what_they_are(verb: Verb) -> None:
    given = DESKS[verb.desk.name]
    for request in played(verb)[1]:
        assert urlsplit(request.url).netloc == urlsplit(given.options["url"]).netloc
        assert not {name.lower() for name in request.headers} & {"authorization", "cookie"}
        assert not shows_a_secret(repr(request), request.url, request.shown, request.params)
        assert request.budget or verb.name == "token"
        assert {name.split(":")[0] for name in request.budget} <= {*verb.desk.limits}
        assert request.write is (request.method != "GET") or verb.name == "token"
        assert 0 < request.deadline <= 30


@every_verb
def test_a_write_is_sent_again_only_where_the_second_changes_nothing(verb: Verb) -> None:
    given = DESKS[verb.desk.name]
    for request in played(verb)[1]:
        if not request.write:
            assert request.repeatable
        elif verb.name == "create":
            keyed = "the-key" in request.headers.values() and bool(verb.desk.create_once)
            assert request.repeatable is keyed
        else:
            named = f"{request.method} {verb.name.split()[0]}"
            assert request.repeatable is (named in given.repeatable), named


@every_desk
def test_an_id_from_outside_stays_in_its_place_of_the_address(desk: Helpdesk) -> None:
    nasty = "7/../8?x=1#y%2e&é \r\n:\\"
    plain, odd = verbs(desk), verbs(desk, nasty, nasty)
    for name in plain.keys() - {"fetch"}:
        for good, bad in zip(asked(plain[name]), asked(odd[name]), strict=False):
            parts = urlsplit(bad.url)
            assert bad.url.isascii()
            assert bad.url.isprintable()
            assert (parts.query, parts.fragment) == ("", "")
            assert ".." not in parts.path.split("/")
            assert parts.path.count("/") == urlsplit(good.url).path.count("/"), bad.url


def asked(verb: Verb) -> list[HttpRequest]:
    other = Other(DESKS[verb.desk.name].yes)
    with suppress(BridgeError):  # it has asked what it asked
        drive(verb.start(), other)
    return other.asked


# --- refusals ----------------------------------------------------------------------------------

NOTHING_SAID = [b"", b"<html>oops</html>", b"{}", b"[]", b"null", b'"x"', b"7", b"\xff", b'{"a": [']


@every_verb
def test_every_status_has_its_verdict(verb: Verb) -> None:
    for status, body in product(STATUSES, NOTHING_SAID):
        for outcome in refused(verb, status, body):
            alone = verb.name in ("token", "whoami")
            assert fits(outcome, status, credentials=alone), (status, body, outcome)


@every_verb
def test_no_refusal_repeats_our_secrets_or_a_page(verb: Verb) -> None:
    secrets = [canary(name, age) for name in verb.desk.secrets for age in ("current", "old")]
    rows = [{"field": one, "message": one, "code": one} for one in secrets]
    loud = {
        "error": secrets,
        "description": " ".join(secrets),
        "details": {"x": rows},
        "errors": rows,
    }
    for status in STATUSES:
        for body in (loud, b"<html>" + b"oops " * 5000, json.dumps(loud).encode() * 20):
            for outcome in refused(verb, status, body):
                assert not shows_a_secret(outcome.shown)
                assert "<html>" not in outcome.shown
                assert len(getattr(outcome.error, "detail", "")) < 700


@every_verb
def test_a_missing_ticket_is_told_from_a_missing_helpdesk(verb: Verb) -> None:
    for outcome in refused(verb, 404, b""):
        error = outcome.error
        if outcome.first and verb.of_a_ticket and error is not None:
            assert isinstance(error, PermanentError)
            # A helpdesk with an archive has been told meanwhile that the ticket lies there.
            archived = verb.desk.name == "freshdesk" and verb.name.startswith("update")
            said = ("ticket_closed", False) if archived else ("ticket_deleted", True)
            assert (error.code, error.gone) == said
        elif verb.name == "create":
            assert not getattr(error, "gone", False), "nothing was there to be gone"


@every_verb
def test_one_forbidden_ticket_does_not_park_the_connection_but_a_missing_right_does(
    verb: Verb,
) -> None:
    for outcome in refused(verb, 403, b""):
        if outcome.first and verb.name != "fetch":
            assert isinstance(outcome.error, AuthError) is not verb.of_a_ticket


@every_verb
def test_a_success_that_cannot_be_read_is_no_success(verb: Verb) -> None:
    said_all = (
        "fetch",
        "add_tags",
        "urge",
        "move",
    )  # a file may be anything, and of tags nothing need be told
    for body in NOTHING_SAID if verb.name not in said_all else ():
        for outcome in refused(verb, 200, body):
            nothing_there = body == b"[]" and not outcome.request.write
            if outcome.request.write:
                assert isinstance(outcome.error, Ambiguous), (body, outcome)
            elif outcome.first and not nothing_there:
                assert isinstance(outcome.error, BridgeError), (body, outcome)


@every_verb
def test_no_odd_value_in_an_answer_is_more_than_a_verdict(verb: Verb) -> None:
    for what, outcome in answers_spoiled(verb.start, DESKS[verb.desk.name].yes):
        assert outcome is None or outcome.error is None or outcome.error.code, what


# --- answers as they come -----------------------------------------------------------------------

ANSWERS = [
    pytest.param(HELPDESKS[name], row, id=f"{name}/{row['verb']}/{row['idea']}")
    for name in HELPDESKS
    for row in table(name, "answers")
]


@pytest.mark.parametrize(("desk", "row"), ANSWERS)
def test_an_answer_means(desk: Helpdesk, row: dict[str, Any]) -> None:
    """A row: idea, verb, answers (status, headers, body) in turn, and what it `gives` or `raises`."""
    waiting = [answer(one.get("body"), one.get("status", 200), one.get("headers")) for one in row["answers"]]  # fmt: skip
    calls = verbs(desk)[row["verb"]].start()
    if "raises" in row:
        verdict, _, code = row["raises"].partition(" ")
        with pytest.raises(getattr(errors, verdict)) as raised:
            drive(calls, lambda request: waiting.pop(0))
        assert type(raised.value).__name__ == verdict
        assert not code or raised.value.code == code
    else:
        assert (
            fitted(plain(drive(calls, lambda request: waiting.pop(0))), row["gives"])
            == row["gives"]
        )
    assert not waiting, "not all answers were asked for"


@pytest.mark.parametrize("name", HELPDESKS)
def test_every_verb_has_an_answer_in_the_fixtures(name: str) -> None:
    told = {row["verb"] for row in table(name, "answers")}
    owed = {verb.name for verb in VERBS if verb.desk.name == name}
    owed -= {"update with a note", "find of nobody", "fetch"}
    assert owed <= told, f"tests/helpdesks/{name}/answers.json has no {owed - told}"


def plain(value: Any) -> Any:
    """A result as JSON would show it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(inner) for name, inner in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value


def fitted(got: Any, wanted: Any) -> Any:
    """*got* with only the keys that *wanted* speaks of."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        return {name: fitted(got.get(name), wanted[name]) for name in wanted}
    if isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
        return [fitted(*pair) for pair in zip(got, wanted, strict=True)]
    return got


RECORDED = [
    pytest.param(name, place, body, id=f"{place}")
    for name in HELPDESKS
    for place, body in recorded(name)
]


@pytest.mark.skipif(not RECORDED, reason="the recorded answers are not here")
@pytest.mark.parametrize(("name", "place", "body"), RECORDED)
def test_a_recorded_answer_to_anything_is_a_result_or_a_verdict(
    name: str, place: str, body: Any
) -> None:
    for verb in VERBS:
        if verb.desk.name == name:
            for status in (200, 400, 404, 422):
                for outcome in refused(verb, status, body):
                    fine = outcome.error is None or outcome.error.code
                    assert fine, (place, outcome)
                    assert status == 200 or outcome.error or not outcome.request.write


# --- webhooks ----------------------------------------------------------------------------------

EVENTS = [
    pytest.param(HELPDESKS[name], row, id=f"{name}/{row['idea']}")
    for name in HELPDESKS
    for row in table(name, "events")
]
every_event = pytest.mark.parametrize(("desk", "row"), EVENTS)


def parsed(desk: Helpdesk, row: dict[str, Any], body: Any = ..., **more: Any) -> list[TicketUpdate]:
    given = row["body"] if body is ... else body
    raw = given if isinstance(given, bytes) else json.dumps(given).encode()
    told = {"headers": row.get("headers", {}), "received_at": NOW, **more}
    return desk.parse(Delivery(connection="our", source=desk.name, body=raw, **told))


def wrong_with(update: TicketUpdate) -> list[str]:
    """What no update may be, whatever came."""
    comment = update.comment
    ids = (update.ticket_id, update.actor_id, update.merged_into, comment and comment.author_id)
    times = (update.at, comment and comment.created_at)
    rules = {
        "an id is no text, or empty": all(one is None or (isinstance(one, str) and one) for one in ids),
        "the dedupe is no name": isinstance(update.dedupe, str) and update.dedupe.strip(),
        "the stamp is no text": update.stamp is None or isinstance(update.stamp, str),
        "a time is not UTC": all(at is None or at.utcoffset() == timedelta(0) for at in times),
        "it is about no ticket, and not ignored": update.ticket_id or update.ignored,
        "it is ignored, and a hint": not (update.ignored and update.hint),
        "the reason holds what a stranger wrote": clean(update.ignored or "") == (update.ignored or ""),
        "a comment has no name or text": comment is None
        or (isinstance(comment.id, str) and comment.id and isinstance(comment.text, str)),
        "a tag is no text": all(isinstance(one, str) for one in (*update.tags, *update.tags_added)),
    }  # fmt: skip
    return [f"{told}: {update!r}" for told, fine in rules.items() if not fine]


@every_event
class TestEveryEvent:
    def test_means_what_it_says(self, desk: Helpdesk, row: dict[str, Any]) -> None:
        (update,) = parsed(desk, row)
        assert fitted(plain(update), row["expected"]) == row["expected"]

    def test_is_tame_and_the_same_when_read_twice(
        self, desk: Helpdesk, row: dict[str, Any]
    ) -> None:
        first = parsed(desk, row)
        assert first == parsed(desk, row)
        assert not [told for update in first for told in wrong_with(update)]

    def test_of_names_nobody_knows_is_ignored(self, desk: Helpdesk, row: dict[str, Any]) -> None:
        if isinstance(row["body"], dict):
            assert all(one.ignored for one in parsed(desk, row, renamed(row["body"])))

    def test_is_not_broken_by_dropped_or_odd_values(
        self, desk: Helpdesk, row: dict[str, Any]
    ) -> None:
        for what, body in spoiled(row["body"]):
            wrong = [told for one in parsed(desk, row, body) for told in wrong_with(one)]
            assert not wrong, what


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"x"', b"null", b"\xff", b"[" * 100_000, b'{"a":1,"a":2}', b"NaN"],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
@every_desk
def test_an_unreadable_body_is_told_apart(desk: Helpdesk, body: bytes) -> None:
    with pytest.raises(Unreadable):
        desk.parse(Delivery(connection="our", source=desk.name, body=body))


@every_desk
def test_an_empty_body_is_nobodys_ticket(desk: Helpdesk) -> None:
    with suppress(Unreadable):
        assert all(update.ignored for update in parsed(desk, {}, b""))


@pytest.mark.parametrize(
    "body",
    [{}, {"say": "hello"}, {"ticket_id": ["x"]}, {"ticket_id": "../users"}, {"ticket_id": True},
     {"ticket_id": "0"}, {"ticket_id": ""}, {"type": 5}],
    ids=json.dumps,
)  # fmt: skip
@every_desk
def test_what_concerns_nobody_is_ignored_with_a_reason(desk: Helpdesk, body: Any) -> None:
    for update in parsed(desk, {"body": body}):
        assert update.ignored
        assert not update.hint


# --- the record --------------------------------------------------------------------------------


@every_desk
def test_every_option_stands_on_the_helpdesks_page(desk: Helpdesk) -> None:
    page = (TESTS.parent / "docs" / "helpdesks" / f"{desk.name}.md").read_text("utf-8")
    assert [name for name in (*desk.secrets, *desk.options) if f"`{name}`" not in page] == []


@every_desk
def test_authorisation_is_made_of_secrets_and_shown_by_nobody(desk: Helpdesk) -> None:
    ours = where(desk)
    assert not shows_a_secret(repr(ours), *desk.warnings(ours))
    headers = desk.authorise(ours)
    assert headers is None or {name.lower() for name in headers} == {"authorization"}


@pytest.mark.parametrize("helpdesk", HELPDESKS.values(), ids=lambda one: one.name)
def test_the_operators_own_limit_is_a_number_and_none_leaves_the_plans(helpdesk: Helpdesk) -> None:
    """An option is read as the type of its default: a number in the file must be one here."""
    default = helpdesk.options["requests_per_minute"]
    assert type(default) is int
    for budget in helpdesk.limits:
        assert helpdesk.limit({"requests_per_minute": default}, budget) == helpdesk.limit(
            {}, budget
        )
