"""The mappings we ship are fine, and the documentation speaks of all that can be set."""

import itertools
import re
import shutil
import textwrap
from pathlib import Path

import pytest
from support.mappings import ENVIRON

from bridge.channels import SOURCES
from bridge.channels.base import Source
from bridge.cli.init import SETTINGS
from bridge.config import Providers, load, load_replies, load_rules
from bridge.config.connections import variables
from bridge.config.plain import read
from bridge.config.schemas import FieldSchema, HelpdeskSchema
from bridge.core.conditions import OPERATORS, condition
from bridge.core.facts import FIELDS
from bridge.core.rules import Caps, decide, example_view, failing
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "mappings"
CONFIGURATION = (ROOT / "docs/configuration.md").read_text("utf-8")
RULES_PAGE = (ROOT / "docs/rules.md").read_text("utf-8")
PROVIDERS = Providers.of(SOURCES, HELPDESKS)


@pytest.fixture
def config(tmp_path: Path):
    return load(MAPPINGS, {}, PROVIDERS, strict=False)


def test_every_example_gives_what_it_promises(config) -> None:
    assert [(rule.name, example.facts) for rule, example, _ in failing(config.rules)] == []
    assert all(rule.examples for rule in config.rules.rules)


def test_every_rule_has_a_negative_twin_or_is_the_last(config) -> None:
    for rule in config.rules.rules[:-1]:
        assert {rule.name} < {example.gives for example in rule.examples}, rule.name


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Moje dziecko trafiło do szpitala po waszym jogurcie", "urgent"),
        ("your heater caught fire last night", "urgent"),
        ("jutro składam pozew", "high"),
        ("I am calling my lawyer tomorrow", "high"),
        ("ODDAJCIE KASĘ", "high"),
        ("please refund me", "high"),
        ("appka znowu nie działa...", "high"),
        ("your website is down", "high"),
        ("paczka nie dotarla", "normal"),
        ("the lid came broken", "normal"),
        ("Uwielbiam wasze lody", "praise"),
        ("thank you so much!", "praise"),
        ("🎉🎉", "chatter"),
        ("byłem tam w maju", "nothing-to-do"),
    ],
)
def test_words_nobody_wrote_an_example_of(config, text: str, outcome: str) -> None:
    decision = decide(config.rules, example_view({"text": text}))
    found = decision.escalation.priority if decision.escalation else decision.reason
    assert found == outcome


# A comment that begins a piece of YAML, and how it ends: the first line that is no comment of its depth.
_SWITCHED_OFF = re.compile(r"^ *# (?:target:|limits:|crowds:|- name: [a-z-]+|warsaw:|fields:)")


def _switched_on(text: str, start: int) -> str:
    """*text* with the commented piece that begins on line *start* taken in."""
    lines = text.splitlines()
    depth = lines[start].index("#")
    for at in range(start, len(lines)):
        bare = lines[at][depth:]
        inside = at == start or bare.startswith(("#   ", "#     "))
        if not inside:
            break
        lines[at] = lines[at][:depth] + bare[2:]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", ["rules.yaml", "calendars.yaml", "zendesk.yaml", "freshdesk.yaml"])
def test_what_is_switched_off_by_comments_is_valid_when_switched_on(
    name: str, tmp_path: Path
) -> None:
    text = (MAPPINGS / name).read_text("utf-8")
    starts = [at for at, row in enumerate(text.splitlines()) if _SWITCHED_OFF.match(row)]
    assert starts
    for start in starts:
        folder = Path(shutil.copytree(MAPPINGS, tmp_path / str(start)))
        on = _switched_on(text, start)
        assert on != text
        (folder / name).write_text(on.replace("\nfields: {}\n", "\n"), "utf-8")
        found = load(folder, ENVIRON, PROVIDERS, strict=False)
        assert failing(found.rules) == []


def test_the_example_of_connections_is_valid(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MAPPINGS, tmp_path / "mappings"))
    example = MAPPINGS / "connections.example.yaml"
    (folder / "connections.yaml").write_bytes(example.read_bytes())
    environ = {**dict.fromkeys(variables(read(example)), "canary-canary"), **ENVIRON}
    config = load(folder, environ, PROVIDERS)
    assert {"meta", "telegram", "contact-form", "zendesk"} <= set(config.connections)
    assert not config.warnings


def test_every_field_of_rules_has_a_line_and_a_working_example() -> None:
    for name, fact in FIELDS.items():
        assert f"| `{name}` | {fact.type} | {fact.says} | `{fact.example}` |" in RULES_PAGE, name


def test_every_operator_has_a_line_and_a_working_example() -> None:
    for name, operator in OPERATORS.items():
        assert f"| `{name}` | {operator.says} | `{operator.example}` |" in RULES_PAGE, name


@pytest.mark.parametrize(
    "written", [one.example for one in (*FIELDS.values(), *OPERATORS.values())]
)
def test_an_example_of_the_documentation_is_a_condition(written: str, tmp_path: Path) -> None:
    (tmp_path / "when.yaml").write_text(written, "utf-8")
    assert condition(read(tmp_path / "when.yaml").data)


def test_every_variable_of_the_product_is_documented_and_in_the_env_file() -> None:
    settings = (ROOT / "bridge/settings.py").read_text("utf-8")
    names = set(re.findall(r'read\(\s*"([A-Z_]+)"', settings))
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in CONFIGURATION] == []
    assert names - {"REDIS_URL", "BRIDGE_SECRET_KEY"} == set(SETTINGS)


@pytest.mark.parametrize("record", [*SOURCES.values(), *HELPDESKS.values()], ids=lambda r: r.name)
def test_every_option_of_a_connection_is_documented(record: Source | Helpdesk) -> None:
    section = CONFIGURATION.split(f"### type: {record.name}\n")[1].split("\n### ")[0]
    names = [*record.secrets, *record.options, *getattr(record, "account_options", ())]
    assert [name for name in names if f"`{name}`" not in section] == []


def test_every_key_of_a_helpdesk_map_is_documented() -> None:
    names = [field.data_key or name for name, field in HelpdeskSchema().fields.items()]
    names += [field.data_key or name for name, field in FieldSchema().fields.items()]
    assert [name for name in names if f"`{name}`" not in CONFIGURATION] == []


def block(page: str, heading: str, fence: str = "    ") -> str:
    """The first block of code below *heading* on *page*, without its indentation."""
    below = page.partition(f"{heading}\n")[2].split("\n")
    lines = list(itertools.dropwhile(lambda line: not line.startswith(fence), below))
    taken = itertools.takewhile(lambda line: line.startswith(fence) or not line, lines)
    return "\n".join(line.removeprefix(fence) for line in taken)


LAST = "  - {name: last, then: {ignore: nothing}}\n"


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("docs/rules.md", "### A ticket that is open already"),
        ("docs/rules.md", "### Colleagues"),
        ("docs/rules.md", "### Hiding"),
        ("docs/rules.md", "### Approval"),
        ("docs/rules.md", "### Trolls"),
        ("README.md", "## Your rules"),
    ],
)
def test_a_rule_shown_on_its_page_is_one(page: str, heading: str, tmp_path: Path) -> None:
    shown = block((ROOT / page).read_text("utf-8"), heading)
    written = f"rules:\n{textwrap.indent(shown, '  ')}\n{LAST}"
    (tmp_path / "rules.yaml").write_text(written, "utf-8")
    found = load_rules(tmp_path / "rules.yaml")
    assert len(found.rules) == shown.count("- name: ") + 1
    assert failing(found) == []


def test_the_crowd_of_kind_words_shown_on_its_page_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs/crowd.md").read_text("utf-8")
    (shown,) = (
        one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "kind-words" in one
    )
    (tmp_path / "rules.yaml").write_text(f"{shown}rules:\n{LAST}", "utf-8")
    (crowd,) = load_rules(tmp_path / "rules.yaml").crowds
    assert (crowd.per, crowd.incident.priority, crowd.over) == ("post", "low", 86400)


def test_the_limits_shown_on_the_page_are_limits(tmp_path: Path) -> None:
    written = f"{block(RULES_PAGE, '### Limits')}\nrules:\n{LAST}"
    (tmp_path / "rules.yaml").write_text(written, "utf-8")
    assert load_rules(tmp_path / "rules.yaml").caps == Caps(
        public_replies_per_thread=2, public_replies_per_post=20, same_answer_per_post=5, cooling=30
    )


def test_the_words_shown_on_their_page_are_words(tmp_path: Path) -> None:
    (tmp_path / "replies").mkdir()
    page = (ROOT / "docs/replies.md").read_text("utf-8")
    shown = re.findall(r"```yaml\n(solved:.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    for written in shown:
        (tmp_path / "replies" / "en.yaml").write_text(written, "utf-8")
        assert "solved" in load_replies(tmp_path).texts["en"]
    assert [one.channel for one in load_replies(tmp_path).texts["en"]["solved"]] == ["", "whatsapp"]
