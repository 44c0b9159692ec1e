"""The running bridge of the matrix: one web process and two workers, which are started again when they die."""

from __future__ import annotations

import json
import signal
from typing import Any

from bridge.settings import Settings
from chaos import points
from chaos.postman import Postman
from chaos.stage import NURSERY, Slot, Stage
from matrix import hurt
from matrix.colleagues import Colleagues
from matrix.wire import Wire

DEADLINE = 8.0  # seconds of the product's own for one call
# Rules for the parts of the flow that need one: nobody else says their words.
RULES = """
limits: {public_replies_per_post: 1000, same_answer_per_post: 1000}
crowds:
  - name: ravens
    when: {text: {any_of: [matrixraven]}}
    per: post
    over: 1m
    at_least: 2
    ends_after: 10m
    then: {incident: {priority: low}, quiet: true}
rules:
  - name: bell
    when: {text: {any_of: [matrixbell]}}
    then: {ignore: bell, reply: {private: acknowledged, once: 30d}}
  - name: owl
    when: {text: {any_of: [matrixowl]}}
    then: {notify: [owls], continue: true}
"""


class Scene(Stage):
    """A stage for one cell at a time, with a wire between the product and Redis; all at rest between two."""

    live = staticmethod(hurt.live)

    def __init__(self, scale: float = 0.3, *, webs: int = 1, clock: float = 0) -> None:
        super().__init__(Postman({}), webs=webs, workers=2)
        self.scale = scale
        self.more[hurt.CLOCK] = str(clock)  # workers are so many seconds ahead and behind
        self.more[hurt.SCALE] = str(scale)
        mappings = {
            old: new.replace("status_seconds: 15", "status_seconds: 3")
            for old, new in self.edits["connections.yaml"].items()
        }
        self.edits = {"connections.yaml": mappings, "rules.yaml": {"\nrules:\n": RULES}}
        self.colleagues = Colleagues()
        self.more["BRIDGE_NOTIFY"] = f"owls={self.colleagues.url}, summary={self.colleagues.url}"
        self.people = 0
        self.discreet = (
            False  # never waits for a rest, so that nobody looks into Redis but the product
        )
        self.wire = Wire(lambda: self.redis.url)
        self.more["BRIDGE_REDIS_URL"] = self.wire.url

    @property
    def settings(self) -> Settings:
        """As the product's, but for the wire: what we look at is none of what is asked about."""
        return Settings.from_environ({**self.environ, "BRIDGE_REDIS_URL": self.redis.url})

    def start_web(self) -> None:
        scripts = {script.sha: name for name, script in self.store._scripts.items()}
        self.wire.scripts.update(scripts)
        super().start_web()

    def stop(self) -> None:
        super().stop()
        self.wire.close()
        self.colleagues.close()

    @property
    def deadline(self) -> float:
        """Seconds that a call may take here."""
        return DEADLINE * self.scale

    def new_person(self) -> str:
        self.people += 1
        return f"Person {self.people:05d}"

    def seq(self) -> int:
        """How much the sandbox has on record."""
        return int(self.sandbox.get("record?since=999999999")["seq"])

    def command(self, *words: str) -> tuple[int, str]:
        """Exit code and words of `bridge WORDS`, run as an operator runs it, but forked."""
        heard, told = NURSERY.Pipe(duplex=False)
        process = NURSERY.Process(target=hurt.command, args=(self.environ, words, told))
        with heard:
            with Slot.starting, told:
                process.start()
            with open(heard.fileno(), closefd=False) as stream:
                said = stream.read()
            process.join(60)
        return process.exitcode or 0, said

    def change(self, script: str, *args: str | float) -> Any:
        """Change what lies in Redis, as time or bad luck would: by a script, which is never the product's own."""
        with self.redis.client() as client:
            return client.eval(script, 0, *args)

    def over(self, *keys: str) -> bool:
        """Let the time of these keys be over. True, to stand in a look."""
        self.change("for _, key in ipairs(ARGV) do redis.call('DEL', key) end", *keys)
        return True

    def rest(self) -> None:
        """Wait until nothing is under way anywhere."""
        if not self.discreet:
            self.until(lambda: self.postman.under_way == 0, "all webhooks taken")
            self.until(self._rests, "rest", patience=60)

    def _rests(self) -> bool:
        """What a worker reads back by itself may come just after a calm, or be parked by a pause that has just ended."""
        self.calm()
        return not any(row["in_progress"] or row["parked"] for row in self.store.books().values())

    def unsettled(self) -> dict[str, Any]:
        """What the books have left in progress, parked or dead, and rows that do not add up."""
        wrong = {}
        for name, row in self.store.books().items():
            left = {part: row[part] for part in ("in_progress", "parked", "dead") if row[part]}
            parts = ("done", "ignored", "parked", "dead", "in_progress")
            if left or row["received"] != sum(row[part] for part in parts):
                wrong[name] = row
        return wrong

    def wipe(self) -> None:
        """Begin anew after a cell that went wrong: nothing of it may be the next one's trouble."""
        points.disarm(self.points)
        self.wire.disarm()
        self._kill_all()
        self.sandbox.post("reset")
        self.sandbox.delete("faults")
        self.redis.flush()
        self._kill_all()  # who began before that is known to nobody

    def _kill_all(self) -> None:
        """Wait until each has been started again."""
        gone = {slot: slot.pid for slot in self.slots}

        def others() -> bool:
            for slot in self.slots:
                if slot.pid == gone[slot]:
                    slot.signal(signal.SIGKILL)  # who has only just begun has no group yet
            return all(slot.pid not in (None, gone[slot]) for slot in self.slots)

        self.until(others, "another start")

    def kept(self) -> str:
        """What the processes said last, for a cell that went wrong."""
        said = (self.folder / "worker.log").read_text("utf-8", "replace")[-1500:]
        return json.dumps(self.store.alarms()) + "\n" + said
