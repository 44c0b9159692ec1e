"""The Send API: messages, private replies, and the windows in which they may go out."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.graph_answers import Refusal, bad
from bridge.sandbox.page import DAY, Chat, Comment, Page, Post

MAX_MESSAGE = 2000
RETIRED_TAGS = {"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}
SENDER_ACTIONS = {"typing_on", "typing_off", "mark_seen", "react", "unreact"}


class Sending:
    """What `POST /{page}/messages` does."""

    def __init__(self, page: Page) -> None:
        self.page, self.ground = page, page.ground

    def send(self, params: dict[str, Any]) -> Any:
        recipient = params.get("recipient")
        if not isinstance(recipient, dict):
            raise bad("The parameter recipient is required")
        if "comment_id" in recipient or "post_id" in recipient:
            return self._private_reply(recipient, params)
        identity = str(recipient.get("id", ""))
        chat = self.page.chats.get(identity)
        if chat is None:
            raise bad("No matching user found", 2018001)
        if chat.blocked:
            raise Refusal(551, "(#551) This person isn't available right now.", 1545041)
        if (action := params.get("sender_action")) is not None:
            if action not in SENDER_ACTIONS or "message" in params:
                raise bad("sender_action goes alone and is one of typing_on, typing_off, mark_seen")
            return {"recipient_id": identity}
        text, attachments, metadata = self._message(params)
        tag = self._window(chat, params)
        reply_to = params.get("reply_to")
        message = self.page.say(
            chat.person, "bridge", text, attachments, tag, metadata,
            reply_to=reply_to.get("mid") if isinstance(reply_to, dict) else None,
        )  # fmt: skip
        return {"recipient_id": identity, "message_id": message.id}

    def _message(
        self, params: dict[str, Any]
    ) -> tuple[str | None, list[dict[str, Any]], str | None]:
        message = params.get("message")
        if not isinstance(message, dict):
            raise bad("The parameter message is required")
        text, attachment, metadata = (
            message.get(key) for key in ("text", "attachment", "metadata")
        )
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
        if len(text) > MAX_MESSAGE:
            raise bad(f"Length of param message[text] must be less than or equal to {MAX_MESSAGE}")
        return text, [], metadata

    def _window(self, chat: Chat, params: dict[str, Any]) -> str | None:
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
            2018278,
        )

    def _private_reply(self, recipient: dict[str, Any], params: dict[str, Any]) -> Any:
        comment_id, post_id = recipient.get("comment_id"), recipient.get("post_id")
        item: Comment | Post
        if comment_id is not None:
            item = self.page.find_comment(str(comment_id))
        else:
            item = self.page.find_post(str(post_id))
        if item.private_reply:
            raise Refusal(10900, "(#10900) Activity already replied to")
        if item.author is None or self.ground.clock.now() - item.at > 7 * DAY:
            raise Refusal(10903, "(#10903) This user cant reply to this activity")
        if self.page.chat(item.author).blocked:
            raise Refusal(551, "(#551) This person isn't available right now.", 1545041)
        text, attachments, metadata = self._message(params)
        item.private_reply = True
        message = self.page.say(
            item.author, "bridge", text, attachments, None, metadata, private_reply_to=item.id
        )
        self.ground.record.add(
            "meta", "private_reply", "bridge", text, id=message.id, comment_id=item.id,
            chat=item.author.facebook_id,
        )  # fmt: skip
        return {"recipient_id": item.author.facebook_id, "message_id": message.id}
