"""Facebook Pages: comments, posts by visitors, mentions and reviews, and private replies to them."""

from __future__ import annotations

from bridge.channels import graph, media
from bridge.channels.base import Channel, Voice
from bridge.channels.facebook import voices
from bridge.channels.facebook.events import NAME
from bridge.core.model import Capabilities

CHANNEL = Channel(
    name=NAME,
    label="Facebook",
    public=Voice(
        # 8,000 is unconfirmed; UTF-16 is the wider of the plausible measures.
        capabilities=Capabilities(max_length=8000, measure="utf16"),
        post=voices.post_comment,
        look=voices.look_for_comment,
        settings={"max_length": "comment_length"},
    ),
    private=Voice(
        capabilities=Capabilities(
            max_length=2000, measure="utf16", within=7 * 24 * 3600.0, once=True
        ),
        post=voices.post_private_reply,
        settings={"max_length": "message_length"},
    ),
    private_channel="messenger",
    hide=voices.hide,
    unhide=voices.unhide,
    delete=graph.delete,
    describe=voices.describe,
    fetch=media.by_url,
    media_hosts=graph.MEDIA_HOSTS,
)
