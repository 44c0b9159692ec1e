"""calendars.yaml as it is read, and whose hours count."""

from __future__ import annotations

import re
import shutil
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import Config, load, load_rules
from bridge.config.calendars import holidays_of
from bridge.core.calendars import ALWAYS
from bridge.core.errors import ConfigError
from bridge.core.model import Account
from bridge.core.rules import failing
from bridge.settings import Settings
from bridge.wiring import Bridge

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "docs/time.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "good", tmp_path / "mappings"))


def read(folder: Path, text: str | None = None) -> Config:
    if text is not None:
        (folder / "calendars.yaml").write_text(text, "utf-8")
    return load(folder, ENVIRON, PROVIDERS)


def test_hours_holidays_and_exceptions_are_read(folder: Path) -> None:
    office = read(folder).calendars["default"]
    assert str(office.zone) == "Europe/Warsaw"
    assert office.week == (((540, 1020),),) * 5 + (((600, 840),), ())
    assert office.exceptions[date(2026, 12, 24)] == ((540, 780),)
    assert [day for day in office.exceptions if office.exceptions[day] == ()] == [
        date(2026, 12, number) for number in range(27, 32)
    ]
    assert office.holidays(2026)[date(2026, 11, 11)] == "National Independence Day"
    assert date(2026, 11, 12) not in office.holidays(2026)


def test_a_region_has_holidays_of_its_own() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany in holidays_of("DE", "BY")(2026)
    assert epiphany not in holidays_of("DE")(2026)


def test_days_may_go_round_the_end_of_the_week(folder: Path) -> None:
    text = 'calendars: {default: {time_zone: UTC, hours: {sat-mon: "9:00-17:00", wed: closed}}}'
    week = read(folder, text).calendars["default"].week
    assert [bool(day) for day in week] == [True, False, False, False, False, True, True]


def test_without_the_file_it_is_always_open(folder: Path) -> None:
    (folder / "calendars.yaml").unlink()
    assert read(folder).calendars == {}


def test_a_file_without_a_default_is_doubted(folder: Path) -> None:
    told = read(folder, "calendars: {nights: {time_zone: UTC, hours: always}}").warnings
    assert any("calendars.yaml:1: calendars: has no `default`" in one for one in told)
    assert not any("default" in one for one in read(folder, (HERE / "good/calendars.yaml").read_text()).warnings)  # fmt: skip


def test_the_hours_of_the_account_come_before_those_of_the_helpdesk_and_the_default(
    folder: Path,
) -> None:
    path = folder / "connections.yaml"
    path.write_text(
        path.read_text().replace("name: Acme bot", "name: Acme bot\n    calendar: night")
    )
    config = read(folder)
    account = config.connections["telegram"].accounts[0]
    page = config.connections["meta"].accounts[0]
    bridge = Bridge(settings=Settings(), config=config, store=None, http=None)  # type: ignore[arg-type]
    assert bridge.calendar(account).name == "night"
    assert bridge.calendar(page).name == "default"
    assert bridge.calendar(None).name == "default"
    desk = (HERE / "good/zendesk.yaml").read_text()
    (folder / "zendesk.yaml").write_text(f"calendar: night\n{desk}")
    bridge = bridge.with_config(read(folder))
    assert bridge.calendar(page).name == "night"
    assert bridge.calendar(None).name == "default"
    (folder / "zendesk.yaml").write_text(desk)
    (folder / "calendars.yaml").unlink()
    path.write_text((HERE / "good/connections.yaml").read_text())
    assert bridge.with_config(read(folder)).calendar(Account(channel="telegram")) is ALWAYS


def test_a_version_published_before_there_were_calendars_can_still_be_read(folder: Path) -> None:
    path = folder / "connections.yaml"
    path.write_text(
        path.read_text().replace("name: Acme bot", "name: Acme bot\n    calendar: night")
    )
    files = dict(read(folder).files)
    assert load(folder, ENVIRON, PROVIDERS, files=files).calendars.keys() == {"default", "night"}
    del files["calendars.yaml"]
    assert load(folder, ENVIRON, PROVIDERS, files=files).calendars == {}
    (folder / "calendars.yaml").unlink()
    with pytest.raises(ConfigError, match="there is no calendar 'night'"):
        read(folder)


def test_the_example_of_the_page_is_read(folder: Path) -> None:
    example = re.search(r"^    calendars:\n(?:    .*\n)+", PAGE, re.MULTILINE)
    assert example
    calendars = read(folder, textwrap.dedent(example[0])).calendars
    assert set(calendars) == {"default", "nights"}
    assert calendars["nights"].is_open(datetime(2026, 11, 22, 22, tzinfo=UTC))


@pytest.mark.parametrize("start", ["rules:", "then:"])
def test_the_rules_of_the_page_are_read(folder: Path, start: str) -> None:
    example = re.search(rf"^    {start}\n(?:    .*\n)+", PAGE, re.MULTILINE)
    assert example
    written = textwrap.dedent(example[0])
    if start == "then:":
        written = f"rules:\n  - name: greeting\n{textwrap.indent(written, '    ')}"
    last = "  - name: default\n    then: {ignore: nothing-to-do}\n"
    if "when:" not in written:
        last = ""
    rules = load_rules(folder / "rules.yaml", written + last)
    (reply,) = rules.rules[0].then.replies
    assert (reply.when, reply.cooldown) in {("closed", 0), ("", 86400)}


def test_the_shipped_rule_for_closed_hours_may_be_uncommented() -> None:
    path = ROOT / "mappings/rules.yaml"
    shipped = path.read_text("utf-8")
    hidden = re.search(r"^  # - name: outside-hours\n(?:  # .*\n)+", shipped, re.MULTILINE)
    assert hidden
    rules = load_rules(path, shipped.replace(hidden[0], hidden[0].replace("  # ", "  ")))
    assert rules.rules[0].name == "outside-hours"
    assert rules.rules[0].then.replies[0].when == "closed"
    assert failing(rules) == []


def test_the_example_that_is_shipped_may_be_uncommented(folder: Path) -> None:
    shipped = (ROOT / "mappings/calendars.yaml").read_text("utf-8")
    assert (
        read(folder, shipped).calendars["default"].closes(datetime(2026, 1, 1, tzinfo=UTC)) is None
    )
    config = read(folder, re.sub(r"(?m)^  # ( *\S+:)", r"  \1", shipped))
    assert set(config.calendars) == {"default", "warsaw"}
    assert config.calendars["warsaw"].week[6] == ((1320, 1800),)
