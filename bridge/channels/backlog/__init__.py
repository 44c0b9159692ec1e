"""What was said on Meta's platforms of late, read back: each item as its webhook would have been.

Old webhooks cannot be asked for again, but what stands on a Page or in a chat can. It goes through
the readers of the webhooks, so that it has their names. WhatsApp cannot be asked. Source: facts collected
from Meta's Graph API, Instagram Platform and Threads references, read 2026-11. That lists and webhooks
tell the same `created_time` is not confirmed for comments; where they differ, the engine knows a
customer's words by their id.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.channels.backlog import facebook, instagram, messages, threads
from bridge.channels.base import Reads

# Channel -> what of it can be read, by the name under which it is told.
READS: Mapping[str, Mapping[str, Reads]] = {
    "facebook": {"comments and posts": facebook.comments},
    "messenger": {"messages": messages.messenger},
    "instagram": {"comments": instagram.comments, "messages": messages.instagram},
    "threads": {"replies": threads.replies, "mentions": threads.mentions},
}
