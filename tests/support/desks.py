"""Everything a helpdesk is asked by the bridge, one call at a time, for whoever plays the helpdesk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from support.contract import connection
from support.given import DESKS
from support.platforms import Played, said

from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import BridgeError
from bridge.core.model import Attachment, Connection, Draft, File, Person
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk

DRAFT = Draft(
    stamp="5f" * 16,
    conversation="facebook:1:2:3",
    marker="m1",
    subject="Facebook comment from Ana",
    text="Where is my order?",
    note="For the agent",
    requester_id="31",
    priority="high",
    tags=("bridge",),
)
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)
FILE = File(name="a.png", media_type="image/png", content=b"x")


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One thing a helpdesk is asked; *name* is the record's, and what is special about it."""

    desk: Helpdesk
    name: str
    start: Callable[[], Calls[Any]]

    @property
    def of_a_ticket(self) -> bool:
        return self.name.split()[0] in (
            "update",
            "add_tags",
            "urge",
            "move",
            "marked",
            "read",
            "comments",
        )


def ask(
    calls: Calls[Any], *answers: HttpResponse | tuple[int, object]
) -> tuple[Any, list[HttpRequest]]:
    """What *calls* come to where a server gives these answers, whole or (status, body); what was asked."""
    played = Played(*(said(*one) if isinstance(one, tuple) else one for one in answers))
    return played.drive(calls), played.requests


def where(desk: Helpdesk) -> Connection:
    return connection(desk, DESKS[desk.name].options)


def verbs(desk: Helpdesk, ticket: str = "7", text: str = DRAFT.stamp) -> dict[str, Verb]:
    """Everything that can be asked, about ticket *ticket* and with *text* as our stamp and marker."""
    ours, files = where(desk), (FILE,) if desk.upload is None else ()
    body, words = json.dumps(desk.create_body(DRAFT)), json.dumps(desk.update_body(DRAFT))
    note = json.dumps(desk.update_body(replace(DRAFT, text="", note="Look")))
    url = f"{DESKS[desk.name].options['url']}/a/1"
    calls: dict[str, Callable[[], Calls[Any]]] = {
        "token": lambda: desk.token(ours),
        "whoami": lambda: desk.whoami(ours),
        "requester": lambda: desk.requester(ours, Person(external_id="ab", name="Ana")),
        "create": lambda: desk.create(ours, body, "the-key", files),
        "update": lambda: desk.update(ours, ticket, words, files),
        "update with a note": lambda: desk.update(ours, ticket, note, ()),
        "find": lambda: desk.find(ours, text, "ab"),
        "find of nobody": lambda: desk.find(ours, text, ""),
        "marked": lambda: desk.marked(ours, ticket, text),
        "urge": lambda: desk.urge(ours, ticket, "urgent", ("a",)),
        "move": lambda: desk.move(ours, ticket, "12", ""),
        "read": lambda: desk.read(ours, ticket),
        "comments": lambda: desk.comments(ours, ticket),
        "fetch": lambda: desk.fetch(ours, Attachment(type="image", url=url)),
    }
    if (add_tags := desk.add_tags) is not None:
        calls["add_tags"] = lambda: add_tags(ours, ticket, ("a",))
    if (changed := desk.changed) is not None:
        calls["changed"] = lambda: changed(ours, LONG_AGO)
    if (upload := desk.upload) is not None:
        calls["upload"] = lambda: upload(ours, FILE)
    return {name: Verb(desk=desk, name=name, start=start) for name, start in calls.items()}


def asks(verb: Verb) -> bool:
    """Whether it asks anything: where a contact comes with its ticket, nobody asks for it before."""
    try:
        next(verb.start())
    except (StopIteration, BridgeError):
        return False
    return True


VERBS = [
    verb
    for name, desk in HELPDESKS.items()
    if name in DESKS
    for verb in verbs(desk).values()
    if asks(verb)
]
