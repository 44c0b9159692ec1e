"""What the environment says, and what is said about it when it is wrong."""

import os
from pathlib import Path

import pytest

from bridge.core.errors import ConfigError
from bridge.settings import Settings, environment, settle


def test_without_variables_all_has_a_default():
    settings = Settings.from_environ({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8080, Path("data"))
    assert (settings.fsync, settings.max_body, settings.redis_url) == ("everysec", 5_000_000, None)


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("BRIDGE_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PORT", "0", "port", 0),
        ("PORT", " 9000 ", "port", 9000),
        ("BRIDGE_DATA", "/var/lib/x", "data", Path("/var/lib/x")),
        ("BRIDGE_MAPPINGS", "m", "mappings", Path("m")),
        ("BRIDGE_REDIS_URL", "redis://h:1/2", "redis_url", "redis://h:1/2"),
        ("REDIS_URL", "rediss://h", "redis_url", "rediss://h"),
        ("BRIDGE_FSYNC", "Always", "fsync", "always"),
        ("BRIDGE_ALLOW_VOLATILE_REDIS", "1", "allow_volatile_redis", True),
        ("BRIDGE_ALLOW_VOLATILE_REDIS", "0", "allow_volatile_redis", False),
        ("BRIDGE_MAX_BODY", "1000", "max_body", 1000),
        ("BRIDGE_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("BRIDGE_KEEP_DAYS", "1", "keep_days", 1),
        ("BRIDGE_KEEP_RAW_DAYS", "2", "keep_raw_days", 2),
        ("BRIDGE_PUBLIC_URL", "https://x.example/", "public_url", "https://x.example"),
        ("BRIDGE_WEB_THREADS", "4", "web_threads", 4),
        ("BRIDGE_WEB_PROCESSES", "2", "web_processes", 2),
        ("BRIDGE_WORKER_PROCESSES", "3", "worker_processes", 3),
        ("BRIDGE_WORKER_THREADS", "5", "worker_threads", 5),
        ("PORT", "", "port", 8080),
    ],
)
def test_each_variable_is_read(name, text, field, value):
    assert getattr(Settings.from_environ({name: text}), field) == value


def test_our_own_redis_variable_wins_over_the_common_one():
    both = {"BRIDGE_REDIS_URL": "redis://ours", "REDIS_URL": "redis://theirs"}
    assert Settings.from_environ(both).redis_url == "redis://ours"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "x"), ("PORT", "-1"), ("PORT", "65536"), ("PORT", "1" * 5000), ("PORT", "٣"),
        ("BRIDGE_HOST", "http://x"), ("BRIDGE_REDIS_URL", "http://x"), ("REDIS_URL", "x"),
        ("BRIDGE_REDIS_URL", "sentinel://x"), ("BRIDGE_FSYNC", "no"),
        ("BRIDGE_ALLOW_VOLATILE_REDIS", "maybe"), ("BRIDGE_SECRET_KEY", "short"),
        ("BRIDGE_CONSOLE_TOKEN", "short"), ("BRIDGE_MAX_BODY", "0"), ("BRIDGE_MAX_BODY", "5 MB"),
        ("BRIDGE_LOG_LEVEL", "loud"), ("BRIDGE_KEEP_DAYS", "0"), ("BRIDGE_PUBLIC_URL", "x.example"),
        ("BRIDGE_WEB_THREADS", "0"), ("BRIDGE_WORKER_PROCESSES", "65"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_to_write(name, text):
    with pytest.raises(ConfigError) as told:
        Settings.from_environ({name: text})
    (problem,) = told.value.problems
    assert problem.startswith(f"{name}: ")
    assert len(problem) < 400


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(ConfigError) as told:
        Settings.from_environ({"PORT": "x", "BRIDGE_FSYNC": "x"})
    assert len(told.value.problems) == 2


@pytest.mark.parametrize(
    "environ",
    [
        {"BRIDGE_SECRET_KEY": "CANARY-0123456789"},
        {"BRIDGE_CONSOLE_TOKEN": "CANARY-0123456789"},
        {"BRIDGE_REDIS_URL": "redis://:CANARY@h"},
    ],
)
def test_secrets_do_not_show(environ):
    assert "CANARY" not in repr(Settings.from_environ(environ))


@pytest.mark.parametrize(
    "environ",
    [
        {"BRIDGE_SECRET_KEY": "CANARY"},
        {"BRIDGE_CONSOLE_TOKEN": "CANARY"},
        {"BRIDGE_REDIS_URL": "http://:CANARY@h"},
    ],
)
def test_nor_in_what_is_said_about_them(environ):
    with pytest.raises(ConfigError) as told:
        Settings.from_environ(environ)
    assert "CANARY" not in str(told.value)


# --- .env


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text('A_ONE=file\nA_TWO="two words"\nA_THREE=${A_ONE}\nA_FOUR\n')
    monkeypatch.setenv("A_ONE", "set")
    found = environment(tmp_path)
    assert (found["A_ONE"], found["A_TWO"], found["A_THREE"]) == ("set", "two words", "${A_ONE}")
    assert "A_FOUR" not in found


@pytest.mark.parametrize("octets", [b"A_ONE=\xff\xfe", b"A_ONE=a\x00b", "A_ONE=1".encode("utf-16")])
def test_an_env_that_is_no_text_is_a_sentence_without_its_words(tmp_path, octets):
    (tmp_path / ".env").write_bytes(octets)
    with pytest.raises(ConfigError) as told:
        environment(tmp_path)
    assert told.value.problems == [f"{tmp_path / '.env'} cannot be read: it is no text in UTF-8"]


def test_an_env_of_an_editor_that_marks_its_files_is_read(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfA_MARKED=1\r\nA_LAST=3\r\n")
    found = environment(tmp_path)
    assert (found["A_MARKED"], found["A_LAST"]) == ("1", "3")


def test_a_line_that_says_nothing_is_told_by_its_number(tmp_path):
    (tmp_path / ".env").write_text("# ours\nA_ONE=1\nPORT: 9000\n=2\n\nA_SECRET='hidden\n")
    with pytest.raises(ConfigError) as told:
        environment(tmp_path)
    advice = "is not NAME=VALUE, or a quote that begins there does not end"
    assert told.value.problems == [f"{tmp_path / '.env'}:{line}: {advice}" for line in (3, 4, 6)]


def test_settle_reads_env_here_over_env_beside_the_mappings(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    (there / "mappings").mkdir(parents=True)
    here.mkdir()
    (here / ".env").write_text(f"BRIDGE_MAPPINGS={there / 'mappings'}\nPORT=1\n")
    (there / ".env").write_text("PORT=2\nBRIDGE_KEEP_DAYS=3\n")
    monkeypatch.chdir(here)
    monkeypatch.setattr(os, "environ", {})
    settings = settle()
    assert (settings.port, settings.keep_days) == (1, 3)
