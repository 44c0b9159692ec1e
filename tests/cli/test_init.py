"""`bridge init`: from nothing to files that pass `bridge check`, and never over anybody's work."""

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bridge.cli import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_MAPPINGS", raising=False)
    return tmp_path


def test_what_it_writes_passes_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    assert "wrote  mappings/connections.yaml" in out
    assert [line[:2] for line in out.splitlines()[-4:]] == ["1.", "2.", "3.", "4."]
    assert Path("mappings/replies/pl.yaml").is_file()
    assert not Path("mappings/connections.example.yaml").exists()
    assert main(["check"]) == 0


def test_our_secrets_are_random_and_theirs_are_left_to_fill_in(here: Path) -> None:
    assert main(["init"]) == 0
    first = dotenv_values(".env")
    for name in ("BRIDGE_SECRET_KEY", "META_VERIFY_TOKEN", "TELEGRAM_WEBHOOK_SECRET"):
        assert len(first[name] or "") >= 32
    for name in ("META_APP_SECRET", "META_PAGE_TOKEN", "TELEGRAM_TOKEN", "ZENDESK_CLIENT_SECRET"):
        assert first[name] == ""
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    (here / "other").mkdir()
    assert main(["init", "other/mappings"]) == 0
    second = dotenv_values("other/.env")
    assert second["BRIDGE_SECRET_KEY"] != first["BRIDGE_SECRET_KEY"]
    assert "BRIDGE_PUBLIC_URL" not in second  # settings stand there as comments


def test_a_folder_gets_mappings_and_env_into_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "desk"]) == 0
    assert Path("desk/mappings/rules.yaml").is_file()
    assert "hours: always" in Path("desk/mappings/calendars.yaml").read_text()
    assert Path("desk/.env").is_file()
    assert not Path(".env").exists()
    assert main(["check", "desk"]) == 0
    assert "desk/mappings" in capsys.readouterr().out


def test_nothing_that_is_there_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mappings").mkdir()
    Path("mappings/rules.yaml").write_text("mine\n")
    Path(".env").write_text("BRIDGE_SECRET_KEY=mine-and-long-enough")
    assert main(["init"]) == 0
    assert Path("mappings/rules.yaml").read_text() == "mine\n"
    assert "kept   mappings/rules.yaml" in capsys.readouterr().out
    env = dotenv_values(".env")
    assert env["BRIDGE_SECRET_KEY"] == "mine-and-long-enough"
    assert "META_APP_SECRET" in env
    before = Path(".env").read_text()
    assert main(["init"]) == 0
    assert Path(".env").read_text() == before


def test_yes_replaces_mappings_and_still_no_secret() -> None:
    assert main(["init"]) == 0
    Path("mappings/rules.yaml").write_text("mine\n")
    before = Path(".env").read_text()
    assert main(["init", "--yes"]) == 0
    assert Path("mappings/rules.yaml").read_text() != "mine\n"
    assert Path(".env").read_text() == before


def test_where_nothing_can_be_written_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    assert main(["init", "file/mappings"]) == 1
    assert "bridge init: file" in capsys.readouterr().err
