"""The examples of docs/feedback.md are read by the program, and say what the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from support.mappings import ENVIRON, PROVIDERS

from bridge.config import load
from bridge.core.rules import decide, example_view, failing

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/feedback.md").read_text("utf-8")
GOOD = Path(__file__).parent / "good"


def indented(page: str, first: str) -> str:
    """The example of *page* that begins with the line *first*, without its indent."""
    lines = page[page.index(f"    {first}") :].split("\n")
    block = re.match(r"(?:    [^\n]*\n)+", "\n".join(lines))
    assert block is not None
    return "\n".join(line[4:] for line in block[0].splitlines()) + "\n"


def test_the_rule_counts_a_topic_and_leaves_the_rest_to_the_others(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOOD, tmp_path / "mappings"))
    rule = indented(PAGE, "- name: about-delivery")
    text = "rules:\n" + "".join(f"  {line}\n" for line in rule.splitlines())
    (folder / "rules.yaml").write_text(
        text + "  - name: nothing-to-do\n    then: {ignore: nothing}\n"
    )
    config = load(folder, ENVIRON, PROVIDERS)
    assert failing(config.rules) == []
    decision = decide(config.rules, example_view({"text": "The courier was so kind!"}))
    assert (decision.feedback, decision.outcome) == (("delivery",), "ignore")


def test_the_question_is_read_and_has_the_times_of_the_page(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOOD, tmp_path / "mappings"))
    with (folder / "zendesk.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + indented(PAGE, "csat: ").replace("satisfaction", "solved"))
    whole = load(folder, ENVIRON, PROVIDERS).maps["zendesk"].csat
    text = (folder / "zendesk.yaml").read_text("utf-8")
    (folder / "zendesk.yaml").write_text(text.replace(", after: 1h, answers: 3d", ""), "utf-8")
    bare = load(folder, ENVIRON, PROVIDERS).maps["zendesk"].csat
    assert whole == bare
    assert whole is not None
    assert (whole.ask, whole.after, whole.answers) == ("solved", 3600, 3 * 86400)
