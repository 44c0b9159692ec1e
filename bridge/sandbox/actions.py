"""What customers, the brand's staff and the helpdesk's agents do; docs/sandbox.md, "Doing"."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.desk import PRIORITIES, Invalid, Ticket, User
from bridge.sandbox.ground import png
from bridge.sandbox.http import BadRequest, NotFound
from bridge.sandbox.world import World

STICKER = 369239263222822


@dataclass(slots=True)
class Wish:
    """The body of an action, read with complaints that say what is wrong."""

    body: dict[str, Any]

    def text(self, name: str) -> str:
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise BadRequest(f"{name} is a text that is needed")
        return value

    def maybe(self, name: str) -> str | None:
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            raise BadRequest(f"{name} is a text")
        return value or None

    def number(self, name: str, default: float = 0) -> float:
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{name} is a number")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.body.get(name, default)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} is true or false")
        return value

    def tags(self, name: str) -> list[str]:
        value = self.body.get(name, [])
        if not isinstance(value, list):
            raise BadRequest(f"{name} is a list")
        return [str(one) for one in value]

    @property
    def copies(self) -> int:
        return max(1, int(self.number("copies", 1)))


def attached(given: Any) -> tuple[str, str, bytes]:
    """Name, content type and bytes of the file that an agent attaches; True is a picture."""
    if given is True:
        return "photo.png", "image/png", png()
    if not isinstance(given, dict):
        raise BadRequest('attachment is true or {"name", "content_type", "base64"}')
    try:
        content = base64.b64decode(str(given.get("base64", "")), validate=True)
    except binascii.Error as error:
        raise BadRequest("base64 is not base64") from error
    kind = str(given.get("content_type", "application/octet-stream"))
    return str(given.get("name", "file")), kind, content


Done = dict[str, Any]
Action = Callable[[Wish], Done]


class Actions:
    """The actions by path: `customer/comment`, `agent/status`, ..."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.table: dict[str, Action] = {
            "customer/comment": self.comment,
            "customer/comment/edit": self.edit_comment,
            "customer/comment/remove": self.remove_comment,
            "customer/comment/like": self.like,
            "customer/post": self.visitor_post,
            "customer/mention": self.mention,
            "customer/review": self.review,
            "customer/message": self.message,
            "customer/message/edit": self.edit_message,
            "customer/message/remove": self.remove_message,
            "customer/block": self.block,
            "staff/post": self.staff_post,
            "staff/comment": self.staff_comment,
            "staff/message": self.staff_message,
            "staff/hide": self.staff_hide,
            "staff/remove": self.staff_remove,
            "staff/channel_post": self.channel_post,
            "agent/comment": self.agent_comment,
            "agent/status": self.agent_status,
            "agent/tags": self.agent_tags,
            "agent/priority": self.agent_priority,
            "agent/merge": self.agent_merge,
            "agent/delete": self.agent_delete,
            "agent/restore": self.agent_restore,
            "agent/make_private": self.agent_make_private,
        }

    def do(self, name: str, body: dict[str, Any]) -> Done:
        try:
            return self.table[name](Wish(body))
        except Invalid as error:
            raise BadRequest(f"Zendesk refuses: {error}") from error

    # --- customers ---------------------------------------------------------------------------------

    def _person(self, wish: Wish) -> Any:
        return self.world.ground.people.named(wish.maybe("person") or "Ana")

    def _picture(self, wish: Wish) -> str | None:
        given = wish.body.get("image")
        if given is True:
            return self.world.ground.picture()
        if given in (None, False):
            return None
        if not isinstance(given, str):
            raise BadRequest("image is true or an address")
        return given

    def comment(self, wish: Wish) -> Done:
        page, person, image = self.world.page, self._person(wish), self._picture(wish)
        text = wish.body.get("text", "") if image else wish.text("text")
        reply_to = wish.maybe("reply_to")
        parent = page.find_comment(reply_to) if reply_to else None
        post = parent.post if parent else page.find_post(wish.maybe("post"))
        comment = page.comment(
            post, parent, person, "customer", text, image, wish.number("ago"), wish.flag("anonymous"), wish.copies
        )  # fmt: skip
        return {"id": comment.id, "post_id": post.id, "person_id": person.facebook_id}

    def edit_comment(self, wish: Wish) -> Done:
        comment = self.world.page.find_comment(wish.text("id"))
        self.world.page.edit(comment, wish.text("text"), "customer", wish.copies)
        return {"id": comment.id}

    def remove_comment(self, wish: Wish) -> Done:
        comment = self.world.page.find_comment(wish.text("id"))
        self.world.page.remove(comment, "customer", wish.copies)
        return {"id": comment.id}

    def like(self, wish: Wish) -> Done:
        comment = self.world.page.find_comment(wish.text("id"))
        self.world.page.like(comment, self._person(wish), wish.copies)
        return {"id": comment.id, "likes": comment.likes}

    def visitor_post(self, wish: Wish) -> Done:
        person = self._person(wish)
        post = self.world.page.post(wish.text("text"), person, self._picture(wish), wish.copies)
        return {"id": post.id, "person_id": person.facebook_id}

    def mention(self, wish: Wish) -> Done:
        return {"id": self.world.page.mention(wish.text("text"), wish.copies)}

    def review(self, wish: Wish) -> Done:
        person, recommends = self._person(wish), wish.flag("recommends")
        return {"id": self.world.page.review(wish.text("text"), person, recommends, wish.copies)}

    def message(self, wish: Wish) -> Done:
        channel = wish.text("channel")
        image, sticker = self._picture(wish), wish.flag("sticker")
        text = wish.maybe("text") if image or sticker else wish.text("text")
        if channel == "messenger":
            return self._to_page(wish, text, image, sticker)
        if channel == "telegram":
            return self._to_bot(wish, text, image, sticker)
        raise BadRequest("channel is messenger or telegram")

    def _to_page(self, wish: Wish, text: str | None, image: str | None, sticker: bool) -> Done:
        person = self._person(wish)
        attachments: list[dict[str, Any]] = []
        if image:
            attachments.append({"type": "image", "payload": {"url": image}})
        if sticker:
            url = self.world.ground.picture()
            attachments.append({"type": "sticker", "payload": {"url": url, "sticker_id": STICKER}})
        message = self.world.page.hear(
            person, text, attachments, wish.number("ago"), wish.maybe("reply_to"), wish.copies
        )
        return {"id": message.id, "chat": person.facebook_id, "person_id": person.facebook_id}

    def _to_bot(self, wish: Wish, text: str | None, image: str | None, sticker: bool) -> Done:
        chats, person = self.world.chats, self._person(wish)
        kind = wish.maybe("chat") or "private"
        if kind not in ("private", "group", "discussion", "business"):
            raise BadRequest("chat is private, group, discussion or business")
        chat = chats.chat(kind, person)
        media, attachments = ({}, []) if not (image or sticker) else (
            chats.photo(image) if image else chats.sticker()
        )  # fmt: skip
        reply_to = int(wish.number("reply_to")) or None
        message = chats.hear(
            chat, person, text, media, attachments, wish.number("ago"), reply_to, wish.copies
        )
        return {"id": message.id, "chat": chat.key, "person_id": person.telegram_id}

    def edit_message(self, wish: Wish) -> Done:
        if wish.text("channel") == "messenger":
            chat, message = self.world.page.find_message(wish.text("chat"), wish.text("id"))
            self.world.page.edit_message(chat, message, wish.text("text"), wish.copies)
            return {"id": message.id}
        place = self.world.chats.find(wish.text("chat"))
        said = self.world.chats.message(place, int(wish.number("id")))
        self.world.chats.edit(place, said, wish.text("text"), "customer", wish.copies)
        return {"id": said.id}

    def remove_message(self, wish: Wish) -> Done:
        if wish.text("channel") == "messenger":
            chat, message = self.world.page.find_message(wish.text("chat"), wish.text("id"))
            self.world.page.unsend(chat, message, wish.copies)
            return {"id": message.id}
        place = self.world.chats.find(wish.text("chat"))
        said = self.world.chats.message(place, int(wish.number("id")))
        self.world.chats.remove(place, said, "customer", wish.copies)
        return {"id": said.id}

    def block(self, wish: Wish) -> Done:
        person, blocked = self._person(wish), wish.flag("blocked", True)
        if wish.text("channel") == "messenger":
            self.world.page.block(person, blocked)
        else:
            self.world.chats.block(self.world.chats.chat("private", person), blocked)
        return {"blocked": blocked}

    # --- the brand's staff, natively -----------------------------------------------------------------

    def staff_post(self, wish: Wish) -> Done:
        return {"id": self.world.page.post(wish.text("text"), image=self._picture(wish)).id}

    def staff_comment(self, wish: Wish) -> Done:
        page, reply_to = self.world.page, wish.maybe("reply_to")
        parent = page.find_comment(reply_to) if reply_to else None
        post = parent.post if parent else page.find_post(wish.maybe("post"))
        comment = page.comment(post, parent, None, "staff", wish.text("text"), copies=wish.copies)
        return {"id": comment.id, "post_id": post.id}

    def staff_message(self, wish: Wish) -> Done:
        person, text = self._person(wish), wish.text("text")
        if wish.text("channel") == "messenger":
            said = self.world.page.say(person, "staff", text)
            return {"id": said.id, "chat": person.facebook_id}
        chat = self.world.chats.chat("business", person)
        return {"id": self.world.chats.say(chat, "staff", text).id, "chat": chat.key}

    def staff_hide(self, wish: Wish) -> Done:
        comment = self.world.page.find_comment(wish.text("id"))
        self.world.page.hide(comment, wish.flag("hidden", True), "staff")
        return {"id": comment.id, "hidden": comment.hidden}

    def staff_remove(self, wish: Wish) -> Done:
        comment = self.world.page.find_comment(wish.text("id"))
        self.world.page.remove(comment, "staff", wish.copies)
        return {"id": comment.id}

    def channel_post(self, wish: Wish) -> Done:
        return {"id": self.world.chats.announce(wish.text("text")).id}

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

    def agent_make_private(self, wish: Wish) -> Done:
        ticket = self._ticket(wish)
        wanted = int(wish.number("comment"))
        for comment in ticket.comments:
            if comment.id == wanted:
                self.world.desk.make_private(ticket, comment, self._agent(wish), "agent")
                return {"ticket": ticket.id, "comment": comment.id}
        raise NotFound(f"there is no comment {wanted} on ticket {ticket.id}")
