"""`bridge rules`: which rules are in force, since when, by whom; publish others, go back."""

from __future__ import annotations

import argparse
import difflib
import getpass
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bridge.cli import parts
from bridge.cli.check import wrong_examples
from bridge.config import Config, load
from bridge.core.errors import ConfigError
from bridge.settings import Settings
from bridge.store import Store
from bridge.wiring import providers

HELP = "show which rules are in force, publish others, go back"
RULES = "rules.yaml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """One thing to do, and what it is done with."""
    things = parser.add_subparsers(
        dest="do", metavar="show|publish|history|diff|rollback|files", required=True
    )
    show = things.add_parser("show", help="what is in force, and whether it is what the files say")
    show.add_argument("--text", action="store_true", help="print rules.yaml as it is in force")
    parts.json_flag(show)
    publish = things.add_parser(
        "publish", help="put FILE in force as the rules, for all processes at once"
    )
    publish.add_argument("file", metavar="FILE", type=Path)
    _signed(publish)
    parts.json_flag(
        things.add_parser("history", help="the versions that were in force, the latest first")
    )
    diff = things.add_parser(
        "diff", help="what changed from version A to B (default: to what is in force)"
    )
    diff.add_argument("a", metavar="A", help="a number of the history, or a file of rules")
    diff.add_argument("b", metavar="B", nargs="?", help="the same")
    back = things.add_parser("rollback", help="put version N in force again, as a new one")
    back.add_argument("n", metavar="N", type=int)
    _signed(back)
    _signed(things.add_parser("files", help="leave the rules to the files of the mappings again"))


def _signed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--note", default="", help="why, for the history")
    parser.add_argument("--author", default="", help="who (default: the user of this machine)")


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where it cannot be done, with the reason."""
    settings = parts.settings()
    store = parts.journal(settings)
    does = {
        "show": _show, "publish": _publish, "history": _history, "diff": _diff,
        "rollback": _rollback, "files": _files,
    }  # fmt: skip
    return does[args.do](args, settings, store)


# --- changing it -----------------------------------------------------------------------------------


def _publish(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    try:
        text = args.file.read_text("utf-8")
    except OSError as error:
        return _refuse(f"{args.file} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return _refuse(f"{args.file} cannot be read: it is no text in UTF-8")
    files = _in_force(settings, store)
    return _put(args, settings, store, {**files, RULES: text}, shown=args.file)


def _rollback(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    found = _numbered(store, args.n)
    if found is None:
        return _refuse(f"there is no version {args.n}; `bridge rules history` lists them")
    args.note = args.note or f"back to version {args.n}"
    return _put(args, settings, store, found, shown=Path(f"version {args.n}"))


def _files(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    config = parts.config(settings)
    if told := wrong_examples(settings.mappings / RULES, config):
        return _refuse(*told)
    number = store.publish(config.version, config.files, "files", _author(args), args.note)
    print(f"The files of {settings.mappings} are in force, as version {number} ({config.version}).")
    return 0


def _put(
    args: argparse.Namespace,
    settings: Settings,
    store: Store,
    files: Mapping[str, str],
    shown: Path,
) -> int:
    """Validate *files* as `bridge check` would, and put them in force."""
    folder = settings.mappings
    try:
        config = load(folder, parts.surroundings(folder), providers(), strict=False, files=files)
        if problems := wrong_examples(folder / RULES, config):
            raise ConfigError(problems)
    except ConfigError as error:
        return _refuse(*(one.replace(str(folder / RULES), str(shown)) for one in error.problems))
    before = store.rules().get("version")
    number = store.publish(config.version, config.files, "published", _author(args), args.note)
    if config.version == before:
        print(f"These rules were in force already; they are version {number}, published.")
    else:
        print(f"Version {number} ({config.version}) is in force in all processes.")
    print("The files of the mappings are not, until `bridge rules files` puts them in force again.")
    return 0


def _author(args: argparse.Namespace) -> str:
    try:
        return str(args.author or getpass.getuser())
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"


def _refuse(*told: str) -> int:
    for one in told:
        print(f"bridge rules: {one}", file=sys.stderr)
    return 1


# --- looking ---------------------------------------------------------------------------------------


def _show(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    rules = store.rules()
    if args.text:
        print(_in_force(settings, store)[RULES], end="")
        return 0
    here: Config | None = None
    try:
        here = parts.config(settings)
    except ConfigError as error:
        print(f"the files here have mistakes: {error.problems[0]}", file=sys.stderr)
    same = here is not None and here.version == rules.get("version")
    if args.json:
        told = {
            **rules,
            "at": parts.iso(rules.get("at")),
            "files": here.version if here else None,
            "same": same,
        }
        print(json.dumps(told))
        return 0
    if not rules:
        print("No worker has started with this Redis yet; the first one puts its files in force.")
        return 0
    print(parts.in_force(rules))
    if here is not None:
        print(
            f"The files of {settings.mappings} are {'the same' if same else 'others'} ({here.version})."
        )
    return 0


def _history(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    rows = store.rules_history()
    if args.json:
        print(json.dumps([{**row, "at": parts.iso(row["at"])} for row in rows]))
        return 0
    for row in rows:
        print(parts.in_force(row))
    if not rows:
        print("no version was ever in force with this Redis")
    return 0


def _diff(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    sides = []
    for name in (args.a, args.b):
        files = _named(name, settings, store)
        if files is None:
            return _refuse(f"{name} is neither a version of the history nor a file")
        sides.append(files)
    a, b = sides
    names = (args.a, args.b or "in force")
    for path in sorted({*a, *b}) if not Path(args.a).is_file() else [RULES]:
        lines = difflib.unified_diff(
            a.get(path, "").splitlines(keepends=True), b.get(path, "").splitlines(keepends=True),
            f"{path} ({names[0]})", f"{path} ({names[1]})",
        )  # fmt: skip
        sys.stdout.writelines(parts.harmless(line) for line in lines)
    return 0


def _named(name: str | None, settings: Settings, store: Store) -> Mapping[str, str] | None:
    if name is None:
        return _in_force(settings, store)
    if name.isdigit():
        return _numbered(store, int(name))
    file = Path(name)
    return {RULES: file.read_text("utf-8")} if file.is_file() else None


def _numbered(store: Store, number: int) -> Mapping[str, str] | None:
    version = next((row["version"] for row in store.rules_history() if row["n"] == number), None)
    return store.rules_files(version) if version else None


def _in_force(settings: Settings, store: Store) -> Mapping[str, str]:
    """The files in force; before any worker has started, those of the mappings."""
    version = store.rules().get("version")
    return (store.rules_files(version) if version else None) or parts.config(settings).files
