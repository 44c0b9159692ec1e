"""`bridge check --junit FILE`: the result as CI systems show it."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from bridge.cli import junit, main

ROOT = Path(__file__).parents[2]
# What a reader of Jenkins' schema (junit-10.xsd) accepts, as far as we write it.
MAY = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "time"},
    "testcase": {"name", "classname", "time", "file", "line"},
    "failure": {"message", "type"},
    "system-out": set[str](),
}
MUST = {"testsuite": {"name", "tests", "failures", "errors", "time"}, "testcase": {"name", "time"}}
WITHIN = {
    "testsuites": {"testsuite"}, "testsuite": {"testcase", "system-out"},
    "testcase": {"failure"}, "failure": set[str](), "system-out": set[str](),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped mappings, in a working folder of its own."""
    shutil.copytree(
        ROOT / "mappings", tmp_path / "mappings", ignore=shutil.ignore_patterns("connections.yaml")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_MAPPINGS", raising=False)
    return Path("mappings")


def report(code: int) -> Xml.Element:
    """The report of a check that ended with *code*, found to be what a reader accepts."""
    assert main(["check", "--junit", "report.xml"]) == code
    root = Xml.parse("report.xml").getroot()
    for one in root.iter():
        assert set(one.attrib) <= MAY[one.tag], one.attrib
        assert set(one.attrib) >= MUST.get(one.tag, set())
        assert {child.tag for child in one} <= WITHIN[one.tag]
    suites = root.findall("testsuite")
    for whole, several in [(root, suites), *((suite, [suite]) for suite in suites)]:
        assert int(whole.get("tests", "")) == sum(len(one.findall("testcase")) for one in several)
        assert int(whole.get("failures", "")) == len(whole.findall(".//failure"))
    names = [(one.get("classname"), one.get("name")) for one in root.iter("testcase")]
    assert len(set(names)) == len(names)
    return root


def failures(root: Xml.Element) -> dict[str, Xml.Element]:
    """The failed cases by what their failure says."""
    return {
        str(failed.get("message")): one
        for one in root.iter("testcase")
        for failed in one.findall("failure")
    }


def test_every_example_is_a_case_and_nothing_fails(folder: Path) -> None:
    root = report(0)
    assert failures(root) == {}
    cases = {(one.get("classname"), one.get("name")) for one in root.iter("testcase")}
    assert ("rules.refund-demand", '"I want a REFUND" gives refund-demand') in cases
    assert ("zendesk", "is valid") in cases
    assert any(str(of).startswith("telecom.") for of, _ in cases)
    assert any(str(of).startswith("sources.") for of, _ in cases)
    assert "connections.yaml: is missing" in (root.findtext(".//system-out") or "")


def test_an_example_that_fails_is_a_failure_with_its_line(folder: Path) -> None:
    file = folder / "rules.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"I want a REFUND"', '"I want\\ea rest"'), "utf-8")
    line = text[: text.index('"I want a REFUND"')].count("\n") + 1
    ((told, case),) = failures(report(1)).items()
    assert told.startswith(f"mappings/rules.yaml:{line}: rules > refund-demand > examples:")
    assert "gives nothing-to-do, not refund-demand" in told
    assert (case.get("file"), case.get("line")) == ("mappings/rules.yaml", str(line))
    assert case.get("classname") == "rules.refund-demand"


def test_a_mistake_in_a_file_is_a_failure_with_its_line(folder: Path) -> None:
    file = folder / "rules.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("escalate: {priority: urgent", "escalate: {priority: urgnet", 1), "utf-8"
    )
    line = text[: text.index("escalate: {priority: urgent")].count("\n") + 1
    ((told, case),) = failures(report(1)).items()
    assert "did you mean 'urgent'?" in told
    assert case.get("line") == str(line)
    assert case.get("name") == "rules > self-harm > then > escalate > priority"


def test_a_file_that_is_no_yaml_at_all_is_a_failure(folder: Path) -> None:
    (folder / "zendesk.yaml").write_text("debounce: [\n")
    ((told, case),) = failures(report(1)).items()
    assert told.startswith("mappings/zendesk.yaml:")
    assert case.get("classname") == "zendesk"


def test_a_report_that_cannot_be_written_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--junit", "nowhere/report.xml"]) == 2
    assert "nowhere/report.xml cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sentence", "file", "line", "name"),
    [
        ("m/rules.yaml:14: rules > x: 'a' is wrong: b", "m/rules.yaml", 14, "rules > x"),
        ("m/rules.yaml: is missing; `bridge init` writes one", "m/rules.yaml", 0, "can be read"),
        ("something else went wrong", "mappings", 0, "can be read"),
    ],
)
def test_a_finding_tells_where_it_is(sentence: str, file: str, line: int, name: str) -> None:
    found = junit.finding(sentence)
    assert (found.file, found.line, found.name, found.wrong) == (file, line, name, sentence)
