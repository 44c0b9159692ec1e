"""What `bridge doctor` and `bridge setup` promise of every source and helpdesk: a finding for all, a secret for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.contract import Other, answer, canary, connection, outcomes, shows_a_secret
from support.given import DESKS, PLATFORMS
from support.verdicts import STATUSES

from bridge.channels import SOURCES
from bridge.channels.base import Source
from bridge.core.calls import Calls, drive
from bridge.core.model import Account, Connection, Secret
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

URL = "https://bridge.test/hooks/our"


def ours(record: Source | Helpdesk) -> Connection:
    """A connection with an account of each channel, every secret a canary."""
    if isinstance(record, Helpdesk):
        return connection(record, DESKS[record.name].options)
    accounts = tuple(
        Account(
            channel=name, id="1067", name="Acme", token=Secret(canary("account")),
            options={**record.account_options, "page": "1067", "business_account": "299"},
        )
        for name in record.channels
    )  # fmt: skip
    return connection(record, PLATFORMS[record.name].options, accounts)


def asking() -> list[Any]:
    """Every `check` and `setup` that asks anything."""
    records: list[Source | Helpdesk] = [*SOURCES.values(), *HELPDESKS.values()]
    return [
        pytest.param(record, ask, id=f"{record.name}-{name}")
        for record in records
        for name, ask in (("check", check_of(record)), ("setup", setup_of(record)))
        if ask is not None
    ]


def check_of(record: Source | Helpdesk) -> Callable[[], Calls[Any]] | None:
    check = record.check
    return None if check is None else lambda: check(ours(record))


def setup_of(record: Source | Helpdesk) -> Callable[[], Calls[Any]] | None:
    setup = record.setup
    return None if setup is None else lambda: setup(ours(record), URL)


def yes_of(record: Source | Helpdesk) -> Callable[[Any], Any]:
    return DESKS[record.name].yes if isinstance(record, Helpdesk) else PLATFORMS[record.name].yes


every_asking = pytest.mark.parametrize(("record", "ask"), asking())


@every_asking
def test_it_ends_with_sentences_that_show_no_secret(record: Any, ask: Any) -> None:
    other = Other(yes_of(record))
    found = drive(ask(), other)
    sentences = [one if isinstance(one, str) else one[1] for one in found]
    assert sentences
    assert all(isinstance(one, str) and one.strip() and "\n" not in one for one in sentences)
    assert not shows_a_secret(*sentences)
    for request in other.asked:
        assert not shows_a_secret(repr(request), request.shown, *request.params.values())
        assert request.budget


@every_asking
def test_whatever_is_answered_becomes_a_finding_or_a_verdict(record: Any, ask: Any) -> None:
    names = [*record.secrets, *(["account"] if isinstance(record, Source) else [])]
    secrets = [canary(name, age) for name in names for age in ("current", "old")]
    loud = {"error": {"message": " ".join(secrets)}, "description": secrets, "errors": secrets}
    for status in (200, *STATUSES):
        for body in (b"", b"<html>", {}, [], loud):
            for outcome in outcomes(ask, yes_of(record), answer(body, status)):
                assert outcome.error is None or outcome.error.code
                assert not shows_a_secret(outcome.shown), (status, outcome)
