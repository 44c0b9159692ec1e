"""What comes in from a Page: comments, posts by visitors, mentions and reviews.

Source: facts collected from Meta's Page webhooks and Graph API reference, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridge.channels.envelope import Entry
from bridge.channels.other import other, word
from bridge.core.model import (
    Attachment,
    Author,
    Change,
    Kind,
    Message,
    Visibility,
)
from bridge.core.untrusted import (
    Broken,
    fingerprint,
    ident,
    items,
    link_at,
    mapping,
    moment,
    number,
    text,
)

NAME = "facebook"

CHANGES = {
    "add": Change.CREATED,
    "edit": Change.EDITED,  # posts and ratings
    "edited": Change.EDITED,  # comments and statuses
    "update": Change.EDITED,
    "remove": Change.DELETED,
    "delete": Change.DELETED,
}
HIDINGS = {"hide": "hidden", "unhide": "unhidden"}  # the Page's doing, not the customer's
POSTS = frozenset(
    {"post", "status", "photo", "video", "share", "link", "album", "event", "note", "reel"}
)
REACTIONS = frozenset({"like", "reaction"})


def change(entry: Entry, item: Mapping[str, Any]) -> Message:
    """The event in one item of `changes`."""
    field, value = item.get("field"), item.get("value")
    if field not in ("feed", "mention", "ratings"):
        return other(NAME, entry.account_id, f"field {word(field)}", item)
    if not isinstance(value, dict):
        raise Broken("the value is not an object")
    named = text(value.get("item"))
    if named in REACTIONS:
        return _reaction(entry, value)
    if field == "mention":
        return _mention(entry, value)
    if named == "comment":
        return _comment(entry, value)
    if field == "ratings":
        if named != "rating":
            return other(NAME, entry.account_id, f"unknown item: {word(named)}", value)
        return _review(entry, value)
    if named in POSTS:
        return _post(entry, value)
    return other(NAME, entry.account_id, f"unknown item: {word(named)}", value)


def _comment(entry: Entry, value: Mapping[str, Any]) -> Message:
    comment_id = _needed(value, "comment_id")
    post_id = ident(value.get("post_id"))
    parent_id = ident(value.get("parent_id"))
    story_id = ident(value.get("open_graph_story_id"))  # a comment on a review
    root = _root_of(comment_id, parent_id, post_id)
    thread = story_id or root
    answer = {"comment_id": comment_id, "root": root, "post_id": post_id}
    return _said(
        entry,
        value,
        kind=Kind.COMMENT,
        external_id=comment_id,
        thread_id=thread,
        in_reply_to=parent_id if root == parent_id else story_id,
        answer=answer,
        permalink=_permalink(value, post_id, comment_id),
    )


def _post(entry: Entry, value: Mapping[str, Any]) -> Message:
    post_id = _needed(value, "post_id")
    return _said(
        entry,
        value,
        kind=Kind.POST,
        external_id=post_id,
        thread_id=post_id,
        answer={"post_id": post_id},
        permalink=_permalink(value, post_id, None),
        quiet="share" if value.get("item") == "share" else None,
    )


def _mention(entry: Entry, value: Mapping[str, Any]) -> Message:
    """Somebody named the Page elsewhere. Who did is never told (recorded; restfb issue 1136)."""
    comment_id, post_id = ident(value.get("comment_id")), ident(value.get("post_id"))
    mentioned = comment_id or post_id
    if mentioned is None:
        raise Broken("neither comment_id nor post_id is an id")
    parent_id = ident(value.get("parent_id"))
    root = _root_of(comment_id, parent_id, post_id) if comment_id else None
    return _said(
        entry,
        value,
        kind=Kind.MENTION,
        external_id=mentioned,
        thread_id=root or mentioned,
        in_reply_to=parent_id if root == parent_id else None,
        answer={"comment_id": comment_id, "root": root, "post_id": post_id},
        permalink=_permalink(value, post_id, comment_id),
    )


def _review(entry: Entry, value: Mapping[str, Any]) -> Message:
    story_id = _needed(value, "open_graph_story_id")
    return _said(
        entry,
        value,
        kind=Kind.REVIEW,
        external_id=story_id,
        thread_id=story_id,
        answer={"story_id": story_id},
        permalink=_permalink(value, None, None),
    )


def _reaction(entry: Entry, value: Mapping[str, Any]) -> Message:
    author = author_of(value)
    on = ident(value.get("comment_id")) or ident(value.get("post_id"))
    return other(
        NAME,
        entry.account_id,
        "reaction",
        value,
        external_id=on,
        author=author,
        own=_own(entry, author),
        visibility=Visibility.PUBLIC,
        sent_at=moment(value.get("created_time")) or entry.at,
    )


def _said(
    entry: Entry,
    value: Mapping[str, Any],
    *,
    kind: Kind,
    external_id: str,
    thread_id: str,
    answer: Mapping[str, str | None],
    permalink: str | None,
    in_reply_to: str | None = None,
    quiet: str | None = None,
) -> Message:
    verb = value.get("verb")
    known = CHANGES.get(verb) if isinstance(verb, str) else None
    hiding = HIDINGS.get(verb) if isinstance(verb, str) else None
    if known is None and hiding is None:
        return other(
            NAME,
            entry.account_id,
            f"unknown verb: {word(verb)}",
            value,
            external_id=external_id,
            visibility=Visibility.PUBLIC,
        )
    author = author_of(value)
    own = _own(entry, author)
    words = _words(value, "review_text" if kind is Kind.REVIEW else "message")
    files = _attachments(value)
    if words is None and files:
        words = ""
    created = ident(value.get("created_time")) or ""
    # Several events of one post (its text, its photo) share id and time; an edit keeps the id.
    item = value.get("item") if kind is Kind.POST else ""
    change = known or Change.EDITED
    return Message(
        channel=NAME,
        account_id=entry.account_id,
        kind=kind,
        change=change,
        external_id=external_id,
        thread_id=thread_id,
        visibility=Visibility.PUBLIC,
        author=author,
        own=own,
        ignored=hiding or ("own" if own else quiet),
        text=words,
        attachments=files,
        in_reply_to=in_reply_to,
        permalink=permalink,
        sent_at=moment(value.get("created_time")) or entry.at,
        dedupe=":".join(
            (
                kind,
                external_id,
                hiding or change.value,
                word(item),
                created,
                fingerprint([words, value.get("rating"), value.get("recommendation_type")]),
            )
        ),
        answer={name: given for name, given in answer.items() if given},
        extra=_extra(value),
    )


def _root_of(comment_id: str, parent_id: str | None, post_id: str | None) -> str:
    """The id of the comment at the top of the thread that *comment_id* stands in.

    Facebook shows two levels: a parent is either the object commented on or the top comment. The
    object is the post, but under a photo it is an album or the photo, so comparing with `post_id`
    alone takes every comment there for a reply. A parent comment shares the part of its id before
    `_` with its replies; an object does not, or its last part is that shared part or the post's.
    """
    if parent_id is None or parent_id == post_id:
        return comment_id
    shared, joined, _ = comment_id.rpartition("_")
    before, parent_joined, last = parent_id.rpartition("_")
    if not joined and not parent_joined:
        return parent_id
    if before != shared or last in (shared, (post_id or "").rpartition("_")[2]):
        return comment_id
    return parent_id


def _needed(value: Mapping[str, Any], key: str) -> str:
    found = ident(value.get(key))
    if found is None:
        raise Broken(f"{key} is {'missing' if value.get(key) is None else 'no id'}")
    return found


def _words(value: Mapping[str, Any], key: str) -> str | None:
    said = value.get(key)
    if said is not None and not isinstance(said, str):
        raise Broken(f"{key} is no text")
    return text(said)


def author_of(value: Mapping[str, Any]) -> Author | None:
    """Who acted; None without advanced access to pages_read_user_content, and for mentions."""
    sender = mapping(value.get("from"))
    found = (
        ident(sender.get("id")) or ident(value.get("sender_id")) or ident(value.get("reviewer_id"))
    )
    name = (
        text(sender.get("name"))
        or text(value.get("sender_name"))
        or text(value.get("reviewer_name"))
    )
    return Author(id=found, name=name or None) if found or name else None


def _own(entry: Entry, author: Author | None) -> bool | None:
    if author is None or author.id is None:
        return False
    return None if entry.account_id is None else author.id == entry.account_id


def _attachments(value: Mapping[str, Any]) -> tuple[Attachment, ...]:
    item = value.get("item")
    found = [("image", url) for url in items(value.get("photos"))]
    found += [("image", value.get("photo")), ("video", value.get("video"))]
    kind = {"photo": "image", "video": "video", "reel": "video"}.get(str(item), "link")
    found.append((kind, value.get("link")))
    seen: dict[str, Attachment] = {}
    for kind, url in found:
        address = text(url)
        if address:
            seen.setdefault(address, Attachment(type=kind, url=address))
    return tuple(seen.values())


def _extra(value: Mapping[str, Any]) -> dict[str, Any]:
    post = mapping(value.get("post"))
    published = post.get("is_published")
    about_post = {
        "id": ident(post.get("id")) or ident(value.get("post_id")),
        "permalink_url": page_link(post.get("permalink_url")),
        "status_type": text(post.get("status_type")),
        "promotion_status": text(post.get("promotion_status")),
        "is_published": published if isinstance(published, bool) else None,
    }
    recommendation = text(value.get("recommendation_type"))
    extra = {
        "post": {
            name: given for name, given in about_post.items() if isinstance(given, str | bool)
        },
        "item": text(value.get("item")),
        "rating": number(value.get("rating")),
        "recommendation": recommendation and recommendation.lower(),
    }
    return {name: given for name, given in extra.items() if given not in (None, {}, "")}


def page_link(value: object) -> str | None:
    """*value* if it is an https address on facebook.com."""
    return link_at("facebook.com", value)


def _permalink(value: Mapping[str, Any], post_id: str | None, comment_id: str | None) -> str | None:
    """The address of what was said, from the post's; facebook.com/<id> leads there too."""
    link = page_link(mapping(value.get("post")).get("permalink_url"))
    if link is None and post_id is not None:
        link = f"https://www.facebook.com/{quote(post_id, safe='')}"
    if link is None:
        return comment_id and f"https://www.facebook.com/{quote(comment_id, safe='')}"
    if comment_id is None:
        return link
    sign = "&" if "?" in link else "?"
    return f"{link}{sign}comment_id={quote(comment_id.rpartition('_')[2], safe='')}"
