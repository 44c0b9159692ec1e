"""The rule packs we ship: sound, proved by their examples, and checked with the folder they lie in."""

import shutil
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.config import load_packs
from bridge.core.conditions import tests as asked_in
from bridge.core.errors import ConfigError
from bridge.core.rules import Rules, decide, example_view, failing

MAPPINGS = Path(__file__).parents[2] / "mappings"
PACKS = {file.stem: rules for file, rules in load_packs(MAPPINGS).items()}


def test_the_four_packs_are_there() -> None:
    assert set(PACKS) == {"e-commerce", "telecom", "hospitality", "crisis"}


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_every_example_of_a_pack_gives_what_it_promises(pack: Rules) -> None:
    assert [(rule.name, one.facts, found.rules) for rule, one, found in failing(pack)] == []


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_every_rule_of_a_pack_has_a_negative_twin_or_is_the_last(pack: Rules) -> None:
    for rule in pack.rules[:-1]:
        gives = [(one.gives,) if isinstance(one.gives, str) else one.gives for one in rule.examples]
        assert {rule.name in names for names in gives} == {True, False}, rule.name


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_no_pack_hides_or_answers_by_itself(pack: Rules) -> None:
    assert [rule.name for rule in pack.rules if rule.then.replies] == []


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@pytest.mark.parametrize(
    "text", ["there was glass in the jar", "meine Tochter blutet", "mon fils est à l'hôpital"]
)
def test_danger_comes_first_in_every_pack(pack: Rules, text: str) -> None:
    troll = {"text": text, "author.label": ["troll"], "author.followers": 9_000_000}
    decision = decide(pack, example_view(troll))
    assert decision.escalation is not None
    assert decision.escalation.priority == "urgent"


def test_packs_ask_for_what_only_signals_tell() -> None:
    asked = {test.name for pack in PACKS.values() for rule in pack.rules if rule.when for test in asked_in(rule.when)}  # fmt: skip
    assert {
        "safety", "urgent", "sentiment", "wants_answer", "praise", "personal_data", "author.label",
        "author.messages.24h",
    } <= asked  # fmt: skip


def test_check_tries_the_packs_beside_the_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(
        shutil.copytree(
            MAPPINGS, tmp_path / "mappings", ignore=shutil.ignore_patterns("connections.yaml")
        )
    )
    assert main(["check", str(folder)]) == 0
    assert "the pack crisis: " in capsys.readouterr().out
    file = folder / "packs" / "telecom.yaml"
    file.write_text(file.read_text("utf-8").replace("gives: leaving}", "gives: bill}", 1), "utf-8")
    assert main(["check", str(folder)]) == 1
    told = capsys.readouterr().out
    assert f"{file}:" in told
    assert "gives leaving, not bill" in told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("saftey: true", "did you mean 'safety'"),
        ("author.messages.24: 2", "did you mean 'author.messages.24h'"),
        ("personal_data: [phnoe]", "did you mean 'phone'"),
        ("turn: bott", "did you mean 'bot'"),
        ("sentiment: {below: 0}", "one of is, at_least, at_most, unknown"),
        ("praise: 1", "needs true or false"),
    ],
)
def test_a_mistake_in_a_pack_is_told_with_its_line_and_the_nearest_word(
    tmp_path: Path, wrong: str, told: str
) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.yaml").write_text(
        f"rules:\n  - name: one\n    when:\n      {wrong}\n    then: {{ignore: x}}\n"
        "  - name: last\n    then: {ignore: x}\n",
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_packs(tmp_path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path}/packs/mine.yaml:4: rules > one > when > ")
    assert told in problem
