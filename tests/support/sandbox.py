"""A running sandbox for tests: `with Sandbox() as sandbox: sandbox.post("customer/comment", {...})`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import TracebackType
from typing import Any

import requests


class Sandbox:
    """`bridge sandbox` in a process of its own, on a free port."""

    def __init__(self, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self._arguments = arguments
        self._environ = environ or {}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.http = requests.Session()
        self.http.trust_env = False

    def start(self) -> Sandbox:
        command = [sys.executable, "-m", "bridge", "sandbox", "--port", "0", *self._arguments]
        environ = {**os.environ, **self._environ}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), f"the sandbox said {line!r}"
        self.url = line.removeprefix("listening on ").strip()
        return self

    def stop(self) -> int:
        """End the process; return its exit code."""
        self.http.close()
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.terminate()
        try:
            return process.wait(10)
        finally:
            process.kill()
            if process.stdout is not None:
                process.stdout.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST to the control API; its answer. A refusal fails the test."""
        response = self.http.post(f"{self.url}/_sandbox/{path}", json=body or {}, timeout=60)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
        return json.loads(response.content)

    def get(self, path: str) -> dict[str, Any]:
        response = self.http.get(f"{self.url}/_sandbox/{path}", timeout=90)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
        return json.loads(response.content)

    def delete(self, path: str) -> None:
        response = self.http.delete(f"{self.url}/_sandbox/{path}", timeout=60)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"

    def record(self, what: str | None = None, since: int = 0, **facts: Any) -> list[dict[str, Any]]:
        """The entries of the ground truth with this `what` and these facts."""
        query = f"record?since={since}" + (f"&what={what}" if what else "")
        entries = self.get(query)["entries"]
        return [
            one for one in entries if all(one.get(key) == value for key, value in facts.items())
        ]

    def wait(
        self, what: str, count: int = 1, seconds: float = 10, **facts: Any
    ) -> list[dict[str, Any]]:
        """The entries as `record` gives them, once there are *count* of them; fails when they do not come."""
        until = time.monotonic() + seconds
        change = 0
        while True:
            found = self.record(what, **facts)
            if len(found) >= count:
                return found
            left = until - time.monotonic()
            assert left > 0, f"{len(found)} of {count} entries {what} {facts} within {seconds} s"
            change = self.get(f"changes?since={change}&wait={min(left, 5):.3f}")["change"]

    def idle(self, seconds: float = 20) -> None:
        """Return when no webhook is on its way any more."""
        assert self.get(f"idle?wait={seconds}")["idle"], (
            f"webhooks were still going out after {seconds} s"
        )
