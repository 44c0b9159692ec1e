"""`bridge signals` counts what is right, and the documentation says the same."""

import json
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.cli.signals import MESSAGES
from bridge.core.accuracy import Tally, labelled, mood_of, share, table, tallies
from bridge.core.sentiment import Felt

HEAD = "set\tlanguage\tmood\tsigns\ttext"
PAGE = (Path(__file__).parents[2] / "docs" / "signals.md").read_text("utf-8")


def ours() -> list:
    return labelled(MESSAGES.read_text("utf-8").splitlines())


def test_the_documentation_holds_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["signals"]) == 0
    told = capsys.readouterr().out.rstrip("\n")
    assert PAGE.split("<!-- bridge signals -->\n")[1].split("\n<!-- end -->")[0] == told


def test_there_are_enough_messages_in_five_languages_and_none_twice() -> None:
    messages = ours()
    assert len({one.text for one in messages}) == len(messages) >= 300
    for code in ("en", "pl", "de", "fr", "es"):
        assert sum(one.language == code for one in messages) >= 60
    assert {one.mood for one in messages} == {"-", "0", "+"}
    for held in ("everyday", "facts"):
        assert sum(one.set == held for one in messages) >= 100


def test_what_is_read_is_counted_against_what_is_so() -> None:
    rows = labelled(
        [
            HEAD,
            "everyday\ten\t-\ts\tthe charger caught fire, I hate it",
            "everyday\ten\t-\t\tgreat shop here",
            "everyday\t-\t0\t\tok",
        ]
    )
    moods = tallies(rows)["everyday", "all"].mood
    assert (moods.asked, moods.right, moods.turned) == (3, 1, 1)
    assert tallies(rows)["everyday", "en"].signs["safety"].found() == "1 of 1, 0 false"


def test_another_reader_is_counted_in_our_place() -> None:
    rows = labelled([HEAD, "known\ten\t-\t\tI love it"])
    assert tallies(rows)["known", "en"].mood.right == 0
    assert tallies(rows, lambda *_: Felt(-1, "ours"))["known", "en"].mood.right == 1
    assert "100 %" in table(rows, lambda *_: Felt(-1, "ours"))


@pytest.mark.parametrize(
    ("score", "mood"), [(0.3, "+"), (0.29, "0"), (-0.29, "0"), (-0.3, "-"), (None, None)]
)
def test_a_score_stands_for_a_mood(score: float | None, mood: str | None) -> None:
    assert mood_of(score) == mood


def test_a_share_is_rounded_and_of_nothing_there_is_none() -> None:
    assert (share(2, 3), share(0, 0)) == ("67 %", "-")
    assert Tally().mood.turned == 0


def test_messages_of_your_own_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.tsv"
    file.write_text(f"{HEAD}\neveryday\ten\t+\tp\tI love it\n", "utf-8")
    assert main(["signals", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["everyday/en"]["mood"] == {"right": 1, "turned": 0}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "holds no message"),
        (f"{HEAD}\neveryday\ten\t+", "cannot be read"),
        (f"{HEAD}\nheldd\ten\t+\t\tx", "'heldd' is no set"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str | None, told: str
) -> None:
    file = tmp_path / "mine.tsv"
    if written is not None:
        file.write_text(written, "utf-8")
    assert main(["signals", str(file)]) == 1
    assert told in capsys.readouterr().err
