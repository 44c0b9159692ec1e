"""Two kinds of helpdesk: both maps are read, and a rule's words are held against the one they go to."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import Config, Providers, load
from bridge.core.errors import ConfigError

GOOD = Path(__file__).parent / "good"
OTHER = replace(PROVIDERS.helpdesks["zendesk"], priorities=("low", "medium", "high", "urgent"))
BOTH = Providers(sources=PROVIDERS.sources, helpdesks={**PROVIDERS.helpdesks, "freshdesk": OTHER})


class Folder:
    """Mappings with a Zendesk and a Freshdesk; every account of Meta goes to the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.change("connections.yaml", "type: meta", "type: meta\n    helpdesk: zendesk")
        self.change("connections.yaml", "language: pl\n  zendesk", "helpdesk: zendesk\n  zendesk")
        self.change("connections.yaml", "source: reviews", "source: reviews\n    helpdesk: zendesk")
        connections = path / "connections.yaml"
        with connections.open("a") as file:
            file.write(
                "  freshdesk: {type: freshdesk, url: https://acme.freshdesk.com, client_id: a,\n"
                '    client_secret: "${ZENDESK_CLIENT_SECRET}",\n'
                '    webhook_secrets: "${ZENDESK_WEBHOOK_SECRET}"}\n'
            )
        (path / "freshdesk.yaml").write_text("groups: {Returns: 7}\nreopen_days: 3\n")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text()
        assert old in text
        (self.path / name).write_text(text.replace(old, new, 1))

    def load(self) -> Config:
        return load(self.path, ENVIRON, BOTH)

    def told(self) -> str:
        with pytest.raises(ConfigError) as caught:
            self.load()
        (told,) = caught.value.problems
        return told


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(Path(shutil.copytree(GOOD, tmp_path / "mappings")))


def doubts(config: Config) -> list[str]:
    return [one.partition(" > then > escalate > ")[2] for one in config.warnings]


def test_both_maps_are_read(folder: Folder) -> None:
    maps = folder.load().maps
    assert (maps["zendesk"].reopen_days, maps["freshdesk"].reopen_days) == (14, 3)


def test_a_helpdesk_without_accounts_and_rules_is_not_asked(folder: Folder) -> None:
    assert folder.load().warnings == ()


def test_a_rule_is_held_against_the_helpdesk_it_names(folder: Folder) -> None:
    folder.change("rules.yaml", "group: Refunds", "helpdesk: freshdesk, group: Returns")
    folder.change("rules.yaml", ", fields: {reason: refund}", "")
    assert folder.load().warnings == ()
    folder.change("rules.yaml", "group: Returns", "group: Refunds")
    told = "group: 'Refunds' is not a group of the helpdesk's map (there is: Returns)"
    assert told in folder.told()


def test_a_group_of_another_helpdesk_than_the_accounts_is_refused(folder: Folder) -> None:
    folder.change("rules.yaml", "group: Refunds", "group: Returns")
    assert "'Returns' is not a group" in folder.told()


def test_a_word_that_one_of_the_accounts_helpdesks_lacks_is_a_warning(folder: Folder) -> None:
    folder.change("connections.yaml", "name: Acme bot", "name: Acme bot\n    helpdesk: freshdesk")
    folder.change("connections.yaml", "    helpdesk: zendesk\n  zendesk", "  zendesk")
    assert doubts(folder.load()) == [
        "group: 'Refunds' is not a group of the map of freshdesk: a ticket there opens without it;"
        " give the rule a `helpdesk:`, or that map the word",
        "fields > reason: 'reason' is not a field of the map of freshdesk: a ticket there opens"
        " without it; give the rule a `helpdesk:`, or that map the word",
    ]


def test_a_value_is_one_of_some_helpdesk_unless_one_takes_any(folder: Folder) -> None:
    folder.change("connections.yaml", "name: Acme bot", "name: Acme bot\n    helpdesk: freshdesk")
    folder.change("connections.yaml", "    helpdesk: zendesk\n  zendesk", "  zendesk")
    other = folder.path / "freshdesk.yaml"
    other.write_text("groups: {Refunds: 7}\nfields: {reason: {id: 1, values: {other: x}}}\n")
    (told,) = doubts(folder.load())
    assert told.startswith("fields > reason: 'refund' is not a value of 'reason' in the map of")
    other.write_text("groups: {Refunds: 7}\nfields: {reason: {id: 1}}\n")
    assert folder.load().warnings == ()


def test_a_word_that_no_helpdesk_has_is_refused(folder: Folder) -> None:
    folder.change("rules.yaml", "group: Refunds", "group: Refnds")
    assert folder.told().endswith("did you mean 'Refunds'?")
