"""A Redis that can be made to fail in the ways of the field: full, without disk, a replica, loading, stalled."""

from __future__ import annotations

import resource
import shlex
from pathlib import Path

from support.redisbox import RedisBox

from bridge.embedded import server_program

UNLIMITED = resource.RLIM_INFINITY
# What a disk without room does to a write is done by a limit to the size of a file, which nobody must be root for.
# Python makes its children die of it; a shell does not.
SCRIPT = """#!/bin/sh
trap "" XFSZ
exec {server} "$@" $(cat {more})
"""


class HurtRedis(RedisBox):
    """A throw-away Redis; each way to hurt it is a method, and `mend` undoes all but a kill."""

    def __init__(self, *, fsync: str = "everysec") -> None:
        super().__init__(fsync=fsync)
        self._more = self.folder / "more"
        self._more.write_text("")
        script = self.folder / "server"
        server, more = (shlex.quote(str(one)) for one in (server_program(), self._more))
        script.write_text(SCRIPT.format(server=server, more=more))
        script.chmod(0o700)
        self.embedded.program = script

    def _say(self, *words: str) -> None:
        with self.client() as client:
            client.execute_command(*words)

    def fill_memory(self) -> None:
        self._say("CONFIG", "SET", "maxmemory", "1")

    def become_replica(self) -> None:
        self._say("REPLICAOF", "127.0.0.1", "1")

    def fill_disk(self) -> None:
        """No file of the server's can grow any more."""
        sizes = [file.stat().st_size for file in Path(self.folder).rglob("*.aof")]
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (max(sizes), UNLIMITED))

    def load_slowly(self, commands: int, microseconds: int) -> None:
        """Let the next start read *commands* more commands, each so slowly."""
        with self.client() as client, client.pipeline(transaction=False) as pipe:
            for number in range(commands):
                pipe.set("ballast", number)
            pipe.execute()
        self._more.write_text(f"--key-load-delay {microseconds}")

    def mend(self) -> None:
        """Undo everything; a killed server is started."""
        self._more.write_text("")
        if not self.embedded.alive():
            self.start()
            return
        self.resume()
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        self._say("CONFIG", "SET", "maxmemory", "0")
        self._say("REPLICAOF", "NO", "ONE")
