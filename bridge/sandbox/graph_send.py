"""The Send API: messages, private replies, and the windows in which they may go out."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.graph_answers import Refusal, bad, missing
from bridge.sandbox.ground import Ground
from bridge.sandbox.inbox import Inbox
from bridge.sandbox.instagram import Instagram
from bridge.sandbox.page import Page
from bridge.sandbox.said import DAY, Chat, Comment, Post

RETIRED_TAGS = {"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}
SENDER_ACTIONS = {"typing_on", "typing_off", "mark_seen", "react", "unreact"}


class Sending:
    """What `POST /{page}/messages` and `POST /{Instagram account}/messages` do.

    A Page reaches the people of the Instagram account that is tied to it, too: the recipient's id decides.
    """

    def __init__(self, page: Page, instagram: Instagram) -> None:
        self.page, self.instagram, self.ground = page, instagram, page.ground

    def send(self, params: dict[str, Any], instagram_only: bool = False) -> Any:
        within(
            self.ground, "sends_per_second", "Calls to the Send API have exceeded the rate limit."
        )
        recipient = params.get("recipient")
        if not isinstance(recipient, dict):
            raise bad("The parameter recipient is required")
        inboxes = [self.instagram.inbox]
        if not instagram_only:
            inboxes.insert(0, self.page.inbox)
        if "comment_id" in recipient or "post_id" in recipient:
            return self._private_reply(recipient, params, inboxes)
        identity = str(recipient.get("id", ""))
        inbox = next((one for one in inboxes if identity in one.chats), None)
        if inbox is None:
            raise bad("No matching user found", 2018001)
        chat = inbox.chats[identity]
        reachable(chat)
        if (action := params.get("sender_action")) is not None:
            if action not in SENDER_ACTIONS or "message" in params:
                raise bad("sender_action goes alone and is one of typing_on, typing_off, mark_seen")
            return {"recipient_id": identity}
        text, attachments, metadata = message_of(params, inbox)
        tag = self._window(chat, params, inbox)
        reply_to = params.get("reply_to")
        message = inbox.say(
            chat.person, "bridge", text, attachments, tag, metadata,
            reply_to=reply_to.get("mid") if isinstance(reply_to, dict) else None,
        )  # fmt: skip
        return {"recipient_id": identity, "message_id": message.id}

    def _window(self, chat: Chat, params: dict[str, Any], inbox: Inbox) -> str | None:
        """The tag under which the message may go out now; raises when it may not."""
        kind, tag = params.get("messaging_type", "RESPONSE"), params.get("tag")
        if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"):
            raise bad(
                "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}"
            )
        if tag is not None and (tag in RETIRED_TAGS or tag != "HUMAN_AGENT"):
            raise bad(f"The message tag {tag} is not available any more.")
        if kind == "MESSAGE_TAG" and tag is None:
            raise bad("Tag is required for messaging_type MESSAGE_TAG")
        window = chat.window(self.ground.clock.now())
        if window == "open":
            return str(tag) if tag else None
        if kind == "MESSAGE_TAG" and window == "human":
            if not self.ground.settings.meta_human_agent:
                raise Refusal(10, "(#10) This app is not approved for the feature Human Agent")
            return str(tag)
        raise Refusal(
            10,
            "(#10) This message is sent outside of allowed window. Learn more about the new policy here: "
            "https://developers.facebook.com/docs/messenger-platform/policy-overview",
            inbox.platform.closed,
        )

    def _private_reply(
        self, recipient: dict[str, Any], params: dict[str, Any], inboxes: list[Inbox]
    ) -> Any:
        item, inbox = self._answered(recipient, inboxes)
        if inbox is self.instagram.inbox:
            within(
                self.ground, "private_replies_per_hour", "Calls to this api have exceeded the rate limit.", 3600
            )  # fmt: skip
        if item.private_reply:
            raise Refusal(10900, "(#10900) Activity already replied to")
        over = isinstance(item, Comment) and self.instagram.over(item)
        if item.author is None or over or self.ground.clock.now() - item.at > 7 * DAY:
            raise Refusal(10903, "(#10903) This user cant reply to this activity")
        reachable(inbox.chat(item.author))
        text, attachments, metadata = message_of(params, inbox)
        item.private_reply = True
        message = inbox.say(
            item.author, "bridge", text, attachments, None, metadata, private_reply_to=item.id
        )
        person = inbox.id_of(item.author)
        self.ground.record.add(
            "meta", "private_reply", "bridge", text, id=message.id, comment_id=item.id, chat=person,
            channel=inbox.platform.channel,
        )  # fmt: skip
        return {"recipient_id": person, "message_id": message.id}

    def _answered(
        self, recipient: dict[str, Any], inboxes: list[Inbox]
    ) -> tuple[Comment | Post, Inbox]:
        """What a private reply answers, and the inbox in which it will stand."""
        comment_id, post_id = recipient.get("comment_id"), recipient.get("post_id")
        if comment_id is not None and str(comment_id) in self.instagram.comments:
            return self.instagram.find_comment(str(comment_id)), self.instagram.inbox
        if self.page.inbox not in inboxes:
            raise missing(str(comment_id))
        if comment_id is not None:
            return self.page.find_comment(str(comment_id)), self.page.inbox
        return self.page.find_post(str(post_id)), self.page.inbox


def within(ground: Ground, name: str, text: str, seconds: float = 1) -> None:
    """Spend one call of a limit; 613 when there is none left."""
    rate = ground.rates["meta"][name]
    if ground.limited and ground.limits.take(f"meta {name}", rate, seconds).refused:
        raise Refusal(613, f"(#613) {text}")


def reachable(chat: Chat) -> None:
    if chat.blocked:
        raise Refusal(551, "(#551) This person isn't available right now.", 1545041)


def message_of(
    params: dict[str, Any], inbox: Inbox
) -> tuple[str | None, list[dict[str, Any]], str | None]:
    """Text, attachments and metadata of the message; raises when it is none."""
    message = params.get("message")
    if not isinstance(message, dict):
        raise bad("The parameter message is required")
    text, attachment, metadata = (message.get(key) for key in ("text", "attachment", "metadata"))
    if text is not None and attachment is not None:
        raise bad("Message cannot have both text and attachment")
    if metadata is not None and (not isinstance(metadata, str) or len(metadata) >= 1000):
        raise bad("Length of param message[metadata] must be less than 1000")
    if attachment is not None:
        if not isinstance(attachment, dict) or "type" not in attachment:
            raise bad("The parameter message[attachment][type] is required")
        payload = attachment.get("payload")
        payload = dict(payload) if isinstance(payload, dict) else {}
        payload["url"] = params.get("filedata") or payload.get("url")
        if not payload["url"]:
            raise bad("Upload attachment failure.", 2018047)
        return None, [{"type": attachment["type"], "payload": payload}], metadata
    if not isinstance(text, str) or not text.strip():
        raise bad("The parameter message[text] is required")
    if inbox.platform.measure(text) > inbox.platform.limit:
        limit = inbox.platform.limit
        raise bad(f"Length of param message[text] must be less than or equal to {limit}")
    return text, [], metadata
