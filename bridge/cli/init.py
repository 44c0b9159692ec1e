"""`bridge init [DIR]`: write a commented mappings folder and a .env into DIR, to start from."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

import bridge
from bridge.config.connections import variables
from bridge.config.plain import read
from bridge.settings import kept_in

HELP = "write a commented mappings folder and .env to start from"

EXAMPLE = "connections.example.yaml"

# Secrets that we choose ourselves and then type into the other side's form; the others are given.
OURS = (
    "META_VERIFY_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "FRESHDESK_WEBHOOK_SECRET", "CONTACT_FORM_SECRET",
)  # fmt: skip

# The product's own variables, each with its default and what it is; docs/configuration.md says more.
SETTINGS = {
    "BRIDGE_PUBLIC_URL": ("", "the address others reach us at, such as https://bridge.example.com"),
    "BRIDGE_HOST": ("127.0.0.1", "where to listen; 0.0.0.0 behind a proxy in another container"),
    "PORT": ("8080", "0 takes any free one"),
    "BRIDGE_DATA": ("./data", "where the embedded Redis keeps its files"),
    "BRIDGE_MAPPINGS": ("./mappings", "the folder with connections.yaml and rules.yaml"),
    "BRIDGE_REDIS_URL": ("", "a Redis of your own in place of the embedded one; REDIS_URL is read too"),
    "BRIDGE_ALLOW_VOLATILE_REDIS": ("0", "1 takes a Redis that may forget what it was given"),
    "BRIDGE_FSYNC": ("everysec", "always: every delivery is on disk before it is answered"),
    "BRIDGE_MAX_BODY": ("5000000", "bytes of a delivery"),
    "BRIDGE_KEEP_DAYS": ("30", "days that finished events are kept"),
    "BRIDGE_KEEP_RAW_DAYS": ("7", "days that raw payloads are kept"),
    "BRIDGE_CONSOLE_TOKEN": ("", "opens the operator's pages; off while empty"),
    "BRIDGE_SENTIMENT": ("", "an installed plug-in that reads moods in place of our own words"),
    "BRIDGE_LOG_LEVEL": ("info", "debug, info, warning or error"),
    "BRIDGE_WEB_PROCESSES": ("1", "web processes"),
    "BRIDGE_WEB_THREADS": ("16", "threads in each"),
    "BRIDGE_WORKER_PROCESSES": ("2", "worker processes"),
    "BRIDGE_WORKER_THREADS": ("16", "conversations side by side in each"),
    "BRIDGE_RECONCILE_MINUTES": ("30", "minutes between two readings of what nobody told; 0: only after an absence"),
    "BRIDGE_RECONCILE_GRACE": ("120", "seconds in which a webhook may still come"),
    "BRIDGE_ABSENCE_SECONDS": ("60", "seconds without a web process that are an absence"),
    "BRIDGE_SILENCE_EVENTS": ("10", "events that usually come and did not: an alarm; 0 for none"),
    "BRIDGE_SILENCE_MINUTES": ("60", "minutes of silence at least, before there is an alarm"),
    "BRIDGE_NOTIFY": ("", "where names in `notify:` are told: team-lead=https://..., also summary=, or *= for all"),
    "BRIDGE_RESUBSCRIBE": ("0", "1 subscribes again by itself where a subscription is gone"),
}  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the folder and --yes."""
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, default=Path(),
        help="where mappings/ and .env shall be (default: here); a mappings folder itself will do too",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="replace mappings that are there")


def run(args: argparse.Namespace) -> int:
    """Write what is missing, say what was kept and what to do next; 1 if it cannot be written."""
    folder = _mappings(args.folder)
    try:
        written, kept = _copy(folder, replace=args.yes)
        env = folder.parent / ".env"
        added = _add_variables(env, variables(read(folder / "connections.yaml")))
    except OSError as error:
        where = error.filename or folder
        print(f"bridge init: {where}: {error.strerror or error}", file=sys.stderr)
        return 1
    for path in written:
        print(f"wrote  {path}")
    for path in kept:
        print(f"kept   {path}")
    print(f"{'added to' if added else 'kept  '} {env}{': ' if added else ''}{', '.join(added)}")
    print()
    print(f"1. Open {folder / 'connections.yaml'} and keep the connections you have.")
    print(f"2. Put their secrets into {env}; docs/channels/ says where to click for each.")
    print(f"3. Run `bridge check {folder}` until it says fine: it names file, line and what to do.")
    print("4. Run `bridge up`, and `bridge doctor` to see whether the other sides agree.")
    return 0


def _mappings(given: Path) -> Path:
    """The mappings folder meant by *given*: the one in it, or itself where it is one."""
    is_one = given.name == "mappings" or (given / "rules.yaml").is_file()
    return given if is_one else given / "mappings"


def shipped() -> Path:
    """The mappings that came with the product; in a checkout a link to those beside the package."""
    return Path(bridge.__file__).parent / "mappings"


def _copy(folder: Path, *, replace: bool) -> tuple[list[Path], list[Path]]:
    """Copy the shipped files into *folder*; what was written, and what was there and stays."""
    written: list[Path] = []
    kept: list[Path] = []
    source = shipped()
    for origin in sorted(source.rglob("*.yaml")):
        name = origin.relative_to(source)
        if name == Path("connections.yaml"):
            continue  # somebody's own, in a checkout
        target = folder / ("connections.yaml" if name == Path(EXAMPLE) else name)
        if target.exists() and (not replace or target.samefile(origin)):
            kept.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(origin.read_bytes())
        written.append(target)
    return written, kept


def _add_variables(env: Path, names: Iterable[str]) -> list[str]:
    """Add to *env* the variables it lacks, random where they are ours; what was added.

    What stands there is never changed, --yes or not: it may be the only copy of a secret.
    """
    there = kept_in(env)
    wanted = ["BRIDGE_SECRET_KEY", *names]
    added = [name for name in dict.fromkeys(wanted) if name not in there]
    lines: list[str] = []
    if not there:
        lines += ["# Secrets and settings. Keep this file out of version control and backups of it safe.",
                  "# What is set in the environment itself wins over it.", ""]  # fmt: skip
    for name in added:
        ours = name in OURS or name == "BRIDGE_SECRET_KEY"
        if name == "BRIDGE_SECRET_KEY":
            lines.append(
                "# Encrypts what is kept in Redis. Losing it means connecting everything again."
            )
        elif ours:
            lines.append("# Ours, random: type it into the other side's form.")
        lines.append(f"{name}={secrets.token_urlsafe(32) if ours else ''}")
    if not there:
        lines += ["", "# Settings with their defaults; remove the # to change one."]
        for name, (value, says) in SETTINGS.items():
            lines += ["", f"# {says[0].upper()}{says[1:]}.", f"# {name}={value}"]
    if lines:
        new = not env.exists()
        env.parent.mkdir(parents=True, exist_ok=True)
        before = "" if new else env.read_text("utf-8")
        gap = "\n" if before and not before.endswith("\n") else ""
        # Made readable for its owner alone from its first moment.
        with os.fdopen(os.open(env, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write((gap + "\n".join(lines) + "\n").encode())
    return added
