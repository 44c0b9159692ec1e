"""What customers do on the platforms, and what the brand's staff do there natively.

Every action says by `channel` where; without one it is the Facebook Page.
"""

from __future__ import annotations

from typing import Any

from bridge.sandbox.ground import File, Person, png
from bridge.sandbox.http import BadRequest, NotFound
from bridge.sandbox.inbox import Inbox
from bridge.sandbox.said import Comment
from bridge.sandbox.whatsapp import Room
from bridge.sandbox.wish import Action, Done, Wish
from bridge.sandbox.world import World

STICKER = 369239263222822
PLACE = {
    "latitude": 52.2297,
    "longitude": 21.0122,
    "name": "Acme Coffee",
    "address": "Main Street 1",
}
VOICE = File("voice.ogg", "audio/ogg; codecs=opus", b"OggS" + bytes(60))


class Customers:
    """The actions by path: `customer/comment`, `staff/message`, ..."""

    def __init__(self, world: World) -> None:
        self.world, self.ground = world, world.ground
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
            "customer/message/react": self.react,
            "customer/seen": self.seen,
            "customer/block": self.block,
            "customer/identity": self.identity,
            "staff/post": self.staff_post,
            "staff/live": self.staff_live,
            "staff/comment": self.staff_comment,
            "staff/message": self.staff_message,
            "staff/message/remove": self.staff_unsend,
            "staff/hide": self.staff_hide,
            "staff/remove": self.staff_remove,
            "staff/channel_post": self.channel_post,
        }

    # --- in public ---------------------------------------------------------------------------------

    def comment(self, wish: Wish) -> Done:
        person = wish.person(self.ground)
        match channel(wish, "facebook", "instagram", "threads"):
            case "facebook":
                return self._on_page(wish, person, wish.picture(self.ground))
            case "instagram":
                return self._on_instagram(wish, person, "customer")
        return self._on_threads(wish, person, "customer")

    def _on_page(self, wish: Wish, person: Person, image: str | None) -> Done:
        page = self.world.page
        text = wish.body.get("text", "") if image else wish.text("text")
        reply_to = wish.maybe("reply_to")
        parent = page.find_comment(reply_to) if reply_to else None
        post = parent.post if parent else page.find_post(wish.maybe("post"))
        comment = page.comment(
            post, parent, person, "customer", text, image, wish.number("ago"), wish.flag("anonymous"), wish.copies
        )  # fmt: skip
        return {"id": comment.id, "post_id": post.id, "person_id": person.facebook_id}

    def _on_instagram(self, wish: Wish, person: Person | None, by: str) -> Done:
        instagram, reply_to = self.world.instagram, wish.maybe("reply_to")
        live = wish.flag("live")
        if live and not any(post.live == "on" for post in instagram.posts.values()):
            instagram.broadcast(True)
        parent = instagram.find_comment(reply_to) if reply_to else None
        post = parent.post if parent else instagram.find_post(wish.maybe("post"), live)
        comment = instagram.comment(
            post, parent, person, by, wish.text("text"), wish.number("ago"), wish.flag("anonymous"),
            wish.copies, wish.flag("boosted"),
        )  # fmt: skip
        identity = person.instagram_id if person else None
        return {"id": comment.id, "post_id": post.id, "person_id": identity}

    def _on_threads(self, wish: Wish, person: Person | None, by: str) -> Done:
        threads, reply_to = self.world.threads, wish.maybe("reply_to")
        parent = threads.find(reply_to) if reply_to else None
        post = parent.post if parent else threads.find_post(wish.maybe("post"))
        reply = threads.reply(
            post, parent, person, by, wish.text("text"), wish.number("ago"), wish.copies
        )
        return {
            "id": reply.id,
            "post_id": post.id,
            "person_id": person.username if person else None,
        }

    def _comment(self, identity: str) -> tuple[Any, Comment]:
        """The platform on which the comment with this id stands, and the comment."""
        world = self.world
        if identity in world.instagram.comments:
            return world.instagram, world.instagram.find_comment(identity)
        if identity in world.threads.replies:
            return world.threads, world.threads.find(identity)
        return world.page, world.page.find_comment(identity)

    def edit_comment(self, wish: Wish) -> Done:
        platform, comment = self._comment(wish.text("id"))
        if platform is not self.world.page:
            raise BadRequest("comments can be edited on Facebook only")
        self.world.page.edit(comment, wish.text("text"), "customer", wish.copies)
        return {"id": comment.id}

    def remove_comment(self, wish: Wish) -> Done:
        return self._remove(wish, "customer")

    def _remove(self, wish: Wish, by: str) -> Done:
        platform, comment = self._comment(wish.text("id"))
        if platform is self.world.instagram:
            self.world.instagram.remove(comment, by)
        else:
            platform.remove(comment, by, wish.copies)
        return {"id": comment.id}

    def like(self, wish: Wish) -> Done:
        platform, comment = self._comment(wish.text("id"))
        person = wish.person(self.ground)
        if platform is self.world.page:
            self.world.page.like(comment, person, wish.copies)
        else:
            platform.like(comment, person)
        return {"id": comment.id, "likes": comment.likes}

    def visitor_post(self, wish: Wish) -> Done:
        person = wish.person(self.ground)
        picture = wish.picture(self.ground)
        post = self.world.page.post(wish.text("text"), person, picture, wish.copies)
        return {"id": post.id, "person_id": person.facebook_id}

    def mention(self, wish: Wish) -> Done:
        text, person = wish.text("text"), wish.person(self.ground)
        match channel(wish, "facebook", "instagram", "threads"):
            case "instagram":
                comment = wish.flag("comment", True)
                return {"id": self.world.instagram.mention(text, person, comment, wish.copies)}
            case "threads":
                return {"id": self.world.threads.post(text, person, wish.copies).id}
        return {"id": self.world.page.mention(text, wish.copies)}

    def review(self, wish: Wish) -> Done:
        person, recommends = wish.person(self.ground), wish.flag("recommends")
        return {"id": self.world.page.review(wish.text("text"), person, recommends, wish.copies)}

    # --- in private --------------------------------------------------------------------------------

    def message(self, wish: Wish) -> Done:
        match channel(wish, "messenger", "telegram", "instagram", "whatsapp"):
            case "telegram":
                return self._to_bot(wish)
            case "whatsapp":
                return self._to_number(wish)
        return self._to_inbox(wish, self._inbox(wish))

    def _inbox(self, wish: Wish) -> Inbox:
        if wish.text("channel") == "instagram":
            return self.world.instagram.inbox
        return self.world.page.inbox

    def _to_inbox(self, wish: Wish, inbox: Inbox) -> Done:
        person, image = wish.person(self.ground), wish.picture(self.ground)
        chat = inbox.id_of(person)
        if button := wish.maybe("button"):
            identity = inbox.press(person, button, button.upper(), wish.copies)
            return {"id": identity, "chat": chat, "person_id": chat}
        attachments: list[dict[str, Any]] = []
        if image:
            attachments.append({"type": "image", "payload": {"url": image}})
        if wish.flag("sticker"):
            url = self.ground.picture()
            attachments.append({"type": "sticker", "payload": {"url": url, "sticker_id": STICKER}})
        if wish.flag("story_mention"):
            attachments.append({"type": "story_mention", "payload": {"url": self.ground.picture()}})
        more: dict[str, Any] = {}
        if wish.flag("story_reply"):
            story = {"id": str(self.ground.number()), "url": self.ground.picture()}
            more = {"reply_to": {"story": story}}
        text = wish.maybe("text") if attachments else wish.text("text")
        message = inbox.hear(
            person, text, attachments, wish.number("ago"), wish.maybe("reply_to"), wish.copies, more,
            wish.flag("standby"),
        )  # fmt: skip
        return {"id": message.id, "chat": chat, "person_id": chat}

    def _to_bot(self, wish: Wish) -> Done:
        chats, person = self.world.chats, wish.person(self.ground)
        image, sticker = wish.picture(self.ground), wish.flag("sticker")
        text = wish.maybe("text") if image or sticker else wish.text("text")
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

    def _to_number(self, wish: Wish) -> Done:
        person = wish.person(self.ground)
        kind, content, text, attachments = self._whatsapp_content(wish)
        chat = wish.maybe("chat") or "private"
        if chat not in ("private", "group"):
            raise BadRequest("chat is private or group")
        more: dict[str, Any] | None = None
        if kind == "unsupported":
            details = {"details": "Message type is currently not supported."}
            words = {"title": "Message type unknown", "message": "Message type unknown"}
            more = {"errors": [{"code": 131051, **words, "error_data": details}]}
        message = self.world.whatsapp.hear(
            person, kind, content, text, attachments, chat == "group", wish.maybe("reply_to"),
            wish.number("ago"), wish.copies, more,
        )  # fmt: skip
        room = self.world.whatsapp.room(None if chat == "group" else person)
        return {"id": message.id, "chat": room.id, "person_id": person.bsuid}

    def _whatsapp_content(
        self, wish: Wish
    ) -> tuple[str, dict[str, Any] | None, str | None, list[dict[str, Any]]]:
        """Type, content, words and attachments of what is sent."""
        if wish.body.get("image"):
            return self._media("image", File("photo.jpg", "image/png", png()), wish.maybe("text"))
        if wish.flag("sticker"):
            return self._media("sticker", File("sticker.webp", "image/png", png()), None)
        if wish.flag("voice"):
            return self._media("audio", VOICE, None)
        if wish.flag("document"):
            file = File("receipt.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n")
            return self._media("document", file, wish.maybe("text"))
        if place := wish.body.get("location"):
            found = place if isinstance(place, dict) else dict(PLACE)
            name = f"Location: {found.get('name') or 'a place'}"
            shown = {"type": "location", "url": None, "name": name}
            return "location", found, None, [shown]
        if button := wish.maybe("button"):
            reply = {"id": button.lower(), "title": button}
            return "interactive", {"button_reply": reply, "type": "button_reply"}, button, []
        if button := wish.maybe("template_button"):
            return "button", {"text": button, "payload": button}, button, []
        if wish.flag("unsupported"):
            return "unsupported", None, None, []
        text = wish.text("text")
        return "text", {"body": text}, text, []

    def _media(
        self, kind: str, file: File, caption: str | None
    ) -> tuple[str, dict[str, Any], str | None, list[dict[str, Any]]]:
        media = self.world.whatsapp.keep(file)
        content: dict[str, Any] = {"mime_type": file.kind, "sha256": media.digest, "id": media.id}
        if caption is not None:
            content["caption"] = caption
        if kind == "audio":
            content["voice"] = True
        if kind == "document":
            content["filename"] = file.name
        shown = {"image": "image", "sticker": "sticker"}.get(kind, "file")
        url = self.ground.keep(file)
        return kind, content, caption, [{"type": shown, "url": url, "name": file.name}]

    def _room(self, wish: Wish) -> Room:
        return self.world.whatsapp.find_room(wish.text("chat"))

    def edit_message(self, wish: Wish) -> Done:
        match channel(wish, "messenger", "telegram", "instagram", "whatsapp"):
            case "telegram":
                place = self.world.chats.find(wish.text("chat"))
                said = self.world.chats.message(place, int(wish.number("id")))
                self.world.chats.edit(place, said, wish.text("text"), "customer", wish.copies)
                return {"id": said.id}
            case "whatsapp":
                whatsapp, room = self.world.whatsapp, self._room(wish)
                sent = whatsapp.find(room, wish.text("id"))
                whatsapp.edit(room, sent, wish.text("text"), wish.copies)
                return {"id": sent.id}
        inbox = self._inbox(wish)
        chat, message = inbox.find(wish.text("chat"), wish.text("id"))
        inbox.edit(chat, message, wish.text("text"), wish.copies)
        return {"id": message.id}

    def remove_message(self, wish: Wish) -> Done:
        match channel(wish, "messenger", "telegram", "instagram", "whatsapp"):
            case "telegram":
                place = self.world.chats.find(wish.text("chat"))
                said = self.world.chats.message(place, int(wish.number("id")))
                self.world.chats.remove(place, said, "customer", wish.copies)
                return {"id": said.id}
            case "whatsapp":
                whatsapp, room = self.world.whatsapp, self._room(wish)
                sent = whatsapp.find(room, wish.text("id"))
                whatsapp.revoke(room, sent, wish.copies)
                return {"id": sent.id}
        inbox = self._inbox(wish)
        chat, message = inbox.find(wish.text("chat"), wish.text("id"))
        inbox.unsend(chat, message, wish.copies)
        return {"id": message.id}

    def react(self, wish: Wish) -> Done:
        emoji = str(wish.body.get("emoji", "\u2764\ufe0f"))
        if channel(wish, "messenger", "instagram", "whatsapp") == "whatsapp":
            whatsapp, room = self.world.whatsapp, self._room(wish)
            sent = whatsapp.find(room, wish.text("id"))
            whatsapp.react(
                room, room.person or wish.person(self.ground), sent, emoji, wish.copies
            )  # fmt: skip
            return {"id": sent.id}
        inbox = self._inbox(wish)
        chat, message = inbox.find(wish.text("chat"), wish.text("id"))
        inbox.react(chat, message, emoji, wish.copies)
        return {"id": message.id}

    def seen(self, wish: Wish) -> Done:
        person = wish.person(self.ground)
        if channel(wish, "messenger", "instagram", "whatsapp") == "whatsapp":
            self.world.whatsapp.see(person, wish.copies)
        else:
            self._inbox(wish).see(person, wish.copies)
        return {}

    def block(self, wish: Wish) -> Done:
        person, blocked = wish.person(self.ground), wish.flag("blocked", True)
        match channel(wish, "messenger", "telegram", "instagram", "whatsapp"):
            case "telegram":
                self.world.chats.block(self.world.chats.chat("private", person), blocked)
            case "whatsapp":
                self.world.whatsapp.block(person, blocked)
            case _:
                self._inbox(wish).block(person, blocked)
        return {"blocked": blocked}

    def identity(self, wish: Wish) -> Done:
        person = wish.person(self.ground)
        shown = wish.flag("phone_shown") if "phone_shown" in wish.body else None
        self.world.whatsapp.rename(person, shown, wish.flag("new_number"), wish.copies)
        return {"phone": person.phone if person.phone_shown else None, "bsuid": person.bsuid}

    # --- the brand's staff, natively -----------------------------------------------------------------

    def staff_post(self, wish: Wish) -> Done:
        text = wish.text("text")
        match channel(wish, "facebook", "instagram", "threads"):
            case "instagram":
                return {"id": self.world.instagram.post(text, wish.picture(self.ground)).id}
            case "threads":
                return {"id": self.world.threads.post(text).id}
        return {"id": self.world.page.post(text, image=wish.picture(self.ground)).id}

    def staff_live(self, wish: Wish) -> Done:
        post = self.world.instagram.broadcast(wish.flag("on", True))
        return {"id": post.id if post else None}

    def staff_comment(self, wish: Wish) -> Done:
        match channel(wish, "facebook", "instagram", "threads"):
            case "instagram":
                return self._on_instagram(wish, None, "staff")
            case "threads":
                return self._on_threads(wish, None, "staff")
        page, reply_to = self.world.page, wish.maybe("reply_to")
        parent = page.find_comment(reply_to) if reply_to else None
        post = parent.post if parent else page.find_post(wish.maybe("post"))
        comment = page.comment(post, parent, None, "staff", wish.text("text"), copies=wish.copies)
        return {"id": comment.id, "post_id": post.id}

    def staff_message(self, wish: Wish) -> Done:
        person, text = wish.person(self.ground), wish.text("text")
        match channel(wish, "messenger", "telegram", "instagram", "whatsapp"):
            case "telegram":
                chat = self.world.chats.chat("business", person)
                return {"id": self.world.chats.say(chat, "staff", text).id, "chat": chat.key}
            case "whatsapp":
                sent = self.world.whatsapp.staff(person, text)
                return {"id": sent.id, "chat": self.world.whatsapp.room(person).id}
        inbox = self._inbox(wish)
        return {"id": inbox.say(person, "staff", text).id, "chat": inbox.id_of(person)}

    def staff_unsend(self, wish: Wish) -> Done:
        channel(wish, "whatsapp")
        room = self._room(wish)
        sent = self.world.whatsapp.find(room, wish.text("id"))
        if sent.by == "customer":
            raise NotFound(f"there is no message {sent.id} of the brand")
        self.world.whatsapp.staff_revoke(room, sent)
        return {"id": sent.id}

    def staff_hide(self, wish: Wish) -> Done:
        platform, comment = self._comment(wish.text("id"))
        platform.hide(comment, wish.flag("hidden", True), "staff")
        return {"id": comment.id, "hidden": comment.hidden}

    def staff_remove(self, wish: Wish) -> Done:
        return self._remove(wish, "staff")

    def channel_post(self, wish: Wish) -> Done:
        return {"id": self.world.chats.announce(wish.text("text")).id}


def channel(wish: Wish, *known: str) -> str:
    """Where it happens: one of *known*; Facebook needs no naming."""
    name = wish.maybe("channel") or ("facebook" if "facebook" in known else "")
    if name not in known:
        raise BadRequest(f"channel is one of {', '.join(known)}")
    return name
