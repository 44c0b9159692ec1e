"""`python -m chaos [N] [--seed S]`: N messages while everything breaks, then the questions; exit 1 if one fails."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from chaos import judge, leaks, leave_nothing, points
from chaos.judge import Verdict
from chaos.plan import Plan, plan
from chaos.play import Play
from chaos.postman import Postman
from chaos.stage import Stage

SHOWN = 3  # cases of each broken promise that are shown with their evidence


def run(made: Plan, rate: float, quiet: bool) -> int:
    """Play *made*; 1 when any promise was broken."""
    began = time.monotonic()

    def say(words: str) -> None:
        if not quiet:
            print(f"[{time.monotonic() - began:6.1f} s] {words}", flush=True)

    with Stage(Postman(made.brings)) as stage:
        play = Play(made, stage, rate, say)
        verdict = judge.judge(play, play.run())
        leaks.ask(stage, verdict)
        print(f"\n{told(made)}")
        print("\n".join(counts(play, verdict)))
        print(
            f"at rest {play.calm_after:.0f} s after the end, {time.monotonic() - began:.0f} s in all"
        )
        for kind, cases in verdict.wrong.items():
            for what, talk in cases[:SHOWN]:
                print(f"\n{kind}: {what}")
                if talk is not None:
                    print("\n".join(judge.evidence(play, talk)))
        stage.keep = bool(verdict.wrong)
    return 1 if verdict.wrong else 0


def told(made: Plan) -> str:
    return f"chaos: {made.messages} messages, seed {made.seed}, schedule {made.fingerprint}"


def counts(play: Play, verdict: Verdict) -> Iterator[str]:
    """What was done and broken, what came of it, and the questions, a line each."""
    yield "done: " + listed(play.done)
    died = Counter(points.hit(play.stage.points))
    yield f"died: {died.total()} processes at {len(died)} of {len(points.POINTS)} named points"
    if spared := set(points.POINTS) - set(died):
        yield f"nobody died at: {', '.join(sorted(spared))}"
    for kind in sorted({kind for kind, _ in play.broke} - {"kill-at"}):
        what = {name: count for (one, name), count in play.broke.items() if one == kind}
        yield f"{kind}: {listed(what)}"
    yield "calls that went wrong: " + listed(play.spoilt())
    yield f"{play.stage.starts} starts of processes in all"
    yield "webhooks: " + listed(play.stage.postman.answers)
    for name, count in verdict.figures.items():
        yield f"  {name:<44}{count:>7}"
    yield "asked of the sandbox's own record:"
    for kind in judge.KINDS:
        yield f"  {kind:<44}{len(verdict.wrong.get(kind, ())):>7}"


def listed(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("messages", nargs="?", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, help="the same one gives the same schedule")
    parser.add_argument("--rate", type=float, default=5.0, help="messages a second (default 5)")
    parser.add_argument(
        "--schedule", action="store_true", help="print the schedule, and do nothing"
    )
    parser.add_argument("--quiet", action="store_true", help="the counts alone")
    args = parser.parse_args()
    if not 1 <= args.messages < 100_000 or args.rate <= 0:
        parser.error("N is a number from 1 to 99999, and the rate is above 0")
    seed = random.SystemRandom().randrange(10**6) if args.seed is None else args.seed
    made = plan(args.messages, seed)
    print(told(made), flush=True)
    if args.schedule:
        for one in made.troubles:
            print(f"before message {one.before}: {one}")
        return 0
    return run(made, args.rate, args.quiet)


if __name__ == "__main__":
    leave_nothing()
    sys.exit(main())
