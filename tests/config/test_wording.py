"""Where each text could be said: by what is connected, by what the files ask for, as long as accounts allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.mappings import PROVIDERS, mouth

from bridge.channels import SOURCES
from bridge.config import Options, Providers
from bridge.config.wording import mouths, said
from bridge.core.model import Account, Connection
from bridge.core.replies import Replies, Variant, too_long
from bridge.helpdesks import HELPDESKS

SHIPPED = Providers.of(SOURCES, HELPDESKS)
META = Providers(
    sources={
        "meta": Options(mouths=((mouth("facebook", "Facebook, in public", 8000), "comment_length"),)),
        "telegram": Options(mouths=((mouth("telegram", "Telegram, in public", 4096), ""),)),
    }
)  # fmt: skip


def connected(*lengths: Any) -> dict[str, Connection]:
    accounts = tuple(
        Account(channel="facebook", options={"comment_length": one}) for one in lengths
    )
    return {"meta": Connection(name="meta", type="meta", accounts=accounts)}


def lengths(connections: dict[str, Connection]) -> dict[str, int]:
    return {one.channel: one.allows.max_length for one in mouths(META, connections)}


def test_with_nothing_connected_words_are_held_against_all_there_is() -> None:
    assert lengths({}) == {"facebook": 8000, "telegram": 4096}


def test_what_is_not_connected_says_nothing() -> None:
    assert lengths(connected(None)) == {"facebook": 8000}


@pytest.mark.parametrize(
    ("told", "length"), [((500, 900), 500), ((None, 900), 900), ((0,), 8000), (("x",), 8000)]
)
def test_the_shortest_length_that_an_account_sets_counts(told: Any, length: int) -> None:
    assert lengths(connected(*told)) == {"facebook": length}


def test_every_channel_that_speaks_by_itself_is_known_with_its_length() -> None:
    found = {(one.channel, one.public): one.allows.max_length for one in mouths(SHIPPED, {})}
    assert found[("threads", True)] == 500
    assert found[("facebook", True)] == 8000
    assert found[("messenger", False)] == 2000  # also what begins there under a comment
    assert found[("instagram", False)] == 1000
    assert found[("whatsapp", False)] == 4096
    assert ("facebook", False) not in found
    assert {"facebook", "instagram", "threads"} == set(SHIPPED.hides)


def test_the_shipped_words_fit_every_channel() -> None:
    from bridge.config import load_replies

    replies = load_replies(Path(__file__).parents[2] / "mappings")
    assert too_long(replies, mouths(SHIPPED, {})) == []
    words = Replies(texts={"en": {"hello": (Variant(text="x" * 501),)}})
    assert {one.rpartition("; ")[2][:17] for one in too_long(words, mouths(SHIPPED, {}))} == {
        "Threads, in publi"
    }


@pytest.mark.parametrize(
    ("file", "where"),
    [
        ({"rules": [{"then": {"reply": {"private": "away"}}}]}, {False}),
        ({"rules": [{"then": {"reply": {"public": "away", "private": "away"}}}]}, {True, False}),
        ({"rules": [{"then": {"reply": {"private": "other", "line": "away"}}}]}, {True}),
        ({"public_line": "away"}, {True}),
        ({"notices": {"solved": "away"}}, {True, False}),
        ({"crowds": [{"then": {"hold": "away"}}]}, {True, False}),
        ({"rules": [{"name": "other"}]}, None),
    ],
)
def test_where_a_text_is_said_is_read_from_the_files_that_name_it(file: Any, where: Any) -> None:
    assert said([file]).get("away") == where


def test_the_configuration_for_tests_speaks_in_public_and_in_private() -> None:
    assert [one.public for one in mouths(PROVIDERS, {})] == [True, False]
