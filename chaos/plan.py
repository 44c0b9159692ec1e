"""What is said, done and broken, and when: all of it made from a number of messages and a seed.

A moment is the number of a message: "before the 40th message Redis stalls". The same number and seed give
the same plan; how far the bridge has come at that moment is never the same twice.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeVar

from chaos.points import POINTS

T = TypeVar("T")

# Where customers write, and how often compared with each other.
CHANNELS: Final = {
    "facebook": 4, "messenger": 4, "instagram": 2, "instagram-dm": 2, "whatsapp": 4, "threads": 2,
    "telegram": 3, "form": 1,
}  # fmt: skip
COMMENTS: Final = ("facebook", "instagram", "threads")
# Where the platform tells of it.
EDITED: Final = ("facebook", "messenger", "instagram-dm", "whatsapp", "telegram")
REMOVED: Final = ("facebook", "messenger", "instagram-dm", "whatsapp")
PICTURED: Final = ("facebook", "messenger", "instagram-dm", "whatsapp", "telegram")
# How many sentences make an answer that goes there in several pieces.
LONG: Final = {
    "messenger": 60, "instagram": 60, "instagram-dm": 24, "whatsapp": 100, "threads": 24, "telegram": 100,
}  # fmt: skip
SENTENCE: Final = "We have looked into case {}, and this is what we found. "
SYSTEMS: Final = ("meta", "telegram", "zendesk", "freshdesk")

SIDE_BY_SIDE: Final = 24  # conversations that go on at a time
WORDS: Final = (
    "My order is broken {}", "{} and nobody answers, it is broken", "It is still broken! {}",
    "Nadal zepsute: żółw 🐢 {} broken", "<b>broken</b> & {{{{name}}}} {}", "Is this broken, too? {}",
    "It broke again.\n\nBroken, all of it. {}",
)  # fmt: skip
ANSWERS: Final = (
    "We are sorry {}",
    "Please send us a picture {}",
    "{} it is on its way",
    "Dziękujemy 🙏 {}",
)


@dataclass(frozen=True, slots=True)
class Bring:
    """How a webhook is brought to the bridge's door: late, in copies, without waiting for the answer, again."""

    late: float = 0.0
    copies: int = 1
    deaf: bool = False
    again: float = 0.0


@dataclass(frozen=True, slots=True)
class Do:
    """One thing that somebody does: a customer says, edits or removes; an agent answers, notes or sets a status.

    `token` stands in the words and names them; `of` is the message that is edited or removed.
    """

    what: str
    talk: int
    token: str = ""
    text: str = ""
    of: str = ""
    picture: bool = False
    status: str = ""
    soon: bool = False  # right after what was said before
    tail: str = ""  # the token at the end of a long answer


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something breaks before the message with this number, for so many seconds where it lasts.

    `how` a call goes wrong, in words; `facts` are what whoever breaks it needs to know.
    """

    before: int
    kind: str
    what: str = ""
    lasts: float = 0.0
    how: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        lasts = f" for {self.lasts:.1f} s" if self.lasts else ""
        how = f": {self.how}" if self.how else ""
        facts = " ".join(f"{key}={value}" for key, value in self.facts.items() if key in SHOWN)
        return f"{self.kind} {self.what}{lasts}{how} {facts}".strip()


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    messages: int
    seed: int
    talks: tuple[str, ...]  # the channel of each conversation
    people: tuple[str, ...]  # who writes it; some write in two places
    doings: tuple[Do, ...]
    troubles: tuple[Trouble, ...]
    brings: dict[str, Bring]

    @property
    def fingerprint(self) -> str:
        """Short and the same for the same plan."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()[:12]


def plan(messages: int, seed: int) -> Plan:
    """The plan for so many customers' messages."""
    script = _Script(messages, random.Random(f"{seed} say"))
    script.write()
    return Plan(
        messages,
        seed,
        tuple(script.talks),
        tuple(script.people),
        tuple(script.doings),
        _troubles(messages, random.Random(f"{seed} break")),
        _brings(script.doings, random.Random(f"{seed} bring")),
    )


# --- customers and agents -----------------------------------------------------------------------------


class _Script:
    """Conversations side by side, their messages interleaved, with what agents do about them."""

    def __init__(self, messages: int, dice: random.Random) -> None:
        self.messages, self.dice = messages, dice
        self.talks: list[str] = []
        self.people: list[str] = []
        self.doings: list[Do] = []
        self._left: dict[
            int, int
        ] = {}  # of the conversations that go on, how many messages are to come
        self._said: dict[int, list[str]] = {}
        self._tokens = dict.fromkeys("mean", 0)

    def write(self) -> None:
        dice = self.dice
        while self._tokens["m"] < self.messages:
            while len(self._left) < SIDE_BY_SIDE:
                self._begin()
            talk = dice.choice(list(self._left))
            burst = dice.choice((1, 1, 1, 1, 1, 2, 3))
            for number in range(min(burst, self._left[talk], self.messages - self._tokens["m"])):
                self._say(talk, soon=number > 0)
            self._change(talk)
            self._answer(talk)
            if self._left[talk] == 0:
                del self._left[talk]

    def _begin(self) -> None:
        number = len(self.talks)
        channel = self.dice.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        self.people.append(self._person(channel, number))
        self.talks.append(channel)
        self._said[number] = []
        self._left[number] = 1 if channel == "form" else self.dice.choice((1, 2, 3, 4, 5, 6, 8, 12))

    def _person(self, channel: str, number: int) -> str:
        """Somebody new, or in Messenger now and then somebody who has commented on the Page."""
        where = zip(self.people, self.talks, strict=True)
        commented = {one for one, place in where if place == "facebook"}
        chats = zip(self.people, self.talks, strict=True)
        commented -= {one for one, place in chats if place == "messenger"}
        if channel == "messenger" and commented and self.dice.random() < 0.25:
            return self.dice.choice(sorted(commented))
        return f"Person {number:05d}"

    def _token(self, kind: str) -> str:
        self._tokens[kind] += 1
        return f"{kind}{self._tokens[kind]:05d}"

    def _say(self, talk: int, soon: bool) -> None:
        name = self._token("m")
        text = self.dice.choice(WORDS).format(name)
        picture = self.talks[talk] in PICTURED and self.dice.random() < 0.05
        self.doings.append(Do("say", talk, name, text, picture=picture, soon=soon))
        self._said[talk].append(name)
        self._left[talk] -= 1

    def _change(self, talk: int) -> None:
        """Now and then something said is changed or taken back, the latest most of the time."""
        dice, said, channel = self.dice, self._said[talk], self.talks[talk]
        of = said[-1] if dice.random() < 0.7 else dice.choice(said)
        chance, soon = dice.random(), dice.random() < 0.5
        if channel in EDITED and chance < 0.06:
            name = self._token("e")
            text = f"Broken, I meant {of} {name}"
            self.doings.append(Do("edit", talk, name, text, of=of, soon=soon))
        # Not what a thread of comments hangs on: the others would go with it.
        elif channel in REMOVED and 0.06 < chance < 0.1 and of != said[0]:
            self.doings.append(Do("remove", talk, of=of, soon=soon))

    def _answer(self, talk: int) -> None:
        dice = self.dice
        heard = self.talks[talk] != "form"  # nobody can answer there
        if heard and dice.random() < 0.35:
            for _ in range(dice.choice((1, 1, 2))):
                name = self._token("a")
                text, tail = dice.choice(ANSWERS).format(name), ""
                if dice.random() < 0.08 and (length := LONG.get(self.talks[talk])):
                    tail = f"z{name[1:]}"
                    text = f"{text}. {SENTENCE.format(name[1:]) * length}{tail}"
                self.doings.append(Do("answer", talk, name, text, tail=tail))
        if dice.random() < 0.15:
            name = self._token("n")
            self.doings.append(Do("note", talk, name, f"Between us: {name}"))
        if heard and dice.random() < 0.08:
            self.doings.append(Do("status", talk, status=dice.choice(("pending", "solved"))))


def _brings(doings: Sequence[Do], dice: random.Random) -> dict[str, Bring]:
    """What is not brought plainly, by the token of the words."""
    found = {}
    for one in doings:
        if not one.token:
            continue
        chance = dice.random()
        if chance < 0.06:
            found[one.token] = Bring(copies=8)
        elif chance < 0.12:
            found[one.token] = Bring(late=round(dice.uniform(0.2, 2.5), 2))
        elif chance < 0.17:
            found[one.token] = Bring(deaf=True)
        elif chance < 0.22:
            found[one.token] = Bring(again=round(dice.uniform(1, 20), 2))
    return found


# --- what breaks ------------------------------------------------------------------------------------

EFFECTS: Final[dict[str, dict[str, Any]]] = {
    "2 s late": {"effect": "delay", "seconds": 2.0, "times": 6},
    "500": {"effect": "status", "status": 500},
    "502": {"effect": "status", "status": 502},
    "502 after it took effect": {"effect": "status_after", "status": 502},
    "503": {"effect": "status", "status": 503, "headers": {"Retry-After": "1"}},
    "429 with seconds": {"effect": "status", "status": 429, "headers": {"Retry-After": "2"}},
    "429 with a date": {"effect": "status", "status": 429, "headers": {"Retry-After": "a date"}},
    "429 with nothing": {"effect": "status", "status": 429},
    "HTML": {"effect": "html"},
    "cut before it took effect": {"effect": "drop_before"},
    "cut after it took effect": {"effect": "drop_after"},
    "half an answer": {"effect": "half"},
    "silence": {"effect": "hang", "seconds": 10.0},
    "slow bytes": {"effect": "drip", "seconds": 3.0},
    "endless bytes": {"effect": "drip", "seconds": 12.0},
}
# Which of them all calls to a system meet for some seconds.
OUTAGES: Final = (
    "cut before it took effect", "cut after it took effect", "503", "2 s late", "silence",
)  # fmt: skip
SHOWN: Final = ("times", "method", "order", "copies")  # of a trouble's facts, in the schedule

# What else breaks: how many messages there are to each, the kind, to what, and for how long (seconds).
BREAKS: Final[tuple[tuple[int, str, str, tuple[float, float]], ...]] = (
    (40, "kill", "worker", (0, 0)),
    (100, "kill", "web", (0, 0)),
    (200, "stop", "worker", (1, 15)),
    (300, "stop", "web", (1, 8)),
    (150, "restart", "worker", (0, 0)),
    (300, "restart", "web", (0, 0)),
    (200, "redis", "killed", (0, 0)),
    (500, "redis", "restarted", (0, 0)),
    (120, "redis", "stalled", (0.3, 7)),
    (200, "redis", "full", (0.5, 4)),
    (60, "redis", "cut", (0, 0)),
    (150, "redis", "queue lost", (0, 0)),
)


def _troubles(messages: int, dice: random.Random) -> tuple[Trouble, ...]:
    """Every kind of trouble, spread over the run."""

    def moments(each: int) -> list[int]:
        return sorted(dice.randrange(1, max(messages, 2)) for _ in range(max(messages // each, 1)))

    found = [
        Trouble(before, kind, what, round(dice.uniform(*lasts), 1))
        for each, kind, what, lasts in BREAKS
        for before in moments(each)
    ]
    points = _rounds(POINTS, dice)
    found += [Trouble(before, "kill-at", next(points)) for before in moments(9)]
    faults = _rounds([(one, two) for one in SYSTEMS for two in EFFECTS], dice)
    found += [_fault(before, *next(faults), dice) for before in moments(8)]
    outages = _rounds([(one, two) for one in SYSTEMS for two in OUTAGES], dice)
    for before in moments(80):
        system, how = next(outages)
        found.append(
            Trouble(before, "outage", system, round(dice.uniform(1, 6), 1), how, EFFECTS[how])
        )
    senders = _rounds(SYSTEMS, dice)
    for before in moments(50):
        lasts = round(dice.uniform(0.5, 3), 1)
        found.append(Trouble(before, "batch", next(senders), lasts, facts=_batch(dice)))
    # Refused credentials park a connection: early, so that the end need not wait for it.
    for system in SYSTEMS:
        at = dice.randrange(1, max(messages // 2, 2))
        found.append(Trouble(at, "revoked", system, round(dice.uniform(1, 4), 1)))
    return tuple(sorted(found, key=lambda one: one.before))


def _rounds(what: Sequence[T], dice: random.Random) -> Iterator[T]:
    """All of *what* in some order, and then in another, for ever: none comes twice before all have come."""
    while True:
        yield from dice.sample(what, len(what))


def _batch(dice: random.Random) -> dict[str, Any]:
    return {
        "order": dice.choice(("kept", "shuffled", "reversed")),
        "copies": dice.choice((1, 1, 3)),
    }


def _fault(before: int, system: str, how: str, dice: random.Random) -> Trouble:
    """Some calls to a helpdesk or a platform go wrong; half of the time such as write."""
    facts = {"times": dice.choice((1, 1, 2, 4)), **EFFECTS[how]}
    if dice.random() < 0.5:
        facts["method"] = "PUT" if system == "zendesk" and dice.random() < 0.5 else "POST"
    return Trouble(before, "fault", system, 0.0, how, facts)
