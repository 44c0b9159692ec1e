"""`bridge up` as an operator starts it, in a folder of its own, with made-up secrets."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

COMMAND = (sys.executable, "-m", "bridge")
SECRET = "made-up-secret-000"


def clean_environ(**more: str) -> dict[str, str]:
    """Our environment without what would reach the bridge from outside the test."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BRIDGE_") and name not in ("PORT", "REDIS_URL")
    }
    return {**kept, **more}


def mappings(folder: Path) -> None:
    """The shipped mappings with every secret filled in."""
    subprocess.run([*COMMAND, "init", "--yes"], cwd=folder, env=clean_environ(), check=True,
                   capture_output=True)  # fmt: skip
    env = folder / ".env"
    env.write_text(re.sub(r"(?m)^([A-Z_]+)=$", rf"\1={SECRET}", env.read_text()))


def until(holds: Callable[[], object], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def children(pid: int) -> dict[int, str]:
    """Process id -> command line of everything below *pid* (Linux)."""
    found: dict[int, str] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
            words = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(after[1]) == pid and after[0] != "Z":
            child = int(stat.parent.name)
            found[child] = words
            found.update(children(child))
    return found


class UpBox:
    """Start, look at, hurt and end one `bridge up`."""

    def __init__(self, **environ: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="up-"))
        mappings(self.folder)
        self.environ = clean_environ(PORT="0", BRIDGE_LOG_LEVEL="info", **environ)
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> str:
        told = len(self.log())
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up"], cwd=self.folder, env=self.environ, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        until(lambda: "listening on" in self.log()[told:] or self.process.poll() is not None)
        found = re.findall(r"listening on (\S+)", self.log()[told:])
        assert found, self.log()
        self.url = found[-1]
        return self.url

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text() if file.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def running(self, word: str) -> list[int]:
        """Process ids below us whose command line has *word*."""
        return [pid for pid, words in children(self.pid).items() if word in words]

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(60)

    def __enter__(self) -> "UpBox":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
