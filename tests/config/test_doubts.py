"""What a rules file may say, and somebody should look at all the same."""

import shutil
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import load

GOOD = Path(__file__).parent / "good"


def warned(tmp_path: Path, when: str) -> list[str]:
    folder = Path(shutil.copytree(GOOD, tmp_path / "mappings"))
    (folder / "rules.yaml").write_text(
        f"rules:\n  - name: one\n    when: {when}\n    then: {{ignore: x}}\n"
        "  - name: last\n    then: {ignore: x}\n",
        "utf-8",
    )
    told = load(folder, ENVIRON, PROVIDERS).warnings
    return [one.removeprefix(f"{folder}/") for one in told]


@pytest.mark.parametrize("when", ["{text: refund}", "{text: [refund, money]}", "{not: {text: ok}}"])
def test_a_word_that_is_the_whole_message_is_doubtful(tmp_path: Path, when: str) -> None:
    (told,) = warned(tmp_path, when)
    assert told.startswith("rules.yaml:3: rules > one > when: `text: ")
    assert "write text: {any_of: [" in told


@pytest.mark.parametrize(
    "when", ["{text: {any_of: [refund]}}", "{author.name: Ana}", "{post.text: x}"]
)
def test_words_in_it_are_not(tmp_path: Path, when: str) -> None:
    assert warned(tmp_path, when) == []
