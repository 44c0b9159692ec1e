"""Freshdesk. Sources are named in each file; set-up and limits in docs/helpdesks/freshdesk.md."""

from __future__ import annotations

from bridge.core.signing import EchoedToken
from bridge.helpdesks.base import Helpdesk
from bridge.helpdesks.freshdesk.access import authorise, token, whoami
from bridge.helpdesks.freshdesk.account import check_map
from bridge.helpdesks.freshdesk.api import (
    INCIDENTS,
    NOTES,
    SECRETS,
    STAMP_FIELD,
    STATUSES,
    as_children,
)
from bridge.helpdesks.freshdesk.bodies import create_body, update_body
from bridge.helpdesks.freshdesk.comments import MERGED, comments, fetch, marked
from bridge.helpdesks.freshdesk.events import PROOF, parse
from bridge.helpdesks.freshdesk.health import check
from bridge.helpdesks.freshdesk.hours import hours
from bridge.helpdesks.freshdesk.limits import LIMITS, headers
from bridge.helpdesks.freshdesk.people import requester
from bridge.helpdesks.freshdesk.setup import setup
from bridge.helpdesks.freshdesk.tickets import (
    FILES_BYTES,
    add_tags,
    changed,
    create,
    find,
    move,
    read,
    status_names,
    update,
    urge,
)

HELPDESK = Helpdesk(
    name="freshdesk",
    proof=EchoedToken(header=PROOF, option="webhook_secrets"),
    parse=parse,
    authorise=authorise,
    token=token,
    whoami=whoami,
    requester=requester,
    upload=None,
    files_bytes=FILES_BYTES,
    create_body=create_body,
    create=create,
    update_body=update_body,
    update=update,
    find=find,
    add_tags=add_tags,
    urge=urge,
    marked=marked,
    settles=5.0,
    move=move,
    read=read,
    comments=comments,
    changed=changed,
    tells_removals=False,
    fetch=fetch,
    statuses=STATUSES,
    status_names=status_names,
    closed_for_good=False,
    priorities=("low", "medium", "high", "urgent", "1", "2", "3", "4"),
    limits=LIMITS,
    scaled=("account", "creates", "updates", "lists"),
    headers=headers,
    secrets=SECRETS,
    required=("url", "api_key", "webhook_secrets"),
    options={
        "url": None,
        "stamp_field": STAMP_FIELD,
        "customer_notes": NOTES[0],
        "source": 2,
        "merged_note": MERGED,
        "file_hosts": (),
        "look_first": True,
        "requests_per_minute": 0,  # the plan's
        "look_again_minutes": 30,
        "incidents": INCIDENTS[0],
    },
    choices={"customer_notes": NOTES, "incidents": INCIDENTS},
    incidents=lambda connection: "opening" if as_children(connection) else "",
    check=check,
    check_map=check_map,
    hours=hours,
    setup=setup,
)
