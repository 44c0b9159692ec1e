"""What all fake services stand on: clock, record, limits, people, files, settings and ids."""

from __future__ import annotations

import itertools
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bridge.sandbox.clock import Clock
from bridge.sandbox.http import BadRequest, Request
from bridge.sandbox.limits import Limits
from bridge.sandbox.record import Record
from bridge.sandbox.send import Sender

BRAND = "Acme Coffee"


@dataclass(slots=True)
class Settings:
    """What an operator of the real thing, or fate, may have set. Changed by POST /_sandbox/settings."""

    meta_token: str = "valid"  # valid | expired | revoked | no_permission
    meta_proof_required: bool = False  # appsecret_proof must come with every call
    meta_human_agent: bool = True  # the Human Agent feature was reviewed
    meta_refuse_duplicates: bool = False  # the same words by the Page under one parent: 506
    meta_no_profile: bool = False  # profiles cannot be read: 100/2018218, Instagram 230
    meta_token_of: str = (
        "all"  # whose token meta_token is: all | page | instagram | whatsapp | threads
    )
    instagram_login: bool = (
        False  # the account is connected by Instagram Login, not through the Page
    )
    whatsapp_receipts: bool = True  # statuses are told
    whatsapp_refuses_at_once: bool = False  # what a failed status would say, the call says already
    whatsapp_refuses: str = ""  # 130429 | 131056: every message is refused so
    telegram_token: str = "valid"  # valid | revoked
    telegram_can_reply: bool = True  # the business connection's right
    zendesk_client: str = "valid"  # valid | disabled
    zendesk_token_life: int = 1800
    zendesk_api_tokens: str = "valid"  # valid | ended
    zendesk_search_lag: float = 30.0  # seconds until the search index knows a ticket
    freshdesk_key: str = "valid"  # valid | revoked
    freshdesk_required: str = ""  # agents | closure: when the form demands a reason
    freshdesk_search_lag: float = 180.0  # seconds until the search index knows a ticket
    freshdesk_webhook_spread: float = 0.3  # webhooks wait up to so long, each for itself
    stamp_skew: float = 0.0  # added to the time that signs Zendesk webhooks

    def change(self, wish: dict[str, Any]) -> None:
        for key, value in wish.items():
            if key not in {entry.name for entry in fields(self)}:
                raise BadRequest(f"there is no setting {key}")
            kind = type(getattr(self, key))
            if kind is float and isinstance(value, int):
                value = float(value)
            if not isinstance(value, kind):
                raise BadRequest(f"{key} is a {kind.__name__}")
            setattr(self, key, value)

    def show(self) -> dict[str, Any]:
        return asdict(self)


# Calls in a window, as documented where they are documented; what a name means stands in docs/sandbox.md.
RATES: dict[str, dict[str, int]] = {
    "meta": {"app_per_hour": 4800, "page_per_hour": 4800, "sends_per_second": 300,
             "conversations_per_second": 2, "instagram_per_hour": 4800,
             "private_replies_per_hour": 750, "whatsapp_per_second": 80,
             "whatsapp_pair_per_6_seconds": 45, "threads_posts_per_day": 1000},
    "telegram": {"per_second": 30, "chat_per_5_seconds": 10, "group_per_minute": 20},
    "zendesk": {"account_per_minute": 400, "updates_per_minute": 100,
                "updates_per_ticket_per_10_minutes": 30, "creates_per_minute": 300,
                "webhooks_per_minute": 100},
    "freshdesk": {"account_per_minute": 400, "creates_per_minute": 160, "updates_per_minute": 160,
                  "ticket_lists_per_minute": 100, "contact_lists_per_minute": 100,
                  "webhooks_per_hour": 1000},
}  # fmt: skip

# Freshdesk's plans: the account, creates, updates, lists of tickets, lists of contacts; all per minute.
PLANS: dict[str, tuple[int, int, int, int, int]] = {
    "trial": (50, 50, 50, 50, 50), "growth": (200, 80, 80, 20, 20), "pro": (400, 160, 160, 100, 100),
    "enterprise": (700, 280, 280, 200, 200), "addon_1000": (1000, 400, 400, 300, 300),
    "addon_2000": (2000, 800, 800, 400, 400),
}  # fmt: skip


@dataclass(slots=True)
class Person:
    """A fictional customer; the same one on every platform, with other ids.

    On WhatsApp a person has a number and an id of its own for each business (BSUID). Who took a username
    does not show the number any more.
    """

    name: str
    facebook_id: str
    telegram_id: int
    username: str
    instagram_id: str
    phone: str
    bsuid: str
    phone_shown: bool = True


class People:
    """The customers, by name. New ones come with their first word."""

    def __init__(self) -> None:
        self._made: dict[str, Person] = {}
        self._known: dict[str, Person] = {}  # by every id they have or had
        # Ids differ from run to run, so that a bridge that remembers meets nobody twice.
        self._number = int(time.time() * 10)

    def named(self, name: str) -> Person:
        if not name or len(name) > 100:
            raise BadRequest("person is a name of at most 100 characters")
        if name not in self._made:
            self._number += 1
            username = "".join(letter for letter in name.lower() if letter.isalnum())
            person = Person(
                name, f"24{self._number:015d}", 5_000_000_000 + self._number % 10**9, username,
                f"84{self._number:014d}", "", "",
            )  # fmt: skip
            self._made[name] = person
            self._known[person.facebook_id] = self._known[person.instagram_id] = person
            self.renumber(person)
        return self._made[name]

    def renumber(self, person: Person) -> None:
        """Give *person* another WhatsApp number, and with it another BSUID."""
        self._number += 1
        person.phone = f"999{self._number % 10**9:09d}"  # no country has 999
        person.bsuid = f"PL.{10**19 + self._number}"
        self._known[person.phone] = self._known[person.bsuid] = person

    def by_facebook(self, identity: str) -> Person | None:
        person = self._known.get(identity)
        return person if person and person.facebook_id == identity else None

    def by_instagram(self, identity: str) -> Person | None:
        person = self._known.get(identity)
        return person if person and person.instagram_id == identity else None

    def on_whatsapp(self, identity: str) -> Person | None:
        """Whoever has or had this number or BSUID."""
        return self._known.get(identity)

    def all(self) -> list[Person]:
        return list(self._made.values())

    def forget(self) -> None:
        self._made.clear()
        self._known.clear()


@dataclass(slots=True)
class File:
    """Bytes that lie at /cdn/<name>."""

    name: str
    kind: str
    content: bytes


@dataclass
class Ground:
    """The shared parts; one per process."""

    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    sender: Sender = field(default_factory=Sender)
    people: People = field(default_factory=People)
    files: dict[str, File] = field(default_factory=dict)
    rates: dict[str, dict[str, int]] = field(
        default_factory=lambda: {system: dict(rates) for system, rates in RATES.items()}
    )
    limited: bool = True
    url: str = ""  # our own address
    face: bytes = field(default_factory=lambda: png(96))
    record: Record = field(init=False)
    limits: Limits = field(init=False)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(int(time.time() * 1000)))

    def __post_init__(self) -> None:
        self.record = Record(self.clock)
        self.limits = Limits(self.clock)

    def wall(self) -> float:
        """The time outside."""
        return time.time()

    def number(self) -> int:
        """A number that no earlier run gave out either."""
        return next(self._ids)

    def keep(self, file: File) -> str:
        """The address at which *file* can be fetched."""
        name = f"{self.number()}-{file.name}"
        self.files[name] = file
        return f"{self.url}/cdn/{name}"

    def picture(self, size: int = 0) -> str:
        """The address of a picture of *size* bytes, if it is not larger anyway."""
        return self.keep(File("photo.png", "image/png", png().ljust(size, b"\0")))

    def refuse(self, system: str, request: Request, status: int, code: Any, reason: str) -> None:
        """Record a call that was not obeyed."""
        self.record.add(
            system, "refused", "system", method=request.method, path=request.path, status=status,
            code=code, reason=reason,
        )  # fmt: skip


def png(size: int = 48) -> bytes:
    """A small orange square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + bytes((224, 122, 60)) * size for _ in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip
