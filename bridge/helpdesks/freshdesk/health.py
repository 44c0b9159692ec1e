"""What `bridge doctor` looks at without the map: our rights, the field of our stamp, a second way in.

Source: "List all ticket fields" of Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.core.calls import Calls
from bridge.core.errors import AuthError
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.base import Finding, Findings
from bridge.helpdesks.common import get
from bridge.helpdesks.freshdesk.access import whoami
from bridge.helpdesks.freshdesk.account import Field, ticket_fields
from bridge.helpdesks.freshdesk.api import LISTS, stamp_field, words

# Sources of Freshdesk's own social channels. Instagram and WhatsApp have numbers that are not
# documented; custom sources begin at 100 or so (not confirmed), and are no channels.
SOCIAL = {5: "Twitter", 6: "Facebook"}


def check(connection: Connection) -> Calls[Findings]:
    """Whether the key works and what for, and whether our stamp has its field."""
    findings: list[Finding] = []
    try:
        me = yield from whoami(connection)
    except AuthError as error:
        return [(False, error.detail)]
    number, _, email = me.partition(" ")
    shown = f"signed in to Freshdesk as agent {number}{f' ({email})' if email else ''}"
    findings.append((True, shown))
    if not email:
        findings.append(
            (False, "the agent's e-mail is not shown: our own status changes cannot be told apart")
        )
    fields = yield from ticket_fields(connection)
    findings += _field_of_stamp(connection, fields)
    findings += yield from _second_way_in(connection)
    return findings


def _field_of_stamp(connection: Connection, fields: Mapping[str, Field]) -> Iterator[Finding]:
    name = stamp_field(connection)
    if name is None:
        yield None, "our stamp is a tag (stamp_field: tags)"
    elif not fields:
        yield False, "ticket fields cannot be seen: give the bridge's agent the role Agent or more"
    elif name not in fields:
        advice = "make it in Admin > Ticket Fields (single-line text), or set stamp_field: tags"
        yield False, f"there is no ticket field {name}: {advice}"
    elif fields[name].get("type") != "custom_text":
        yield False, f"the ticket field {name} is no single-line text: tickets will be refused"
    else:
        yield True, f"our stamp has its ticket field {name}"
        if fields[name].get("displayed_to_customers") is True:
            yield None, f"the ticket field {name} is shown to customers: hide it"


def _second_way_in(connection: Connection) -> Calls[Findings]:
    """Tickets of the last 30 days that Freshdesk's own social channels made."""
    request = get(connection, "/tickets", LISTS, per_page="100", order_by="created_at")
    response = yield request
    if not response.ok:
        said = words(connection, response)
        return [(False, f"tickets cannot be read ({response.status}: {said})")]
    sources = {mapping(row).get("source") for row in items(response.json())}
    findings: list[Finding] = [(True, "tickets can be read")]
    for number, name in SOCIAL.items():
        if number in sources:
            told = f"Freshdesk's own {name} channel makes tickets too: two tickets for one message"
            findings.append((False, f"{told}; switch one of the two off"))
    return findings
