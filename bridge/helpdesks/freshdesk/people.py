"""Requesters.

Source: Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

from bridge.core.calls import Calls
from bridge.core.model import Connection, Person
from bridge.helpdesks.base import Requester


def requester(connection: Connection, person: Person) -> Calls[Requester]:
    """Our own id for the person: Freshdesk makes or finds the contact with the ticket itself.

    Freshdesk cannot be asked for a contact by that id, so whether it knew the person nobody says
    before; `existed` makes the engine look for a forgotten ticket, unless `look_first` is off.
    """
    yield from ()
    look = connection.options.get("look_first", True) is not False
    return Requester(person.external_id, existed=look)
