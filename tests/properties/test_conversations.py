"""A conversation against a model: whatever its customer, its agent and its bad luck do, in whatever order.

Customers and agents act in the sandbox, whose webhooks go to a real web process with a real Redis; the
worker's work is done here, when a rule says so, and dies when a rule says so. Afterwards the sandbox's own record is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.many import many
from support.world import World

from bridge import jobs
from bridge.core.calls import HttpRequest, HttpResponse
from bridge.http import Http

CHANNELS = {"messenger": "zendesk", "whatsapp": "freshdesk"}
MOST = 4  # calls in a row that may fail: the fifth would close the connection
EFFECTS: dict[str, dict[str, Any]] = {
    "its answer is lost": {"effect": "drop_after"},
    "it is cut off before": {"effect": "drop_before"},
    "502 after it was done": {"effect": "status_after", "status": 502},
    "503": {"effect": "status", "status": 503},
    "429": {"effect": "status", "status": 429, "headers": {"Retry-After": "1"}},
}


class Killed(BaseException):
    """As good as a SIGKILL: nobody writes anything down."""


class Mortal:
    """The client, in whose hands a worker dies when its conversation says so."""

    def __init__(self, conversation: Conversation, http: Http) -> None:
        self._conversation, self._http = conversation, http

    def send(self, request: HttpRequest) -> HttpResponse:
        if not (self._conversation.dying and request.write):
            return self._http.send(request)
        when, self._conversation.dying = self._conversation.dying, ""
        if when == "after":
            self._http.send(request)
        raise Killed


class Conversation(RuleBasedStateMachine):
    """One person in one chat, and one agent."""

    world: ClassVar[World]

    @initialize(channel=st.sampled_from(sorted(CHANNELS)))
    def begin(self, channel: str) -> None:
        self.world.fresh()
        self.channel, self.desk = channel, CHANNELS[channel]
        self.said: dict[str, dict[str, Any]] = {}  # token -> what the platform calls it
        self.edits: dict[str, list[str]] = {}  # token -> those of the words it was edited to
        self.removed: set[str] = set()
        self.answers: list[str] = []
        self.notes: list[str] = []
        self.statuses = self.troubles = self.number = 0
        self.shuffled = False
        self.dying = ""
        self.engine = self._engine()
        self.customer_writes()

    def _engine(self) -> jobs.Engine:
        http: Any = Mortal(self, self.world.bridge.http)
        return jobs.Engine(replace(self.world.bridge, http=http), 4)

    def _token(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number:04d}"

    def _ticket(self) -> int | None:
        return next(iter(self.world.tickets()), None)

    # --- what people do ------------------------------------------------------------------------------

    @rule()
    def customer_writes(self) -> None:
        token = self._token("m")
        self.said[token] = self.world.message(self.channel, "Ana", f"It is broken {token}")
        self.world.sandbox.idle()  # deliveries of one instant may overtake each other on their way

    def _still_there(self) -> list[str]:
        return sorted(set(self.said) - self.removed)

    def _change(self, what: str, token: str, **more: str) -> None:
        known = self.said[token]
        body = {"channel": self.channel, "chat": str(known["chat"]), "id": known["id"], **more}
        self.world.sandbox.post(f"customer/message/{what}", body)

    @precondition(lambda self: self._still_there())
    @rule(data=st.data())
    def customer_edits(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self._still_there()))
        latest = self._token("e")
        self.edits.setdefault(token, []).append(latest)
        self._change("edit", token, text=f"It is broken, I meant {latest}")

    @precondition(lambda self: len(self._still_there()) > 1)
    @rule(data=st.data())
    def customer_removes(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self._still_there()))
        self.removed.add(token)
        self._change("remove", token)

    @precondition(lambda self: self._ticket())
    @rule(public=st.sampled_from([True, True, False]))
    def agent_writes(self, public: bool) -> None:
        token = self._token("a" if public else "n")
        (self.answers if public else self.notes).append(token)
        self.world.answer(self._ticket() or 0, f"We are sorry {token}", public=public)

    @precondition(lambda self: self._ticket())
    @rule(solved=st.booleans())
    def agent_sets_a_status(self, solved: bool) -> None:
        names = {"zendesk": ("pending", "solved"), "freshdesk": ("Pending", "Resolved")}[self.desk]
        self.statuses += 1
        wish = {"ticket": self._ticket(), "status": names[solved]}
        self.world.sandbox.post("agent/status", wish)

    # --- what befalls it -----------------------------------------------------------------------------

    @rule(system=st.sampled_from(["meta", "desk"]))
    def webhooks_are_held_back(self, system: str) -> None:
        self.shuffled = True
        self.world.sandbox.post("hooks/hold", {"system": self._system(system)})

    @rule(
        system=st.sampled_from(["meta", "desk"]), order=st.sampled_from(["reversed", "shuffled"]),
        copies=st.sampled_from([1, 3]),
    )  # fmt: skip
    def webhooks_come_in_another_order(self, system: str, order: str, copies: int) -> None:
        wish = {"system": self._system(system), "together": False, "order": order, "copies": copies}
        self.world.sandbox.post("hooks/send", wish)

    @rule(system=st.sampled_from(["meta", "desk"]), copies=st.sampled_from([1, 4]))
    def the_last_webhook_comes_again(self, system: str, copies: int) -> None:
        system = self._system(system)
        if self.world.sandbox.record("webhook", system=system):
            self.world.sandbox.post("hooks/again", {"system": system, "copies": copies})

    @precondition(lambda self: self.troubles < MOST)
    @rule(system=st.sampled_from(["meta", "desk"]), how=st.sampled_from(sorted(EFFECTS)))
    def the_next_write_goes_wrong(self, system: str, how: str) -> None:
        self.troubles += 1
        self.world.fault(self._system(system), method="(POST|PUT)", times=1, **EFFECTS[how])

    @rule(when=st.sampled_from(["", "", "before", "after"]))
    def a_worker_works(self, when: str) -> None:
        """All that is due; or until it dies at its next write outside, before or after it was done."""
        self.world.sandbox.idle()
        self.dying = when
        self.engine.run()
        if when and not self.dying:
            self._somebody_else()
        self.dying = ""

    @rule(
        who=st.sampled_from(["customer", "agent"]),
        how=st.sampled_from(["before", "after", *sorted(EFFECTS)]),
    )
    def words_meet_it_at_once(self, who: str, how: str) -> None:
        """What goes wrong goes wrong with these words, if nothing stands before them."""
        self.a_worker_works("")
        if who == "agent" and self._ticket():
            self.agent_writes(True)
        else:
            who = "customer"
            self.customer_writes()
        if how in EFFECTS and self.troubles < MOST:
            self.the_next_write_goes_wrong("desk" if who == "customer" else "meta", how)
        self.a_worker_works("" if how in EFFECTS else how)

    def _somebody_else(self) -> None:
        """The dead one's leases are over, and the next one begins."""
        self.engine.close()
        with self.world.redis.client() as client:
            for key in [*client.scan_iter("bridge:lease:*"), b"bridge:reading"]:
                client.delete(key)
        self.world.sooner()
        self.engine = self._engine()

    def _system(self, which: str) -> str:
        return self.desk if which == "desk" else "meta"

    # --- what must be true ---------------------------------------------------------------------------

    @invariant()
    def the_books_balance(self) -> None:
        assert self.world.balanced(), self.world.store.books()

    @invariant()
    def no_note_has_left_and_nothing_is_dead(self) -> None:
        said = " ".join(self.world.texts())
        assert not [one for one in self.notes if one in said]
        assert self.world.store.dead() == []

    def teardown(self) -> None:
        """Let it all come to rest, and ask the sandbox."""
        if not hasattr(self, "engine"):
            return
        try:
            self._come_to_rest()
            self._ask()
        finally:
            self.engine.close()

    def _come_to_rest(self) -> None:
        self.world.sandbox.delete("faults")
        for system in ("meta", self.desk):
            self.world.sandbox.post("hooks/send", {"system": system, "together": False})

        def rests() -> bool:
            self.world.sandbox.idle()
            self.engine.run()
            self.world.sooner()
            left = any(row["in_progress"] for row in self.world.store.books().values())
            return not left and bool(self.world.sandbox.get("idle?wait=0")["idle"])

        self.world.until(lambda: rests() and rests(), "rest")

    def _ask(self) -> None:
        assert len(self.world.tickets()) <= 1
        ticket = self._ticket()
        words = "\n".join(self.world.words(ticket)) if ticket else ""
        notes = "\n".join(self.world.words(ticket, public=False)) if ticket else ""
        for token in self._still_there():
            meant = [token, *self.edits.get(token, ())]
            assert sum(words.count(one) for one in meant) == 1, (meant, words)
            assert meant[-1] in words + notes, f"nobody was told of {meant[-1]}"
        for token in self.removed & {one for one in self.said if one in words}:
            assert token in notes, f"{token} was removed, and the ticket does not say so"
        if not self.shuffled:
            stand = [words.index(one) for one in self.said if one in words]
            assert stand == sorted(stand)
        self._ask_the_platform(notes)

    def _ask_the_platform(self, notes: str) -> None:
        said = self.world.texts()
        for token in self.answers:
            times = sum(token in one for one in said)
            held = self.channel == "whatsapp" and "Held back" in notes
            assert times == 1 or (times == 0 and held), (token, said, notes)
        notices = [one for one in said if not any(token in one for token in self.answers)]
        assert len(notices) <= self.statuses, notices


@pytest.fixture(autouse=True)
def _world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(jobs, "LINGER", 0.03)
    with World(workers=0) as world:
        Conversation.world = world
        yield


Conversation.TestCase.settings = many(5, stateful_step_count=14)
TestConversation = Conversation.TestCase
