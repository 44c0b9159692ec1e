"""The helpdesk's state: users, tickets, comments; every change validated, recorded, audited and told.

`update` is the one way to change a ticket, for the API and for the agents of the sandbox alike.
"""

from __future__ import annotations

import html
import itertools
import time
from collections.abc import Callable
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.desk_records import (
    AGENT_ID,
    API,
    BRIDGE_ID,
    MAX_COMMENT,
    PRIORITIES,
    STATUSES,
    TYPES,
    WEB,
    Attachment,
    Change,
    Invalid,
    Ticket,
    TicketComment,
    User,
)
from bridge.sandbox.desk_words import clean_tags, plain, rich, upload_tokens, words
from bridge.sandbox.ground import Ground

TRACKED = ("status", "priority", "type", "group_id", "assignee_id", "subject", "tags")


class Desk:
    """Users and tickets. `told` is called with every Change."""

    def __init__(self, ground: Ground, told: Callable[[Change], None]) -> None:
        self.ground = ground
        self._told = told
        # Ids grow with time, so that a bridge that remembers an earlier run mistakes no ticket.
        now = time.time()
        self._tickets = itertools.count(int((now - 1.79e9) / 10))
        self._ids = itertools.count(int(now * 10_000) + 30_000_000_000_000, 128)
        self.clear()

    def clear(self) -> None:
        self.users: dict[int, User] = {}
        self.by_external: dict[str, User] = {}
        self.tickets: dict[int, Ticket] = {}
        self.by_external_ticket: dict[str, list[Ticket]] = {}
        self.uploads: dict[str, list[Attachment]] = {}
        self.attachments: dict[str, Attachment] = {}
        self.agent = self._enrol(User(AGENT_ID, "Sam", "agent", email="sam@acme.example"))
        self.bridge = self._enrol(User(BRIDGE_ID, "Bridge", "admin", email="bridge@acme.example"))

    def number(self) -> int:
        return next(self._ids)

    # --- users -------------------------------------------------------------------------------------

    def _enrol(self, user: User) -> User:
        user.at = self.ground.clock.now()
        self.users[user.id] = user
        if user.external_id is not None:
            self.by_external[user.external_id.lower()] = user
        return user

    def hire(self, name: str) -> User:
        """A further agent."""
        return self._enrol(User(self.number(), name, "agent"))

    def person(self, wish: dict[str, Any], by: str) -> tuple[User, bool]:
        """The user that *wish* names by external id or e-mail, made if new; and whether it was."""
        external, email = wish.get("external_id"), wish.get("email")
        name = wish.get("name")
        if wish.get("role") not in (None, "end-user"):
            raise Invalid({"role": "Role: must be end-user"})
        user = self.by_external.get(str(external).lower()) if external else None
        if user is None and email:
            user = next((one for one in self.users.values() if one.email == email), None)
        if user is not None:
            if isinstance(name, str) and name:
                user.name = name
            if external:
                user.external_id = str(external)
            return user, False
        if not isinstance(name, str) or not name.strip():
            raise Invalid({"name": "Name: is too short (minimum is 1 characters)"})
        user = self._enrol(
            User(self.number(), name, "end-user", str(external) if external else None, email)
        )
        self.ground.record.add(
            "zendesk", "user", by, name, id=user.id, external_id=user.external_id
        )
        return user, True

    # --- files -------------------------------------------------------------------------------------

    def store(self, name: str, kind: str, content: bytes) -> Attachment:
        token = f"{self.number():x}{abs(hash((name, len(content)))):x}"
        attachment = Attachment(self.number(), token, name, kind, content)
        self.attachments[token] = attachment
        return attachment

    # --- tickets -----------------------------------------------------------------------------------

    def create(
        self, wish: dict[str, Any], actor: User, by: str, key: str | None = None
    ) -> tuple[Ticket, dict[str, Any]]:
        """A new ticket and its first audit. Raises Invalid."""
        wish = dict(wish)
        if "comment" not in wish and isinstance(wish.get("description"), str):
            wish["comment"] = {"body": wish["description"]}
        parent = self._parent(wish.get("via_followup_source_id"))
        requester = self._requester(wish, actor)
        problems = self._problems(wish)
        given = wish.get("comment")
        comment: dict[str, Any] = given if isinstance(given, dict) else {}
        if not words(comment):
            problems["description"] = "Description: cannot be blank"
        if problems:
            raise Invalid(problems)
        now = self.ground.clock.now()
        first = plain(comment)
        via = API
        if parent:
            source = {"ticket_id": parent.id, "subject": parent.subject, "channel": "api"}
            via = {"channel": "api", "source": {"from": source, "to": {}, "rel": "follow_up"}}
            wish.setdefault("tags", list(parent.tags))
            wish.setdefault("subject", f"Re: {parent.subject}")
        ticket = Ticket(
            next(self._tickets), requester, self.users.get(wish.get("submitter_id") or 0, actor),
            str(wish.get("subject") or first[:80]), first, now, now, via, followup_of=parent.id if parent else None,
        )  # fmt: skip
        self.tickets[ticket.id] = ticket
        if parent:
            parent.followups.append(ticket.id)
        ticket.status = wish.get("status") or "new"
        change = Change(ticket, actor, created=True, via_api=by == "bridge")
        self._assign(ticket, wish)
        self.ground.record.add(
            "zendesk", "ticket", by, first, ticket=ticket.id, subject=ticket.subject,
            external_id=ticket.external_id, followup_of=ticket.followup_of, idempotency_key=key,
            priority=ticket.priority, tags=list(ticket.tags), followers=self.mails(ticket.followers),
        )  # fmt: skip
        # The account's default triggers run at once, and the answer shows what they did.
        defaulted = ticket.priority is None
        audit = self._audit(ticket, actor, wish)
        change.comment = self._comment(ticket, actor, by, comment, audit)
        for name in ("subject", "requester_id", "priority", "type", "status", "group_id", "tags"):
            value = ticket.requester.id if name == "requester_id" else getattr(ticket, name)
            self._event(audit, "Create", value=texted(value), field_name=name)
        self._rule(audit, "Notification", "Notify requester of new proactive ticket",
                   subject="{{ticket.title}}", body="This ticket was created on your behalf.", recipients=[requester.id])  # fmt: skip
        if defaulted:
            ticket.priority = "normal"
            self._rule(audit, "Change", "Set tickets with no priority to normal", value="normal",
                       field_name="priority", previous_value=None)  # fmt: skip
        change.events = [("created", {}), ("comment_added", {})]
        self._told(change)
        return ticket, audit

    def update(
        self, ticket: Ticket, wish: dict[str, Any], actor: User, by: str, copies: int = 1
    ) -> dict[str, Any]:
        """Change the ticket as *wish* says; return the audit. Raises Invalid."""
        if ticket.status == "closed":
            raise Invalid({"status": "Status: closed prevents ticket update"})
        problems = self._problems(wish)
        comment = wish.get("comment")
        if comment is not None and (not isinstance(comment, dict) or not words(comment)):
            if isinstance(comment, dict) and comment.get("uploads"):
                comment = {**comment, "body": " "}
            else:
                problems["comment"] = "Comment: cannot be blank"
        if problems:
            raise Invalid(problems)
        change = Change(ticket, actor, created=False, via_api=by == "bridge", copies=copies)
        before = {name: getattr(ticket, name) for name in TRACKED}
        change.previous = {**before, "tags": list(ticket.tags)}
        audit = self._audit(ticket, actor, wish)
        if isinstance(comment, dict):
            change.comment = self._comment(ticket, actor, by, comment, audit)
            change.events.append(("comment_added", {}))
        if wish.get("status"):
            ticket.status = wish["status"]
        elif by == "agent" and ticket.status == "new" and isinstance(comment, dict):
            ticket.status, ticket.assignee_id = "open", actor.id
        if ticket.status == "solved" and ticket.assignee_id is None:
            ticket.assignee_id = actor.id
        self._assign(ticket, wish)
        self._note_changes(ticket, change, audit, by)
        ticket.updated = self.ground.clock.now()
        ticket.stamped = int(ticket.updated)
        self._told(change)
        return audit

    def merge(self, source: Ticket, target: Ticket, actor: User, by: str, copies: int = 1) -> None:
        """Close *source* in favour of *target*, with a note on both."""
        for ticket, text in (
            (target, f"Request #{source.id} \"{source.subject}\" was closed and merged into this request."),
            (source, f"This request was closed and merged into request #{target.id} \"{target.subject}\"."),
        ):  # fmt: skip
            if ticket.status == "closed":
                raise Invalid({"status": "Status: closed prevents ticket update"})
            self.update(ticket, {"comment": {"body": text, "public": False}}, actor, by)
        source.merged_into, previous, source.status = target.id, source.status, "closed"
        source.updated = self.ground.clock.now()
        self.ground.record.add(
            "zendesk", "ticket_merged", by, None, ticket=source.id, into=target.id
        )
        told = Change(source, actor, created=False, via_api=by == "bridge", copies=copies)
        told.events = [
            ("merged", {"target_ticket_id": str(target.id)}),
            ("status_changed", {"previous": previous.upper(), "current": "CLOSED"}),
        ]
        self._told(told)

    def delete(self, ticket: Ticket, actor: User, by: str, copies: int = 1) -> None:
        ticket.deleted = True
        self.ground.record.add("zendesk", "ticket_deleted", by, None, ticket=ticket.id)
        self._told(
            Change(
                ticket, actor, False, by == "bridge", events=[("soft_deleted", {})], copies=copies
            )
        )

    def restore(self, ticket: Ticket, actor: User, by: str) -> None:
        ticket.deleted = False
        self.ground.record.add("zendesk", "ticket_restored", by, None, ticket=ticket.id)
        self._told(Change(ticket, actor, False, by == "bridge", events=[("undeleted", {})]))

    def make_private(self, ticket: Ticket, comment: TicketComment, actor: User, by: str) -> None:
        comment.public = False
        self.ground.record.add(
            "zendesk", "comment_made_private", by, None, ticket=ticket.id, id=comment.id
        )
        told = Change(ticket, actor, False, by == "bridge")
        told.events = [("comment_made_private", {"comment": {"id": str(comment.id)}})]
        self._told(told)

    def redact(
        self, ticket: Ticket, comment: TicketComment, words: str, actor: User, by: str
    ) -> None:
        """Black out *words* in the comment, for good."""
        black = "\u2587" * len(words)
        comment.body = comment.body.replace(words, black)
        comment.html = comment.html.replace(html.escape(words, quote=False), black)
        self.ground.record.add(
            "zendesk", "comment_redacted", by, None, ticket=ticket.id, id=comment.id
        )
        told = Change(ticket, actor, False, by == "bridge")
        told.events = [("comment_redacted", {"comment": {"id": str(comment.id)}})]
        self._told(told)

    # --- the parts of a change ---------------------------------------------------------------------

    def _parent(self, identity: Any) -> Ticket | None:
        if identity is None:
            return None
        parent = self.tickets.get(int(identity)) if str(identity).isdigit() else None
        if parent is None or parent.deleted or parent.status != "closed":
            raise Invalid(
                {"via_followup_source_id": "Via followup source: the ticket is not closed"}
            )
        return parent

    def _requester(self, wish: dict[str, Any], actor: User) -> User:
        if isinstance(inline := wish.get("requester"), dict):
            if "email" not in inline and "name" not in inline:
                raise Invalid({"requester": "Requester: is not a user"})
            # Whether an inline external_id counts is not documented: it does not here.
            return self.person(
                {key: inline[key] for key in ("name", "email") if key in inline}, "bridge"
            )[0]
        if (identity := wish.get("requester_id")) is None:
            return actor
        if (user := self.users.get(identity)) is None:
            raise Invalid({"requester": "Requester: is not a user"})
        return user

    def _problems(self, wish: dict[str, Any]) -> dict[str, str]:
        found = {}
        for name, allowed in (("priority", PRIORITIES), ("status", STATUSES), ("type", TYPES)):
            if wish.get(name) is not None and wish[name] not in allowed:
                found[name] = f"{name.capitalize()}: is not included in the list"
        if (problem := wish.get("problem_id")) is not None:
            other = self.tickets.get(problem) if isinstance(problem, int) else None
            if other is None or other.deleted or other.type != "problem":
                found["problem"] = "Problem: is invalid"
            elif wish.get("type") != "incident":
                found["problem"] = "Problem: only an incident has one"
        for name in ("group_id", "assignee_id"):
            if wish.get(name) is not None and not isinstance(wish[name], int):
                found[name.removesuffix("_id")] = (
                    f"{name.removesuffix('_id').capitalize()}: is invalid"
                )
        if isinstance(comment := wish.get("comment"), dict):
            if len(words(comment)) > MAX_COMMENT:
                found["comment"] = f"Comment: is too long (maximum is {MAX_COMMENT} characters)"
            author = comment.get("author_id")
            if author is not None and author not in self.users:
                found["author"] = "Author: is invalid"
            if any(token not in self.uploads for token in upload_tokens(comment)):
                found["attachments"] = "Attachment: token is invalid or has expired"
        if wish.get("tags") is not None and not isinstance(wish["tags"], list):
            found["tags"] = "Tags: must be a list"
        return found

    def _assign(self, ticket: Ticket, wish: dict[str, Any]) -> None:
        for name in ("priority", "type", "group_id", "assignee_id", "subject", "problem_id"):
            if name in wish:
                setattr(ticket, name, wish[name])
        if ticket.problem_id in self.tickets:
            self.tickets[ticket.problem_id].has_incidents = True
        if "external_id" in wish:
            self._index(ticket, wish["external_id"])
        if isinstance(tags := wish.get("tags"), list):
            ticket.tags = clean_tags(tags)
        for one in wish.get("custom_fields") or ():
            if isinstance(one, dict) and isinstance(one.get("id"), int):
                ticket.custom_fields[one["id"]] = one.get("value")

        for one in wish.get("followers") or ():
            self._follow(ticket, one)

    def _follow(self, ticket: Ticket, wish: Any) -> None:
        """Only agents can follow: everybody else is left out (whether they are refused is not confirmed)."""
        wish = wish if isinstance(wish, dict) else {}
        names = {str(wish.get("user_id")), str(wish.get("user_email")).lower()}
        for user in self.users.values():
            if user.role == "end-user" or names.isdisjoint(
                {str(user.id), (user.email or "").lower()}
            ):
                continue
            if wish.get("action") == "delete":
                ticket.followers = [one for one in ticket.followers if one != user.id]
            elif user.id not in ticket.followers:
                ticket.followers.append(user.id)

    def mails(self, users: list[int]) -> list[str]:
        return [str(self.users[one].email) for one in users]

    def _index(self, ticket: Ticket, external_id: Any) -> None:
        if ticket.external_id is not None:
            self.by_external_ticket[ticket.external_id.lower()].remove(ticket)
        ticket.external_id = str(external_id) if external_id is not None else None
        if ticket.external_id is not None:
            self.by_external_ticket.setdefault(ticket.external_id.lower(), []).append(ticket)

    def _comment(
        self, ticket: Ticket, actor: User, by: str, wish: dict[str, Any], audit: dict[str, Any]
    ) -> TicketComment:
        author = self.users.get(wish.get("author_id") or 0, actor)
        files = [file for token in upload_tokens(wish) for file in self.uploads.pop(token)]
        public = wish.get("public")
        if not isinstance(public, bool):
            # Left out, it takes after the ticket's first comment.
            public = ticket.comments[0].public if ticket.comments else True
        who = "customer" if not author.staff else ("bridge" if author is self.bridge else "agent")
        body = plain(wish)
        comment = TicketComment(
            self.number(), audit["id"], author, who, public, body, rich(wish), self.ground.clock.now(),
            files, audit["metadata"]["custom"], API if by == "bridge" else WEB,
        )  # fmt: skip
        ticket.comments.append(comment)
        self._event(
            audit, "Comment", author_id=author.id, body=body, html_body=comment.html, plain_body=body,
            public=public, attachments=[], audit_id=audit["id"],
        )  # fmt: skip
        self.ground.record.add(
            "zendesk", "ticket_comment", by, body, ticket=ticket.id, id=comment.id, public=public,
            author={"id": author.id, "name": author.name, "staff": author.staff},
            metadata=comment.metadata, attachments=[file.name for file in files],
        )  # fmt: skip
        return comment

    def _note_changes(self, ticket: Ticket, change: Change, audit: dict[str, Any], by: str) -> None:
        for name in TRACKED:
            old, new = change.previous[name], getattr(ticket, name)
            if old == new:
                continue
            self._event(
                audit, "Change", value=texted(new), field_name=name, previous_value=texted(old)
            )
            if name == "tags":
                added = [tag for tag in new if tag not in old]
                removed = [tag for tag in old if tag not in new]
                change.events.append(
                    ("tags_changed", {"tags_added": added, "tags_removed": removed})
                )
                self.ground.record.add(
                    "zendesk",
                    "ticket_tags",
                    by,
                    None,
                    ticket=ticket.id,
                    added=added,
                    removed=removed,
                )
            elif name in ("status", "priority"):
                change.events.append(
                    (f"{name}_changed", {"previous": upper(old), "current": upper(new)})
                )
            if name == "status":
                self.ground.record.add(
                    "zendesk",
                    "ticket_status",
                    by,
                    None,
                    ticket=ticket.id,
                    previous=old,
                    current=new,
                )

    def _audit(self, ticket: Ticket, actor: User, wish: dict[str, Any]) -> dict[str, Any]:
        custom = wish.get("metadata")
        audit = {
            "id": self.number(), "ticket_id": ticket.id, "created_at": stamp(self.ground.clock.now()),
            "author_id": actor.id,
            "metadata": {"system": {"client": "sandbox", "ip_address": "203.0.113.10",
                                    "location": "Springfield, Example State, Country",
                                    "latitude": 0.0, "longitude": 0.0},
                         "custom": custom if isinstance(custom, dict) else {}},
            "events": [], "via": API,
        }  # fmt: skip
        ticket.audits.append(audit)
        return audit

    def _event(self, audit: dict[str, Any], kind: str, **facts: Any) -> None:
        audit["events"].append({"id": self.number(), "type": kind, **facts})

    def _rule(self, audit: dict[str, Any], kind: str, title: str, **facts: Any) -> None:
        source = {
            "from": {"deleted": False, "title": title, "id": 46406158342033},
            "rel": "trigger",
        }
        self._event(audit, kind, via={"channel": "rule", "source": source}, **facts)


def texted(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


def upper(value: str | None) -> str | None:
    return value.upper() if value else value
