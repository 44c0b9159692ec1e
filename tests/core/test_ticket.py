"""What agents read: the customer's words exactly, and notes that explain, with nothing active in them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from bridge.core import telling, ticket
from bridge.core.harmless import safe
from bridge.core.model import Attachment, Author, Change, Kind, Message, Visibility

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ANA = Author(id="24", name="Ana Nowak", username="ana.n", followers=12345, verified=False)


def message(text="Where is my order 123?", **given):
    values = {
        "channel": "facebook",
        "account_id": "1067",
        "kind": Kind.COMMENT,
        "external_id": "1067_99",
        "thread_id": "1067_99",
        "visibility": Visibility.PUBLIC,
        "author": ANA,
        "text": text,
        "sent_at": AT,
        "dedupe": "1067_99:created",
    }
    return Message(**(values | given))


def case(*messages, **given):
    values = {
        "channel": "Facebook",
        "account": "Acme Coffee",
        "conversation": "facebook:1067:1067_99:24",
        "messages": messages or (message(),),
    }
    return ticket.Case(**(values | given))


# --- subject -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (message(), 'Facebook comment from Ana Nowak: "Where is my order 123?"'),
        (message("a\r\nSubject: b\tc"), 'Facebook comment from Ana Nowak: "a Subject: b c"'),
        (message(author=None), 'Facebook comment from Facebook user: "Where is my order 123?"'),
        (message("hi", author=Author(id="1", username="ana")), 'Facebook comment from ana: "hi"'),
        (message("hi", kind=Kind.REVIEW), 'Facebook review from Ana Nowak: "hi"'),
        (
            message("hi", kind=Kind.DM, visibility=Visibility.PRIVATE),
            'Facebook message from Ana Nowak: "hi"',
        ),
        (message("hi", kind=Kind.DM), 'Facebook group message from Ana Nowak: "hi"'),
        (
            message(None, attachments=(Attachment(type="image"),)),
            "Facebook comment from Ana Nowak: [image]",
        ),
        (message("   "), "Facebook comment from Ana Nowak"),
        (message("{{ticket.id}}"), 'Facebook comment from Ana Nowak: "{ {ticket.id}}"'),
    ],
)
def test_the_subject_says_what_who_and_how_it_begins(given, expected):
    assert ticket.subject(case(given)) == expected


@pytest.mark.parametrize("limit", [20, 40, 80, 150, 255])
@pytest.mark.parametrize("text", ["x" * 500, "słowo " * 200, "[[" * 200, ""])
def test_the_subject_keeps_to_its_limit_in_one_line(limit, text):
    subject = ticket.subject(case(message(text, author=Author(name="N" * 300))), limit)
    assert 0 < len(subject) <= limit
    assert "\n" not in subject


# --- the customer's words ------------------------------------------------------------------------


def test_one_message_is_its_words_exactly():
    text = "Hi!\n\n  I paid 12,50 € & got *nothing* <3 #fail @acme"
    assert ticket.words(case(message(text))) == text


def test_several_messages_stand_in_order_below_their_times_each_once():
    first = message("one", external_id="1", dedupe="1")
    second = message("two", external_id="2", dedupe="2", sent_at=AT.replace(minute=5))
    assert ticket.words(case(first, second, first)) == (
        "2026-11-22 10:00 UTC\none\n\n2026-11-22 10:05 UTC\ntwo"
    )


def test_a_group_chat_names_who_said_it():
    said = message("hello", kind=Kind.DM)
    assert ticket.words(case(said)) == "Ana Nowak, 2026-11-22 10:00 UTC\nhello"
    assert ticket.words(case(replace(said, visibility=Visibility.PRIVATE))) == "hello"


def test_an_edit_shows_the_latest_words_once():
    edit = message("now", change=Change.EDITED, dedupe="e", sent_at=None)
    assert ticket.words(case(message("before"), edit)) == "now\n(edited)"
    assert ticket.words(case(edit, message("before"))) == "now\n(edited)"


def test_an_edit_keeps_the_time_and_the_files_of_the_original():
    place = Attachment(type="link", url="https://x/1")
    first = message("before", external_id="1", attachments=(place,))
    edit = message("now", external_id="1", change=Change.EDITED, sent_at=AT.replace(hour=12))
    other = message("two", external_id="2")
    shown = ticket.words(case(first, other, edit))
    assert shown.startswith("2026-11-22 10:00 UTC\nnow\n[link] https://x/1\n(edited)\n\n")


def test_a_deleted_message_keeps_its_place_and_not_its_words():
    other = message("two", external_id="2", dedupe="2")
    gone = message(None, change=Change.DELETED, dedupe="d")
    text = ticket.words(case(message("secret"), other, gone))
    assert "secret" not in text
    assert text.index("deleted") < text.index("two")


@pytest.mark.parametrize(
    ("attachments", "text", "expected"),
    [
        ((Attachment(type="image", url="https://x/1"),), None, "[image]"),
        ((Attachment(type="image"), Attachment(type="video")), "", "[image] [video]"),
        ((Attachment(type="file", name="a.pdf"),), "", "[file a.pdf]"),
        ((Attachment(type="image", url="https://x/1"),), "see", "see"),
        ((Attachment(type="link", url="https://x/1"),), "see", "see\n[link] https://x/1"),
        ((Attachment(type="link", url="https://x/1"),), "https://x/1", "https://x/1"),
        ((Attachment(type="link", url="javascript:alert(1)"),), "see", "see\n[link]"),
        ((), None, "(no words)"),
    ],
)
def test_attachments_are_named_where_words_are_missing(attachments, text, expected):
    assert ticket.words(case(message(text, attachments=attachments))) == expected


def test_an_absurd_length_is_cut_with_a_mark_and_the_rest_is_in_the_note():
    long = "a" * 10_000 + "TAIL" + "b" * 20_000
    said = case(message(long))
    assert ticket.words(said) == "a" * 10_000 + "… [cut: 20004 more characters]"
    assert "TAIL" in ticket.note(said)
    assert "TAIL" not in ticket.note(case(message("short")))
    assert "TAIL" not in ticket.note(case(message(long, change=Change.DELETED)))


def test_nothing_acts_in_the_rest_of_a_long_message():
    note = ticket.note(
        case(message("a" * 10_000 + "{{ticket.id}} <script> [x](https://evil.example)"))
    )
    assert "{ {ticket.id}} < script> [x] (https://evil.example)" in note


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_a_line_ends_as_lines_end_here(end):
    assert safe(f"one{end}two") == "one\ntwo"


def test_no_flag_and_no_family_is_cut_in_two():
    family = "👩\u200d👩\u200d👧\u200d👦"
    said = case(message("a" * 9_997 + family + "TAIL"))
    assert ticket.words(said) == "a" * 9_997 + "… [cut: 11 more characters]"
    assert f"{family}TAIL" in ticket.note(said)


def test_the_note_stays_within_what_a_helpdesk_takes():
    lost = tuple(("https://x/" + "y" * 400, "why" * 300) for _ in range(300))
    assert len(ticket.note(case(message("z" * 200_000), lost=lost))) <= 60_000


def test_chunks_lose_no_word():
    text = " ".join(f"word{n}" for n in range(20_000))
    pieces = ticket.chunks(text)
    assert len(pieces) > 1
    assert all(len(piece) <= 60_000 for piece in pieces)
    assert sum(piece.count("word") for piece in pieces) == 20_000
    assert ticket.chunks("short") == ["short"]


# --- harmless text -------------------------------------------------------------------------------

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<IMG SRC=x",
    "<svg/onload=alert(1)>",
    "</div><iframe src=https://evil.example>",
    "<!--x--><b>bold</b>",
    "<?xml?>",
    "<\u200bscript>",
    "<a href='javascript:alert(1)'>x</a>",
    "<javascript:alert(1)>",
    "<https://evil.example/login>",
    "[Log in](https://evil.example)",
    "[x](javascript:alert(1))",
    "![pixel](https://evil.example/p.png)",
    "!\u200b[pixel](https://evil.example/p.png)",
    "[text]\u202e(https://evil.example)",
    "[a][b]\n\n[b]: https://evil.example",
    "   [b]: https://evil.example",
    "{{ticket.requester.email}}",
    "{{{ticket.id}}}",
    "{\u200b{ticket.id}}",
    "{\U000e0041{ticket.id}}",
    "{\x00{ticket.id}}",
    "{% for t in tickets %}{{t}}{% endfor %}",
    "{%- raw -%}",
    "[[placeholder]]",
    "[[[placeholder]]]",
    "\u202egnp.exe",
]


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)

    handle_endtag = handle_decl = handle_pi = handle_comment = lambda self, data: self.found.append(
        data
    )


def assert_harmless(text):
    for active in ("{{", "{%", "[[", "](", "][", "!["):
        assert active not in text
    assert not re.search(r"(?m)^\W*\[[^\]\n]*\]:", text)
    reader = Elements()
    reader.feed(text)
    reader.close()
    assert reader.found == []
    assert not any(c in text for c in "\u202e\u200b\x00\U000e0041")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_a_stranger_writes_acts_on_the_helpdesk(payload):
    said = message(
        payload,
        author=Author(id="1", name=payload, username=f"u{payload}", url=payload),
        permalink=f"https://x/{payload}",
        attachments=(Attachment(type=payload[:20], url=f"https://x/{payload}", name=payload),),
    )
    whole = case(
        said,
        replace(said, external_id="2", text=None),
        account=payload,
        post_text=payload,
        post_url=f"https://x/{payload}",
        rule="r",
        reasons=(payload,),
        earlier=(ticket.Said(who=payload, text=payload),),
        lost=((payload, payload),),
        unknown=(payload,),
    )
    for text in (
        ticket.subject(whole),
        ticket.words(whole),
        ticket.note(whole),
        telling.edited(payload, payload),
        telling.deleted(payload),
        telling.native(payload, payload, payload),
        telling.failed("refused", payload, [payload], payload),
        telling.held("unconfirmed", payload, payload),
        telling.partly(1, 2, "refused", payload, payload),
        telling.linked_previous(payload, payload),
        telling.waits("auth", payload),
        telling.not_copied([(payload, payload)]),
        telling.command_done("label", payload),
        telling.command_refused(payload, payload),
    ):
        assert_harmless(text)


@pytest.mark.parametrize(
    "text",
    [
        "I <3 you, 5 < 6, a > b",
        "{name} and {1} and [1] and (a) [b] c",
        "Zażółć gęślą jaźń, مرحبا, 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "#hash @me *bold* _em_ `code` 50% & more; data: 12.11",
        "https://example.com/a_(b)?x=1&y=[2]",
        "line\n\nline\n- item",
    ],
)
def test_ordinary_words_stay_as_they_are(text):
    assert safe(text) == text


# --- notes ---------------------------------------------------------------------------------------


def test_the_note_tells_an_agent_all_that_surrounds_the_words():
    note = ticket.note(
        case(
            message(permalink="https://www.facebook.com/1067/posts/1?comment_id=99"),
            rule="refund-demand",
            reasons=("text any of: refund", "author.followers at least 1000"),
            rules_hash="abc123",
            post_text="New blend is here!",
            post_url="https://www.facebook.com/1067/posts/1",
            earlier=(ticket.Said(who="Ana Nowak", text="hello?", at=AT),),
            lost=(("image https://cdn/1", "larger than 20 MB"),),
            unknown=("group Refunds",),
            windows="Answers are possible until 2026-11-23 10:00 UTC",
            events=("e1", "e2"),
        )
    )
    for expected in (
        "Facebook comment from Ana Nowak to Acme Coffee",
        "https://www.facebook.com/1067/posts/1?comment_id=99",
        "Under the post: New blend is here!",
        "About the author: @ana.n, 12,345 followers, not verified",
        "Why: rule refund-demand (text any of: refund; author.followers at least 1000)",
        "- 2026-11-22 10:00 UTC, Ana Nowak: hello?",
        "- image https://cdn/1: larger than 20 MB",
        "- group Refunds",
        "until 2026-11-23",
        "/dm",
        "Conversation facebook:1067:1067_99:24",
        "bridge why e1 e2",
        "Rules abc123",
    ):
        assert expected in note


def test_what_is_unknown_is_not_mentioned():
    note = ticket.note(case(message(author=Author(id="1", name="Ana"))))
    for absent in ("followers", "verified", "None", "Under the post", "Earlier", "Why:", "Rules"):
        assert absent not in note


def test_how_to_answer_is_told_where_one_can_answer():
    assert ticket.HOW in ticket.note(case(windows="Answers are possible at any time"))
    assert ticket.HOW not in ticket.note(case(windows=ticket.NOWHERE))


def test_an_unknown_author_is_said_to_be_unknown():
    assert "does not tell who wrote this" in ticket.note(case(message(author=None)))


def test_what_came_beside_the_words_stands_in_the_note_and_nothing_else_does():
    came = {
        "form.order": "A-1001",
        "form.[x](http://evil.example)": 7,
        "form": "[not read](http://evil.example)",
        "referral.headline": "Autumn blend",
        "location.address": "Main Street 1",
        "location.point": None,
        "postback": "YES",
        "forms.no": "no",
    }
    told = ticket.note(case(message(extra=came), message(extra=came)))
    begin = told.index("Came with it:")
    assert told[begin:].split("\n\n")[0].split("\n") == [
        "Came with it:",
        "- Form, order: A-1001",
        "- Form, [x] (http://evil.example): 7",
        "- Form: [not read] (http://evil.example)",
        "- Came by, headline: Autumn blend",
        "- Place, address: Main Street 1",
    ]


def test_where_nothing_came_beside_the_words_the_note_is_silent_about_it():
    assert "Came with it" not in ticket.note(case(message(extra={"postback": "YES"})))


def test_only_the_last_ten_earlier_messages_are_shown():
    earlier = tuple(ticket.Said(who="Ana", text=f"turn{n:02}") for n in range(12))
    note = ticket.note(case(earlier=earlier))
    assert "turn02" in note
    assert "turn01" not in note
    assert "the last 10 of 12" in note


def test_the_customer_named_by_the_case_wins_over_the_messages():
    named = case(message(author=None), customer=Author(id="24", name="Ana"))
    assert "from Ana:" in ticket.subject(named)


@pytest.mark.parametrize("code", sorted(telling.WAYS))
def test_every_failure_code_has_a_sentence(code):
    text = telling.failed(code, "", ["answer in public"], "my words")
    assert telling.WAYS[code] + "." in text
    assert "- answer in public" in text
    assert "| my words" in text


def test_an_unknown_failure_says_its_detail():
    assert "Not delivered to the customer. The moon is full." in telling.failed(
        "moon", "The moon is full.", [], "x"
    )
    assert "odd thing." in telling.failed("odd_thing", "", [], "x")


def test_an_edit_note_holds_both_texts_and_a_first_sight_only_the_new_one():
    assert telling.edited("old", "new") == (
        "The customer has edited this.\nBefore:\n| old\nNow:\n| new"
    )
    assert "Before" not in telling.edited(None, "new")


def test_a_quotation_cannot_pass_for_our_own_words():
    text = telling.deleted("x\nNow do what I say")
    assert all(row.startswith("| ") for row in text.split("\n")[1:])


def test_commands_are_confirmed_in_words():
    assert telling.command_done("unlabel", "vip") == "The person has no longer the label: vip"
    assert "in private" in telling.command_done("dm")
    assert "/dnace" in telling.command_refused("dnace", "there is no such command")


@pytest.mark.parametrize(
    ("signals", "told"),
    [
        ({"sentiment": -0.86, "language": "en", "praise": False}, "mood -0.9 of -1 to 1"),
        ({"safety": True, "urgent": False, "sentiment": 0.0}, "danger, mood +0.0 of -1 to 1"),
        ({"urgent": True, "personal_data": ("phone", "card")}, "cannot wait, personal data (phone, card)"),
    ],
)  # fmt: skip
def test_the_note_tells_what_was_read_from_the_words(signals, told):
    note = ticket.note(case(message(), rule="one", signals=signals))
    assert f"Read from the words, which may be wrong: {told}\n" in note


@pytest.mark.parametrize(
    "signals", [{}, {"safety": False, "personal_data": (), "sentiment": None, "language": "en"}]
)
def test_where_nothing_worth_knowing_was_read_the_note_says_nothing_of_it(signals):
    assert "Read from" not in ticket.note(case(message(), rule="one", signals=signals))


def test_an_answer_without_words_says_so_and_one_whose_words_are_not_kept_says_nothing() -> None:
    assert telling.failed("paused", "", [], "").endswith("The words:\n| (no words)")
    assert "words" not in telling.failed("erased", "", [], None)
