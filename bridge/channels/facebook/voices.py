"""What we say on a Page and behind its comments, what we hide there, and what we ask about an event.

Source: facts collected from Meta's Graph API reference, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.channels import graph, messaging
from bridge.channels.base import Posted
from bridge.channels.facebook.events import author_of, page_link
from bridge.core.calls import Calls
from bridge.core.errors import Unsupported
from bridge.core.model import Kind, Message, Outgoing, Target
from bridge.core.untrusted import text


def _node(target: Target) -> str:
    """What a public answer is hung on: the root comment, or the post or review itself."""
    answer = target.answer
    found = answer.get("root") or answer.get("post_id") or answer.get("story_id")
    if found is None:
        found = target.thread_id or target.item_id
    if found is None:
        raise Unsupported("nothing_to_answer", "it is not known under what to answer")
    return found


def post_comment(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Put *outgoing* under the root comment, or under the visitor's post; return the comment's id."""
    answer = yield from graph.call(
        graph.request(target, "POST", _node(target), "comments", json={"message": outgoing.text})
    )
    return graph.needed_id(answer, "id")


def look_for_comment(target: Target, outgoing: Outgoing) -> Calls[str | None]:
    """The id of a comment with our words by the Page, written since `outgoing.since`; else None."""
    params = {
        "fields": "id,from,message,created_time",
        "order": "reverse_chronological",
        "limit": "100",
    }
    path = (_node(target), "comments")
    return (yield from graph.look(target, outgoing, path, params, graph.by_page(target)))


def post_private_reply(target: Target, outgoing: Outgoing) -> Calls[Posted]:
    """Write to the person behind a comment or post: once, within 7 days; return the message's id.

    The id is a `Posted`: it knows the person's PSID, who is the same one in Messenger. Refused with
    10900 where somebody has done so already, so it is safe to repeat.
    """
    comment_id, post_id = target.answer.get("comment_id"), target.answer.get("post_id")
    if comment_id:
        recipient = {"comment_id": comment_id}
    elif post_id:
        recipient = {"post_id": post_id}
    else:
        raise Unsupported("no_private_reply", "Facebook has no private reply to a review")
    speaker = graph.account_id(target)
    return (yield from messaging.post(target, outgoing, speaker, recipient=recipient))


HIDING = "comments can be hidden on Facebook"


def hide(target: Target) -> Calls[None]:
    """The customer's comment is hidden from others; its author and their friends still see it."""
    yield from graph.show(target, {"is_hidden": True}, HIDING)


def unhide(target: Target) -> Calls[None]:
    """A hidden comment can be seen again."""
    yield from graph.show(target, {"is_hidden": False}, HIDING)


def describe(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """What the payload left out: post_text, post_url, and author, text, permalink of a comment.

    What Facebook does not let us see is left out; that is no error.
    """
    found: dict[str, object] = {}
    comment_id, post_id = message.answer.get("comment_id"), message.answer.get("post_id")
    if comment_id and (message.author is None or message.text is None):
        fields = "id,message,from,created_time,permalink_url"
        told = yield from graph.seen(target, comment_id, fields)
        author, said = author_of(told), text(told.get("message"))
        link = page_link(told.get("permalink_url"))
        if message.author is None and author is not None:
            found["author"] = author
        if message.text is None and said:
            found["text"] = said
        if link:
            found["permalink"] = link
    if post_id:
        told = yield from graph.seen(target, post_id, "message,permalink_url")
        said, link = text(told.get("message")), page_link(told.get("permalink_url"))
        if message.kind is Kind.POST:
            if message.text is None and said:
                found["text"] = said
        elif said:
            found["post_text"] = said
        if link:
            found["post_url"] = link
    return found
