import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.commands import COMMANDS, Command, command, command_of_tag, duration


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("/dm", Command("dm")),
        ("/public", Command("public")),
        ("/hide", Command("hide")),
        ("/mute 7d", Command("mute", "7d")),
        ("/DM", Command("dm")),
        ("/Mute   7 d  ", Command("mute", "7 d")),
        ("\n  \n  /dm\nask for the order number there", Command("dm", "", ("ask for the order number there",))),
        ("/dm\r\nsecond line", Command("dm", "", ("second line",))),
        ("/dm because of the address", Command("dm", "because of the address")),
        ("/dm, please", Command("dm", "please")),
        ("\ufeff/dm", Command("dm")),
        ("\u200b\xa0/mute\xa07d\u200b", Command("mute", "7d")),
        ("<p>/dm</p><p>words</p>", Command("dm", "", ("words",))),
        ("<div>&nbsp;/mute&nbsp;7d</div>", Command("mute", "7d")),
        ("/dmm", Command("unknown", "dmm")),
        ("/template late_order pl\n Ana \n\n 17", Command("template", "late_order pl", ("Ana", "17"))),
        ("/templates late_order", Command("unknown", "templates")),
        ("/Ukryj", Command("unknown", "ukryj")),
        ("/mute7d", Command("unknown", "mute7d")),
    ],
)  # fmt: skip
def test_the_first_line_of_a_note_commands(note: str, expected: Command) -> None:
    assert command(note) == expected


@pytest.mark.parametrize(
    "note",
    [
        "",
        "  \n ",
        "call her back",
        "see /dm",
        "first a line\n/dm",
        "/",
        "/ dm",
        "//dm",
        "/etc/hosts is broken",
        "/orders/17",
        "/7 of us saw it",
        "https://example.com/dm",
        "<p>words</p><p>/dm</p>",
        "/" + "a" * 40,
    ],
)
def test_other_words_command_nothing(note: str) -> None:
    assert command(note) is None


@given(st.text())
def test_no_note_crashes_and_no_unknown_name_comes_out(note: str) -> None:
    found = command(note)
    assert found is None or found.name in (*COMMANDS, "unknown")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("bridge_dm", Command("dm")),
        ("Bridge_Public ", Command("public")),
        ("bridge_hide", Command("hide")),
        ("bridge_mute_7d", Command("mute", "7d")),
        ("bridge_mute_1d_12h", Command("mute", "1d 12h")),
    ],
)
def test_a_tag_commands(tag: str, expected: Command) -> None:
    assert command_of_tag(tag) == expected


@pytest.mark.parametrize(
    "tag", ["", "dm", "bridge_", "bridge_dmm", "bridge_0f3c", "vip", "xbridge_dm", "bridge-dm"]
)
def test_another_tag_commands_nothing(tag: str) -> None:
    assert command_of_tag(tag) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("36h", 129600),
        ("7d", 604800),
        ("7 d", 604800),
        (" 7D ", 604800),
        ("2w", 1209600),
        ("1d 12h", 129600),
        ("1d12h", 129600),
        ("7 days", 604800),
        ("7 dni", 604800),
        ("2 tygodnie", 1209600),
        ("1 godz. 30 min", 5400),
        ("3650d", 315360000),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "7", "d", "0d", "-7d", "7x", "7d!", "7.5d", "3651d", "999999w", "9999999d", "٧d", "for ever", "7d and more"],
)  # fmt: skip
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration(text) is None
