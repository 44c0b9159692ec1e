"""What a decision costs: signals, conditions and the trail of reasons, by the number of rules."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks.figures import Claim, Findings, Spread, short, spread
from bridge.cli.signals import MESSAGES
from bridge.core import language
from bridge.core.accuracy import labelled
from bridge.core.conditions import condition
from bridge.core.facts import View
from bridge.core.receipt import of_decision
from bridge.core.rules import Outcome, Rule, Rules, decide

SIZES = (10, 200, 2_000)
PHRASES = 12  # of each rule; the shipped ones have 10 to 80
SYLLABLES = ("ka", "lo", "mi", "ne", "pu", "ra", "se", "to", "wy", "zo")

# What the first rules ask as well, so that every signal is worked out in every decision.
SIGNALS = {"wants_answer": True, "urgent": True, "safety": True, "personal_data": "iban"}
MOODS = {**SIGNALS, "language": "pl", "sentiment": {"at_most": -0.99}, "praise": True}


def rules(count: int, signals: dict[str, object]) -> Rules:
    """*count* rules that nothing matches, so that all are tried, each asking for words of its own."""
    made = [_rule(number, signals) for number in range(count - 1)]
    return Rules(rules=(*made, Rule(name="last", then=Outcome(ignore="nothing-to-do"))))


def _rule(number: int, signals: dict[str, object]) -> Rule:
    words = [_word(number * PHRASES + one) for one in range(PHRASES)]
    words[1], words[2] = f"{words[1]} {words[0]}", f"{words[2]}*"
    asked: dict[str, object] = {"text": {"any_of": words}, "kind": ["comment", "dm"]}
    if number < len(signals):
        name = list(signals)[number]
        asked = {"any": [asked, {name: signals[name], "channel": "x"}]}
    return Rule(name=f"rule-{number}", when=condition(asked), then=Outcome(ignore="x"))


def _word(number: int) -> str:
    return "q" + "".join(SYLLABLES[int(digit)] for digit in str(number))


def run(quick: bool) -> Findings:
    """Processor time, so that a busy machine changes little."""
    messages = labelled(MESSAGES.read_text("utf-8").splitlines())
    several = [(one.text, one.language or "en") for one in messages]
    several = several[::5] if quick else several
    rounds = 3 if quick else 7
    findings = Findings(
        "rules: from a message to a decision and its receipt",
        ("rules", "words alone, us CPU", "with signals", "language and mood too", "the dearest message"),
        (
            f"{len(several)} messages of bridge/labelled/, {PHRASES} phrases a rule, nothing matches, so every rule "
            f"is tried (every tenth message for the most rules); the median message, {rounds} rounds. The dearest one is of the column before it.",
        ),
    )  # fmt: skip
    told: dict[tuple[int, str], Spread] = {}
    for size in SIZES:
        plain, some, every = (rules(size, asked) for asked in ({}, SIGNALS, MOODS))
        times = max(1, 50 // size)
        several = several[:: 10 if size == max(SIZES) else 1]
        told[size, "plain"], _ = _cost(plain, several, rounds, times, _known)
        told[size, "some"], _ = _cost(some, several, rounds, times, _known)
        told[size, "every"], dearest = _cost(every, several, rounds, times, _bare)
        findings.add(
            f"{size:,}",
            told[size, "plain"],
            told[size, "some"],
            told[size, "every"],
            short(dearest),
        )
    findings.claims = [
        Claim("a decision by 200 rules, signals included", told[200, "some"], 1_000, most=True, unit=" us"),
        Claim("with language and mood", told[200, "every"], 5_000, most=True, unit=" us"),
    ]  # fmt: skip
    return findings


def _known(text: str, language: str) -> View:
    """A message whose language and mood its tool has told."""
    return View({"text": text, "kind": "comment", "channel": "facebook", "language": language, "sentiment": 0.1})  # fmt: skip


def _bare(text: str, language: str) -> View:
    return View({"text": text, "kind": "comment", "channel": "facebook"})


def _cost(
    known: Rules, several: Sequence[tuple[str, str]], rounds: int, times: int,
    seen: Callable[[str, str], View],
) -> tuple[Spread, float]:  # fmt: skip
    """Microseconds of processor time: the median message round by round, and the dearest of all."""
    medians, dearest = [], 0.0
    for one in several[:20]:
        decide(known, seen(*one))
    gc.collect()
    gc.freeze()  # thousands of rules made for this alone: a walk over them is no part of a decision
    for _ in range(rounds):
        found = []
        for one in several:
            began = time.process_time_ns()
            for _ in range(times):
                language.forget()
                of_decision(decide(known, seen(*one)), "hash")
            found.append((time.process_time_ns() - began) / times / 1000)
        medians.append(statistics.median(found))
        dearest = max(dearest, max(found))
    return spread(medians), dearest
