"""What agents and admins do in the fake Freshdesk; docs/sandbox.md, "Doing"."""

from __future__ import annotations

from typing import Any

from bridge.sandbox import fresh_html
from bridge.sandbox.fresh_fields import PRIORITIES, STATUSES, Invalid
from bridge.sandbox.fresh_records import NOTE, Conversation, Ticket, User
from bridge.sandbox.http import BadRequest, NotFound
from bridge.sandbox.wish import Action, Done, Wish, attached
from bridge.sandbox.world import World

# As the fake Zendesk names them, so that one word does for both.
ZENDESK_PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4}


class FreshAgent:
    """The actions by path; those that the fake Zendesk has too are told apart by `helpdesk`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.table: dict[str, Action] = {
            "agent/comment": self.comment,
            "agent/status": self.status,
            "agent/tags": self.tags,
            "agent/priority": self.priority,
            "agent/merge": self.merge,
            "agent/delete": self.delete,
            "agent/restore": self.restore,
            "agent/make_private": self.make_private,
            "agent/spam": self.spam,
            "agent/edit": self.edit,
            "agent/remove": self.remove,
            "admin/rule": self.rule,
            "admin/rule/change": self.change_rule,
            "admin/rule/remove": self.remove_rule,
        }

    def means(self, path: str, body: dict[str, Any]) -> bool:
        """Whether an action is for Freshdesk: it says so, or names a ticket that stands only here."""
        helpdesk = body.get("helpdesk")
        if path not in self.table or helpdesk == "zendesk":
            return False
        if helpdesk not in (None, "freshdesk"):
            raise BadRequest("helpdesk is zendesk or freshdesk")
        ticket = body.get("ticket")
        known = str(ticket).isdigit() and int(str(ticket)) in self.world.fresh.tickets
        return helpdesk == "freshdesk" or known or path.startswith("admin/")

    def do(self, name: str, body: dict[str, Any]) -> Done:
        try:
            return self.table[name](Wish(body))
        except Invalid as error:
            raise BadRequest(f"Freshdesk refuses: {error}") from error

    def _ticket(self, wish: Wish, name: str = "ticket", binned: bool = False) -> Ticket:
        identity = wish.body.get(name)
        found = self.world.fresh.find(int(str(identity))) if str(identity).isdigit() else None
        if found is None:
            raise NotFound(f"there is no ticket {identity}, or it is archived")
        if found.binned and not binned:
            raise BadRequest(f"ticket {identity} is deleted or spam")
        return found

    def _agent(self, wish: Wish) -> User:
        fresh, name = self.world.fresh, wish.maybe("agent")
        if name is None:
            return fresh.agent
        known = [one for one in fresh.users.values() if one.agent and one.name == name]
        return known[0] if known else fresh.hire(name)

    def _said(self, wish: Wish, ticket: Ticket) -> Conversation:
        wanted = int(wish.number("comment"))
        for said in ticket.conversations:
            if said.id == wanted:
                return said
        raise NotFound(f"there is no conversation {wanted} on ticket {ticket.id}")

    def comment(self, wish: Wish) -> Done:
        """A reply, or with `note` a public note; a private note when it is not public."""
        fresh, ticket, agent = self.world.fresh, self._ticket(wish), self._agent(wish)
        files = [attached(wish.body["attachment"])] if wish.body.get("attachment") else []
        text = wish.maybe("html") or (
            fresh_html.rich(wish.maybe("text") or "") if wish.maybe("text") else ""
        )
        if not text and files:
            text = "<div>&nbsp;</div>"
        public = wish.flag("public", True)
        status = self._status(wish) if wish.body.get("status") is not None else None
        if public and not wish.flag("note"):
            said = fresh.reply(ticket, {"body": text}, agent, "agent", files, wish.copies)
        else:
            said = fresh.note(
                ticket, {"body": text, "private": not public}, agent, "agent", files, wish.copies
            )
        if status is not None:  # "Send and set as ..." is two changes
            fresh.update(ticket, {"status": status}, agent, "agent", wish.copies)
        return {"id": said.id, "ticket": ticket.id}

    def _status(self, wish: Wish) -> int:
        """The number of a status: given so, or by the name that agents read."""
        given = str(wish.body.get("status"))
        for key, (label, _) in STATUSES.items():
            if given.lower() in (str(key), label.lower()):
                return key
        raise BadRequest(
            f"status is one of {', '.join(f'{key} {names[0]}' for key, names in STATUSES.items())}"
        )

    def status(self, wish: Wish) -> Done:
        """By an agent, or with `"performer": "system"` by a rule of the account."""
        ticket, agent, status = self._ticket(wish), self._agent(wish), self._status(wish)
        if wish.maybe("performer") == "system":
            self.world.fresh.automatic(ticket, status)
        else:
            self.world.fresh.update(ticket, {"status": status}, agent, "agent", wish.copies)
        return {"ticket": ticket.id, "status": ticket.status}

    def tags(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        tags = [tag for tag in ticket.tags if tag not in wish.tags("remove")] + wish.tags("add")
        self.world.fresh.update(ticket, {"tags": tags}, self._agent(wish), "agent", wish.copies)
        return {"ticket": ticket.id, "tags": ticket.tags}

    def priority(self, wish: Wish) -> Done:
        ticket, given = self._ticket(wish), str(wish.body.get("priority")).lower()
        known = {**ZENDESK_PRIORITIES, **{name.lower(): key for key, name in PRIORITIES.items()}}
        number = int(given) if given.isdigit() else known.get(given, 0)
        self.world.fresh.update(
            ticket, {"priority": number}, self._agent(wish), "agent", wish.copies
        )
        return {"ticket": ticket.id, "priority": ticket.priority}

    def merge(self, wish: Wish) -> Done:
        secondary, primary = self._ticket(wish), self._ticket(wish, "into")
        if secondary is primary:
            raise BadRequest("a ticket cannot be merged into itself")
        self.world.fresh.merge(primary, secondary, self._agent(wish), "agent", copies=wish.copies)
        return {"ticket": secondary.id, "into": primary.id}

    def delete(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        self.world.fresh.delete(ticket, self._agent(wish), "agent", wish.copies)
        return {"ticket": ticket.id}

    def spam(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        self.world.fresh.mark_spam(ticket, "agent")
        return {"ticket": ticket.id}

    def restore(self, wish: Wish) -> Done:
        """Out of the bin, or no spam any more."""
        ticket = self._ticket(wish, binned=True)
        self.world.fresh.restore(ticket, "agent")
        return {"ticket": ticket.id}

    def make_private(self, wish: Wish) -> Done:
        raise BadRequest("Freshdesk cannot make a reply private")

    def edit(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        said = self._said(wish, ticket)
        if said.source != NOTE:
            raise BadRequest("Freshdesk lets agents edit notes only")
        self.world.fresh.edit(ticket, said, fresh_html.rich(wish.text("text")), "agent")
        return {"ticket": ticket.id, "id": said.id}

    def remove(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        said = self._said(wish, ticket)
        self.world.fresh.remove(ticket, said, "agent")
        return {"ticket": ticket.id, "id": said.id}

    # --- admins ------------------------------------------------------------------------------------

    def _rule(self, wish: Wish) -> int:
        number = int(wish.number("id"))
        if number not in self.world.fresh_hooks.rules:
            raise NotFound(f"there is no rule {number}")
        return number

    def rule(self, wish: Wish) -> Done:
        made = {name: value for name, value in wish.body.items() if name != "helpdesk"}
        return {"id": self.world.fresh_hooks.add(made).id}

    def change_rule(self, wish: Wish) -> Done:
        number = self._rule(wish)
        changed = {
            name: value for name, value in wish.body.items() if name not in ("helpdesk", "id")
        }
        self.world.fresh_hooks.change(number, changed)
        return {"id": number}

    def remove_rule(self, wish: Wish) -> Done:
        del self.world.fresh_hooks.rules[self._rule(wish)]
        return {}
