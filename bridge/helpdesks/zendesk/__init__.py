"""Zendesk Support. Sources are named in each file; set-up and limits in docs/helpdesks/zendesk.md."""

from __future__ import annotations

from bridge.core.signing import HmacTimestamped
from bridge.helpdesks.base import Helpdesk
from bridge.helpdesks.zendesk.access import SCOPE, authorise, token, warnings, whoami
from bridge.helpdesks.zendesk.account import check_map
from bridge.helpdesks.zendesk.api import SECRETS, STATUSES
from bridge.helpdesks.zendesk.bodies import create_body, update_body
from bridge.helpdesks.zendesk.changed import WAYS, changed
from bridge.helpdesks.zendesk.comments import comments, fetch, marked
from bridge.helpdesks.zendesk.events import ATTEMPT, INVOCATION, parse
from bridge.helpdesks.zendesk.health import check
from bridge.helpdesks.zendesk.hours import hours
from bridge.helpdesks.zendesk.limits import LIMITS, headers
from bridge.helpdesks.zendesk.people import requester, upload
from bridge.helpdesks.zendesk.setup import reveal, setup
from bridge.helpdesks.zendesk.tickets import add_tags, create, find, move, read, update, urge
from bridge.helpdesks.zendesk.wanted import EVENTS, TAG, TRIGGER

HELPDESK = Helpdesk(
    name="zendesk",
    proof=HmacTimestamped(
        header="x-zendesk-webhook-signature", timestamp=ATTEMPT, option="webhook_secrets"
    ),
    delivery_header=INVOCATION,
    kept_headers=(INVOCATION, ATTEMPT),
    parse=parse,
    authorise=authorise,
    token=token,
    whoami=whoami,
    requester=requester,
    upload=upload,
    create_body=create_body,
    create=create,
    create_once=7200,
    update_body=update_body,
    update=update,
    find=find,
    add_tags=add_tags,
    urge=urge,
    marked=marked,
    move=move,
    read=read,
    comments=comments,
    changed=changed,
    fetch=fetch,
    statuses=STATUSES,
    priorities=("low", "normal", "high", "urgent"),
    types=("question", "incident", "problem", "task"),
    limits=LIMITS,
    headers=headers,
    secrets=SECRETS,
    required=("url", "client_id|email", "client_secret|api_token", "webhook_secrets"),
    options={
        "url": None,
        "client_id": None,
        "scope": SCOPE,
        "expires_in": 1800,
        "email": None,
        "requests_per_minute": 0,  # the plan's
        "notify": EVENTS,
        "trigger_tag": TAG,
        "changes": WAYS[0],
    },
    choices={"notify": (EVENTS, TRIGGER), "changes": WAYS},
    check=check,
    check_map=check_map,
    warnings=warnings,
    incidents=lambda connection: "always",
    hours=hours,
    setup=setup,
    reveal=reveal,
    setup_options={"scope": f"{SCOPE} webhooks:write triggers:write"},
)
