"""One mistake per file; the file's first lines say what has to be told about it."""

import shutil
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import load
from bridge.core.errors import ConfigError

HERE = Path(__file__).parent
PLACES = {
    "rules": "rules.yaml",
    "connections": "connections.yaml",
    "zendesk": "zendesk.yaml",
    "replies": "replies/pl.yaml",
    "sources": "sources/reviews.yaml",
    "calendars": "calendars.yaml",
}
BAD = sorted((HERE / "bad").glob("*/*.yaml"))


def told(folder: Path) -> list[str]:
    try:
        load(folder, ENVIRON, PROVIDERS)
    except ConfigError as error:
        return [problem.replace(f"{folder}/", "") for problem in error.problems]
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "good", tmp_path / "mappings"))


def test_the_good_files_are_good(folder: Path) -> None:
    assert told(folder) == []


@pytest.mark.parametrize("file", BAD, ids=[f"{one.parent.name}/{one.stem}" for one in BAD])
def test_a_mistake_is_told_with_file_line_place_and_advice(file: Path, folder: Path) -> None:
    shutil.copy(file, folder / PLACES[file.parent.name])
    lines = file.read_text("utf-8").splitlines()
    expected = [line.removeprefix("# expects ") for line in lines if line.startswith("# expects ")]
    assert expected
    assert told(folder) == expected


def test_no_value_of_a_secret_is_ever_told(folder: Path) -> None:
    values = [value for value in ENVIRON.values() if len(value) > 4]
    written = ["12345:abcdefghijk", "d0ntt3llany0ne", "EAAGlongtoken", "me:pass"]
    for file in BAD:
        shutil.copy(file, folder / PLACES[file.parent.name])
        sentences = "\n".join(told(folder))
        assert not [value for value in [*values, *written] if value in sentences]
        shutil.copytree(HERE / "good", folder, dirs_exist_ok=True)
