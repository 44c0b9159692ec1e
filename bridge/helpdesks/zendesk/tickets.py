"""Opening, changing and finding tickets.

Creating takes an `Idempotency-Key`, kept for two hours; updating takes none, so an update whose
answer was lost is looked for by its marker before it is sent again.
Source: Zendesk's Support API description and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bridge.core.calls import Calls, HttpRequest, HttpResponse, verdict
from bridge.core.errors import Ambiguous, PermanentError
from bridge.core.model import Connection, Ticket, tags_of
from bridge.core.untrusted import items, mapping, moment
from bridge.helpdesks.base import Files, Moved
from bridge.helpdesks.common import ACCOUNT, address, base, get, ticket_path
from bridge.helpdesks.zendesk.api import (
    about_ticket,
    identity,
    refusal,
    status,
    texts,
    updates,
    words,
)

_JSON = {"Content-Type": "application/json"}


def create(connection: Connection, body: str, key: str, _: Files = ()) -> Calls[Ticket]:
    """The opened ticket. For two hours the same key with the same body gives the same ticket.

    Only agents can follow it: those whom Zendesk leaves out are told in `left_out`.
    Raises Ambiguous `idempotency_mismatch` when the key was used with another body (a ticket exists:
    look by stamp), PermanentError `followup_refused` when the parent cannot be followed up.
    """
    request = HttpRequest(
        method="POST",
        url=address(connection, "/tickets"),
        headers={**_JSON, "Idempotency-Key": key},
        body=body.encode(),
        repeatable=True,
        budget=ACCOUNT,
    )
    response = yield request
    people = _followers(body) if '"followers"' in body else ()
    if response.status == 422 and people and _names(response, "follower"):
        # Better a ticket without them than none. A key may stand for the answer that it was given.
        request = replace(
            request, body=_alone(body), headers={**_JSON, "Idempotency-Key": f"{key}-alone"}
        )
        response = yield request
    if response.ok:
        done, answer = _written(connection, request, response), mapping(response.json())
        following = items(mapping(answer.get("ticket")).get("follower_ids"))
        return replace(done, left_out=people if len(following) < len(people) else ())
    said = words(connection, response)
    if response.status == 400 and "IdempotentRequestError" in texts(response.json()):
        raise Ambiguous("idempotency_mismatch", f"the key stands for another body: {said}")
    if response.status == 422 and '"problem_id"' in body and _names(response, "problem"):
        raise PermanentError("problem_refused", f"Zendesk does not link the incident: {said}")
    if response.status == 422:
        code = "followup_refused" if '"via_followup_source_id"' in body else "refused"
        raise PermanentError(code, f"Zendesk refused the ticket: {said}")
    if response.status in (404, 410):
        # Nothing to be gone yet: the account's address is wrong.
        raise PermanentError("not_found", f"{request.url} does not exist: {said}")
    raise refusal(connection, request, response)


def _followers(body: str) -> tuple[str, ...]:
    """The addresses of those who are to follow the ticket of *body*."""
    asked = items(mapping(mapping(json.loads(body)).get("ticket")).get("followers"))
    return tuple(str(mapping(one).get("user_email")) for one in asked)


def _alone(body: str) -> bytes:
    """*body* without followers."""
    kept = json.loads(body)
    del kept["ticket"]["followers"]
    return json.dumps(kept).encode()


def update(connection: Connection, ticket_id: str, body: str, _: Files = ()) -> Calls[Ticket]:
    """The updated ticket.

    Raises PermanentError `ticket_closed` (open a follow-up) or `ticket_deleted` (unlink).
    """
    request = HttpRequest(
        method="PUT",
        url=address(connection, ticket_path(ticket_id)),
        headers=_JSON,
        body=body.encode(),
        budget=updates(ticket_id),
    )
    response = yield request
    if response.ok:
        return _written(connection, request, response)
    if response.status == 422 and '"problem_id"' in body and _names(response, "problem"):
        said = words(connection, response)
        raise PermanentError("problem_refused", f"Zendesk does not link the incident: {said}")
    raise about_ticket(connection, request, response, ticket_id)


def _names(response: HttpResponse, field: str) -> bool:
    """Whether a refusal is about *field*."""
    return any(field in name for name in mapping(mapping(response.json()).get("details")))


def _written(connection: Connection, request: HttpRequest, response: HttpResponse) -> Ticket:
    answer = mapping(response.json())
    ticket = _ticket(connection, answer.get("ticket"))
    if ticket is None:
        raise verdict(request, response, "no ticket in the answer")
    actor = identity(mapping(answer.get("audit")).get("author_id"))
    return replace(ticket, actor_id=actor)


# --- reading -------------------------------------------------------------------------------------


def _ticket(connection: Connection, raw: object) -> Ticket | None:
    data = mapping(raw)
    ticket_id = identity(data.get("id"))
    if ticket_id is None:
        return None
    external = data.get("external_id")
    return Ticket(
        id=ticket_id,
        status=status(data.get("status")),
        # A number: accounts have several statuses of one kind, each kind has one from the start.
        status_word=identity(data.get("custom_status_id")),
        url=f"{base(connection)}/agent/tickets/{ticket_id}",
        stamp=external if isinstance(external, str) else None,
        tags=tags_of(items(data.get("tags"))),
        updated_at=moment(data.get("updated_at")),
        requester_id=identity(data.get("requester_id")),
        group=identity(data.get("group_id")),
        assignee=identity(data.get("assignee_id")),
    )


def read(connection: Connection, ticket_id: str) -> Calls[Ticket]:
    """The ticket as it is now; raises PermanentError `ticket_deleted`."""
    request = get(connection, ticket_path(ticket_id))
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)
    ticket = _ticket(connection, mapping(response.json()).get("ticket"))
    if ticket is None:
        raise verdict(request, response, "no ticket in the answer")
    return ticket


def add_tags(connection: Connection, ticket_id: str, tags: tuple[str, ...]) -> Calls[None]:
    """The ticket has these tags besides those it had."""
    request = HttpRequest(
        method="PUT",
        url=address(connection, ticket_path(ticket_id, "/tags")),
        json={"tags": list(tags)},
        repeatable=True,
        budget=updates(ticket_id),
    )
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)


PRIORITIES = (None, "low", "normal", "high", "urgent")  # rising; a ticket may have none


def urge(
    connection: Connection, ticket_id: str, priority: str | None, tags: tuple[str, ...]
) -> Calls[None]:
    """The ticket has this priority or a higher one, and these tags besides those it had.

    What was read must still stand when the priority is written (`safe_update`), or somebody who sets a higher
    one in between would be overruled: TransientError `conflict`, and nothing has happened.
    """
    if priority:
        yield from _raised(connection, ticket_id, priority)
    if tags:
        yield from add_tags(connection, ticket_id, tags)


def _raised(connection: Connection, ticket_id: str, priority: str) -> Calls[None]:
    now = yield from _row(connection, ticket_id)
    if _height(now.get("priority")) < _height(priority):
        yield from _since(connection, ticket_id, now, {"priority": priority})


def _row(connection: Connection, ticket_id: str) -> Calls[Mapping[str, Any]]:
    """The ticket as Zendesk shows it now."""
    request = get(connection, ticket_path(ticket_id))
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)
    now = mapping(mapping(response.json()).get("ticket"))
    if identity(now.get("id")) is None:
        raise verdict(request, response, "no ticket in the answer")
    return now


def _since(
    connection: Connection, ticket_id: str, now: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Calls[None]:
    """Write what is *wanted*, unless somebody has changed the ticket since it was read as *now*."""
    stamped = {**wanted, "safe_update": True, "updated_stamp": now.get("updated_at")}
    request = HttpRequest(
        method="PUT",
        url=address(connection, ticket_path(ticket_id)),
        json={"ticket": stamped},
        repeatable=True,  # a second one finds the ticket changed, and is refused
        budget=updates(ticket_id),
    )
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)


def move(connection: Connection, ticket_id: str, group: str, known: str) -> Calls[Moved]:
    """The ticket is in *group*, unless an agent has it or it has left the group in which we know it (*known*).

    As with `urge`, who changes it in between is not overruled: TransientError `conflict`.
    """
    now = yield from _row(connection, ticket_id)
    there = identity(now.get("group_id"))
    if there == group:
        return "there"
    if identity(now.get("assignee_id")) is not None:
        return "assigned"
    if there not in (None, known):
        return "elsewhere"
    yield from _since(connection, ticket_id, now, {"group_id": int(group)})
    return "there"


def _height(priority: object) -> int:
    """How high a priority is; one that nobody knows counts as none."""
    return PRIORITIES.index(priority) if priority in PRIORITIES else 0


def find(
    connection: Connection, stamp: str, requester_external_id: str = ""
) -> Calls[list[Ticket]]:
    """Tickets that carry our stamp, newest first.

    By external id the database is read, and no index lags behind. What joined a ticket later stands among
    its tags: for them the search is asked, unless it is about the person's ticket of this moment.
    """
    found = yield from _found(connection, "/tickets", "tickets", external_id=stamp)
    # External ids match without case. A server that ignored the filter would list everything.
    ours = [one for one in found if (one.stamp or "").lower() == stamp.lower()]
    if not ours and not requester_external_id:
        query = f"type:ticket tags:{stamp}"
        found = yield from _found(connection, "/search", "results", query=query)
        ours = [one for one in found if stamp in one.tags]
    return sorted(ours, key=lambda one: (len(one.id), one.id), reverse=True)


def _found(connection: Connection, path: str, name: str, **query: str) -> Calls[list[Ticket]]:
    request = get(connection, path, **query)
    response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    rows = mapping(response.json()).get(name)
    if not isinstance(rows, list):
        raise verdict(request, response, "no tickets in the answer")
    return listed(connection, rows)


def listed(connection: Connection, rows: Iterable[object]) -> list[Ticket]:
    """The tickets in a list, without what is none."""
    return [ticket for row in rows if (ticket := _ticket(connection, row))]
