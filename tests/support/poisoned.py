"""`bridge`, with two words that kill whoever handles them: `python -m support.poisoned worker`.

VENOM kills while a delivery is read, POISON while its event is worked on; as a broken library or a lack of
memory would, without a word.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any

from bridge.cli import main
from bridge.jobs import escalate


def dies() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def install() -> None:
    ingest = importlib.import_module(
        "bridge.jobs.ingest"
    )  # the package has its function under the name
    rows, step = ingest._rows, escalate.step

    def read(bridge: Any, connection: Any, kept: Any) -> Any:
        return dies() if b"VENOM" in kept.body else rows(bridge, connection, kept)

    def work(hand: Any, turn: Any) -> Any:
        texts = " ".join(json.dumps(one.doc) for one in turn.events)
        return dies() if "POISON" in texts else step(hand, turn)

    ingest._rows, escalate.step = read, work


if __name__ == "__main__":
    install()
    sys.exit(main(sys.argv[1:]))
