"""`bridge check [DIR] [--rules FILE]`: validate the mappings and try every example in them."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.channels import generic
from bridge.cli import junit, parts, standing
from bridge.cli.normalise import folder_beside
from bridge.config import Config, load, load_packs
from bridge.core.calendars import Calendar
from bridge.core.described import Described, Sample
from bridge.core.errors import ConfigError
from bridge.core.rules import Decision, Example, Rule, Rules, failing
from bridge.helpdesks import HELPDESKS
from bridge.versions import RULES
from bridge.wiring import now, providers

HELP = "validate the mappings and run their examples"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the folder, other rules for it, --json and --junit."""
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, help="the mappings (default: ./mappings)"
    )
    parser.add_argument(
        "--rules", metavar="FILE", type=Path,
        help="these rules, such as a draft, in place of the mappings' own",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument(
        "--junit", metavar="FILE", type=Path, help="write the result there as JUnit XML, for CI"
    )


def run(args: argparse.Namespace) -> int:
    """Print what is wrong, what is doubtful and what was checked; 1 if anything is wrong."""
    folder, draft = args.folder, args.rules
    if folder and folder.is_file():
        folder, draft = None, folder  # rules where a folder is expected
    folder = folder or folder_beside(draft)
    if not (folder / "rules.yaml").is_file() and (folder / "mappings" / "rules.yaml").is_file():
        folder = folder / "mappings"  # the folder that `bridge init` was given
    config, problems, packs = None, [], dict[Path, Rules]()
    try:
        around = parts.surroundings(folder)
        config = load(folder, around, providers(), strict=False, draft=draft)
        packs = load_packs(folder)
    except ConfigError as error:
        problems = error.problems
    else:
        problems = wrong_examples(draft or folder / RULES, config, packs)
        problems += [
            _told_of_source(file, *wrong)
            for file in config.sources.values()
            for wrong in generic.failing(file)
        ]
    if args.junit:
        try:
            _report(args.junit, folder, draft, config, problems, packs)
        except OSError as error:
            told = f"{parts.harmless(str(args.junit))} cannot be written: {error.strerror}"
            print(f"bridge check: {told}", file=sys.stderr)
            return 2
    stands = standing.look()
    same = bool(stands and config and stands.row["version"] == config.version)
    if stands and draft and config:
        same = stands.has(draft.read_text("utf-8"))
    if args.json:
        in_force = stands.shown(same) if stands else None
        print(json.dumps({**_summary(config, problems, packs), "in_force": in_force}))
    else:
        _print(draft or folder, config, problems, packs)
        if stands:
            print(stands.told("These rules are" if draft else "These files are", same))
    return 1 if problems else 0


def wrong_examples(
    own: Path, config: Config, packs: Mapping[Path, Rules] | None = None
) -> list[str]:
    """The examples of the rules, which stand in *own*, that give something else than they promise: sentences."""
    return [told for _, _, _, told in _examples(own, config, packs or {}) if told]


def _examples(
    own: Path, config: Config, packs: Mapping[Path, Rules]
) -> Iterator[tuple[Path, Rule, Example, str | None]]:
    """Every example of the rules, and the sentence where it gives something else than it promises."""
    for file, rules in {own: config.rules, **packs}.items():
        wrong = {id(one[1]): _told(file, *one) for one in failing(rules)}
        for rule in rules.rules:
            for example in rule.examples:
                yield file, rule, example, wrong.get(id(example))


def _report(
    file: Path, folder: Path, draft: Path | None, config: Config | None, problems: list[str],
    packs: Mapping[Path, Rules],
) -> None:  # fmt: skip
    """The same as JUnit XML: examples and files are cases, and so is each mistake that is no example's."""
    cases: list[junit.Case] = []
    if config is not None:
        own = draft or folder / RULES
        read = [folder / name for name in config.files]
        fine = map(str, dict.fromkeys([*read, own, *packs]))
        cases += [junit.Case(file=one, line=0, of=Path(one).stem, name="is valid") for one in fine]
        for where, rule, example, wrong in _examples(own, config, packs):
            name = f"{_shown(example)} gives {_names(example.gives)}"
            cases.append(
                junit.Case(
                    file=str(where), line=example.line, of=f"{where.stem}.{rule.name}", name=name,
                    wrong=wrong,
                )
            )  # fmt: skip
        for source in config.sources.values():
            told = {id(sample): _told_of_source(source, sample, why)
                    for sample, why in generic.failing(source)}  # fmt: skip
            cases += [
                junit.Case(
                    file=source.file, line=sample.line, of=f"sources.{source.name}",
                    name=f"example {number}", wrong=told.get(id(sample)),
                )
                for number, sample in enumerate(source.samples, 1)
            ]  # fmt: skip
    known = {one.wrong for one in cases}
    cases += [junit.finding(one) for one in problems if one not in known]
    junit.write(file, cases, doubts(config) if config else [])


def doubts(config: Config) -> list[str]:
    """What is allowed and yet worth a sentence: in the files, and in a helpdesk's credentials."""
    told = list(config.warnings)
    for connection in config.connections.values():
        if helpdesk := HELPDESKS.get(connection.type):
            told += helpdesk.warnings(connection)
    return told


def _told_of_source(file: Described, sample: Sample, sentence: str) -> str:
    """One failing example of a source: where it stands, and what differs."""
    number = file.samples.index(sample) + 1
    return f"{file.file}:{sample.line}: examples > number {number}: {sentence}"


def _told(file: Path, rule: Rule, example: Example, decision: Decision) -> str:
    """One failing example: where it stands, what it gives, and what stood in the way."""
    wanted = _names(example.gives)
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
        f" {_shown(example)} gives {got}, not {wanted}{why}"
    )


def _shown(example: Example) -> str:
    words = str(example.facts.get("text") or ", ".join(map(str, example.facts.values())))
    return f'"{words}"' if len(words) <= 60 else f'"{words[:59]}…"'


def _names(gives: str | tuple[str, ...]) -> str:
    return gives if isinstance(gives, str) else " then ".join(gives)


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
    what: Path, config: Config | None, problems: list[str], packs: Mapping[Path, Rules]
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
            print(f"ok       {parts.counted(counts['connections'], 'connection')}: "
                  f"{', '.join(config.connections)}")  # fmt: skip
        for name, source in sorted(config.sources.items()):
            if not any(problem.startswith(f"{source.file}:") for problem in problems):
                print(
                    f"ok       the source {name}: {parts.counted(len(source.samples), 'example')}"
                )
        for name in counts["maps"]:
            print(f"ok       the map of {name}: {parts.counted(len(config.maps[name].fields), 'field')}, "
                  f"{parts.counted(len(config.maps[name].groups), 'group')}")  # fmt: skip
        if counts["languages"]:
            print(f"ok       replies in {', '.join(counts['languages'])}: "
                  f"{parts.counted(wordings, 'wording')}")  # fmt: skip
        for calendar in config.calendars.values():
            print(f"ok       {_calendar(calendar, now())}")
        for file, rules in packs.items():
            if not any(problem.startswith(f"{file}:") for problem in problems):
                examples = sum(len(rule.examples) for rule in rules.rules)
                print(f"ok       the pack {file.stem}: {parts.counted(len(rules.rules), 'rule')}, "
                      f"{parts.counted(examples, 'example')}")  # fmt: skip
        if not problems:
            print(f"ok       {parts.counted(counts['rules'], 'rule')}, and all "
                  f"{parts.counted(counts['examples'], 'example')} give what they promise")  # fmt: skip
    if problems:
        print(f"{what}: {parts.counted(len(problems), 'mistake')}")
    else:
        print(f"{what}: fine")


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
