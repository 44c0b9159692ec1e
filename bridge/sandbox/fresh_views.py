"""Tickets and conversations of the Freshdesk API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.sandbox import fresh_search
from bridge.sandbox import fresh_shapes as shape
from bridge.sandbox.fresh import Fresh
from bridge.sandbox.fresh_call import (
    Answered,
    Call,
    View,
    not_allowed,
    not_found,
    only,
    whole,
)
from bridge.sandbox.fresh_fields import Invalid, Problem, kinds, missing, no_match, one_of
from bridge.sandbox.fresh_records import DAY, NOTE, Conversation, Ticket, User
from bridge.sandbox.ground import Ground

NOTED: dict[str, type] = {"body": str, "private": bool, "incoming": bool, "user_id": int, "notify_emails": list}  # fmt: skip
REPLIED: dict[str, type] = {"body": str, "from_email": str, "user_id": int, "cc_emails": list, "bcc_emails": list}  # fmt: skip
MERGED: dict[str, type] = {
    "primary_id": int, "ticket_ids": list, "note_in_primary": dict, "note_in_secondary": dict,
    "convert_recipients_to_cc": bool,
}  # fmt: skip
ORDERS = {"created_at": "created", "due_by": "created", "updated_at": "updated", "status": "status"}
VIEWED = ("conversations", "requester", "company", "stats")
LISTED = ("stats", "requester", "description", "company")


def included(query: dict[str, str], known: tuple[str, ...]) -> list[str]:
    """What `include` asks for. Raises Invalid."""
    asked = [one for one in query.get("include", "").split(",") if one]
    if any(one not in known for one in asked):
        raise Invalid(one_of("include", known))
    return asked


def moment(text: str) -> float:
    """Seconds since the epoch. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+").replace("Z", "+00:00"))
    except ValueError as error:
        raise Invalid(Problem("updated_since", "It should be a valid date in the 'combined date and time ISO8601' format")) from error  # fmt: skip
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


class TicketViews:
    """Answers what concerns tickets and what is said on them."""

    def __init__(self, ground: Ground, fresh: Fresh) -> None:
        self.ground, self.fresh = ground, fresh

    def routes(self) -> list[tuple[str, str, View]]:
        number = r"(\d+)"
        return [
            ("GET", "tickets", self._list),
            ("POST", "tickets", self._create),
            ("PUT", "tickets/merge", self._merge),
            ("GET", f"tickets/archived/{number}", self._archived),
            ("GET", f"tickets/archived/{number}/conversations", self._archived_conversations),
            ("GET", f"tickets/{number}", self._view),
            ("PUT", f"tickets/{number}", self._update),
            ("DELETE", f"tickets/{number}", self._delete),
            ("PUT", f"tickets/{number}/restore", self._restore),
            ("POST", f"tickets/{number}/notes", self._note),
            ("POST", f"tickets/{number}/reply", self._reply),
            ("GET", f"tickets/{number}/conversations", self._conversations),
            ("PUT", f"conversations/{number}", self._edit),
            ("DELETE", f"conversations/{number}", self._remove),
            ("GET", "search/tickets", self._search),
        ]

    @property
    def _now(self) -> float:
        return self.ground.clock.now()

    @property
    def _actor(self) -> User:
        return self.fresh.bridge

    def _find(self, identity: str) -> Ticket:
        """The ticket, in the bin or not. Raises Refusal."""
        if (ticket := self.fresh.find(int(identity))) is None:
            raise not_found()
        return ticket

    def _live(self, identity: str) -> Ticket:
        """A ticket that may be written to: those in the bin are 405. Raises Refusal."""
        ticket = self._find(identity)
        if ticket.binned:
            raise not_allowed("GET")
        return ticket

    # --- one ticket --------------------------------------------------------------------------------

    def _create(self, call: Call) -> Answered:
        wish, files = call.body()
        ticket = self.fresh.create(wish, self._actor, "bridge", files)
        call.headers["location"] = f"{call.base}/api/v2/tickets/{ticket.id}"
        return 201, shape.created(ticket, self._now, call.base)

    def _view(self, call: Call, identity: str) -> Answered:
        only(call.request.query, "include")
        asked, ticket = included(call.request.query, VIEWED), self._find(identity)
        shown = shape.ticket(ticket, self._now, call.base)
        if "conversations" in asked:
            first = ticket.conversations[:10]  # the oldest ten, there is no page two
            shown["conversations"] = [shape.conversation(one, self._now, call.base) for one in first]  # fmt: skip
        return 200, shown | self._more(ticket, asked)

    def _more(self, ticket: Ticket, asked: list[str]) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if "requester" in asked:
            more["requester"] = shape.requester(ticket.requester)
        if "stats" in asked:
            more["stats"] = shape.stats(ticket)
        if "company" in asked:
            more["company"] = {}
        return more

    def _update(self, call: Call, identity: str) -> Answered:
        ticket = self._live(identity)
        wish, files = call.body()
        self.fresh.update(ticket, wish, self._actor, "bridge", files=files)
        return 200, shape.ticket(ticket, self._now, call.base)

    def _delete(self, call: Call, identity: str) -> Answered:
        self.fresh.delete(self._live(identity), self._actor, "bridge")
        return 204, None

    def _restore(self, call: Call, identity: str) -> Answered:
        ticket = self._find(identity)
        if not ticket.deleted:
            raise not_found()
        self.fresh.restore(ticket, "bridge")
        return 204, None

    def _merge(self, call: Call) -> Answered:
        wish = call.json()
        if problems := kinds(wish, MERGED):
            raise Invalid(*problems)
        if absent := [missing(name) for name in ("primary_id", "ticket_ids") if not wish.get(name)]:
            raise Invalid(*absent)
        tickets = [self.fresh.find(one) for one in (wish["primary_id"], *wish["ticket_ids"])]
        if (
            any(ticket is None or ticket.binned for ticket in tickets)
            or wish["primary_id"] in wish["ticket_ids"]
        ):
            raise Invalid(no_match("ticket", "ticket_ids"))
        primary, *others = [ticket for ticket in tickets if ticket is not None]
        for other in others:
            self.fresh.merge(primary, other, self._actor, "bridge", wish)
        return 204, None

    def _old(self, identity: str) -> Ticket:
        ticket = self.fresh.tickets.get(int(identity))
        if ticket is None or not ticket.archived(self._now):
            raise not_found()
        return ticket

    def _archived(self, call: Call, identity: str) -> Answered:
        shown = shape.ticket(self._old(identity), self._now, call.base)
        return 200, {**shown, "archived": True}

    def _archived_conversations(self, call: Call, identity: str) -> Answered:
        ticket = self._old(identity)
        page = call.page(ticket.conversations, f"tickets/archived/{identity}/conversations")
        return 200, [shape.conversation(one, self._now, call.base) for one in page]

    # --- many tickets ------------------------------------------------------------------------------

    def _list(self, call: Call) -> Answered:
        query = call.request.query
        only(query, "filter", "requester_id", "email", "unique_external_id", "company_id", "updated_since",
             "order_by", "order_type", "page", "per_page", "include")  # fmt: skip
        asked = included(query, LISTED)
        found = self._filtered(query, list(self.fresh.tickets.values()))
        order, direction = query.get("order_by", "created_at"), query.get("order_type", "desc")
        if order not in ORDERS:
            raise Invalid(one_of("order_by", ORDERS))
        if direction not in ("asc", "desc"):
            raise Invalid(one_of("order_type", ("asc", "desc")))
        found.sort(key=lambda one: (getattr(one, ORDERS[order]), one.id), reverse=direction == "desc")  # fmt: skip
        shown = []
        for one in call.page(found, "tickets"):
            words = shape.ticket(one, self._now, call.base)
            told = {name: words[name] for name in ("description", "description_text")} if "description" in asked else {}  # fmt: skip
            shown.append(shape.listed(one, self._now) | told | self._more(one, asked))
        return 200, shown

    def _filtered(self, query: dict[str, str], tickets: list[Ticket]) -> list[Ticket]:
        now, kind = self._now, query.get("filter")
        if kind not in (None, "new_and_my_open", "watching", "spam", "deleted", "all_tickets"):
            raise Invalid(one_of("filter", ("new_and_my_open", "watching", "spam", "deleted")))
        found = [one for one in tickets if not one.gone(now) and not one.archived(now)]
        if kind == "deleted":
            found = [one for one in found if one.deleted]
        elif kind == "spam":
            found = [one for one in found if one.spam and not one.deleted]
        else:
            found = [one for one in found if not one.binned]
        if (since := query.get("updated_since")) is not None:
            oldest = moment(since)
            found = [one for one in found if one.updated >= oldest]
        else:
            found = [one for one in found if now - one.created <= 30 * DAY]
        if (user := self._wanted(query)) is not None:
            found = [one for one in found if one.requester is user]
        return found

    def _wanted(self, query: dict[str, str]) -> User | None:
        """The requester whose tickets are asked for; one that nobody knows is a mistake. Raises Invalid."""
        if (identity := query.get("requester_id")) is not None:
            user = self.fresh.users.get(int(identity)) if identity.isdigit() else None
            if user is None:
                raise Invalid(no_match("contact", "requester_id"))
            return user
        for name in ("email", "unique_external_id"):
            if (value := query.get(name)) is not None:
                if (user := self.fresh.known(name, value)) is None:
                    raise Invalid(no_match("contact", name))
                return user
        return None

    def _search(self, call: Call) -> Answered:
        query = call.request.query
        only(query, "query", "page")
        if "query" not in query:
            raise Invalid(missing("query"))
        holds, number = fresh_search.parse(query["query"]), whole(query, "page", 1, 10)
        known = self._now - self.ground.settings.freshdesk_search_lag
        found = [
            one
            for one in reversed(self.fresh.tickets.values())
            if one.created <= known and not one.binned and not one.archived(self._now) and holds(one)
        ]  # fmt: skip
        page = found[(number - 1) * 30 : number * 30]
        return 200, {"total": len(found), "results": [self._result(one, call.base) for one in page]}

    def _result(self, one: Ticket, base: str) -> dict[str, Any]:
        words = shape.ticket(one, self._now, base)
        return shape.listed(one, self._now) | {name: words[name] for name in ("description", "description_text")}  # fmt: skip

    # --- what is said ------------------------------------------------------------------------------

    def _conversations(self, call: Call, identity: str) -> Answered:
        only(call.request.query, "page", "per_page")
        page = call.page(self._find(identity).conversations, f"tickets/{identity}/conversations")
        return 200, [shape.conversation(one, self._now, call.base) for one in page]

    def _note(self, call: Call, identity: str) -> Answered:
        return self._said(call, self._live(identity), NOTED)

    def _reply(self, call: Call, identity: str) -> Answered:
        return self._said(call, self._live(identity), REPLIED)

    def _said(self, call: Call, ticket: Ticket, known: dict[str, type]) -> Answered:
        wish, files = call.body()
        if problems := kinds(wish, known):
            raise Invalid(*problems)
        say = self.fresh.note if known is NOTED else self.fresh.reply
        said = say(ticket, wish, self._actor, "bridge", files)
        call.headers["location"] = f"{call.base}/api/v2/conversations/{said.id}"
        return 201, shape.posted(said, self._now, call.base)

    def _conversation(self, identity: str) -> tuple[Ticket, Conversation]:
        for ticket in self.fresh.tickets.values():
            for said in ticket.conversations:
                if said.id == int(identity):
                    return self._live(str(ticket.id)), said
        raise not_found()

    def _edit(self, call: Call, identity: str) -> Answered:
        ticket, said = self._conversation(identity)
        wish = call.json()
        if problems := kinds(wish, {"body": str}):
            raise Invalid(*problems)
        if not (wish.get("body") or "").strip():
            raise Invalid(missing("body"))
        if said.source != NOTE:
            raise not_allowed("DELETE")
        self.fresh.edit(ticket, said, wish["body"], "bridge")
        return 200, shape.posted(said, self._now, call.base)

    def _remove(self, call: Call, identity: str) -> Answered:
        ticket, said = self._conversation(identity)
        self.fresh.remove(ticket, said, "bridge")
        return 204, None
