"""The commands with sources that a file in the mappings describes."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.cli import main

SHIPPED = Path(__file__).parents[2] / "mappings"
PAYLOAD = {
    "entry_id": 9, "email": "ana@example.com", "first_name": "Ana", "message": "It arrived broken",
    "order_number": "10233", "is_spam": False,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the shipped mappings and nothing connected."""
    shutil.copytree(SHIPPED, tmp_path / "mappings")
    (tmp_path / "mappings" / "connections.yaml").unlink(missing_ok=True)
    (tmp_path / "payload.json").write_text(json.dumps(PAYLOAD))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_MAPPINGS", raising=False)
    return tmp_path / "mappings"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


# --- normalise and explain ---------------------------------------------------------------------------


def test_normalise_takes_the_name_of_a_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["normalise", "contact-form", "payload.json"]) == 0
    event = json.loads(capsys.readouterr().out)
    assert (event["channel"], event["kind"], event["external_id"]) == ("contact-form", "dm", "9")
    assert (event["author"]["id"], event["text"]) == ("ana@example.com", "It arrived broken")
    assert event["account_id"] is None


def test_normalise_finds_the_mappings_that_the_environment_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.rename("policy")
    assert main(["normalise", "contact-form", "payload.json"]) == 2
    monkeypatch.setenv("BRIDGE_MAPPINGS", "policy")
    assert main(["normalise", "contact-form", "payload.json"]) == 0


@pytest.mark.parametrize("command", ["normalise", "explain"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("contact-from", "did you mean 'contact-form'?"),
        ("generic", "name that one (contact-form, make, reviews, zapier)"),
        ("../connections", "there is no source"),
        ("facebook", "facebook comes by the source 'meta'"),
    ],
)
def test_an_unknown_source_is_a_sentence_that_knows_the_files(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, name: str, told: str
) -> None:
    assert main([command, name, "payload.json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


@pytest.mark.parametrize("command", ["normalise", "explain"])
def test_a_file_with_a_mistake_is_told_with_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    change(
        folder / "sources" / "contact-form.yaml", "external_id: entry_id", "external_id: entry-id"
    )
    assert main([command, "contact-form", "payload.json"]) == 1
    told = capsys.readouterr().err
    assert "mappings/sources/contact-form.yaml:" in told
    assert "external_id: 'entry-id' is no JMESPath" in told


def test_normalise_of_a_body_that_is_no_json_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"entry_id=9")))
    assert main(["normalise", "contact-form", "-"]) == 1
    out, err = capsys.readouterr()
    assert (out, "the body cannot be read" in err) == ("", True)


def test_explain_asks_the_rules_also_for_facts_of_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(
        folder / "rules.yaml",
        "rules:\n",
        "rules:\n  - name: of-an-order\n"
        '    when: {channel: contact-form, extra.order_number: "10233"}\n'
        "    then: {escalate: {priority: high}}\n",
    )
    assert main(["check"]) == 0
    capsys.readouterr()
    assert main(["explain", "contact-form", "payload.json", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rule"], told["outcome"]) == ("of-an-order", "escalate")


# --- check -------------------------------------------------------------------------------------------


def test_check_names_the_sources_and_their_examples(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 0
    assert "ok       the source contact-form: 2 examples" in capsys.readouterr().out
    assert main(["check", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sources"] == ["contact-form", "make", "reviews", "zapier"]


def test_check_refuses_an_example_that_gives_something_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "sources" / "contact-form.yaml"
    change(file, 'external_id: "4711"', 'external_id: "4712"')
    line = 1 + next(
        at for at, row in enumerate(file.read_text().splitlines()) if row == "  - payload:"
    )
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert (
        f"wrong    mappings/sources/contact-form.yaml:{line}: examples > number 1: "
        "external_id gives '4711', not '4712'" in out
    )
    assert "the source contact-form" not in out
    assert "the source reviews" in out
    assert main(["check", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


# --- what is connected -------------------------------------------------------------------------------

CONNECTION = """
  form:
    type: generic
    source: contact-form
    proof: {hmac: {header: X-Sign, secret: "${FORM_SECRET}", timestamp: X-Time, signs: "{timestamp}.{body}"}}
    helpdesk: zendesk
"""


@pytest.fixture
def connected(bare: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FORM_SECRET", "made-up-secret-of-the-form")
    with (bare.folder / "mappings" / "connections.yaml").open("a") as file:
        file.write(CONNECTION)
    return bare


def test_setup_says_the_address_and_how_the_tool_must_prove_itself(connected: Any) -> None:
    code, out, err = connected.run("setup", "form", "--url", "https://bridge.example.com")
    assert (code, err) == (0, "")
    assert "POST https://bridge.example.com/hooks/form" in out
    assert "the header x-sign: <HMAC-SHA256 as hex> over {timestamp}.{body}" in out
    assert "made-up-secret" not in out


def test_doctor_says_what_can_be_known(connected: Any) -> None:
    found = connected.json("doctor")["findings"]
    told = [(one["ok"], one["text"]) for one in found if one["about"] == "form"]
    assert told[0] == (True, "read as sources/contact-form.yaml says, as channel contact-form")
    assert told[1][0] is None
    assert "over {timestamp}.{body}" in told[1][1]
    assert "made-up-secret" not in json.dumps(found)


def test_status_has_a_row_for_it(connected: Any, redis_url: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BRIDGE_REDIS_URL", redis_url)
    told = connected.json("status")
    assert told["books"]["form"]["received"] == 0
    assert told["connections"]["form"]["state"] == "open"


def test_init_writes_the_sources_and_a_secret_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert Path("mappings/sources/reviews.yaml").is_file()
    (line,) = [row for row in Path(".env").read_text().splitlines() if "CONTACT_FORM" in row]
    assert len(line.partition("=")[2]) >= 32
