"""What was said, summed up: by topic, mood and channel; who praises often; how content customers were.

Plain values as `--json` prints them. No words of customers are in them, and no names but of those who may become
ambassadors.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from bridge.core.heard import MOODS, Item, mood
from bridge.core.sentiment import Scorer

LINKS = 3  # links shown of one topic
LEAST = 3  # kind words that make a candidate
AGAINST = 3  # so many times more kind words than complaints
ENDS: Final = {
    "ticket": "opened a ticket or went on one",
    "answered": "got an automatic answer and no ticket",
    "feedback": "count as feedback",
    "incident": "stand on the list of an incident",
    "hidden": "hidden under a house rule",
    "ignored": "ignored, with a reason",
    "muted": "muted",
    "nothing": "no rule asked for anything",
    "waiting": "still being worked on",
    "dead": "put aside for an operator (bridge dead list)",
}

Moods = dict[str, int]


def row(item: Item, scorer: Scorer | None, *, texts: bool) -> dict[str, Any]:
    """One piece of feedback; its words only where *texts* are asked for."""
    score = item.feeling(scorer)
    told = {
        "id": item.id,
        "at": item.at.isoformat(),
        "topics": list(item.topics),
        "mood": mood(score),
        "sentiment": score,
        "csat": item.slip.get("csat"),
        "language": item.language(),
        "connection": item.connection,
        "channel": item.message.channel,
        "account": item.message.account_id,
        "kind": str(item.message.kind),
        "rule": item.slip.get("rule"),
        "ticket": item.ticket.rpartition(":")[2] or None,
        "link": item.link,
        "deleted": item.deleted,
    }
    return {**told, "text": item.text} if texts else told


def summary(
    found: Iterable[Item], since: datetime, until: datetime, scorer: Scorer | None = None,
    *, before: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """All that came from *since* on; topics with the count of as long a time *before*, where that is kept."""
    now, earlier = list[Item](), Counter[str]()
    for one in found:
        if one.came >= since:
            now.append(one)
        else:
            earlier.update(one.topics)
    feels = {one.id: mood(one.feeling(scorer)) for one in now}
    topics = sorted({topic for one in now for topic in one.topics} | set(earlier))
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "messages": len(now),
        "ends": _counted(one.end for one in now),
        "ignored": _counted(one.reason for one in now if one.end == "ignored"),
        "muted": _counted(one.reason for one in now if one.muted),
        "mood": _moods(now, feels),
        "channels": [
            {"channel": name, **_part([one for one in now if one.message.channel == name], feels)}
            for name in sorted({one.message.channel for one in now})
        ],
        "topics": [
            {
                "topic": name,
                "before": earlier[name] if before else None,
                **_part(about := [one for one in now if name in one.topics], feels),
                "channels": _counted(one.message.channel for one in about),
                "links": _links(about),
            }
            for name in topics
        ],
        "csat": csat(one.slip["csat"] for one in now if "csat" in one.slip),
    }


def _part(found: list[Item], feels: Mapping[str, str]) -> dict[str, Any]:
    tickets = sum(one.end == "ticket" for one in found)
    return {"messages": len(found), "tickets": tickets, "mood": _moods(found, feels)}


def _moods(found: Iterable[Item], feels: Mapping[str, str]) -> Moods:
    counts = Counter(feels[one.id] for one in found)
    return {name: counts[name] for name in MOODS}


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _links(found: Iterable[Item]) -> list[str]:
    """The latest that have an address."""
    latest = sorted(found, key=lambda one: one.at, reverse=True)
    return list(dict.fromkeys(one.link for one in latest if one.link))[:LINKS]


def csat(scores: Iterable[int]) -> dict[str, Any]:
    """How content customers were: answers, their mean, and how many of each score."""
    counts = Counter(scores)
    many = sum(counts.values())
    mean = round(sum(score * count for score, count in counts.items()) / many, 2) if many else None
    return {
        "answers": many,
        "mean": mean,
        "scores": {str(score): counts[score] for score in range(1, 6)},
    }


def sentences(told: Mapping[str, Any]) -> Iterator[str]:
    """The summary for people, a line each."""
    since, until = (
        f"{datetime.fromisoformat(told[name]):%Y-%m-%d %H:%M} UTC" for name in ("since", "until")
    )
    yield f"{told['messages']:,} messages from {since} to {until}"
    for name, says in ENDS.items():
        if many := told["ends"].get(name):
            yield f"  {many:>7,}  {says}"
    for title in ("ignored", "muted"):
        if told[title]:
            yield f"{title}: {_counts(told[title])}"
    yield f"mood: {_counts(told['mood'])}"
    for one in told["channels"]:
        yield f"{one['channel']}: {one['messages']:,}, {one['tickets']:,} on tickets; {_counts(one['mood'])}"
    for one in told["topics"]:
        before = "" if one["before"] is None else f" (before: {one['before']:,})"
        yield f"topic {one['topic']}: {one['messages']:,}{before}; {_counts(one['mood'])}; {_counts(one['channels'])}"
        yield from (f"    {link}" for link in one["links"])
    content = told["csat"]
    if content["answers"]:
        scores = ", ".join(f"{score}: {many}" for score, many in content["scores"].items())
        yield f"how content: {content['mean']} of 5, answers {content['answers']} ({scores})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {many:,}" for name, many in counts.items() if many) or "none"


# --- who may become an ambassador -------------------------------------------------------------------


def ambassadors(
    found: Iterable[Item], scorer: Scorer | None = None, least: int = LEAST
) -> list[dict[str, Any]]:
    """Authors with many kind words and few complaints, by that and by how many they reach; the best first.

    A reach that nobody told is unknown, and not zero: such authors stand behind the others.
    """
    people: dict[tuple[str, str], list[Item]] = {}
    for one in found:
        author = one.message.author
        if author is not None and author.id and not one.deleted:
            people.setdefault((one.message.channel, author.id), []).append(one)
    rows = [_candidate(said, scorer) for said in people.values() if len(said) >= least]
    kind = [one for one in rows if one["positive"] >= max(least, AGAINST * one["negative"])]
    return sorted(kind, key=_weight, reverse=True)


def _candidate(said: list[Item], scorer: Scorer | None) -> dict[str, Any]:
    said.sort(key=lambda one: one.at)
    feels = Counter(mood(one.feeling(scorer)) for one in said)
    last = said[-1]
    author = last.message.author
    authors = [one.message.author for one in said if one.message.author]
    reaches = [one.followers for one in authors if one.followers is not None]
    told = (one.message.extra.get("influence") for one in said)
    influences = [one for one in told if isinstance(one, int | float) and not isinstance(one, bool)]
    return {
        "channel": last.message.channel,
        "id": author.id if author else None,
        "username": author.username if author else None,
        "url": author.url if author else None,
        "person": last.person or None,
        "messages": len(said),
        "positive": feels["positive"],
        "negative": feels["negative"],
        "followers": max(reaches, default=None),
        "influence": max(influences, default=None),
        "verified": any(one.verified for one in authors) or None,
        "last": last.at.isoformat(),
        "links": _links(said),
    }


def _weight(one: Mapping[str, Any]) -> tuple[bool, float]:
    reach = one["followers"] if one["followers"] is not None else one["influence"]
    return reach is not None, one["positive"] * math.log10(10 + (reach or 0))
