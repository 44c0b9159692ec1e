"""What rules.yaml promises those who wait, as it is read."""

import re
import shutil
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import Config, load, load_rules
from bridge.config.schemas import MeasuresSchema, TargetSchema, WaitSchema
from bridge.core.rules import Reply, Rules, failing
from bridge.core.targets import NO_TARGET, USUAL, Measures, Target, Wait
from bridge.store import ANSWERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/targets.md").read_text("utf-8")
GOOD = Path(__file__).parent / "good"
RULES = """
{top}rules:
  - name: complaint
    when: {{text: {{any_of: [broken]}}}}
    then:
      escalate: {{}}
{then}
  - name: default
    then: {{ignore: nothing-to-do}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path / "mappings"))


def read(folder: Path, top: str = "", then: str = "") -> Config:
    then = f"      {then}" if then else ""
    (folder / "rules.yaml").write_text(RULES.format(top=f"{top}\n" if top else "", then=then))
    return load(folder, ENVIRON, PROVIDERS)


def rules(folder: Path, top: str = "", then: str = "") -> Rules:
    return read(folder, top, then).rules


def test_where_nothing_is_said_an_answer_is_due_in_an_hour(folder: Path) -> None:
    found = rules(folder)
    assert found.target == USUAL == Target(first_answer=3600, clock="calendar")
    assert found.rules[0].then.target is None
    assert found.rules[0].then.waits == ()


def test_a_target_is_read_with_its_steps(folder: Path) -> None:
    found = rules(
        folder,
        "target: {first_answer: 30m, clock: business, warn_at: 50%, "
        "on_warn: [{notify: team}, {notify: lead}], on_breach: [{priority: urgent}, {tags: [late]}]}",
    )
    assert found.target == Target(
        first_answer=1800, clock="business", warn_at=900, on_warn=Measures(notify=("team", "lead")),
        on_breach=Measures(priority="urgent", tags=("late",)),
    )  # fmt: skip


def test_steps_may_stand_together_and_a_warning_may_be_a_time(folder: Path) -> None:
    found = rules(folder, "target: {warn_at: 20m, on_warn: {priority: high, note: Hurry}}")
    assert found.target.warn_at == 1200
    assert found.target.on_warn == Measures(priority="high", note="Hurry")


def test_what_the_target_of_a_rule_does_not_say_the_file_says(folder: Path) -> None:
    top = "target: {first_answer: 2h, warn_at: 75%, on_breach: {tags: late}}"
    target = rules(folder, top, "target: {first_answer: 20m}").rules[0].then.target
    assert target == Target(first_answer=1200, warn_at=900, on_breach=Measures(tags=("late",)))


def test_no_target_is_said_with_false_in_the_file_or_in_a_rule(folder: Path) -> None:
    found = rules(folder, "target: false", "target: {first_answer: 20m}")
    assert found.target is NO_TARGET
    assert found.rules[0].then.target == Target(first_answer=1200, warn_at=900)
    found = rules(folder, "target: {first_answer: 20m}", "target: false")
    assert found.rules[0].then.target is NO_TARGET


def test_what_is_done_where_nobody_answers_is_read(folder: Path) -> None:
    then = (
        "wait: [{after: 30m, then: {priority: urgent}}, "
        "{after: 1d, clock: business, then: {notify: [lead], reply: {private: acknowledged}}}]"
    )
    assert rules(folder, then=then).rules[0].then.waits == (
        Wait(after=1800, then=Measures(priority="urgent")),
        Wait(
            after=86400, clock="business",
            then=Measures(notify=("lead",), replies=(Reply("private", "acknowledged"),)),
        ),
    )  # fmt: skip


def test_a_clock_of_business_hours_without_hours_is_doubtful(folder: Path) -> None:
    top, then = "target: {clock: business}", "wait: [{after: 1h, clock: business, then: {tags: x}}]"
    assert not [one for one in read(folder, top, then).warnings if "calendars.yaml" in one]
    (folder / "calendars.yaml").unlink()
    for name in ("connections.yaml", "zendesk.yaml"):
        file = folder / name
        lines = file.read_text().splitlines()
        file.write_text("\n".join(one for one in lines if "calendar" not in one) + "\n")
    told = [one for one in read(folder, top, then).warnings if "always there" in one]
    assert [one.split(": ")[1] for one in told] == ["target > clock", "rules > complaint > then > wait > number 1 > clock"]  # fmt: skip


def test_the_example_on_the_page_is_read_and_its_example_holds(folder: Path) -> None:
    (folder / "rules.yaml").write_text(PAGE.split("```yaml\n")[1].split("```")[0])
    found = load(folder, ENVIRON, PROVIDERS).rules
    assert failing(found) == []
    press, praise, _ = (one.then for one in found.rules)
    assert press.target == Target(
        first_answer=900, clock="business", warn_at=675, on_warn=Measures(notify=("team",)),
        on_breach=Measures(priority="urgent", tags=("late",)),
    )  # fmt: skip
    assert [one.after for one in press.waits] == [1800, 7200]
    assert praise.target == NO_TARGET


def test_the_page_names_every_key_and_every_count() -> None:
    for schema in (TargetSchema, WaitSchema, MeasuresSchema):
        for key in schema().fields:
            assert f"`{key}" in PAGE, key
    for result in ANSWERS:
        assert result in PAGE


def test_the_target_that_is_shipped_may_be_uncommented() -> None:
    path = ROOT / "mappings/rules.yaml"
    shipped = path.read_text("utf-8")
    hidden = re.search(r"^# target:\n(?:#   .*\n)+", shipped, re.MULTILINE)
    assert hidden
    rules = load_rules(path, shipped.replace(hidden[0], hidden[0].replace("# ", "", 1).replace("\n# ", "\n")))  # fmt: skip
    assert rules.target == Target(
        on_warn=Measures(notify=("team",)), on_breach=Measures(priority="high", tags=("late",))
    )
    assert failing(rules) == []
