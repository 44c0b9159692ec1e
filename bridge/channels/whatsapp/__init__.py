"""WhatsApp: what people write to a business number, by Meta's Cloud API.

A person is known by a phone number, by a business-scoped user id (BSUID, `US.1349...`), or by both; since
2026 the number may be missing. Ids of messages (wamids) hold the number in base64: they stay out of logs.
Source: facts collected from Meta's WhatsApp Business Platform pages (webhooks, media, business-scoped user
ids, groups, changelog to 11 Aug 2026) and recorded payloads, read 2026-11.
"""

from __future__ import annotations

from bridge.channels.base import Channel, Post, Voice
from bridge.channels.whatsapp.events import NAME
from bridge.channels.whatsapp.voices import MEDIA_HOSTS, fetch, post, post_in_group, post_template
from bridge.core.model import Capabilities

DAY = 24 * 3600.0


def _voice(post: Post, *, window: float | None = None) -> Voice:
    return Voice(
        capabilities=Capabilities(max_length=4096, window=window),
        post=post,
        echo=60.0,  # a status with our marker comes in seconds, where the message was accepted
        settings={"max_length": "message_length", "echo": "status_seconds"},
    )


CHANNEL = Channel(
    name=NAME,
    label="WhatsApp",
    public=_voice(post_in_group, window=DAY),  # anybody of the group opens it
    private=_voice(post, window=DAY),
    template=_voice(post_template),
    fetch=fetch,
    media_hosts=MEDIA_HOSTS,
)
