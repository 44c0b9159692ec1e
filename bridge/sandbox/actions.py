"""What customers, the brand's staff and the helpdesk's agents do; docs/sandbox.md, "Doing"."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.customers import Customers
from bridge.sandbox.desk_records import PRIORITIES, Invalid, Ticket, TicketComment, User
from bridge.sandbox.http import BadRequest, NotFound
from bridge.sandbox.wish import Action, Done, Wish, attached
from bridge.sandbox.world import World


class Actions:
    """The actions by path: `customer/comment`, `agent/status`, ..."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.table: dict[str, Action] = {
            **Customers(world).table,
            "agent/comment": self.agent_comment,
            "agent/status": self.agent_status,
            "agent/tags": self.agent_tags,
            "agent/priority": self.agent_priority,
            "agent/merge": self.agent_merge,
            "agent/delete": self.agent_delete,
            "agent/restore": self.agent_restore,
            "agent/make_private": self.agent_make_private,
            "agent/redact": self.agent_redact,
        }

    def do(self, name: str, body: dict[str, Any]) -> Done:
        try:
            return self.table[name](Wish(body))
        except Invalid as error:
            raise BadRequest(f"Zendesk refuses: {error}") from error

    # --- the helpdesk's agents -----------------------------------------------------------------------

    def _ticket(self, wish: Wish, name: str = "ticket") -> Ticket:
        identity = wish.body.get(name)
        known = identity is not None and str(identity).isdigit()
        ticket = self.world.desk.tickets.get(int(str(identity))) if known else None
        if ticket is None:
            raise NotFound(f"there is no ticket {identity}")
        return ticket

    def _agent(self, wish: Wish) -> User:
        desk, name = self.world.desk, wish.maybe("agent")
        if name in (None, desk.agent.name):
            return desk.agent
        for user in desk.users.values():
            if user.name == name and user.role == "agent":
                return user
        return desk.hire(str(name))

    def agent_comment(self, wish: Wish) -> Done:
        desk, ticket = self.world.desk, self._ticket(wish)
        comment: dict[str, Any] = {
            "body": wish.maybe("text") or "",
            "public": wish.flag("public", True),
        }
        if markup := wish.maybe("html"):
            comment["html_body"] = markup
        if wish.body.get("attachment"):
            file = self.world.desk.store(*attached(wish.body["attachment"]))
            self.world.desk.uploads[file.token] = [file]
            comment["uploads"] = [file.token]
        change: dict[str, Any] = {"comment": comment}
        if status := wish.maybe("status"):
            change["status"] = status
        desk.update(ticket, change, self._agent(wish), "agent", wish.copies)
        return {"id": ticket.comments[-1].id, "ticket": ticket.id}

    def _change(self, wish: Wish, change: dict[str, Any]) -> Done:
        ticket = self._ticket(wish)
        self.world.desk.update(ticket, change, self._agent(wish), "agent", wish.copies)
        return {"ticket": ticket.id, "status": ticket.status}

    def agent_status(self, wish: Wish) -> Done:
        return self._change(wish, {"status": wish.text("status")})

    def agent_tags(self, wish: Wish) -> Done:
        tags = set(self._ticket(wish).tags) - set(wish.tags("remove")) | set(wish.tags("add"))
        return self._change(wish, {"tags": sorted(tags)})

    def agent_priority(self, wish: Wish) -> Done:
        if (priority := wish.text("priority")) not in PRIORITIES:
            raise BadRequest(f"priority is one of {', '.join(PRIORITIES)}")
        return self._change(wish, {"priority": priority})

    def agent_merge(self, wish: Wish) -> Done:
        source, target = self._ticket(wish), self._ticket(wish, "into")
        if source is target:
            raise BadRequest("a ticket cannot be merged into itself")
        self.world.desk.merge(source, target, self._agent(wish), "agent", wish.copies)
        return {"ticket": source.id, "into": target.id}

    def agent_delete(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        self.world.desk.delete(ticket, self._agent(wish), "agent", wish.copies)
        return {"ticket": ticket.id}

    def agent_restore(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        self.world.desk.restore(ticket, self._agent(wish), "agent")
        return {"ticket": ticket.id}

    def _comment(self, wish: Wish, ticket: Ticket) -> TicketComment:
        wanted = int(wish.number("comment"))
        for comment in ticket.comments:
            if comment.id == wanted:
                return comment
        raise NotFound(f"there is no comment {wanted} on ticket {ticket.id}")

    def agent_make_private(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        comment = self._comment(wish, ticket)
        self.world.desk.make_private(ticket, comment, self._agent(wish), "agent")
        return {"ticket": ticket.id, "comment": comment.id}

    def agent_redact(self, wish: Wish) -> Done:
        """Black out the text of a comment, or all of it."""
        ticket = self._ticket(wish)
        comment = self._comment(wish, ticket)
        words = wish.maybe("text") or comment.body
        self.world.desk.redact(ticket, comment, words, self._agent(wish), "agent")
        return {"ticket": ticket.id, "comment": comment.id}
