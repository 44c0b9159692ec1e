"""Writes capabilities.md from the adapters' records: `make docs`, or `python docs/capabilities.py`.

A test fails while the page says something else than the records (tests/test_capabilities.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.channels import SOURCES, generic
from bridge.channels.base import Channel, Voice
from bridge.config import load_source, source_files
from bridge.core.signing import EchoedToken, HmacHex, HmacTimestamped
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

PAGE = Path(__file__).with_name("capabilities.md")

HEAD = """# What each channel and helpdesk can do

Made from the adapters' records by `make docs`; change those, not this page. What only an account knows
(a permission, a plan, a feature under review) stands on the page of the channel.
"""
CHANNELS = """## How we speak

One row for each way of speaking. Words that are too long go in pieces. **Open**: since the customer's last
message; **for people**: what an agent wrote, when that time is over. **Notices**: whether the bridge
may say something by itself. **If the answer is lost**: who tells whether the words arrived, before they would
be said twice. A star marks what an option of the account can set, should the platform change it.
"""
MORE = """## What else can be done there

**Looks up**: the post above a comment, a missing name. **Files**: those that customers send.
"""
INSIDE = """## How events come in
"""
DESKS = """## Helpdesks
"""

UNITS = {"characters": "characters", "utf16": "characters", "bytes": "bytes"}
MARKS = {"utf16": " (emoji count twice)"}


def page() -> str:
    """The whole page."""
    named = [(source, one) for source in SOURCES.values() for one in source.channels.values()]
    voices = [row for _, channel in named for row in _voices(channel)]
    head = (
        "Channel",
        "How",
        "Longest",
        "Open",
        "For people",
        "Also",
        "Notices",
        "If the answer is lost",
    )
    more = (
        "Channel",
        "Hide",
        "Take back",
        "Templates",
        "Looks up",
        "Files",
        "A private reply opens",
    )
    inside = ("Connection", "Channels", "Proof", "Handshake", "An event twice")
    desks = [_desk(desk) for desk in HELPDESKS.values()]
    across = [("What", *(one.name.capitalize() for one in HELPDESKS.values()))]
    across += [(what, *(one[what] for one in desks)) for what in desks[0]]
    parts = (
        HEAD, CHANNELS, _table(head, voices), MORE, _table(more, [_more(one) for _, one in named]),
        INSIDE, _table(inside, [*map(_source, SOURCES.values()), _described()]),
        DESKS, _table(across[0], across[1:]),
    )  # fmt: skip
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell or '-' for cell in line)} |" for line in lines) + "\n"


# --- channels ------------------------------------------------------------------------------------


def _voices(channel: Channel) -> Iterator[Sequence[str]]:
    for how, voice, special in (
        ("in public", channel.public, channel.special_public),
        (_private(channel), channel.private, channel.special),
        ("as a template", channel.template, {}),
    ):
        if voice is not None:
            cells = _voice(voice)
            if voice is channel.template:  # only an agent's command sends one
                cells = (*cells[:4], "no", cells[5])
            yield _row(channel, how, cells)
        keys: dict[Sequence[str], list[str]] = {}
        for key, one in special.items():
            keys.setdefault(_voice(one), []).append(f"`{key}`")
        for cells, named in keys.items():
            yield _row(channel, f"{how}, to an item with {' or '.join(named)}", cells)


def _row(channel: Channel, how: str, cells: Sequence[str]) -> Sequence[str]:
    return (f"[{channel.label}](channels/{channel.name}.md)", how, *cells)


def _private(channel: Channel) -> str:
    once = channel.private is not None and channel.private.capabilities.once
    return "private reply" if once else "in private"


def _voice(voice: Voice) -> tuple[str, ...]:
    if not voice.possible:
        return ("not possible", *("",) * 5)
    can = voice.capabilities
    special = [f"within {span(can.within)} of the item"] if can.within is not None else []
    special += ["once for each item"] if can.once else []
    found = "the platform reports it" if voice.echo else "an agent is asked"
    if voice.look is not None:
        found = "the bridge reads it"
    elif voice.echo:
        found += f", for {span(voice.echo)}"
    stars = dict.fromkeys(voice.settings, "*")
    always = "always" if can.within is None else ""
    return (
        f"{can.max_length:,} {UNITS[can.measure]}{MARKS.get(can.measure, '')}{stars.get('max_length', '')}",
        span(can.window, always) + stars.get("window", ""),
        span(can.human_window, "") + stars.get("human_window", ""),
        ", ".join(special) + stars.get("within", ""),
        "yes" if can.automatic else "no",
        found,
    )


def span(seconds: float | None, never: str = "") -> str:
    """A duration as people say it: 24 hours, 7 days, 90 seconds; *never* where there is none."""
    if seconds is None:
        return never
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % unit == 0 and seconds >= (2 if name == "day" else 1) * unit:
            return _count(seconds / unit, name)
    return _count(seconds, "second")


def _count(number: float, name: str) -> str:
    return f"{number:,.0f} {name}{'' if number == 1 else 's'}"


def _more(channel: Channel) -> tuple[str, ...]:
    return (
        channel.label,
        _yes(channel.hide),
        _yes(channel.delete),
        _yes(channel.template),
        _yes(channel.describe),
        _yes(channel.fetch),
        _label(channel.private_channel),
    )


def _label(name: str | None) -> str:
    labels = {
        one.name: one.label for source in SOURCES.values() for one in source.channels.values()
    }
    return labels[name] if name else ""


def _yes(there: object) -> str:
    return "yes" if there else "no"


# --- what comes in ---------------------------------------------------------------------------------


def _proof(proof: Any) -> str:
    match proof:
        case HmacHex():
            return f"HMAC-SHA256 of the body in `{proof.header}`"
        case HmacTimestamped():
            fresh = span(proof.window)
            return f"HMAC-SHA256 of time and body in `{proof.header}`, good for {fresh}"
        case EchoedToken():
            return f"a shared secret in `{proof.header}`"
    return str(proof)


def _source(source: Any) -> tuple[str, ...]:
    channels = ", ".join(one.label for one in source.channels.values())
    once = "dropped as it comes in" if source.names_event else "told apart when it is read"
    return f"`{source.name}`", channels, _proof(source.proof), _yes(source.handshake), once


def _described() -> tuple[str, ...]:
    """The row of whatever a file in mappings/sources/ describes."""
    folder = PAGE.parents[1] / "mappings"
    files = (load_source(folder, name) for name in source_files(folder))
    labels = ", ".join(one.label for one in files if one is not None)
    proof = "HMAC, bearer token, basic authentication or a shared secret in a header"
    once = "by the id that the file names"
    return f"`{generic.TYPE}`", f"[any tool](sources.md); shipped: {labels}", proof, "no", once


# --- helpdesks -------------------------------------------------------------------------------------

BUDGETS = {
    "account": "requests",
    "creates": "new tickets",
    "updates": "updates",
    "ticket": "updates of one ticket",
    "lists": "lists",
    "webhooks": "calls that set webhooks up",
}


def _desk(desk: Helpdesk) -> Mapping[str, str]:
    once = (
        f"for {span(desk.create_once)} by its key" if desk.create_once else "no: it is looked for"
    )
    limits = (f"{count:,} {BUDGETS[name]} in {span(s)}" for name, (count, s) in desk.limits.items())
    size = f", {desk.files_bytes / 1e6:,.0f} MB for a ticket" if desk.files_bytes else ""
    words = {ours.value: theirs for ours, theirs in desk.statuses.items()}
    return {
        "Page": f"[helpdesks/{desk.name}.md](helpdesks/{desk.name}.md)",
        "Limits kept to": "; ".join(limits),
        "Grow with the account's plan": ", ".join(BUDGETS[name] for name in desk.scaled),
        "Files": f"{'with the words' if desk.upload is None else 'before the words'}{size}",
        "Opening a ticket again after a lost answer": once,
        "A look sees a write after": span(desk.settles or None, "no time at all"),
        "A closed ticket": "stays closed: a new one follows up" if desk.closed_for_good else "can be opened again",
        "Statuses, ours and theirs": ", ".join(f"{o} `{t}`" for o, t in words.items()),
        "Priorities": ", ".join(desk.priorities) or "any word of the map",
        "Adds tags": _yes(desk.add_tags),
        "Webhooks prove themselves by": _proof(desk.proof),
        "`setup`, `doctor`, the map compared": ", ".join(
            map(_yes, (desk.setup, desk.check, desk.check_map))
        ),
    }  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
