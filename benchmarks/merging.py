"""How many requests a helpdesk sees for a thousand messages, one by one and in a burst."""

from __future__ import annotations

from benchmarks import bodies
from benchmarks.figures import Claim, Findings, spread
from benchmarks.lifted import WINDOW
from benchmarks.stage import Stage

PROCESSES, THREADS = 2, 16
EACH = 10  # messages of a conversation
DELAY = 0.3  # seconds that the helpdesk takes for each answer


def run(quick: bool) -> Findings:
    people = 20 if quick else 100
    findings = Findings(
        "merging: requests to the helpdesk for 1,000 messages",
        ("helpdesk", "the first of each conversation", "steady", "burst"),
        (
            f"{people} conversations. Steady: {EACH} more messages of each, every one on its ticket before the "
            f"next comes. Burst: {EACH} more of each at once, read while the first are on "
            f"their way. The helpdesk takes {DELAY * 1000:.0f} ms. Counted by the product's own budgets: every "
            f"request to the helpdesk's account, reads too.",
        ),
    )
    for helpdesk in ("zendesk", "freshdesk"):
        first, steady, burst = _run(helpdesk, people)
        findings.add(helpdesk, f"{first:.0f}", f"{steady:.0f}", f"{burst:.0f}")
        findings.claims.append(
            Claim(f"{helpdesk}: a burst / steady", spread([burst / steady]), 0.4, most=True)
        )
    return findings


def _run(helpdesk: str, people: int) -> tuple[float, float, float]:
    """Requests for 1,000 messages: the first of each conversation, steady ones, a burst."""
    with Stage(helpdesk) as stage:
        workers = stage.workers(PROCESSES, THREADS, "benchmarks.lifted")
        numbers = bodies.numbers(people)
        slow = {"system": helpdesk, "effect": "delay", "seconds": DELAY, "times": None}
        stage.ask("/_sandbox/faults", slow)

        def requests(several: list[bytes]) -> int:
            before = stage.bridge.store.spent(helpdesk, "account", WINDOW)[0]
            stage.keep(several)
            stage.go_on(workers)
            stage.finished()
            return stage.bridge.store.spent(helpdesk, "account", WINDOW)[0] - before

        first = requests([bodies.comment(one) for one in numbers])
        steady = sum(
            requests([bodies.comment(one, said) for one in numbers]) for said in range(1, EACH + 1)
        )
        stage.hold(workers)
        burst = requests(
            [bodies.comment(one, EACH + said) for said in range(1, EACH + 1) for one in numbers]
        )
        many = people * EACH
        return first * 1000 / people, steady * 1000 / many, burst * 1000 / many
