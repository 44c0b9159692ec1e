"""What the environment says: where we listen, where data lies, how long things are kept.

Every variable of the product's own is read here and nowhere else; the secrets of connections are
the configuration's. Wrong values are collected, so that one run tells all mistakes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dotenv.parser import Original, parse_stream

from bridge.core.errors import ConfigError
from bridge.core.model import NO_SECRET, Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The product's own variables, checked. Days are days, sizes are bytes."""

    host: str = "127.0.0.1"  # BRIDGE_HOST
    port: int = 8080  # PORT, 0 is any
    data: Path = Path("data")  # BRIDGE_DATA
    mappings: Path = Path("mappings")  # BRIDGE_MAPPINGS
    redis_url: str | None = field(default=None, repr=False)  # BRIDGE_REDIS_URL or REDIS_URL
    fsync: str = "everysec"  # BRIDGE_FSYNC: everysec | always
    allow_volatile_redis: bool = False  # BRIDGE_ALLOW_VOLATILE_REDIS
    secret_key: Secret = NO_SECRET  # BRIDGE_SECRET_KEY
    max_body: int = 5_000_000  # BRIDGE_MAX_BODY
    console_token: Secret = NO_SECRET  # BRIDGE_CONSOLE_TOKEN
    log_level: str = "INFO"  # BRIDGE_LOG_LEVEL
    sentiment: str = ""  # BRIDGE_SENTIMENT: the plug-in that reads moods
    keep_days: int = 30  # BRIDGE_KEEP_DAYS: finished events
    keep_raw_days: int = 7  # BRIDGE_KEEP_RAW_DAYS: raw payloads
    public_url: str | None = None  # BRIDGE_PUBLIC_URL
    web_threads: int = 16  # BRIDGE_WEB_THREADS, in each web process
    web_processes: int = 1  # BRIDGE_WEB_PROCESSES
    worker_processes: int = 2  # BRIDGE_WORKER_PROCESSES
    worker_threads: int = 16  # BRIDGE_WORKER_THREADS, in each worker process
    reconcile_minutes: int = 30  # BRIDGE_RECONCILE_MINUTES; 0 is only after an absence
    reconcile_grace: int = 120  # BRIDGE_RECONCILE_GRACE: seconds in which a webhook may still come
    absence_seconds: int = 60  # BRIDGE_ABSENCE_SECONDS without a web process are an absence
    silence_events: int = 10  # BRIDGE_SILENCE_EVENTS that usually come and did not; 0 is no alarm
    silence_minutes: int = 60  # BRIDGE_SILENCE_MINUTES at least, before there is an alarm
    resubscribe: bool = False  # BRIDGE_RESUBSCRIBE: mend a subscription that has gone
    notify: Mapping[str, Secret] = field(default_factory=dict)  # BRIDGE_NOTIFY: name -> address

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings *environ* holds; ConfigError with one sentence for each wrong value."""
        problems: list[str] = []
        plain = cls()

        def read(name: str, convert: Callable[[str], T], default: T) -> T:
            text = environ.get(name, "").strip()
            if not text:
                return default
            try:
                return convert(text)
            except ValueError as error:
                problems.append(f"{name}: {error}")
                return default

        settings = cls(
            host=read("BRIDGE_HOST", _host, plain.host),
            port=read("PORT", _whole(0, 65535), plain.port),
            data=read("BRIDGE_DATA", _folder, plain.data),
            mappings=read("BRIDGE_MAPPINGS", _folder, plain.mappings),
            redis_url=read("BRIDGE_REDIS_URL", _redis, None) or read("REDIS_URL", _redis, None),
            fsync=read("BRIDGE_FSYNC", _one_of("everysec", "always"), plain.fsync),
            allow_volatile_redis=read("BRIDGE_ALLOW_VOLATILE_REDIS", _switch, False),
            secret_key=read("BRIDGE_SECRET_KEY", _secret(16), NO_SECRET),
            max_body=read("BRIDGE_MAX_BODY", _whole(1_000, 100_000_000), plain.max_body),
            console_token=read("BRIDGE_CONSOLE_TOKEN", _secret(12), NO_SECRET),
            log_level=read("BRIDGE_LOG_LEVEL", _level, plain.log_level),
            sentiment=read("BRIDGE_SENTIMENT", str, plain.sentiment),
            keep_days=read("BRIDGE_KEEP_DAYS", _whole(1, 3650), plain.keep_days),
            keep_raw_days=read("BRIDGE_KEEP_RAW_DAYS", _whole(1, 3650), plain.keep_raw_days),
            public_url=read("BRIDGE_PUBLIC_URL", _address, None),
            web_threads=read("BRIDGE_WEB_THREADS", _whole(1, 256), plain.web_threads),
            web_processes=read("BRIDGE_WEB_PROCESSES", _whole(1, 64), plain.web_processes),
            worker_processes=read("BRIDGE_WORKER_PROCESSES", _whole(1, 64), plain.worker_processes),
            worker_threads=read("BRIDGE_WORKER_THREADS", _whole(1, 256), plain.worker_threads),
            reconcile_minutes=read(
                "BRIDGE_RECONCILE_MINUTES", _whole(0, 10_080), plain.reconcile_minutes
            ),
            reconcile_grace=read("BRIDGE_RECONCILE_GRACE", _whole(0, 3600), plain.reconcile_grace),
            absence_seconds=read(
                "BRIDGE_ABSENCE_SECONDS", _whole(1, 86_400), plain.absence_seconds
            ),
            silence_events=read("BRIDGE_SILENCE_EVENTS", _whole(0, 10_000), plain.silence_events),
            silence_minutes=read(
                "BRIDGE_SILENCE_MINUTES", _whole(1, 10_080), plain.silence_minutes
            ),
            resubscribe=read("BRIDGE_RESUBSCRIBE", _switch, False),
            notify=read("BRIDGE_NOTIFY", _addresses, plain.notify),
        )
        if problems:
            raise ConfigError(problems)
        return settings


def environment(folder: Path | None = None) -> dict[str, str]:
    """The process' environment, over what a `.env` file in *folder* (default: here) says."""
    from_file = kept_in((folder or Path()) / ".env")
    return {name: value for name, value in from_file.items() if value is not None} | dict(
        os.environ
    )


def kept_in(file: Path) -> dict[str, str | None]:
    """What a `.env` file says; nothing where there is none. Raises ConfigError for one that cannot be read."""
    try:
        text = file.read_text("utf-8-sig") if file.is_file() else ""
    except OSError as error:
        raise ConfigError([f"{file} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # which no environment takes
        raise ConfigError([f"{file} cannot be read: it is no text in UTF-8"])
    lines = list(parse_stream(StringIO(text)))
    if wrong := [_line(one.original) for one in lines if one.error]:
        advice = "is not NAME=VALUE, or a quote that begins there does not end"
        raise ConfigError([f"{file}:{line}: {advice}" for line in wrong])
    return {one.key: one.value for one in lines if one.key}


def _line(of: Original) -> int:
    """Where its words begin: blank lines before them belong to it, too."""
    blank = of.string[: len(of.string) - len(of.string.lstrip())]
    return of.line + blank.count("\n")


def settle() -> Settings:
    """The settings of this process, once the .env files are part of its environment.

    Read are .env here and, below it, .env beside the mappings; what is set already stays. Children
    inherit what was read.
    """
    os.environ.update(environment())
    mappings = Settings.from_environ(os.environ).mappings
    os.environ.update(environment(mappings.resolve().parent))
    return Settings.from_environ(os.environ)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
            raise ValueError(f"write a whole number from {least} to {most}, not {text[:40]!r}")
        return int(text)

    return convert


def _one_of(*words: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"write {' or '.join(words)}, not {text[:40]!r}")
        return text.lower()

    return convert


def _level(text: str) -> str:
    return _one_of("debug", "info", "warning", "error")(text).upper()


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError(f"write 1 or 0, not {text[:40]!r}")
    return words[text.lower()]


def _secret(least: int) -> Callable[[str], Secret]:
    def convert(text: str) -> Secret:
        if len(text) < least:
            raise ValueError(
                f"is too short: take at least {least} random characters, for instance from "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )
        return Secret(text)

    return convert


def _host(text: str) -> str:
    if "/" in text or " " in text:
        raise ValueError(f"write a host name or an address such as 127.0.0.1, not {text[:60]!r}")
    return text


def _addresses(text: str) -> dict[str, Secret]:
    # An address of this kind is a key: no message here repeats it.
    found = {}
    for number, part in enumerate(text.replace(",", " ").split(), 1):
        name, _, url = part.partition("=")
        if not re.fullmatch(r"[a-z0-9-]{1,64}|\*", name):
            raise ValueError(
                f"entry {number}: write NAME=URL, the name in small letters, or * for all"
            )
        told = urlsplit(url)
        local = told.hostname in ("127.0.0.1", "localhost", "::1")
        if not told.hostname or told.scheme not in (("https", "http") if local else ("https",)):
            raise ValueError(f"entry {number} ({name}): write an address that begins with https://")
        found[name] = Secret(url)
    return found


def _folder(text: str) -> Path:
    return Path(text).expanduser()


def _redis(text: str) -> str:
    # The value may hold a password, so no message here repeats it.
    if text.partition("://")[0] not in ("redis", "rediss", "unix"):
        raise ValueError("write redis://HOST:PORT/DB, rediss://... (TLS) or unix:///path/to/socket")
    return text


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the address others reach us at, such as https://bridge.example.com")
    return text.rstrip("/")
