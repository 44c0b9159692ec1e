"""Plays a plan: customers and agents through the sandbox, troubles through signals, sockets and settings."""

from __future__ import annotations

import contextlib
import heapq
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import redis

from chaos import points
from chaos.plan import COMMENTS, Do, Plan, Trouble
from chaos.stage import FORM_SECRET, Stage
from chaos.truth import Truth

QUIET = 240.0  # seconds in which all that is left must be done, once nothing breaks any more
ARMED = 15.0  # of them, seconds in which processes still die at points that nobody has passed
ARMED_AT_ONCE, SELDOM = 2, 5.0  # points that nobody has passed for so many seconds do not count
BEHIND, BREATH = 40, 10.0  # agents who wait for their ticket, and how long that holds up a message
REVOKED = {
    "meta": ({"meta_token": "revoked"}, {"meta_token": "valid"}),
    "telegram": ({"telegram_token": "revoked"}, {"telegram_token": "valid"}),
    "zendesk": (
        {"zendesk_client": "disabled", "zendesk_tokens": "revoked"}, {"zendesk_client": "valid"}
    ),
    "freshdesk": ({"freshdesk_key": "revoked"}, {"freshdesk_key": "valid"}),
}  # fmt: skip


class Play:
    """One run on one stage."""

    def __init__(self, plan: Plan, stage: Stage, rate: float, say: Callable[[str], None]) -> None:
        self.plan, self.stage, self.rate, self.say = plan, stage, rate, say
        self.truth = Truth()
        self.done: Counter[str] = Counter()
        self.broke: Counter[tuple[str, str]] = Counter()
        self.said: dict[str, dict[str, Any]] = {}  # by token: what the sandbox answered
        self.first: dict[int, str] = {}  # of each talk, the first thing said
        self.order: dict[int, list[str]] = {}  # of each talk, what was said, as it was written
        self.answers: dict[int, list[str]] = {}  # of each talk, the agent's public words
        self.tails: dict[str, str] = {}  # of a long answer's token, the one at its end
        self.removed: set[str] = set()
        self.edited: dict[str, str] = {}  # message -> the token of its latest words
        self.statuses: Counter[int] = Counter()
        self.began = time.monotonic()
        self.calm_after = 0.0
        self.faults: dict[str, str] = {}  # by the sandbox's id: what went wrong, in words
        self._lifts: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._agents: list[Do] = []
        self._armed: dict[str, float] = {}  # when
        self._points: list[str] = []  # whose moment has come, and which are not armed yet
        self._looked = 0.0
        self._dice = random.Random(f"{plan.seed} choose")

    # -- the run ------------------------------------------------------------------------------------

    def run(self) -> bool:
        """Play it all, lift all faults and wait for quiet; False when it does not come."""
        troubles = list(self.plan.troubles)
        number, at = 0, time.monotonic()
        for one in self.plan.doings:
            if one.what == "say":
                number += 1
                while troubles and troubles[0].before <= number:
                    self._trouble(troubles.pop(0))
            if not one.soon:
                at = max(at, time.monotonic() - 2) + (1 / self.rate if one.what == "say" else 0)
            self._pass(until=at)
            if one.what == "say" and not one.soon:
                self._breathe()
            self._do(one)
        self.say("all is said; everything that was broken is mended, and what is left must be done")
        self._mend()
        return self._quiet()

    def _pass(self, until: float) -> None:
        """Let time pass, and do what is due meanwhile."""
        while True:
            now = time.monotonic()
            while self._lifts and self._lifts[0][0] <= now:
                heapq.heappop(self._lifts)[2]()
            if now - self._looked > 0.5:
                self._look()
                self._arm()
            if (left := until - time.monotonic()) <= 0:
                return
            time.sleep(min(left, 0.02))

    def _breathe(self) -> None:
        """Say nothing more while the bridge is far behind: what breaks shall break it at work."""
        until = time.monotonic() + BREATH
        while len(self._agents) > BEHIND and time.monotonic() < until:
            self._pass(until=time.monotonic() + 0.1)

    def _arm(self) -> None:
        """Arm the next point, if not too many wait already: else each worker would die at its first step.

        Those that are seldom passed wait beside the others.
        """
        folder, now = self.stage.points, time.monotonic()
        waiting = set(points.armed(folder))
        self._armed = {one: at for one, at in self._armed.items() if one in waiting}
        lately = sum(now - at < SELDOM for at in self._armed.values())
        if self._points and lately < ARMED_AT_ONCE:
            points.arm(folder, point := self._points.pop(0))
            self._armed[point] = now

    def _look(self) -> None:
        self._looked = time.monotonic()
        self.truth.read(self.stage.sandbox.get(f"record?since={self.truth.seen}"))
        waiting, self._agents = self._agents, []
        for one in waiting:
            if (ticket := self._ticket(one.talk)) is not None:
                self._at_desk(one, ticket)
            else:
                self._agents.append(one)

    def _ticket(self, talk: int) -> int | None:
        found = (self.truth.ticket_of.get(token) for token in self.order.get(talk, ()))
        return next((one for one in found if one is not None), None)

    # -- customers and agents -------------------------------------------------------------------------

    def _do(self, one: Do) -> None:
        if one.what == "say":
            self._say(one)
        elif one.what in ("answer", "note", "status"):
            self._agents.append(one)
        else:
            self._change(one)

    def _say(self, one: Do) -> None:
        channel, person = self.plan.talks[one.talk], self.plan.people[one.talk]
        self.done["messages"] += 1
        self.order.setdefault(one.talk, []).append(one.token)
        if channel == "form":
            return self._form(one, person)
        body: dict[str, Any] = {"person": person, "text": one.text}
        if one.picture:
            body["image"] = True
        if channel in COMMENTS:
            body["channel"] = channel
            if one.talk in self.first:
                body["reply_to"] = self.first[one.talk]
            answer = self.stage.sandbox.post("customer/comment", body)
            self.first.setdefault(one.talk, answer["id"])
        else:
            body["channel"] = channel.removesuffix("-dm")
            answer = self.stage.sandbox.post("customer/message", body)
        self.said[one.token] = answer
        return None

    def _form(self, one: Do, person: str) -> None:
        body = {
            "entry_id": one.token, "email": f"{one.talk}@example.com", "first_name": person,
            "message": one.text, "sent_at": datetime.now(UTC).isoformat(), "is_spam": False,
        }  # fmt: skip
        headers = {"content-type": "application/json", "x-bridge-secret": FORM_SECRET}
        self.stage.postman.post("/hooks/form", headers, json.dumps(body).encode())

    def _change(self, one: Do) -> None:
        channel, known = self.plan.talks[one.talk], self.said[one.of]
        if one.of in self.removed:
            return  # what is gone can be changed no more
        body: dict[str, Any] = {"id": known["id"]}
        where = "customer/comment" if channel in COMMENTS else "customer/message"
        if channel not in COMMENTS:
            body |= {"channel": channel.removesuffix("-dm"), "chat": str(known["chat"])}
        if one.what == "edit":
            self.edited[one.of] = one.token
            self.stage.sandbox.post(f"{where}/edit", {**body, "text": one.text})
        else:
            self.removed.add(one.of)
            self.stage.sandbox.post(f"{where}/remove", body)
        self.done[f"{one.what}s"] += 1

    def _at_desk(self, one: Do, ticket: int) -> None:
        self.done[{"answer": "answers", "note": "private notes"}.get(one.what, "statuses")] += 1
        if one.what == "status":
            fresh = self.stage.ticket(ticket).get("status_label") is not None
            status = (
                {"solved": "Resolved", "pending": "Pending"}[one.status] if fresh else one.status
            )
            self.stage.sandbox.post("agent/status", {"ticket": ticket, "status": status})
            self.statuses[one.talk] += 1
            return
        public = one.what == "answer"
        if public:
            self.answers.setdefault(one.talk, []).append(one.token)
            if one.tail:
                self.tails[one.token] = one.tail
        self.stage.sandbox.post(
            "agent/comment", {"ticket": ticket, "text": one.text, "public": public}
        )

    # -- what breaks ----------------------------------------------------------------------------------

    def _trouble(self, one: Trouble) -> None:
        self.say(f"before message {one.before}: {one}")
        self.broke[one.kind, "" if one.kind == "kill-at" else one.what] += 1
        match one.kind:
            case "kill-at":
                self._points.append(one.what)
            case "kill":
                self._dice.choice(self.stage.some(one.what)).signal(signal.SIGKILL)
            case "restart":
                self._dice.choice(self.stage.some(one.what)).end()
            case "stop":
                slot = self._dice.choice(self.stage.some(one.what))
                slot.signal(signal.SIGSTOP)
                self._later(one.lasts, lambda: slot.signal(signal.SIGCONT))
            case "redis":
                self._redis(one)
            case "fault":
                self._fault(one)
            case "outage":
                fault = self._fault(one, times=None)
                self._later(one.lasts, lambda: self._unfault(fault))
            case "batch":
                self.stage.sandbox.post("hooks/hold", {"system": one.what})
                self._later(one.lasts, lambda: self._release(one))
            case "revoked":
                wrong, right = REVOKED[one.what]
                self.stage.sandbox.post("settings", dict(wrong))
                self._later(one.lasts, lambda: self._settings(right))

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._lifts, (time.monotonic() + seconds, self._number, what))

    def _settings(self, wish: dict[str, Any]) -> None:
        self.stage.sandbox.post("settings", dict(wish))

    def _release(self, one: Trouble) -> None:
        self.stage.sandbox.post("hooks/send", {"system": one.what, **one.facts})

    def _fault(self, one: Trouble, **more: Any) -> str:
        """Make calls go wrong; the sandbox's id for it."""
        facts = {**one.facts, **more}
        if facts.get("headers", {}).get("Retry-After") == "a date":
            at = datetime.now(UTC) + timedelta(seconds=3)
            facts["headers"] = {"Retry-After": format_datetime(at, usegmt=True)}
        fault = str(self.stage.sandbox.post("faults", {"system": one.what, **facts})["id"])
        self.faults[fault] = one.how
        return fault

    def spoilt(self) -> Counter[str]:
        """How many calls went wrong, by how: as the sandbox recorded it."""
        hits = (one for one in self.truth.entries if one["what"] == "fault")
        return Counter(self.faults.get(str(one["fault"]), "else") for one in hits)

    def _unfault(self, fault: str) -> None:
        self.stage.sandbox.delete(f"faults/{fault}")

    def _redis(self, one: Trouble) -> None:
        box = self.stage.redis
        if not box.embedded.alive():
            return  # another trouble has it, and it comes back by itself
        if one.what == "killed":
            box.resume()
            box.kill()
            self._later(0.3, self._start_redis)
        elif one.what == "restarted":
            box.restart()
        elif one.what == "stalled":
            box.pause()
            self._later(one.lasts, self._resume)
        elif one.what == "full":
            self._command("CONFIG", "SET", "maxmemory", "1")
            self._later(one.lasts, self._make_room)
        elif one.what == "cut":
            self._command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        else:
            self._command("DEL", "rq:queue:bridge")

    def _resume(self) -> None:
        if self.stage.redis.embedded.alive():
            self.stage.redis.resume()

    def _start_redis(self) -> None:
        if not self.stage.redis.embedded.alive():
            self.stage.redis.start()

    def _make_room(self) -> None:
        if not self._command("CONFIG", "SET", "maxmemory", "0"):
            self._later(0.5, self._make_room)

    def _command(self, *words: str) -> bool:
        """To Redis, if it listens: another trouble may have it already."""
        with contextlib.suppress(redis.RedisError), self.stage.redis.client(timeout=1.0) as client:
            client.execute_command(*words)
            return True
        return False

    # -- the end ----------------------------------------------------------------------------------------

    def _mend(self) -> None:
        while self._lifts:
            self._pass(until=self._lifts[0][0] + 0.01)
        self._resume()
        self._start_redis()
        self._make_room()
        self.stage.sandbox.delete("faults")
        for _, right in REVOKED.values():
            self._settings(right)

    def _quiet(self) -> bool:
        """Wait until nothing is left to do; points that are still armed may be passed for a while."""
        began, calm, told = time.monotonic(), 0, 0.0
        while (waited := time.monotonic() - began) < QUIET:
            self._pass(until=time.monotonic() + 0.3)
            if waited > ARMED:
                points.disarm(self.stage.points)
                self._points.clear()
            if waited - told > 10:
                told = waited
                self.say(self.left())
            calm = calm + 1 if self._is_quiet() else 0
            if calm == 4:
                break
        points.disarm(self.stage.points)
        self.calm_after = waited
        return calm == 4

    def _is_quiet(self) -> bool:
        """Whether nothing is under way anywhere: no webhook, no agent, no delivery, no lane that does not rest."""
        if self._agents or self.stage.postman.under_way:
            return False
        if not self.stage.sandbox.get("idle?wait=0")["idle"]:
            return False
        try:
            with self.stage.redis.client() as client:
                if client.zcard("bridge:ingest") or self._due(client):
                    return False
                if list(client.scan_iter("bridge:lease:*", count=1000)):
                    return False
                # Last: the books are read key by key.
                books = client.scan_iter("bridge:books:*", count=1000)
                return not any(int(client.hget(key, "in_progress") or 0) for key in books)
        except redis.RedisError:
            return False

    @staticmethod
    def _due(client: redis.Redis) -> list[tuple[str, float]]:
        """The lanes that wait, and for how long; without those that rest for minutes by their own choice."""
        now, found = time.time(), []
        for lane, at in client.zrange("bridge:due", 0, -1, withscores=True):
            left = at / 1000 - now
            if left < 300 or not client.exists(b"bridge:w:" + lane):
                found.append((lane.decode(), round(left, 1)))
        return found

    @staticmethod
    def _waits(client: redis.Redis) -> str:
        """What lanes wait for: closed connections, and the lines before them."""
        told = [f"lines {client.zrange('bridge:lines', 0, -1, withscores=True)}"]
        for key in client.scan_iter("bridge:line:*", count=1000):
            first = client.zrange(key, 0, 3, withscores=True)
            told.append(f"{key.decode()} {client.zcard(key)}: {first}")
        for key in client.scan_iter("bridge:down:*", count=1000):
            told.append(f"{key.decode()} {client.hgetall(key)}")
        for key in client.scan_iter("bridge:rate:*:stop", count=1000):
            told.append(f"{key.decode()} {client.pttl(key)}")
        for key in client.scan_iter("bridge:lease:*", count=1000):
            told.append(f"{key.decode()} {client.get(key)!r}")
        return "; ".join(told)

    def left(self) -> str:
        """What is not done yet, for a person."""
        try:
            with self.stage.redis.client() as client:
                due = self._due(client)
                why = {lane: client.hget(f"bridge:s:{lane}", "why") or b"" for lane, _ in due[:5]}
                shown = ", ".join(
                    f"{lane} in {at:g} s {why.get(lane, b'').decode()[:120]}"
                    for lane, at in due[:5]
                )
                return (
                    f"left: {client.zcard('bridge:ingest')} deliveries, {len(due)} lanes ({shown}), "
                    f"{self.stage.postman.under_way} webhooks, {len(self._agents)} agents; "
                    f"at {time.time() * 1000:.0f}: {self._waits(client)}"
                )
        except redis.RedisError as error:
            return f"left: Redis says {error}"
