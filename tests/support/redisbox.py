"""A throw-away Redis for tests: the embedded server in a folder of its own, to be hurt at will."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import redis

from bridge.embedded import Embedded
from bridge.redisclient import client


class RedisBox:
    """One real server. `kill` is SIGKILL, `pause`/`resume` are SIGSTOP/SIGCONT."""

    def __init__(self, *, fsync: str = "everysec", program: Path | None = None) -> None:
        # Short on purpose: pytest's own folders can be too long for a socket's path.
        self.folder = Path(tempfile.mkdtemp(prefix="rb-"))
        self.embedded = Embedded(self.folder / "redis", fsync=fsync, program=program)
        self.url = ""

    def start(self) -> str:
        self.url = self.embedded.start()
        return self.url

    @property
    def pid(self) -> int:
        pid = self.embedded.pid
        assert pid is not None, "the server is not running"
        return pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        process = self.embedded._process
        assert process is not None
        process.wait(10)

    def stop(self) -> None:
        if self.embedded.alive():
            self.resume()  # a paused server could not leave
        self.embedded.stop()

    def restart(self) -> str:
        self.stop()
        return self.start()

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def client(self, **options: object) -> redis.Redis:
        return client(self.url, **options)

    def flush(self) -> None:
        with self.client() as connection:
            connection.flushall()
            connection.script_flush()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "RedisBox":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()
