"""What a folder of mappings becomes."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import Config, Options, Providers, load, load_rules
from bridge.core.errors import ConfigError
from bridge.core.model import Secret
from bridge.core.rules import Escalation, Reply

GOOD = Path(__file__).parent / "good"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path / "mappings"))


def loaded(folder: Path, **changes: str) -> Config:
    return load(folder, {**ENVIRON, **changes}, PROVIDERS)


def refused(folder: Path, environ: dict[str, str] = ENVIRON) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, environ, PROVIDERS)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_a_connection_with_accounts(folder: Path) -> None:
    meta = loaded(folder).connections["meta"]
    assert meta.secrets("app_secrets") == ("canary-app-secret-1", "canary-app-secret-0")
    assert meta.options["api_url"] == "https://graph.facebook.com"
    polish = meta.account("messenger", "1068")
    assert polish is not None
    assert (polish.name, polish.language, polish.helpdesk) == ("Acme Polska", "pl", "zendesk")
    assert polish.token == Secret("canary-page-token")
    assert meta.account("messenger", "9999") is None


def test_an_account_has_options_of_its_own(folder: Path) -> None:
    file = folder / "connections.yaml"
    written = (
        'name: Acme, username: "${ZENDESK_NAME}_shop", media_url: "https://files.example.com/"'
    )
    file.write_text(file.read_text().replace("name: Acme,", f"{written},"))
    first, second = loaded(folder).connections["meta"].accounts
    assert first.options == {
        "username": "acme_shop",
        "media_url": "https://files.example.com",
        "echoes": True,
        "login": "page",
    }
    assert second.options == {"username": None, "media_url": None, "echoes": True, "login": "page"}


def test_a_connection_that_is_one_account_itself(folder: Path) -> None:
    telegram = loaded(folder).connections["telegram"]
    (account,) = telegram.accounts
    assert (account.channel, account.id, account.name) == ("telegram", None, "Acme bot")
    assert (account.language, account.helpdesk) == ("pl", "zendesk")
    assert account.token.reveal() == "77:canary-bot-token"
    assert telegram.options["api_url"] == "http://127.0.0.1:8090/telegram"


def test_a_variable_inside_another_value_is_filled_in(folder: Path) -> None:
    assert loaded(folder).connections["zendesk"].options["url"] == "https://acme.zendesk.com"


def test_no_secret_shows_in_the_configuration(folder: Path) -> None:
    assert "canary" not in repr(loaded(folder))


def test_rules_map_and_replies(folder: Path) -> None:
    config = loaded(folder)
    assert [rule.name for rule in config.rules.rules] == ["refund-demand", "default"]
    then = config.rules.rules[0].then
    assert then.escalate == Escalation(
        priority="high", group="Refunds", tags=("refund",), fields={"reason": "refund"}
    )
    assert then.replies == (Reply("public", "acknowledged"),)
    map_ = config.maps["zendesk"]
    assert map_.groups == {"Refunds": 360001}
    assert map_.fields["channel"] == {"id": 360005, "from": "channel"}
    assert map_.statuses["1001"] == "pending"
    assert (map_.debounce, map_.reopen_days, map_.tags) == (2.0, 14.0, ("bridge",))
    variants = config.replies.texts["pl"]["solved"]
    assert [variant.named for variant in variants] == [True, False]


def test_the_hash_changes_with_any_file_and_not_without(folder: Path) -> None:
    before = loaded(folder)
    assert loaded(folder).hash == before.hash
    (folder / "zendesk.yaml").write_text((folder / "zendesk.yaml").read_text() + "# x\n")
    after = loaded(folder)
    assert after.hash != before.hash
    assert after.rules.hash == before.rules.hash


def test_a_map_named_for_its_connection_comes_before_the_one_of_its_type(folder: Path) -> None:
    shutil.copy(folder / "zendesk.yaml", folder / "desk.yaml")
    (folder / "zendesk.yaml").write_text("reopen_days: 3\n")
    text = (folder / "connections.yaml").read_text()
    (folder / "connections.yaml").write_text(text.replace("  zendesk:\n", "  desk:\n"))
    assert loaded(folder).maps["desk"].reopen_days == 14


def test_every_mistake_of_every_file_is_told_at_once(folder: Path) -> None:
    for name, old, new in (
        ("rules.yaml", "priority: high", "priority: higj"),
        ("rules.yaml", "kind: [", "knid: ["),
        ("zendesk.yaml", "debounce: 2", "debounce: x"),
        ("connections.yaml", "language: en", "language: 1"),
        ("replies/en.yaml", "{link}", "{lnk}"),
    ):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace(old, new))
    assert {problem.split(":")[0] for problem in refused(folder)} == {
        "rules.yaml", "zendesk.yaml", "connections.yaml", "replies/en.yaml",
    }  # fmt: skip
    assert len(refused(folder)) == 5


@pytest.mark.parametrize("name", ["rules.yaml", "connections.yaml"])
def test_a_missing_file_names_bridge_init(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert [problem for problem in refused(folder) if name in problem and "bridge init" in problem]


def test_a_missing_folder_names_bridge_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bridge init"):
        load(tmp_path / "nowhere", {}, PROVIDERS)


def test_without_connections_a_check_still_reads_the_rest(folder: Path) -> None:
    (folder / "connections.yaml").unlink()
    config = load(folder, {}, PROVIDERS, strict=False)
    assert list(config.maps) == ["zendesk"]
    assert [warning for warning in config.warnings if "connections.yaml" in warning]


def test_what_start_refuses_a_check_only_warns_of(folder: Path) -> None:
    weak = {**ENVIRON, "TELEGRAM_WEBHOOK_SECRET": "short"}
    del weak["META_PAGE_TOKEN"]
    config = load(folder, weak, PROVIDERS, strict=False)
    assert len(config.warnings) == 3  # two accounts share the missing token
    assert list(refused(folder, weak)) == [
        warning.replace(f"{folder}/", "") for warning in config.warnings
    ]


@pytest.mark.parametrize(
    "secret",
    ["", "   ", "short", "changeme", "CHANGEME123", "your-token-here", "xxxxxxxxxx", "aaaaaaaaaaaa",
     "<token>12345", "secret"],
)  # fmt: skip
def test_a_weak_secret_is_refused_and_not_repeated(folder: Path, secret: str) -> None:
    (problem,) = refused(folder, {**ENVIRON, "TELEGRAM_WEBHOOK_SECRET": secret})
    assert "${TELEGRAM_WEBHOOK_SECRET}" in problem
    assert not secret.strip() or f"'{secret}'" not in problem


def test_a_token_that_the_other_side_issued_may_be_short(folder: Path) -> None:
    config = loaded(folder, TELEGRAM_TOKEN="1:AB", META_VERIFY_TOKEN="hello")
    assert config.connections["telegram"].secret("token") == "1:AB"
    assert config.connections["meta"].secret("verify_token") == "hello"


@pytest.mark.parametrize("token", ["", "changeme", "token", "xxxx"])
def test_a_token_that_is_none_is_refused(folder: Path, token: str) -> None:
    (problem,) = refused(folder, {**ENVIRON, "TELEGRAM_TOKEN": token})
    assert "${TELEGRAM_TOKEN}" in problem


def test_a_strong_secret_is_taken_without_the_spaces_around_it(folder: Path) -> None:
    config = loaded(folder, TELEGRAM_TOKEN=" 77:abcdefgh \n")
    assert config.connections["telegram"].secret("token") == "77:abcdefgh"


def test_a_file_that_nobody_reads_is_a_warning(folder: Path) -> None:
    (folder / "zendsk.yaml").write_text("tags: [x]\n")
    (folder / "connections.example.yaml").write_text("connections: {}\n")
    (warning,) = loaded(folder).warnings
    assert "zendsk.yaml: is read by nothing" in warning


def test_a_helpdesk_without_a_map_gets_defaults_and_a_warning(folder: Path) -> None:
    (folder / "zendesk.yaml").unlink()
    text = (folder / "rules.yaml").read_text()
    text = text.replace("group: Refunds, ", "").replace(", fields: {reason: refund}", "")
    (folder / "rules.yaml").write_text(text)
    config = loaded(folder)
    assert config.maps["zendesk"].reopen_days == 14
    assert [warning for warning in config.warnings if "zendesk gets the plain defaults" in warning]


def test_a_group_may_be_the_helpdesks_own_number(folder: Path) -> None:
    text = (folder / "rules.yaml").read_text()
    (folder / "rules.yaml").write_text(text.replace("group: Refunds", "group: 360001"))
    escalate = loaded(folder).rules.rules[0].then.escalate
    assert escalate is not None
    assert escalate.group == "360001"


def test_rules_alone_are_read_without_the_files_around_them(folder: Path) -> None:
    assert len(load_rules(folder / "rules.yaml").rules) == 2
    (folder / "rules.yaml").write_text("rules: 1\n")
    with pytest.raises(ConfigError):
        load_rules(folder / "rules.yaml")


def test_options_keep_the_type_of_their_default(folder: Path) -> None:
    options = Options(
        secrets=("token",), options={"on": False, "many": (), "count": 3, "api_url": None}
    )
    providers = replace(PROVIDERS, sources={**PROVIDERS.sources, "telegram": options})
    path = folder / "connections.yaml"
    start, end = path.read_text().split("  telegram:")[0], path.read_text().split("  zendesk:")[1]

    def given(lines: str) -> str:
        telegram = f'  telegram:\n    type: telegram\n    token: "${{TELEGRAM_TOKEN}}"\n{lines}'
        path.write_text(f"{start}{telegram}  zendesk:{end}")
        try:
            found = load(folder, ENVIRON, providers).connections["telegram"].options
        except ConfigError as error:
            return error.problems[0].split("telegram > ")[1]
        return str({name: found[name] for name in ("on", "many", "count")})

    assert given("    on: true\n    many: [a, b]\n    count: 5\n") == (
        "{'on': True, 'many': ('a', 'b'), 'count': 5}"
    )
    assert given("    on: yes\n") == "on: must be true or false"
    assert given("    count: many\n") == "count: must be a number"
    assert given("") == "{'on': False, 'many': (), 'count': 3}"


def test_providers_are_read_from_the_records() -> None:
    from bridge.channels import SOURCES
    from bridge.helpdesks import HELPDESKS

    providers = Providers.of(SOURCES, HELPDESKS)
    assert providers.sources["meta"].channels[0] == "facebook"
    assert "webhook_secrets" in providers.helpdesks["zendesk"].required
