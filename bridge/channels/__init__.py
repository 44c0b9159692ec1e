"""The sources and channels we know. Adding a source is a file beside this and a line here."""

from __future__ import annotations

from bridge.channels import meta, telegram
from bridge.channels.base import Channel, Source

SOURCES: dict[str, Source] = {source.name: source for source in (meta.SOURCE, telegram.SOURCE)}

CHANNELS: dict[str, Channel] = {
    name: channel for source in SOURCES.values() for name, channel in source.channels.items()
}
