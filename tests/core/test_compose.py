import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.compose import MEASURES, Window, ends, fit, head, parts, window
from bridge.core.model import Capabilities
from bridge.core.plaintext import html_to_text, plain, visible, with_links

# --- parts -------------------------------------------------------------------------------------

NUMBER = re.compile(r"^\((\d+)/(\d+)\) ")
FAMILY = "👨‍👩‍👧‍👦"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def bare(pieces: list[str]) -> list[str]:
    return [NUMBER.sub("", piece) for piece in pieces] if len(pieces) > 1 else pieces


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("measure", MEASURES)
def test_an_empty_text_gives_one_empty_piece(measure: str) -> None:
    assert parts("", 100, measure) == [""]
    assert parts(" \n ", 100, measure) == [""]


def test_a_text_that_just_fits_is_one_piece_without_a_number() -> None:
    assert parts("x" * 20, 20) == ["x" * 20]
    assert len(parts("x" * 21, 20)) == 2


@pytest.mark.parametrize(
    ("measure", "char", "counts"),
    [
        ("characters", "ż", 1), ("utf16", "ż", 1), ("bytes", "ż", 2),
        ("characters", "😀", 1), ("utf16", "😀", 2), ("bytes", "😀", 4),
        ("characters", "\ud800", 1), ("utf16", "\ud800", 1), ("bytes", "\ud800", 3),
    ],
)  # fmt: skip
def test_each_measure_counts_its_own_unit(measure: str, char: str, counts: int) -> None:
    assert MEASURES[measure](char) == counts
    assert parts(char * 10, 10 * counts, measure) == [char * 10]
    assert len(parts(char * 10, 10 * counts - 1, measure)) > 1 or counts * 10 - 1 < 4


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        # a paragraph before a sentence, though the sentence reaches further
        ("One two three.\n\nFour. Five six seven.", 30, ["One two three.", "Four. Five six seven."]),
        ("One two three. Four five six", 26, ["One two three.", "Four five six"]),
        ("One two three. four five six", 26, ["One two three. four", "five six"]),
        ("One two three\nfour five six", 26, ["One two three", "four five six"]),
        ("“One two three!” Four five", 25, ["“One two three!”", "Four five"]),
        # an end too early to be worth it: the words go on
        ("No. One two three four five", 26, ["No. One two three", "four five"]),
        ("one two three four five six", 20, ["one two three", "four five six"]),
        ("今日は届きません。明日また連絡をします。", 18, ["今日は届きません。", "明日また連絡をします。"]),
        ("x" * 30, 20, ["x" * 14, "x" * 14, "x" * 2]),
    ],
)  # fmt: skip
def test_cuts_stand_at_the_best_place(text: str, limit: int, expected: list[str]) -> None:
    pieces = parts(text, limit)
    assert bare(pieces) == expected
    assert all(len(piece) <= limit for piece in pieces)


def test_pieces_are_numbered_and_numbers_count_against_the_limit() -> None:
    assert parts("one two three four five six", 20) == [
        "(1/2) one two three",
        "(2/2) four five six",
    ]


def test_more_than_nine_pieces_leave_room_for_longer_numbers() -> None:
    pieces = parts("word " * 100, 50)
    assert len(pieces) >= 10
    assert [NUMBER.match(piece).groups() for piece in pieces] == [  # type: ignore[union-attr]
        (str(n), str(len(pieces))) for n in range(1, len(pieces) + 1)
    ]
    assert all(len(piece) <= 50 for piece in pieces)


@pytest.mark.parametrize("count", [9, 10, 99, 100])
@pytest.mark.parametrize("limit", [20, 22, 24])
def test_the_number_that_is_one_digit_longer_fits_as_well(count: int, limit: int) -> None:
    text = "a" * 14 * count  # pieces of 14, behind "(9/9) " in 20 characters and "(10/99) " in 22
    cut = parts(text, limit)
    assert all(len(piece) <= limit for piece in cut)
    assert "".join(bare(cut)) == text


def test_a_limit_too_small_for_numbers_goes_without() -> None:
    assert parts("abcdefgh ijk", 8) == ["abcdefgh", "ijk"]
    assert parts("żż żż", 4, "bytes") == ["żż", "żż"]


def test_a_limit_that_cannot_hold_every_character_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        parts("words", 3, "bytes")


@pytest.mark.parametrize(
    "grapheme",
    [
        "e\u0301", "👍🏽", FAMILY, "🇵🇱", ENGLAND, "1️⃣", "❤️‍🔥", "नि", "क्षि", "กำ", "\u1112\u1161\u11ab", "\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("measure", MEASURES)
def test_no_cut_goes_through_a_grapheme(grapheme: str, measure: str) -> None:
    text = "x" + grapheme * 40 + "x"
    for limit in range(60, 75):
        pieces = parts(text, limit, measure)
        assert len(pieces) > 1 or MEASURES[measure](text) <= limit or grapheme == "\r\n"
        for piece in bare(pieces):
            assert re.fullmatch(f"x?(?:{re.escape(grapheme)})*x?", piece)


@pytest.mark.parametrize("limit", [1, 2, 5, 9, 10, 11, 12])
def test_the_head_of_a_text_ends_with_a_whole_grapheme(limit: int) -> None:
    shown = head(f"a{ENGLAND}b{FAMILY}", limit)
    assert shown in ("a", f"a{ENGLAND}", f"a{ENGLAND}b")
    assert len(shown) <= limit
    assert head("short", 5) == "short"


def test_the_head_of_one_endless_grapheme_is_cut_all_the_same() -> None:
    assert head("\u0301" * 20_000, 10_000) == "\u0301" * 10_000


def test_a_grapheme_longer_than_a_piece_is_cut_all_the_same() -> None:
    flood = "a" + "\u0301" * 200
    pieces = parts(flood, 50)
    assert "".join(bare(pieces)) == flood
    assert all(len(piece) <= 50 for piece in pieces)


def test_a_mark_on_a_space_stays_on_it() -> None:
    text = "x" * 10 + " \u0301" + "y" * 20
    assert not any(piece.startswith("\u0301") for piece in bare(parts(text, 24)))


def test_an_address_stays_whole_when_a_piece_can_hold_it() -> None:
    url = "https://example.com/a/rather/long/path?with=query"
    for limit in range(len(url) + 6, len(url) + 30):
        for text in (f"Look here: {url} and then write", f"詳しくは{url} をご覧"):
            assert sum(url in piece for piece in parts(text, limit)) == 1


def test_an_address_longer_than_a_piece_is_cut() -> None:
    url = "https://example.com/" + "a" * 100
    assert "".join(bare(parts(url, 50))) == url


TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=300),
    st.text(st.sampled_from(["a", "ż", " ", "\n", ".", "😀", "\u200d", "🇵", "\u0301", "🏽", "。"])),
    st.lists(st.sampled_from(["word", "Long sentence.", "https://example.com/x", "\n\n", "👨‍👩‍👧", "🇵🇱"]), max_size=80)
    .map(" ".join),
)  # fmt: skip


@given(TEXTS, st.integers(4, 120), st.sampled_from(sorted(MEASURES)))
def test_pieces_fit_and_together_are_the_text(text: str, limit: int, measure: str) -> None:
    pieces = parts(text, limit, measure)
    assert all(MEASURES[measure](piece) <= limit for piece in pieces)
    numbered = all(NUMBER.match(piece) for piece in pieces)
    unnumbered = bare(pieces) if len(pieces) > 1 and numbered else pieces
    at = 0
    for piece in unnumbered:
        at = text.index(piece, at)  # in order, and only space between
        at += len(piece)
    assert words("".join(unnumbered)) == words(text)
    assert all(piece for piece in unnumbered) or pieces == [""]


@given(
    st.lists(st.sampled_from([FAMILY, "🇵🇱", ENGLAND, "e\u0301", "👍🏽"]), min_size=1, max_size=60)
)
def test_joined_graphemes_stay_whole(graphemes: list[str]) -> None:
    whole = re.compile("|".join(map(re.escape, (FAMILY, "🇵🇱", ENGLAND, "e\u0301", "👍🏽"))))
    for piece in bare(parts("".join(graphemes), 40)):
        assert "".join(whole.findall(piece)) == piece


def test_a_long_text_without_a_place_to_cut_is_cut_in_time_that_grows_with_it() -> None:
    for text in ("x" * 65_000, "a" + " " * 65_000 + "b" * 500, "🇵" * 20_000, "a. " * 20_000):
        assert words("".join(bare(parts(text, 400)))) == words(text)


def test_fit_reads_limit_and_measure_of_the_channel() -> None:
    assert fit("ż" * 10, Capabilities(max_length=20, measure="bytes")) == ("ż" * 10,)
    assert len(fit("ż" * 11, Capabilities(max_length=20, measure="bytes"))) == 2
    assert fit("", Capabilities(max_length=20)) == ("",)


# --- plain -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("Dzień dobry", "Dzień dobry"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a   \nb\t\n", "a\nb"),
        ("a\n\n\n\n\n\nb", "a\n\n\nb"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("Tom &amp; Ana &lt;3 &#8364; &#x20AC;", "Tom & Ana <3 € €"),
        ("&amp;lt; is decoded once", "&lt; is decoded once"),
        ("https://example.com/?a=1&copy=2", "https://example.com/?a=1&copy=2"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("i <3 you", "i <3 you"),
        ("[our shop](https://example.com/s)", "our shop (https://example.com/s)"),
        ("[https://example.com](https://example.com/)", "https://example.com/"),
        ("[](https://example.com/s)", "https://example.com/s"),
        ("![photo](https://example.com/p.png)", "photo (https://example.com/p.png)"),
        ("[mail us](mailto:help@example.com)", "mail us (help@example.com)"),
        ("[not] (a link) and [this](neither)", "[not] (a link) and [this](neither)"),
        ("Done.\n\n-- \nEwa Nowak\nAcme", "Done."),
        ("Done.\n-- ", "Done."),
        ("Either this\n--\nor that", "Either this\n--\nor that"),
        ("A list -- \nof things", "A list --\nof things"),
        (
            "----------------------------------------------\n\nEwa Nowak, Nov 22, 2026, 10:15 AM\n\nDone.",
            "Done.",
        ),
        ("------------------------\nDone.", "Done."),
        (
            "Friday, Nov 22, 2026, 10:15 AM\n\nsuits us",
            "Friday, Nov 22, 2026, 10:15 AM\n\nsuits us",
        ),
        ("a\x00b\x1b\x7f\x9fc", "abc"),
        ("pay \u202elatot\u202c now\u2066x\u2069", "pay latot nowx"),
        ("shalom\u200f!", "shalom\u200f!"),
        ("\ufeffzero\u200bwidth\u2060", "zerowidth"),
        ("a\xa0b\u202fc", "a b c"),
        ("half \ud800 a pair", "half  a pair"),
        ("👨‍👩‍👧‍👦 ❤️", "👨‍👩‍👧‍👦 ❤️"),
        (f"goal {ENGLAND}", f"goal {ENGLAND}"),
        ("hid\U000e0068\U000e0069den", "hidden"),
    ],
)
def test_an_agents_words_become_plain(given: str, expected: str) -> None:
    assert plain(given) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>Hello Ana,</p><p>it is on its way.</p>", "Hello Ana,\n\nit is on its way."),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>many\n   spaces\there</p>", "many spaces here"),
        ("<p>Tom &amp; Ana&nbsp;&lt;3</p>", "Tom & Ana <3"),
        ("<p>&amp;lt;b&amp;gt; once</p>", "&lt;b&gt; once"),
        ("<b>bold</b> and <i>lean</i>", "bold and lean"),
        ('<a href="https://example.com/s">our shop</a>.', "our shop (https://example.com/s)."),
        ('<a href="https://example.com/">example.com</a>', "https://example.com/"),
        (
            'see<a href="https://example.com/s"> our shop </a>now',
            "see our shop (https://example.com/s) now",
        ),
        ('<a href="mailto:help@example.com">help@example.com</a>', "help@example.com"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ('<a href="https://example.com/s">never closed', "never closed (https://example.com/s)"),
        ("<ul><li>one</li><li>two</li></ul>after", "- one\n- two\n\nafter"),
        ("<ol><li>one</li><li><p>two</p></li></ol>", "1. one\n2. two"),
        ("<ul><li>one<ul><li>inner</li></ul></li></ul>", "- one\n  - inner"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{color:red}</style><script>alert(1)</script><p>seen</p>", "seen"),
        ('<p>fine <img alt="😀" src="x"> <img alt="photo.png" src="y"></p>', "fine 😀"),
        ("<p>Done.</p><p>-- <br>Ewa</p>", "Done."),
        ("<p>Done.</p><p>--&nbsp;<br>Ewa</p>", "Done."),
        ("<p>open <b>tags", "open tags"),
        ("<p>broken <a href='x", "broken <a href='x"),
        ("<!-- hidden --><p>seen</p>", "seen"),
        ('<template><a href="https://example.com/s">x</a></template><p>seen</p>', "seen"),
        ("<p>1 < 2 and <ana@example.com></p>", "1 < 2 and <ana@example.com>"),
        (
            '<p><a href="https://x.pl/?a=1&copy=2&amp;b=3">x</a></p>',
            "x (https://x.pl/?a=1&copy=2&b=3)",
        ),
        (
            '<a href="https://x.pl/1">one<a href="https://x.pl/2">two</a>',
            "one (https://x.pl/1)two (https://x.pl/2)",
        ),
        ('<p>see <a href="https://x.pl/1"><div>one</div></a></p>', "see\none (https://x.pl/1)"),
        ("<p>-</p><p>a dash is no list</p>", "-\n\na dash is no list"),
    ],
)
def test_markup_becomes_what_a_reader_sees(markup: str, expected: str) -> None:
    assert plain(markup) == expected


def test_html_to_text_leaves_words_without_tags_alone() -> None:
    assert html_to_text("only words") == "only words"


@given(st.text(st.characters(codec=None)))
def test_plain_never_crashes_and_leaves_nothing_unseen(text: str) -> None:
    result = plain(text)
    assert visible(result) == result
    assert result == result.strip()
    assert "\n\n\n\n" not in result


@given(st.lists(st.sampled_from(["<p>", "</p>", "<li>", "</ul>", "<a href='https://x.pl'>", "</a>", "<ol>", "</ol>",
    "<pre>", "</pre>", "<script>", "</script>", "<!--", "-->", "<td>", "<", "&amp;", "&", "x", " ", "\n", "<br>"])).map("".join))  # fmt: skip
def test_no_tangle_of_tags_crashes(markup: str) -> None:
    assert isinstance(plain(markup), str)


@pytest.mark.parametrize(
    "flood",
    ["<", "<a ", "<!--", "<!", "</", "<ul><li>", "<a href='https://x.pl'>", "[", "[a](", "&", "\n ", "-", "<a '"],
)  # fmt: skip
def test_a_flood_of_openings_is_read_in_time_that_grows_with_it(flood: str) -> None:
    assert len(plain("<p>" + flood * (65_000 // len(flood)))) < 1_000_000


def test_files_that_cannot_be_sent_are_named_with_their_address() -> None:
    links = [("form.pdf", "https://example.com/f"), (" \n\u202eodd\n name ", "https://example.com/o"), ("", "http://example.com/n")]  # fmt: skip
    assert with_links("Here you are. ", links) == (
        "Here you are.\n\nform.pdf: https://example.com/f\nodd name: https://example.com/o\nhttp://example.com/n"
    )
    assert with_links("", links[:1]) == "form.pdf: https://example.com/f"


def test_what_is_no_web_address_is_not_linked() -> None:
    links = [
        ("a", "javascript:alert(1)"),
        ("b", "file:///etc/passwd"),
        ("c", "https://x.pl/ y"),
        ("d", ""),
    ]
    assert with_links("Words", links) == "Words"
    assert with_links("Words", []) == "Words"


# --- window ------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = 86400
OPEN = Capabilities(max_length=2000)
CHAT = Capabilities(max_length=2000, window=DAY, human_window=7 * DAY)
STRICT = Capabilities(max_length=2000, window=DAY)
PRIVATE_REPLY = Capabilities(max_length=2000, within=7 * DAY, once=True)
PEOPLE_ONLY = Capabilities(max_length=2000, automatic=False)


def ask(
    capabilities: Capabilities,
    *,
    last_in: timedelta | None = None,
    item: timedelta | None = None,
    human: bool = True,
    used: bool = False,
) -> Window:
    return window(
        capabilities,
        now=NOW,
        last_in=None if last_in is None else NOW - last_in,
        item_at=None if item is None else NOW - item,
        human=human,
        used=used,
    )


def ago(days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


CLOSED = (False, None, "window_closed")
PLAIN = (True, None, None)
HUMAN = (True, "human", None)


@pytest.mark.parametrize(
    ("capabilities", "last_in", "human", "expected"),
    [
        (CHAT, ago(), True, PLAIN),
        (CHAT, ago(hours=23, minutes=59, seconds=59), True, PLAIN),
        (CHAT, ago(hours=24), True, HUMAN),
        (CHAT, ago(hours=24, seconds=1), True, HUMAN),
        (CHAT, ago(days=6, hours=23), True, HUMAN),
        (CHAT, ago(days=7), True, CLOSED),
        (CHAT, ago(days=7, seconds=1), True, CLOSED),
        (CHAT, ago(hours=23, minutes=59, seconds=59), False, PLAIN),
        (CHAT, ago(hours=24), False, CLOSED),
        (CHAT, ago(hours=24, seconds=1), False, CLOSED),
        (CHAT, ago(days=6, hours=23), False, CLOSED),
        (CHAT, None, True, CLOSED),
        (CHAT, None, False, CLOSED),
        (CHAT, -ago(minutes=5), False, PLAIN),  # the platform's clock runs ahead of ours
        (STRICT, ago(hours=23, minutes=59, seconds=59), True, PLAIN),
        (STRICT, ago(hours=24), True, CLOSED),
        (STRICT, ago(hours=24, seconds=1), True, CLOSED),
        (OPEN, ago(days=400), False, PLAIN),
        (OPEN, None, False, PLAIN),
        (PEOPLE_ONLY, None, True, PLAIN),
        (PEOPLE_ONLY, None, False, (False, None, "automatic_not_allowed")),
    ],
)  # fmt: skip
def test_windows_close_on_the_second(
    capabilities: Capabilities,
    last_in: timedelta | None,
    human: bool,
    expected: tuple[bool, str | None, str | None],
) -> None:
    answer = ask(capabilities, last_in=last_in, human=human)
    assert (answer.allowed, answer.tag, answer.code) == expected


@pytest.mark.parametrize(
    ("item", "used", "code"),
    [
        (ago(), False, None),
        (ago(days=6, hours=23), False, None),
        (ago(days=6, hours=23, minutes=59, seconds=59), False, None),
        (ago(days=7), False, "private_reply_too_late"),
        (ago(days=7, seconds=1), False, "private_reply_too_late"),
        (None, False, "private_reply_too_late"),
        (ago(), True, "private_reply_used"),
        (ago(days=8), True, "private_reply_used"),
    ],
)
def test_a_private_reply_goes_once_within_seven_days(
    item: timedelta | None, used: bool, code: str | None
) -> None:
    answer = ask(PRIVATE_REPLY, item=item, used=used)
    assert (answer.allowed, answer.code) == (code is None, code)


def test_used_means_nothing_where_one_may_speak_again() -> None:
    assert ask(OPEN, used=True).allowed


def test_until_says_when_the_permission_ends_or_ended() -> None:
    assert ask(CHAT, last_in=ago(hours=1)).until == NOW + ago(hours=23)
    assert ask(CHAT, last_in=ago(days=2)).until == NOW + ago(days=5)
    assert ask(CHAT, last_in=ago(days=9)).until == NOW - ago(days=2)
    assert ask(CHAT, last_in=ago(days=2), human=False).until == NOW - ago(days=1)
    assert ask(CHAT).until is None
    assert ask(OPEN).until is None
    assert ask(PRIVATE_REPLY, item=ago(days=1)).until == NOW + ago(days=6)
    both = Capabilities(max_length=9, window=DAY, within=7 * DAY)
    assert ask(both, last_in=ago(), item=ago(days=1)).until == NOW + ago(days=1)
    assert ask(both, last_in=ago(), item=ago(days=6, hours=12)).until == NOW + ago(hours=12)


def test_the_end_of_a_way_is_that_of_its_nearest_limit() -> None:
    both = Capabilities(max_length=9, window=DAY, within=7 * DAY)
    short = Capabilities(max_length=9, window=DAY, human_window=DAY / 2)
    for allows, human, length in (
        (CHAT, False, ago(days=1)), (CHAT, True, ago(days=7)),
        (STRICT, True, ago(days=1)),  # people have no window of their own here
        (short, True, ago(days=1)),
        (both, True, ago(days=1)), (PRIVATE_REPLY, True, ago(days=7)),
    ):  # fmt: skip
        assert ends(allows, NOW, human=human) == NOW + length
    assert ends(OPEN, NOW) is None
    assert ends(CHAT, None) is None


@given(st.timedeltas(-ago(days=1), ago(days=20)), st.booleans())
def test_what_a_machine_may_say_a_person_may_say_untagged(age: timedelta, used: bool) -> None:
    machine, person = (ask(CHAT, last_in=age, human=human, used=used) for human in (False, True))
    assert not machine.allowed or person == machine


def test_an_open_window_never_opens_again_by_waiting() -> None:
    ages = [timedelta(hours=hours) for hours in range(24 * 9)]
    for capabilities in (CHAT, STRICT):
        answers = [ask(capabilities, last_in=age).allowed for age in ages]
        assert all(earlier or not later for earlier, later in pairwise(answers))


# --- mail that is quoted below an answer ---------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("We are on it.\n\nOn Mon, 2 Nov 2026 at 10:00, Ana wrote:\n> It broke.\n>\n> Twice.", "We are on it."),
        ("Już działa.\n\nW dniu 2.11.2026 o 10:00 Ana napisała:\n> Nie działa.", "Już działa."),
        ("Gelöst.\n\nAm 2. November schrieb Ana:\n> Kaputt.", "Gelöst."),
        ("Done.\n-----Original Message-----\nFrom: Ana\nIt broke.", "Done."),
        ("On Monday Ana wrote:\nthat it broke. It is mended.", "On Monday Ana wrote:\nthat it broke. It is mended."),
        ("Hello,\nOn Monday you wrote:\n> It broke.\nIt is mended now.", "Hello,\nOn Monday you wrote:\n> It broke.\nIt is mended now."),
        ("> quoted above\nand answered below", "> quoted above\nand answered below"),
    ],
)  # fmt: skip
def test_mail_quoted_below_an_answer_is_left_out_and_above_it_stays(
    written: str, said: str
) -> None:
    assert plain(written) == said
