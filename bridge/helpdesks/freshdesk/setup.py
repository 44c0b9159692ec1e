"""What the other side needs, as clicks: Freshdesk's rules cannot be made reliably by its API.

The API for automation rules exists, but how it writes the webhook action is not documented.
Source: "Using Webhooks in automation rules", Freshdesk's help centre, read 2026-11.
"""

from __future__ import annotations

from bridge.core.calls import Calls, Undone
from bridge.core.model import Connection
from bridge.helpdesks.freshdesk.access import whoami
from bridge.helpdesks.freshdesk.api import stamp_field
from bridge.helpdesks.freshdesk.events import content
from bridge.helpdesks.freshdesk.health import check


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """The clicks that let Freshdesk tell *url* about our tickets, after what can be looked at."""
    me = yield from whoami(connection)
    number, _, email = me.partition(" ")
    steps = [
        f"signed in as agent {number}; the bridge writes as this agent and ignores what it wrote"
    ]
    found = yield from check(connection)
    steps += [Undone(f"first: {text}") for fine, text in found if fine is False]
    field = stamp_field(connection)
    return [
        *steps,
        "Admin > Workflows > Automations > Ticket Updates > New rule (Freshdesk Omni: Admin Settings > "
        "Configuration and Workflows > Ticket Automations), named Escalation bridge",
        "1. When an action performed by: Agent"
        + (f" (choose all but {email}, or any: the bridge ignores itself)" if email else ""),
        "2. Involves any of these events: Reply is sent: any; Note is added: any (private ones carry "
        "commands); Status is changed: any to any; Ticket is deleted",
        "3. On tickets with these properties: Tag contains bridge",
        "4. Perform these actions: Trigger Webhook, request type POST, URL: " + url,
        "5. Custom headers: X-Bridge-Secret: followed by the value of the variable that webhook_secrets "
        "names (such as FRESHDESK_WEBHOOK_SECRET; letters, digits, _ and - only, nothing else on the line)",
        "6. Encoding JSON, content Advanced, with exactly this:",
        content(field),
        *([f"7. {_placeholder(field)}"] if field else []),
        "Preview and save; enable the rule. A second rule with performer System tells of status "
        "changes that Freshdesk makes by itself",
        "Try it with a ticket of a customer: no rule runs for tickets that agents ask for",
    ]


def _placeholder(field: str) -> str:
    return (
        f"Choose the placeholder for the field {field} from the list: its name may be another one; "
        "if you do not find it leave bridge_id out, the bridge then reads the ticket"
    )
