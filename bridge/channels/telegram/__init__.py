"""Telegram bots: private chats, groups, comments under channel posts, business accounts.

Source: facts collected from Bot API 10.1 and the source of its server, read 2026-11.
"""

from __future__ import annotations

from bridge.channels.base import Channel, Source, Voice
from bridge.channels.telegram.api import API_URL, LIMITS, NAME, account_of
from bridge.channels.telegram.events import parse
from bridge.channels.telegram.setup import check, setup
from bridge.channels.telegram.voices import delete, fetch, post, post_privately
from bridge.core.model import Capabilities
from bridge.core.signing import EchoedToken

DAY = 24 * 3600.0
# 4,096 is counted in code points by some sources; UTF-16 units are the safe reading.
PLAIN = Capabilities(max_length=4096, measure="utf16")

CHANNEL = Channel(
    name=NAME,
    label="Telegram",
    public=Voice(capabilities=PLAIN, post=post),
    private=Voice(capabilities=PLAIN, post=post_privately),
    special={
        # In the name of a business account only talks with a message in the last day are open.
        "business_connection_id": Voice(
            capabilities=Capabilities(max_length=4096, measure="utf16", window=DAY), post=post
        ),
    },
    fetch=fetch,
    delete=delete,
    media_hosts=("api.telegram.org",),
)

SOURCE = Source(
    name=NAME,
    channels={NAME: CHANNEL},
    proof=EchoedToken(header="x-telegram-bot-api-secret-token", option="webhook_secret"),
    parse=parse,
    secrets=("token", "webhook_secret"),
    required=("token", "webhook_secret"),
    options={"api_url": API_URL},
    account_of=account_of,
    limits=LIMITS,
    check=check,
    setup=setup,
)
