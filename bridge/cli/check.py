"""`bridge check [DIR]`: validate the mappings and try every example in them."""

from __future__ import annotations

import argparse
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.channels import generic
from bridge.cli.normalise import mappings_folder
from bridge.config import Config, load, load_packs
from bridge.core.calendars import Calendar
from bridge.core.described import Described, Sample
from bridge.core.errors import ConfigError
from bridge.core.rules import Decision, Example, Rule, Rules, failing
from bridge.helpdesks import HELPDESKS
from bridge.settings import environment
from bridge.wiring import now, providers

HELP = "validate the mappings and run their examples"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the folder and --json."""
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, help="the mappings (default: ./mappings)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace) -> int:
    """Print what is wrong, what is doubtful and what was checked; 1 if anything is wrong."""
    folder = args.folder or mappings_folder(os.environ)
    if not (folder / "rules.yaml").is_file() and (folder / "mappings" / "rules.yaml").is_file():
        folder = folder / "mappings"  # the folder that `bridge init` was given
    config, problems, packs = None, [], dict[Path, Rules]()
    try:
        config = load(folder, surroundings(folder), providers(), strict=False)
        packs = load_packs(folder)
    except ConfigError as error:
        problems = error.problems
    else:
        problems = wrong_examples(folder, config, packs)
        problems += [
            _told_of_source(file, *wrong)
            for file in config.sources.values()
            for wrong in generic.failing(file)
        ]
    if args.json:
        print(json.dumps(_summary(config, problems, packs)))
    else:
        _print(folder, config, problems, packs)
    return 1 if problems else 0


def wrong_examples(
    folder: Path, config: Config, packs: Mapping[Path, Rules] | None = None
) -> list[str]:
    """The examples of the rules that give something else than they promise, each as a sentence."""
    tried = {folder / "rules.yaml": config.rules, **(packs or {})}
    return [_told(file, *wrong) for file, rules in tried.items() for wrong in failing(rules)]


def doubts(config: Config) -> list[str]:
    """What is allowed and yet worth a sentence: in the files, and in a helpdesk's credentials."""
    told = list(config.warnings)
    for connection in config.connections.values():
        if helpdesk := HELPDESKS.get(connection.type):
            told += helpdesk.warnings(connection)
    return told


def surroundings(folder: Path) -> dict[str, str]:
    """The environment, over .env here, over .env beside the mappings."""
    return {**environment(folder.resolve().parent), **environment()}


def _told_of_source(file: Described, sample: Sample, sentence: str) -> str:
    """One failing example of a source: where it stands, and what differs."""
    number = file.samples.index(sample) + 1
    return f"{file.file}:{sample.line}: examples > number {number}: {sentence}"


def _told(file: Path, rule: Rule, example: Example, decision: Decision) -> str:
    """One failing example: where it stands, what it gives, and what stood in the way."""
    words = str(example.facts.get("text") or ", ".join(map(str, example.facts.values())))
    shown = words if len(words) <= 60 else f"{words[:59]}…"
    wanted = example.gives if isinstance(example.gives, str) else " then ".join(example.gives)
    why = next(
        (
            f": {one.rule} wants {one.condition}, and saw {json.dumps(one.value, ensure_ascii=False)}"
            for one in decision.tried
            if one.rule == wanted and not one.matched
        ),
        "",
    )
    got = " then ".join(decision.rules) or "no rule at all"
    return (
        f"{file}:{example.line}: rules > {rule.name} > examples:"
        f' "{shown}" gives {got}, not {wanted}{why}'
    )


def _summary(
    config: Config | None, problems: list[str], packs: Mapping[Path, Rules]
) -> dict[str, Any]:
    rules = config.rules.rules if config else ()
    return {
        "ok": not problems,
        "problems": problems,
        "warnings": doubts(config) if config else [],
        "connections": len(config.connections) if config else 0,
        "rules": len(rules),
        "examples": sum(len(rule.examples) for rule in rules),
        "packs": {file.stem: len(rules.rules) for file, rules in packs.items()},
        "sources": sorted(config.sources) if config else [],
        "maps": sorted(config.maps) if config else [],
        "languages": sorted(config.replies.texts) if config else [],
        "calendars": sorted(config.calendars) if config else [],
        "hash": config.hash if config else None,
    }


def _print(
    folder: Path, config: Config | None, problems: list[str], packs: Mapping[Path, Rules]
) -> None:
    for problem in problems:
        print(f"wrong    {problem}")
    if config is not None:
        counts = _summary(config, problems, packs)
        for warning in counts["warnings"]:
            print(f"warning  {warning}")
        wordings = sum(
            len(variants) for names in config.replies.texts.values() for variants in names.values()
        )
        if config.connections:
            print(f"ok       {_counted(counts['connections'], 'connection')}: "
                  f"{', '.join(config.connections)}")  # fmt: skip
        for name, source in sorted(config.sources.items()):
            if not any(problem.startswith(f"{source.file}:") for problem in problems):
                print(f"ok       the source {name}: {_counted(len(source.samples), 'example')}")
        for name in counts["maps"]:
            print(f"ok       the map of {name}: {_counted(len(config.maps[name].fields), 'field')}, "
                  f"{_counted(len(config.maps[name].groups), 'group')}")  # fmt: skip
        if counts["languages"]:
            print(f"ok       replies in {', '.join(counts['languages'])}: "
                  f"{_counted(wordings, 'wording')}")  # fmt: skip
        for calendar in config.calendars.values():
            print(f"ok       {_calendar(calendar, now())}")
        for file, rules in packs.items():
            if not any(problem.startswith(f"{file}:") for problem in problems):
                examples = sum(len(rule.examples) for rule in rules.rules)
                print(f"ok       the pack {file.stem}: {_counted(len(rules.rules), 'rule')}, "
                      f"{_counted(examples, 'example')}")  # fmt: skip
        if not problems:
            print(f"ok       {_counted(counts['rules'], 'rule')}, and all "
                  f"{_counted(counts['examples'], 'example')} give what they promise")  # fmt: skip
    if problems:
        print(f"{folder}: {_counted(len(problems), 'mistake')}")
    else:
        print(f"{folder}: fine")


def _calendar(calendar: Calendar, moment: datetime) -> str:
    """A calendar as it stands *moment*: open or closed, until when, and the next days that differ."""
    is_open = calendar.is_open(moment)
    turns = calendar.closes(moment) if is_open else calendar.opens(moment)
    told = "open" if is_open else "closed"
    if turns is None:
        return f"the calendar {calendar.name}: {told} for more than a year ({calendar.zone})"
    until = f"{turns.astimezone(calendar.zone):%a %Y-%m-%d %H:%M} {calendar.zone}"
    days = "; ".join(_different(calendar, moment))
    return f"the calendar {calendar.name}: {told} now until {until}{f'; {days}' if days else ''}"


def _different(calendar: Calendar, moment: datetime) -> Iterator[str]:
    """The next five days that are not as their weekday, within a year."""
    today = moment.astimezone(calendar.zone).date()
    days = calendar.different_days(today, today + timedelta(days=365))
    for day, hours, name in itertools.islice(days, 5):
        open_ = ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in hours) or "closed"
        yield f"{day:%a} {day} {open_}{f' ({name})' if name else ''}"


def _clock(minute: int) -> str:
    hour, rest = divmod(minute, 60)
    return f"{hour if hour <= 24 else hour - 24:02}:{rest:02}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
