"""`bridge check` as people and pipelines run it."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped mappings, in a working folder of its own."""
    shutil.copytree(
        ROOT / "mappings", tmp_path / "mappings", ignore=shutil.ignore_patterns("connections.yaml")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_MAPPINGS", raising=False)
    return Path("mappings")


def edit(path: Path, old: str, new: str) -> int:
    """Replace *old* and return the line it stood on."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_mappings_are_fine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "give what they promise" in out
    assert "warning  mappings/connections.yaml: is missing" in out
    assert out.endswith("mappings: fine\n")


def test_a_mistake_is_told_with_file_and_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = edit(folder / "rules.yaml", "escalate: {priority: urgent", "escalate: {priority: urgnet")
    assert main(["check", "mappings"]) == 1
    out = capsys.readouterr().out
    assert f"mappings/rules.yaml:{line}: rules > self-harm > then > escalate > priority" in out
    assert "did you mean 'urgent'?" in out
    assert "fine" not in out


def test_an_example_that_fails_is_told_with_what_stood_in_the_way(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = edit(folder / "rules.yaml", 'text: "Chcę zwrotu pieniędzy"', 'text: "Chcę spokoju"')
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert f'mappings/rules.yaml:{line}: rules > refund-demand > examples: "Chcę spokoju"' in out
    assert "gives nothing-to-do, not refund-demand: refund-demand wants text any_of refund" in out
    assert "1 mistake\n" in out


def test_a_draft_is_checked_in_place_of_the_rules(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "rules.yaml", "draft.yaml")
    (folder / "rules.yaml").write_text("rules: [")
    for words in (("--rules", "draft.yaml"), ("draft.yaml",)):
        assert main(["check", *words]) == 0
        assert capsys.readouterr().out.endswith("draft.yaml: fine\n")
    line = edit(tmp_path / "draft.yaml", "reply: {public: neutral", "reply: {public: neutrl")
    again = edit(tmp_path / "draft.yaml", 'text: "Chcę zwrotu pieniędzy"', 'text: "Chcę spokoju"')
    assert main(["check", "--rules", "draft.yaml", "--junit", "report.xml"]) == 1
    out = capsys.readouterr().out
    assert f"draft.yaml:{line}: rules > troll > then > reply > public: the reply 'neutrl'" in out
    assert f'file="draft.yaml" line="{line}"' in Path("report.xml").read_text("utf-8")
    edit(tmp_path / "draft.yaml", "neutrl", "neutral")
    assert main(["check", "--rules", "draft.yaml"]) == 1
    assert f"draft.yaml:{again}: rules > refund-demand > examples" in capsys.readouterr().out


def test_rules_elsewhere_are_checked_with_the_words_beside_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.rename("other")
    assert main(["check", "other/rules.yaml"]) == 0
    Path("other/replies/en.yaml").write_text("hello: {plain: [Hello.]}")
    Path("other/replies/pl.yaml").unlink()
    assert main(["check", "other/rules.yaml"]) == 1
    assert "the reply 'neutral' is missing in replies/en.yaml" in capsys.readouterr().out


def test_a_draft_changes_nothing_of_the_mappings_own_rules(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("draft.yaml").write_text("rules: [")
    assert main(["check"]) == 0
    assert main(["check", "--rules", "nowhere.yaml"]) == 1
    assert "nowhere.yaml: is missing" in capsys.readouterr().out


def test_json_for_pipelines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["problems"] == []
    assert told["rules"] > 10
    assert told["examples"] > 50
    assert told["languages"] == ["en", "pl"]
    (folder / "zendesk.yaml").write_text("debounce: [\n")
    assert main(["check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert len(told["problems"]) == 1


def test_a_missing_variable_is_a_warning_that_env_files_answer(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "connections.yaml").write_text(
        "connections:\n  bot:\n    type: telegram\n"
        '    token: "${BOT_TOKEN_HERE}"\n    webhook_secret: "${BOT_TOKEN_BESIDE}"\n'
        "  desk:\n    type: zendesk\n    url: https://acme.zendesk.com\n    client_id: bridge\n"
        '    client_secret: "${BOT_TOKEN_HERE}"\n    webhook_secrets: ["${BOT_TOKEN_HERE}"]\n'
    )
    assert main(["check"]) == 0
    assert capsys.readouterr().out.count("is not set") == 4
    (tmp_path / ".env").write_text("BOT_TOKEN_BESIDE=canary-beside\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("BOT_TOKEN_HERE=canary-here\n")
    monkeypatch.chdir(elsewhere)
    assert main(["check", str(tmp_path / "mappings")]) == 0
    out = capsys.readouterr().out
    assert "is not set" not in out
    assert "canary" not in out


def test_another_folder_by_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.rename("policy")
    assert main(["check"]) == 1
    assert "bridge init" in capsys.readouterr().out
    monkeypatch.setenv("BRIDGE_MAPPINGS", "policy")
    assert main(["check"]) == 0


CONNECTIONS = """\
connections:
  zendesk:
    type: zendesk
    url: https://acme.zendesk.com
    webhook_secrets: ["${HOOK_SECRET}"]
    %s
"""


@pytest.mark.parametrize(
    ("credentials", "warned"),
    [
        ('{email: bridge@acme.example, api_token: "${API_TOKEN}"}', True),
        ('{client_id: bridge, client_secret: "${CLIENT_SECRET}"}', False),
    ],
)
def test_an_api_token_is_taken_with_the_day_on_which_it_ends(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    credentials: str, warned: bool,
) -> None:  # fmt: skip
    for name in ("HOOK_SECRET", "API_TOKEN", "CLIENT_SECRET"):
        monkeypatch.setenv(name, f"{name.lower()}-0123456789")
    lines = credentials.strip("{}").replace(", ", "\n    ")
    (folder / "connections.yaml").write_text(CONNECTIONS % lines)
    assert main(["check"]) == 0
    assert ("2027-04-30" in capsys.readouterr().out) is warned
    assert main(["check", "--json"]) == 0
    assert bool(json.loads(capsys.readouterr().out)["warnings"]) is warned


def test_a_calendar_is_told_as_it_stands_with_the_next_days_that_differ(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "calendars.yaml").write_text(
        "calendars:\n"
        '  default: {time_zone: Europe/Warsaw, hours: {mon-fri: "09:00-17:00"}, holidays: {country: PL},'
        ' exceptions: {2026-12-24: "09:00-13:00"}}\n'
        '  nights: {time_zone: UTC, hours: {mon-sun: "22:00-06:00"}}\n'
        "  day-and-night: {time_zone: UTC, hours: always}\n"
    )
    monkeypatch.setattr("bridge.cli.check.now", lambda: datetime(2026, 12, 23, 17, tzinfo=UTC))
    assert main(["check"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "calendar " in line]
    assert lines[0].startswith(
        "ok       the calendar default: closed now until Thu 2026-12-24 09:00 Europe/Warsaw;"
        " Thu 2026-12-24 09:00-13:00 (Christmas Eve); Fri 2026-12-25 closed (Christmas Day);"
    )
    assert lines[1:] == [
        "ok       the calendar nights: closed now until Wed 2026-12-23 22:00 UTC",
        "ok       the calendar day-and-night: open for more than a year (UTC)",
    ]
