"""Files as weapons: YAML that explodes or runs, names that leave the folder, variables that nobody meant."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config.plain import BIGGEST

SHIPPED = Path(__file__).parents[2] / "mappings"
CANARY = "canary-value-of-the-environment-4711"

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
)
YAML = {
    "an alias bomb": BOMB,
    "a list that holds itself": "rules: &a [*a]\n",
    "a merge bomb": "x: &x {a: 1}\n" + "y: {<<: *x}\n" * 1_000,
    "a call": "rules: !!python/object/apply:os.mkdir ['MADE']\n",
    "a module": "rules: !!python/module:os.path\n",
    "an object": "rules: !!python/object/new:os.mkdir {args: ['MADE']}\n",
    "a tag of one's own": "rules: !include /etc/passwd\n",
    "deep lists": "rules: " + "[" * 100_000 + "]" * 100_000 + "\n",
    "deep maps": "".join("  " * n + "a:\n" for n in range(400)),
    "a key twice": "rules: []\nrules: []\n",
    "a huge file": "# " + "x" * (BIGGEST + 10) + "\nrules: []\n",
    "many documents": "---\nrules: []\n" * 1_000,
    "a long line": "rules: " + "'" * 900_000 + "\n",
    "flow without end": "rules: [" + "a, " * 30_000 + "\n",
    "binary": "rules: !!binary |\n  AAAA\n",
    "a NUL": "rules: \x00\n",
    "an escape": "rules: \x1b[2J\n",
    "nothing but anchors": "".join(f"k{n}: &a{n} 1\n" for n in range(2_000)),
    "another directive": "%TAG ! tag:yaml.org,2002:python/\n---\nrules: !object/apply:os.mkdir ['MADE']\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "mappings")
    return tmp_path / "mappings"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with hardly anything in it, quickly read."""
    folder = tmp_path / "mappings"
    (folder / "sources").mkdir(parents=True)
    shutil.copy(SHIPPED / "sources" / "contact-form.yaml", folder / "sources")
    shutil.copytree(SHIPPED / "replies", folder / "replies")
    shutil.copy(SHIPPED / "zendesk.yaml", folder)
    rules = "rules: [{name: default, then: {ignore: nothing-to-do}, examples: [{text: x, gives: default}]}]\n"
    (folder / "rules.yaml").write_text(rules, "utf-8")
    return folder


def limits() -> None:
    """No more than a minute of processor and two gigabytes for one command."""
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))


def bridge(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    environ = {**kept, "BRIDGE_MAPPINGS": str(folder), "CANARY": CANARY}
    return subprocess.run(
        [sys.executable, "-m", "bridge", *argv], cwd=folder.parent, env=environ, capture_output=True, text=True,
        timeout=300, preexec_fn=limits,
    )  # fmt: skip


def test_a_file_that_explodes_or_runs_is_refused_with_its_line(folder: Path) -> None:
    """A-47: aliases, tags, nesting, size; each as a source of one's own, all checked in one go."""
    made = folder / "made"
    for number, text in enumerate(YAML.values()):
        (folder / "sources" / f"odd{number}.yaml").write_text(
            text.replace("MADE", str(made)), "utf-8"
        )
    ran = bridge(folder, "check")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr + ran.stdout
    for number, name in enumerate(YAML):
        assert f"odd{number}.yaml" in ran.stderr + ran.stdout, name
    assert not made.exists()
    assert "root:" not in ran.stdout + ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr
    assert len(ran.stdout + ran.stderr) < 100_000


@pytest.mark.parametrize(
    "name", ["rules.yaml", "zendesk.yaml", "replies/en.yaml", "connections.yaml"]
)
def test_any_of_the_files_may_be_the_one(folder: Path, name: str) -> None:
    """A-47: the bomb in the place of each file that is read."""
    (folder / name).write_text(BOMB, "utf-8")
    ran = bridge(folder, "check")
    assert ran.returncode == 1
    assert name.rpartition("/")[2] in ran.stderr + ran.stdout
    assert "anchors" in ran.stderr + ran.stdout


NAMES = [
    "../../../../etc/passwd", "/etc/passwd", "..", ".", "", "sources/../../outside", "a/b", "a\\b", "%2e%2e/outside",
    "outside\n", "~root", "$HOME", "contact-form.yaml", "CONTACT-FORM", "a" * 5000, "\x1b[2J", "é", "-",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_source_is_a_name_and_no_path(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths: what `bridge normalise` and `explain` are asked for stays within sources/."""
    from bridge.cli import main

    (folder.parent / "outside.yaml").write_text("label: secret outside\n", "utf-8")
    (folder / "outside.yaml").write_text("label: secret outside\n", "utf-8")
    payload = folder.parent / "payload.json"
    payload.write_text("{}", "utf-8")
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(folder))
    for command in ("normalise", "explain"):
        try:
            code = main([command, name, str(payload)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsys.readouterr()
        assert code == 2, (command, told)
        assert "secret outside" not in told.out + told.err
        assert "root:" not in told.out + told.err
        assert "\x1b" not in told.out + told.err


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_source_in_the_connections_is_a_name_and_no_path(
    small: Path, name: str
) -> None:
    """A-48: `source:` of a connection, and the connection's own name, which is part of an address and of keys."""
    from bridge.config import load
    from bridge.core.errors import ConfigError
    from bridge.wiring import providers

    desk = (
        "zendesk: {type: zendesk, url: 'https://acme.zendesk.com', client_id: x, client_secret: '${CANARY}', "
        "webhook_secrets: ['${CANARY}']}"
    )

    def mistakes(connection: str, source: str) -> list[str]:
        proof = "proof: {bearer: '${CANARY}'}"
        written = f"connections:\n  {json.dumps(connection)}: {{type: generic, source: {json.dumps(source)}, {proof}}}\n"
        (small / "connections.yaml").write_text(f"{written}  {desk}\n", "utf-8")
        try:
            load(small, {"CANARY": CANARY}, providers())
        except ConfigError as error:
            return error.problems
        return []

    assert mistakes("x", "contact-form") == [], "the twin"
    assert mistakes("x", name)
    assert mistakes(name, "contact-form") or name == "-"  # a dash is a name like any other
    assert not any(CANARY in told or "root:x" in told for told in mistakes(name, name))


def test_a_variable_is_taken_where_a_secret_belongs_and_never_told(folder: Path) -> None:
    """A-48: ${CANARY} in a rule, a reply, a tag, a name; it stays as it is written."""
    rules = (folder / "rules.yaml").read_text("utf-8")
    assert "reason" in rules
    (folder / "rules.yaml").write_text(
        rules.replace("tags: [refund]", 'tags: ["${CANARY}"]', 1), "utf-8"
    )
    replies = folder / "replies" / "en.yaml"
    replies.write_text(
        replies.read_text("utf-8") + '\nodd: ["${CANARY} {CANARY} $CANARY"]\n', "utf-8"
    )
    ran = bridge(folder, "check")
    assert CANARY not in ran.stdout + ran.stderr
    payload = Path(__file__).parents[1] / "channels" / "facebook" / "comment.json"
    for file in [payload] if payload.exists() else []:
        ran = bridge(folder, "explain", "meta", str(file), "--json")
        assert CANARY not in ran.stdout + ran.stderr
