"""What every channel promises when it speaks: to whom it goes, what a refusal means, what stays hidden.

Over CHANNELS × their verbs × the messages in tests/channels/NAME that one can answer; the platform is
played by the entry in tests/support/given.py. A new channel has nothing to add here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.contract import (
    SHARED,
    Other,
    Outcome,
    answer,
    answers_spoiled,
    canary,
    outcomes,
    said,
    shows_a_secret,
)
from support.given import PLATFORMS
from support.verdicts import STATUSES, fits
from support.voices import WORDS, Case, cases, played

from bridge.channels import CHANNELS
from bridge.core.calls import drive
from bridge.core.compose import MEASURES, fit
from bridge.core.errors import Ambiguous, AuthError, BridgeError, Unsupported
from bridge.core.model import NO_SECRET, Visibility

CASES = list(cases())
every_case = pytest.mark.parametrize("case", CASES, ids=[case.idea for case in CASES])


@pytest.mark.parametrize("name", CHANNELS)
def test_every_verb_of_a_channel_is_tried_on_some_fixture(name: str) -> None:
    channel = CHANNELS[name]
    tried = {case.verb for case in CASES if case.channel is channel}
    owed = {
        "public": channel.public,
        "private": channel.private,
        "look public": channel.public and channel.public.look,
        "look private": channel.private and channel.private.look,
        "template": channel.template,
        "hide": channel.hide,
        "delete": channel.delete,
        "describe": channel.describe,
        "fetch": channel.fetch,
    }
    missing = {verb for verb, there in owed.items() if there} - tried
    assert not missing, f"no fixture in tests/channels/{name} is one to {missing}"


# --- requests ----------------------------------------------------------------------------------


@every_case
def test_a_yes_is_a_success(case: Case) -> None:
    result, asked = played(case)
    assert asked
    if case.verb.startswith(("public", "private", "template")):
        assert isinstance(result, str)
        assert result.strip()
    if case.verb.startswith("look"):
        assert result is None or isinstance(result, str)


@every_case
def test_requests_go_to_the_configured_host_alone(case: Case) -> None:
    hosts = {
        urlsplit(url).netloc
        for url in PLATFORMS[case.source.name].options.values()
        if "://" in str(url)
    }
    for request in played(case)[1]:
        place = urlsplit(request.url)
        if request.media:
            theirs = place.hostname or ""
            known = any(f".{theirs}".endswith(f".{host}") for host in case.channel.media_hosts)
            assert not request.headers or (known and place.scheme == "https"), "it sees our token"
        else:
            assert place.netloc in hosts, request


@every_case
def test_no_request_shows_a_secret_in_its_address(case: Case) -> None:
    given = PLATFORMS[case.source.name]
    for request in played(case)[1]:
        assert not shows_a_secret(repr(request), request.shown, *request.params.values())
        assert given.in_address or not shows_a_secret(request.url)
        assert request.shown or not shows_a_secret(request.url)
        assert given.in_address or request.media or shows_a_secret(*request.headers.values())


@every_case
def test_requests_name_their_budget_and_say_what_they_change(case: Case) -> None:
    given = PLATFORMS[case.source.name]
    asked = played(case)[1]
    for request in asked:
        assert request.budget or request.media
        assert {name.partition(":")[0] for name in request.budget} <= {*case.source.limits}
        assert request.write or request.repeatable
        assert not (request.write and request.method == "GET")
        assert 0 < request.deadline <= 30
        verb, last = case.verb.removesuffix(" as a person"), request.url.rpartition("/")[2]
        what = f"{case.channel.name} {verb} {case.kind} {last}"
        keyed = verb == "delete" or any(fnmatch(what, one) for one in given.repeatable)
        assert not (request.write and request.repeatable) or keyed, f"{what} may not be sent twice"
    assert any(request.write for request in asked) is case.writes


NASTY = "7/../8?x=1#y%2e&é \r\n:\\"


@every_case
def test_an_id_from_outside_stays_in_its_place_of_the_address(case: Case) -> None:
    account = replace(case.where.account, id=NASTY)
    nasty = replace(
        case.where,
        account=account,
        account_id=NASTY,
        thread_id=NASTY,
        person_id=NASTY,
        item_id=NASTY,
        answer=dict.fromkeys(case.where.answer, NASTY),
    )
    if case.verb == "fetch":
        return  # the address is the platform's, and guarded as such
    try:
        asked = played(case, where=nasty)[1]
    except Unsupported:
        return  # refused before anything was asked
    for plain, odd in zip(played(case)[1], asked, strict=False):
        assert odd.url.isascii()
        assert odd.url.isprintable()
        assert " " not in odd.url
        parts = urlsplit(odd.url)
        assert (parts.query, parts.fragment) == ("", "")
        assert ".." not in parts.path.split("/")
        assert parts.path.count("/") == urlsplit(plain.url).path.count("/")
        assert parts.netloc == urlsplit(plain.url).netloc


LONG = [
    "word " * 3000,
    "Zażółć gęślą jaźń. " * 700,
    "👩‍👩‍👧‍👦🇵🇱" * 900,
    "x" * 12_000,
    "कि" * 3000 + "\n\n" + "https://example.com/" + "a" * 5000,
]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
@every_case
def test_long_words_are_sent_whole_in_pieces_that_fit(case: Case, text: str) -> None:
    voice = {
        "public": case.channel.voice(Visibility.PUBLIC, case.where.answer),
        "private": case.channel.voice(Visibility.PRIVATE, case.where.answer),
    }.get(case.verb)
    if voice is None:
        return
    voice = voice.of(case.where.account)
    size = MEASURES[voice.capabilities.measure]
    for piece in fit(text, voice.capabilities)[:3]:
        assert size(piece) <= voice.capabilities.max_length
        asked = played(case, words=replace(WORDS, text=piece))[1]
        assert [request for request in asked if piece in said(request)]


# --- refusals ----------------------------------------------------------------------------------

NOTHING_SAID = [
    b"",
    b"<html><body>Bad Gateway</body></html>",
    b"{}",
    b"[]",
    b'"x"',
    b"\xff",
    b"null",
]
LOUD = {
    "error": {"message": " ".join(canary(name) for name in ("account", "token", "app_secrets"))},
    "ok": False,
    "description": canary("token"),
}


def refused(case: Case, status: int, body: Any) -> Iterator[Outcome]:
    no = answer(body, status, {"retry-after": "37"})
    return outcomes(case.calls, PLATFORMS[case.source.name].yes, no)


@every_case
def test_every_status_has_its_verdict(case: Case) -> None:
    for status, body in product(STATUSES, NOTHING_SAID):
        for outcome in refused(case, status, body):
            gone = case.verb == "delete" and status in (404, 410)
            file = case.verb == "fetch" and isinstance(outcome.error, BridgeError)
            assert gone or file or fits(outcome, status), (status, body, outcome)
            assert not shows_a_secret(outcome.shown)


@every_case
def test_a_yes_that_cannot_be_read_is_an_unknown_outcome(case: Case) -> None:
    for body in NOTHING_SAID:
        for outcome in refused(case, 200, body):
            if case.verb.startswith(("public", "private", "template")) and outcome.request.write:
                assert isinstance(outcome.error, Ambiguous), (body, outcome)


@every_case
def test_no_refusal_repeats_our_secrets(case: Case) -> None:
    for status in STATUSES:
        for outcome in refused(case, status, LOUD):
            assert not shows_a_secret(outcome.shown)


RECORDED = [
    (path.name, json.loads(path.read_text()))
    for path in sorted((SHARED / "payloads" / "meta_api_responses").glob("error*.json"))
]


@pytest.mark.skipif(not RECORDED, reason="the recorded answers are not here")
@every_case
def test_a_recorded_refusal_is_a_verdict(case: Case) -> None:
    if case.source.name != "meta":
        return
    for name, body in RECORDED:
        for outcome in refused(case, 400, body):
            assert outcome.error or not outcome.request.write, name
            assert outcome.error is None or (outcome.error.code and outcome.error.detail)


@every_case
def test_no_odd_value_in_an_answer_is_more_than_a_verdict(case: Case) -> None:
    for what, outcome in answers_spoiled(case.calls, PLATFORMS[case.source.name].yes):
        if outcome is not None and case.verb.startswith(("public", "private", "template")):
            fine = isinstance(outcome.error, BridgeError) or isinstance(outcome.result, str)
            assert fine, what


@every_case
def test_without_a_token_nothing_is_asked(case: Case) -> None:
    bare = replace(
        case.where,
        account=replace(case.where.account, token=NO_SECRET),
        connection=replace(
            case.where.connection,
            options={
                k: v
                for k, v in case.where.connection.options.items()
                if k not in case.source.secrets
            },
        ),
    )
    if next(case.calls()).media:
        return
    with pytest.raises(AuthError):
        drive(case.calls(where=bare), Other(PLATFORMS[case.source.name].yes))


# --- the records -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_says_how_people_call_it_and_how_it_speaks(name: str) -> None:
    channel = CHANNELS[name]
    assert channel.name == name
    assert channel.label
    voices = [channel.public, channel.private, channel.template]
    voices += [*channel.special.values(), *channel.special_public.values()]
    assert any(voices)
    for voice in filter(None, voices):
        can = voice.capabilities
        assert can.max_length >= 4
        assert can.measure in MEASURES
        assert can.human_window is None or can.human_window > (can.window or 0)
        assert voice.look is None or not voice.echo, "who can look need not wait for an echo"
    assert channel.private_channel is None or channel.private_channel in CHANNELS
    assert not channel.fetch or channel.media_hosts or name == "telegram"
    assert all("/" not in host and "." in host for host in channel.media_hosts)
