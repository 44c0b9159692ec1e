"""Whatever somebody wrote: cut without loss, shown without tricks, said without a gap left open."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.many import many

from bridge.channels import CHANNELS
from bridge.core import commands, harmless, plaintext, replies, telling, ticket, untrusted
from bridge.core.compose import MEASURES, fit, parts
from bridge.core.model import Attachment, Author, Change, Kind, Message, Visibility
from bridge.core.replies import PLACEHOLDERS, Replies, Variant

# What people see as one character, each of several code points.
GRAPHEMES = (
    "👩‍👩‍👧‍👦", "🇵🇱", "👍🏽", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1️⃣", "é", "क्षि", "각", "ก็", "नि", "\r\n",
)  # fmt: skip
TRICKS = (
    "\u202e", "\u2066", "\u200b", "\x00", "\x1b[31m", "\r", "\u2028", "\ufeff", "\U000e0041", "🏴",
    "{{", "{%", "[x](", "![", "[[", "]:", "<script", "</p>", "<!--", "&lt;", "&#x202e;", "@everyone",
    "-- \n", "----------\n", "https://x.pl/a(b)", "`", "*",
)  # fmt: skip
ANY = st.text(st.characters(codec=None), max_size=80)
TEXTS = st.lists(
    st.sampled_from((*GRAPHEMES, *TRICKS, " ", "\n\n", ". ", "word", "Zażółć", "。")) | ANY,
    max_size=12,
).map("".join)
VOICES = [
    pytest.param(voice.capabilities, id=f"{name} {'in public' if voice is channel.public else 'in private'}")
    for name, channel in CHANNELS.items()
    for voice in (channel.public, channel.private)
    if voice is not None
]  # fmt: skip


# --- cutting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capabilities", VOICES)
@many(30)
@given(text=TEXTS, times=st.integers(1, 60))
def test_every_channel_gets_all_words_in_pieces_it_takes(capabilities, text, times) -> None:
    said = " ".join([text] * times)
    pieces = fit(said, capabilities)
    size = MEASURES[capabilities.measure]
    assert all(size(piece) <= capabilities.max_length for piece in pieces)
    assert _ink("".join(_bare(pieces))) == _ink(said)


@many(100)
@given(
    said=st.lists(st.sampled_from(GRAPHEMES[:-1]), min_size=1, max_size=60),
    limit=st.integers(24, 60),
    measure=st.sampled_from(sorted(MEASURES)),
)
def test_no_grapheme_that_fits_a_piece_is_cut(said: list[str], limit: int, measure: str) -> None:
    size = MEASURES[measure]
    whole = "".join(said)
    pieces = _bare(parts(whole, limit, measure))
    ends, at = set(), 0
    for grapheme in said:
        at += len(grapheme)
        ends.add(at)
    at = 0
    for piece in pieces:
        at += len(piece)
        alone = max(map(size, said)) > limit // 2  # the number may leave it less room than that
        joined = len(whole) > at and _joins(whole[at - 1], whole[at])
        assert at in ends or alone or joined, (piece, whole)


def _joins(before: str, after: str) -> bool:
    """Two flags side by side are letters in a row; an Indic vowel may follow another grapheme."""
    return unicodedata.category(after) in ("Mn", "Mc") or "\U0001f1e6" <= before <= "\U0001f1ff"


def _bare(pieces) -> list[str]:
    """*pieces* without their numbers."""
    count = len(pieces)
    if count == 1 or not all(
        piece.startswith(f"({n}/{count}) ") for n, piece in enumerate(pieces, 1)
    ):
        return list(pieces)
    return [piece.split(" ", 1)[1] for piece in pieces]


def _ink(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- showing -------------------------------------------------------------------------------------------


@many(100)
@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    for clean in (untrusted.clean, plaintext.visible, harmless.safe):
        assert clean(clean(text)) == clean(text), clean.__name__
    for limit in (10, 60):
        short = harmless.line(text, limit)
        assert len(short) <= limit
        assert "\n" not in short
        assert harmless.line(short, limit) == short


ACTIVE = re.compile(r"\{[{%#]|\[\[|!\[|\]\(|\]\[|<[A-Za-z/!?]")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


@many(100)
@given(TEXTS)
def test_what_a_ticket_shows_acts_on_nothing(text: str) -> None:
    shown = harmless.safe(text)
    assert not ACTIVE.search(shown)
    assert not UNSEEN.search(shown)
    assert not UNSEEN.search(plaintext.plain(text))


messages = st.builds(
    Message,
    channel=st.sampled_from(sorted(CHANNELS)),
    account_id=st.none() | ANY,
    kind=st.sampled_from(Kind),
    change=st.sampled_from(Change),
    external_id=st.none() | st.sampled_from(["1", "2"]),
    thread_id=st.none() | ANY,
    visibility=st.sampled_from(Visibility),
    author=st.none() | st.builds(Author, id=ANY, name=TEXTS, username=st.none() | TEXTS,
                                 followers=st.none() | st.integers(), verified=st.none() | st.booleans(), url=TEXTS),
    text=st.none() | TEXTS,
    attachments=st.lists(st.builds(Attachment, type=TEXTS, url=st.none() | TEXTS, name=st.none() | TEXTS), max_size=3).map(tuple),
    permalink=st.none() | TEXTS,
    dedupe=st.just("d"),
    extra=st.dictionaries(st.sampled_from(["form.size", "location", "referral.ad", "x"]), TEXTS | st.integers(), max_size=3),
)  # fmt: skip


@many(100)
@given(said=st.lists(messages, max_size=4), known=TEXTS)
def test_a_ticket_of_anything_is_bounded_and_tame(said: list[Message], known: str) -> None:
    case = ticket.Case(
        channel="Facebook", conversation=known, messages=tuple(said), account=known, rule=known,
        reasons=(known,), post_text=known, post_url=known, permalink=known, unknown=(known,),
        lost=((known, known),), earlier=(ticket.Said(who=known, text=known),), windows=known,
    )  # fmt: skip
    for shown in (ticket.words(case), ticket.note(case), *ticket.chunks(ticket.words(case))):
        assert len(shown) <= 65_000
        assert not ACTIVE.search(shown)
        assert not UNSEEN.search(shown)
    for limit in (40, 150):
        subject = ticket.subject(case, limit)
        assert len(subject) <= limit
        assert "\n" not in subject


@many(100)
@given(code=TEXTS, detail=TEXTS, left=st.lists(TEXTS, max_size=2), words=TEXTS)
def test_what_an_agent_is_told_is_tame(code: str, detail: str, left: list[str], words: str) -> None:
    told = telling.failed(code, detail, left, words)
    assert not ACTIVE.search(told)
    assert not UNSEEN.search(told)


# --- saying --------------------------------------------------------------------------------------------

PIECES = st.sampled_from([*(f"{{{one}}}" for one in PLACEHOLDERS), "{", "}", "{unknown}", "{{", "Hi ", "!"])  # fmt: skip
WORDINGS = st.lists(PIECES, min_size=1, max_size=6).map("".join)


@many(100)
@given(
    variants=st.lists(st.builds(Variant, text=WORDINGS, named=st.booleans()), max_size=5),
    language=st.none() | st.sampled_from(["pl", "pl-PL", "en", "xx", "", "-"]) | ANY,
    name=st.none() | TEXTS,
    values=st.dictionaries(st.sampled_from(PLACEHOLDERS), TEXTS, max_size=4),
    said=st.lists(WORDINGS, max_size=2),
)
def test_no_placeholder_is_ever_said(variants, language, name, values, said) -> None:
    words = Replies(texts={"en": {"solved": tuple(variants)}, "pl": {"solved": tuple(variants)}})
    values = {key: re.sub(r"[{}]", "", value) for key, value in values.items()}
    found = replies.choose(
        words, "solved", language=language, key="k", person_name=name, said=said, values=values
    )
    if found is not None:
        assert not re.search(r"\{(?:first_name|brand|link|status|unknown)\}", found)
    assert replies.choose(
        words, "solved", language=language, key="k", person_name=name, said=said, values=values
    ) == found  # fmt: skip


@many(100)
@given(text=TEXTS, first=st.sampled_from(["/", "/dm", "/mute 7d", "/template x", "/\u202edm", ""]))
def test_a_note_is_a_command_or_none_and_never_an_accident(text: str, first: str) -> None:
    for told in (commands.command(first + text), commands.command_of_tag(first + text)):
        if told is not None:
            assert told.name in (*commands.COMMANDS, "unknown")
            assert not UNSEEN.search(told.argument + "".join(told.lines))
            seconds = commands.duration(told.argument)
            assert seconds is None or 0 < seconds <= commands.LONGEST


@many(100)
@given(message=messages, words=TEXTS)
def test_an_edit_keeps_its_place_and_says_the_new_words(message: Message, words: str) -> None:
    first = replace(message, change=Change.CREATED, external_id="1")
    edited = replace(first, change=Change.EDITED, text=f"new {words}")
    case = ticket.Case(channel="X", conversation="x", messages=(first, edited))
    assert ticket.words(case).count("(edited)") >= 1
    assert "new" in ticket.words(case)
