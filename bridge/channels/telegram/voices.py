"""Words on their way to a chat, taken back, and files from it.

Source: facts collected from Bot API 10.1 and the source of its server, read 2026-11.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bridge.channels import media
from bridge.channels.base import Account, Calls, File, HttpRequest
from bridge.channels.telegram.api import account_of, base, call, failure, request, token_of, whole
from bridge.core.errors import Ambiguous, PermanentError, Unsupported
from bridge.core.model import Attachment, Connection, Outgoing, Target
from bridge.core.untrusted import ident, mapping, text


def post(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Say *outgoing* in the chat the customer wrote in; return `chat:message`.

    Plain text, never a parse mode: a stray `_` would be refused. In groups it answers the
    customer's message. A group that became a supergroup has a new id: it is written to there.
    """
    chat = target.answer.get("chat_id")
    if chat is None:
        raise Unsupported("nobody_to_answer", "it is not known in which chat to answer")
    return (yield from _send(target, outgoing, chat, in_place=True))


def post_privately(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Say *outgoing* to the person alone; return `chat:message`.

    From a group this reaches only those who started the bot; the others are told of as
    person_unavailable.
    """
    chat = target.answer.get("chat_id")
    if chat is None or target.answer.get("chat_type") not in ("private", None):
        chat = target.person_id
        if chat is None or chat.startswith("-"):
            raise Unsupported("nobody_to_answer", "it is not known to whom to write")
        return (yield from _send(target, outgoing, chat, in_place=False))
    return (yield from _send(target, outgoing, chat, in_place=True))


def _send(target: Target, outgoing: Outgoing, chat: str, *, in_place: bool) -> Calls[str]:
    answer = target.answer
    body: dict[str, Any] = {"chat_id": whole(chat), "text": outgoing.text}
    if in_place:
        if thread := answer.get("message_thread_id"):
            body["message_thread_id"] = whole(thread)
        if business := answer.get("business_connection_id"):
            body["business_connection_id"] = business
        said_in_public = answer.get("chat_type") not in ("private", None)
        if said_in_public and (message_id := answer.get("message_id")):
            body["reply_parameters"] = {
                "message_id": whole(message_id),
                "allow_sending_without_reply": True,
            }
    sending = request(target.connection, "sendMessage", body, chat=chat)
    response = yield sending
    moved = ident(mapping(mapping(response.json()).get("parameters")).get("migrate_to_chat_id"))
    if moved is not None and not response.ok:
        body["chat_id"] = whole(moved)
        sending = request(target.connection, "sendMessage", body, chat=moved)
        response = yield sending
    told = mapping(response.json())
    if not response.ok or told.get("ok") is not True:
        raise failure(sending, response)
    result = mapping(told.get("result"))
    message_id = ident(result.get("message_id"))
    if message_id is None:
        raise Ambiguous("no_id", "Telegram said yes, but named no message_id")
    return f"{ident(mapping(result.get('chat')).get('id')) or moved or chat}:{message_id}"


def delete(target: Target, posted: str) -> Calls[None]:
    """Take back what was posted as *posted* (`chat:message`); gone already is as good.

    Within 48 hours of it. Raises `cannot_delete` after that, and Unsupported for what was said in the
    name of a business account: that is another call and another right, which nobody has tried.
    """
    if "business_connection_id" in target.answer:
        raise Unsupported("unsupported", "what a business account said cannot be taken back here")
    chat, _, message_id = posted.rpartition(":")
    body = {"chat_id": whole(chat), "message_id": whole(message_id)}
    try:
        yield from call(
            request(target.connection, "deleteMessage", body, repeatable=True, chat=chat)
        )
    except PermanentError as error:
        if not error.gone:
            raise


def fetch(connection: Connection, account: Account, attachment: Attachment) -> Calls[File]:
    """The file behind `attachment.id`; up to 20 MB, the Bot API hands out no more."""
    if attachment.id is None:
        raise Unsupported("no_file", f"an attachment of type {attachment.type} is no file")
    told = yield from call(
        request(connection, "getFile", {"file_id": attachment.id}, write=False, repeatable=True)
    )
    path = text(mapping(told).get("file_path")) or ""
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise PermanentError("no_file", "Telegram named no path for the file", gone=True)
    home = base(connection)
    download = HttpRequest(
        method="GET",
        url=f"{home}/file/bot{token_of(connection)}/{quote(path)}",
        write=False,
        repeatable=True,
        max_bytes=media.MAX_BYTES,
        deadline=10.0,
        shown=f"{home}/file/bot***/...",
        budget=(f"telegram:{account_of(connection)}",),
    )
    response = yield download
    return media.file_of(download, response, attachment.name or path.rpartition("/")[2])
