"""What a channel is: a record of facts and a few functions. Adapters import this and core, no more.

A *source* is a connection type that brings events (`meta`, `telegram`): how it proves itself, how
it shakes hands, how its body is read. A *channel* is a place where people talk (`facebook`,
`messenger`, `telegram`): what may be said there and how. Meta is one source with many channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import BridgeError
from bridge.core.limits import Limits, Told
from bridge.core.model import (
    Account,
    Attachment,
    Author,
    Capabilities,
    Connection,
    Delivery,
    File,
    Message,
    Outgoing,
    Target,
    Visibility,
)
from bridge.core.signing import Handshake, Proof

Post = Callable[[Target, Outgoing], Calls[str]]
Look = Callable[[Target, Outgoing], Calls[str | None]]


@dataclass(frozen=True, slots=True)
class Recent:
    """What was said of late, as the webhooks would have told it; of one second, the newest first.

    Some of it may be older than was asked for. `whole` is False where more was said than is read.
    """

    messages: tuple[Message, ...]
    whole: bool = True


# Reads what was said at an account since a time; for a place that can be asked.
Reads = Callable[[Connection, Account, datetime], Calls[Recent]]


class Posted(str):
    """The id of what was posted; `person` is whom it reached, where the platform tells that too."""

    __slots__ = ("person",)
    person: str | None

    def __new__(cls, posted_id: str, *, person: str | None = None) -> Posted:
        posted = super().__new__(cls, posted_id)
        posted.person = person
        return posted


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One way of speaking: in public, or to one person.

    `post` returns the platform's id of what it posted. `look` finds an earlier attempt of the same
    words and returns its id, or None when it is certainly not there; it raises when it cannot tell.
    `echo` is the time in seconds within which the platform reports by itself what it has of ours
    (an echo or a status that carries our marker): where nobody can look, that long is waited for it.
    `settings` names the account's options that stand for a capability, or for `echo`, where they are
    above zero: what a platform does not say for certain is for its operator to set. `possible` is
    False where `post` only says why nothing can be said there.
    """

    capabilities: Capabilities
    post: Post
    look: Look | None = None
    echo: float = 0.0
    settings: Mapping[str, str] = field(default_factory=dict)
    possible: bool = True

    def of(self, account: Account) -> Voice:
        """The voice as the account's options have it."""
        voice = self
        for name, option in self.settings.items():
            told = account.options.get(option)
            if isinstance(told, int | float) and told >= 1:
                known: Any = int(told) if name == "max_length" else float(told)
                if name == "echo":
                    voice = replace(voice, echo=known)
                else:
                    allows = replace(voice.capabilities, **{name: known})
                    voice = replace(voice, capabilities=allows)
        return voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One place where people talk.

    `public` and `private` are the voices it has; `private_channel` names the channel a private
    reply opens (facebook -> messenger). `hide` hides the item that is answered, `unhide` shows it again. `describe` fetches what
    the payload did not carry (the post a comment hangs on, a missing author), as a mapping with any
    of: post_text, post_url, permalink, author, text, first_name. `fetch` downloads one attachment;
    `media_hosts` are the host suffixes it may come from. `special` holds private voices for items
    whose `answer` has the key (a Telegram business connection), `special_public` public ones (a mention
    under somebody else's post): ask `voice`, which knows. `template` says
    a message that the platform has approved, also where every window is closed. `delete` takes back one
    thing we posted, by its id; gone already counts as done. `recent` are the ways to ask what was said
    of late, by what they read: each message has the same `dedupe` as the webhook that tells of it.
    """

    name: str
    public: Voice | None = None
    private: Voice | None = None
    private_channel: str | None = None
    hide: Callable[[Target], Calls[None]] | None = None
    unhide: Callable[[Target], Calls[None]] | None = None
    describe: Callable[[Target, Message], Calls[Mapping[str, object]]] | None = None
    fetch: Callable[[Connection, Account, Attachment], Calls[File]] | None = None
    media_hosts: tuple[str, ...] = ()
    label: str = ""  # how people call it: "Facebook"
    special: Mapping[str, Voice] = field(default_factory=dict)
    special_public: Mapping[str, Voice] = field(default_factory=dict)
    template: Voice | None = None
    delete: Callable[[Target, str], Calls[None]] | None = None
    recent: Mapping[str, Reads] = field(default_factory=dict)

    def voice(
        self, visibility: Visibility, answer: Mapping[str, str], account: Account | None = None
    ) -> Voice | None:
        """The way for *account* to speak in public or in private about an item with this `answer`."""
        public = visibility is Visibility.PUBLIC
        usual, special = (
            (self.public, self.special_public) if public else (self.private, self.special)
        )
        found = next((special[key] for key in special if key in answer), usual)
        return found.of(account) if found and account else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One connection type that brings events.

    `names_event` is true where equal bodies mean the same event, so that the body's hash can serve
    as the delivery's id. `account_of` gives the account id where payloads name none. `check` is what
    `bridge doctor` asks: it returns findings, each `(ok, sentence)`. `secrets` names the options
    that hold secrets, `options` the other ones the connection may have with their default;
    `account_options` are those of each listed account, and come in `Account.options`; `choices` are
    the words that one of either takes, where it takes no others. `recognise` adds to an
    event what only the configuration tells: whose account it is, whether the brand wrote it.
    `setup` does (or says) what the other side needs, one sentence a step; `url` is our hook's public address.
    `limits` are the budgets that requests name, by their kind (`meta` stands for every `meta:<id>`);
    `headers` reads what an answer tells of them.
    """

    name: str
    channels: Mapping[str, Channel]
    proof: Proof
    parse: Callable[[Delivery], list[Message]]
    handshake: Handshake | None = None
    names_event: bool = True
    secrets: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    account_options: Mapping[str, object] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: bool = False  # whether the connection lists accounts, or is one account itself
    required: tuple[str, ...] = ()  # options that must be there; `a|b` means that one of them must
    account_of: Callable[[Connection], str | None] = lambda connection: None
    recognise: Callable[[Connection, Message], Message] = lambda connection, message: message
    limits: Limits = field(default_factory=dict)
    headers: Callable[[Mapping[str, str]], Mapping[str, Told]] = lambda headers: {}
    check: Callable[[Connection], Calls[Sequence[tuple[bool | None, str]]]] | None = None
    setup: Callable[[Connection, str], Calls[list[str]]] | None = None

    def limit(
        self, options: Mapping[str, Any], name: str, told: Mapping[str, int] | None = None
    ) -> tuple[int, float] | None:
        """The budget *name*; platforms tell no numbers, and have no plans."""
        return self.limits.get(name)


__all__ = [
    "Account",
    "Attachment",
    "Author",
    "BridgeError",
    "Calls",
    "Channel",
    "File",
    "HttpRequest",
    "HttpResponse",
    "Look",
    "Post",
    "Posted",
    "Reads",
    "Recent",
    "Source",
    "Voice",
]  # fmt: skip
