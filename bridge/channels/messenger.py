"""Messenger: what people write to a Page in private.

Source: facts collected from Meta's Messenger Platform pages, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.channels import graph, media, messaging
from bridge.channels.base import Channel, Posted, Voice
from bridge.channels.messaging import DAY
from bridge.core.calls import Calls
from bridge.core.errors import PermanentError
from bridge.core.model import Author, Capabilities, Message, Outgoing, Target
from bridge.core.untrusted import text

NAME = "messenger"
item = messaging.reader(NAME)
standby = messaging.reader(NAME, standby=True)


def post(target: Target, outgoing: Outgoing) -> Calls[Posted]:
    """Write to the person as the Page; return the message's id."""
    return (yield from messaging.post(target, outgoing, graph.account_id(target)))


def look(target: Target, outgoing: Outgoing) -> Calls[str | None]:
    """The id of a message with our words to this person since the attempt, else None."""
    return (yield from messaging.look(target, outgoing, graph.account_id(target), NAME))


def describe(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """The person's name, which messages do not carry; nothing where the profile is not shown to us.

    Needs the feature "Business Asset User Profile Access".
    """
    person = message.person
    if person is None or message.answer.get("user_ref"):
        return {}
    try:
        told = yield from graph.call(
            graph.request(target, "GET", person, params={"fields": "first_name,last_name"})
        )
    except PermanentError:
        return {}
    first, last = text(told.get("first_name")), text(told.get("last_name"))
    name = " ".join(part for part in (first, last) if part)
    if not name:
        return {}
    found: dict[str, object] = {"author": Author(id=person, name=name)}
    return found | ({"first_name": first} if first else {})


CHANNEL = Channel(
    name=NAME,
    label="Messenger",
    private=Voice(
        capabilities=Capabilities(
            # Meta's pages disagree (2,000 characters, 1,000 bytes); 2,000 is what was measured.
            max_length=2000,
            measure="utf16",
            window=DAY,
            human_window=7 * DAY,
        ),
        post=post,
        look=look,
        settings={"max_length": "message_length"},
    ),
    describe=describe,
    fetch=media.by_url,
    media_hosts=graph.MEDIA_HOSTS,
)
