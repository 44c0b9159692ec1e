"""What every webhook promises, of platforms and helpdesks alike: nobody gets in without the secret.

Over SOURCES and HELPDESKS, with bodies that are no text, no ASCII, or nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support import described
from support.contract import NOW, canary, connection, covers_body, proven, shows_a_secret
from support.given import DESKS, PLATFORMS

from bridge.channels import SOURCES
from bridge.channels.base import Source
from bridge.core.errors import Rejected
from bridge.core.model import Connection, Secret
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

Record = Source | Helpdesk
FILE = next(iter(described.FILES.values()))
RECORDS: dict[str, Record] = {
    **SOURCES,
    **HELPDESKS,
    **{f"{kind} of a file": described.source(FILE, kind) for kind in described.PROOFS},
}
every_record = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)

BODIES = [
    b'{"object": "page", "entry": []}',
    '{"text": "zażółć gęślą jaźń 🏴󠁧󠁢󠁳󠁣󠁴󠁿 \u202e"}'.encode(),
    b'{"text": "za\\u017c\\u00f3\\u0142\\u0107", "slash": "https:\\/\\/example.com"}',
    b'\xef\xbb\xbf{ "spaces" :  1 }\r\n',
    b"\xff\xfe not text at all",
    b"",
]
every_body = pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))

# Headers of other schemes, and of none.
ODD = [
    "", " ", "sha256=", "sha1=0123456789abcdef", "Bearer x", "Basic Og==", "é", "\ud800", "0" * 8192,
    "a,b", "null", "1990-01-01T00:00:00Z", "9" * 400, "v0=00",
]  # fmt: skip


def ours(record: Record) -> Connection:
    given = DESKS.get(record.name) or PLATFORMS.get(record.name)
    return connection(record, given.options if given else {})


def options(record: Record) -> tuple[str, ...]:
    """The options whose secrets open the door."""
    proof: Any = record.proof
    return (proof.option, *getattr(proof, "also", ()))


def passes(
    record: Record, headers: Mapping[str, str], body: bytes, where: Connection | None = None
) -> bool:
    """Whether the proof lets the delivery in; a refusal is a 401 that shows no secret."""
    try:
        record.proof.check(headers, body, where or ours(record), NOW)
    except Rejected as error:
        refused = error
    else:
        return True
    assert refused.status == 401
    assert not shows_a_secret(repr(refused), refused, refused.detail)
    return False


@every_body
@every_record
class TestEveryProof:
    def test_passes_with_the_secret_and_with_the_one_rotated_out(
        self, record: Record, body: bytes
    ) -> None:
        for option in options(record):
            for age in ("current", "old"):
                assert passes(record, proven(record.proof, body, canary(option, age)), body)

    def test_fails_once_the_old_secret_is_gone(self, record: Record, body: bytes) -> None:
        for option in options(record):
            rotated = replace(ours(record), options={option: (Secret(canary(option)),)})
            old, new = (
                proven(record.proof, body, canary(option, age)) for age in ("old", "current")
            )
            assert not passes(record, old, body, rotated)
            assert passes(record, new, body, rotated)

    def test_fails_with_another_secret(self, record: Record, body: bytes) -> None:
        for secret in ("somebody-elses", canary(options(record)[0])[:-1], ""):
            assert not passes(record, proven(record.proof, body, secret), body)

    def test_fails_with_any_byte_changed_or_one_more(self, record: Record, body: bytes) -> None:
        headers = proven(record.proof, body, canary(options(record)[0]))
        changed = [body[:at] + bytes([byte ^ 1]) + body[at + 1 :] for at, byte in enumerate(body)]
        for other in (*changed, body + b"\n", b" " + body):
            assert passes(record, headers, other) is not covers_body(record.proof)

    def test_fails_without_its_headers_and_with_headers_of_another_kind(
        self, record: Record, body: bytes
    ) -> None:
        headers = proven(record.proof, body, canary(options(record)[0]))
        assert not passes(record, {}, body)
        for name, given in headers.items():
            rest = {key: value for key, value in headers.items() if key != name}
            assert not passes(record, rest, body)
            assert not passes(record, {**rest, f"x-{name}": given}, body)
            for odd in (*ODD, given[:-1], given + "0", f"{given},{given}"):
                assert not passes(record, {**headers, name: odd}, body), odd

    def test_fails_while_no_secret_is_configured(self, record: Record, body: bytes) -> None:
        for option in options(record):
            for nothing in ({}, {option: ()}, {option: Secret("")}):
                bare = replace(ours(record), options=nothing)
                assert not passes(record, proven(record.proof, body, ""), body, bare)


@every_record
def test_a_signature_that_names_its_time_is_good_for_minutes(record: Record) -> None:
    window = getattr(record.proof, "window", None)
    if not window or not getattr(record.proof, "timestamp", ""):
        return
    for late, good in ((0.5, True), (-0.5, True), (1.1, False), (-1.1, False)):
        at = NOW + timedelta(seconds=window * late)
        headers = proven(record.proof, b"{}", canary(options(record)[0]), at)
        assert passes(record, headers, b"{}") is good


@every_record
def test_a_record_names_its_secrets_and_a_connection_shows_none(record: Record) -> None:
    assert {*options(record)} <= {*record.secrets}
    assert not {*record.secrets} & {*record.options}
    assert not shows_a_secret(repr(ours(record)), str(ours(record)))
