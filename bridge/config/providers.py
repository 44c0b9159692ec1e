"""What the configuration knows of the providers: names of options, as plain data.

Wiring makes it from the records in SOURCES and HELPDESKS; nothing here imports an adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core.replies import Mouth

# What is planned and has no adapter yet: refused as "not in this release".
LATER = frozenset({
    "x", "tiktok", "linkedin", "line", "viber", "discord", "youtube", "bluesky", "mastodon",
    "reddit", "google_reviews", "trustpilot", "hootsuite", "sprout_social", "brand24", "mention",
    "brandwatch", "manychat", "chatfuel", "buffer",
})  # fmt: skip

GENERIC = "generic"  # the type whose source is a file in sources/


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a connection of one type may say.

    `account_options` are those of each account that the connection lists, with their default.
    `choices` are the words that an option takes, where it takes no others.
    `required` names options that must be there; `a|b` means that one of them must. `channels` are
    the places it brings; the first is that of a connection which is one account itself.
    `mouths` are the ways in which texts are said there by themselves, each with the account's option
    that sets its length; `hides` the places where a comment can be hidden and shown again.
    `priorities` and `types` are the words a helpdesk takes, where it takes no others.
    """

    secrets: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    account_options: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: bool = False
    required: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    mouths: tuple[tuple[Mouth, str], ...] = ()
    hides: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


# What it brings stands in the file it names; its proof has a shape of its own (config/proofs.py).
DESCRIBED = Options(options={"source": None}, required=("source", "proof"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """All connection types of this release, by name."""

    sources: Mapping[str, Options] = field(default_factory=dict)
    helpdesks: Mapping[str, Options] = field(default_factory=dict)

    @property
    def channels(self) -> tuple[str, ...]:
        """All places of this release."""
        return tuple(name for options in self.sources.values() for name in options.channels)

    @property
    def hides(self) -> tuple[str, ...]:
        """The places where a comment can be hidden, and shown again."""
        return tuple(name for options in self.sources.values() for name in options.hides)

    @classmethod
    def of(cls, sources: Mapping[str, Any], helpdesks: Mapping[str, Any]) -> Providers:
        """The providers as told by the records of SOURCES and HELPDESKS."""
        return cls(
            sources={
                **{name: _options(record) for name, record in sources.items()},
                GENERIC: DESCRIBED,
            },
            helpdesks={name: _options(record) for name, record in helpdesks.items()},
        )


def _options(record: Any) -> Options:
    places = getattr(record, "channels", {})
    channels = tuple(places.values()) if isinstance(places, Mapping) else ()
    return Options(
        secrets=tuple(record.secrets),
        options=dict(record.options),
        account_options=dict(getattr(record, "account_options", {})),
        choices=dict(getattr(record, "choices", {})),
        accounts=bool(getattr(record, "accounts", False)),
        required=tuple(getattr(record, "required", ())),
        channels=tuple(getattr(record, "channels", ())),
        mouths=tuple(one for each in channels for one in _mouths(each)),
        hides=tuple(each.name for each in channels if each.hide and each.unhide),
        priorities=tuple(getattr(record, "priorities", ())),
        types=tuple(getattr(record, "types", ())),
    )


def _mouths(channel: Any) -> Iterator[tuple[Mouth, str]]:
    """How texts are said by themselves on *channel*; what begins a private talk elsewhere is said there."""
    named = channel.private_channel or channel.name
    ways = ((channel.public, channel.name, "in public"), (channel.private, named, "in private"))
    for voice, name, how in ways:
        if voice is not None and voice.possible and voice.capabilities.automatic:
            mouth = Mouth(
                channel=name,
                label=f"{channel.label or channel.name}, {how}",
                public=how == "in public",
                allows=voice.capabilities,
            )
            yield mouth, voice.settings.get("max_length", "")
