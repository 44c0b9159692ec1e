"""Downloading what came with a message, from the addresses the platform gave us."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from bridge.channels.base import Account, Attachment, Calls, File, HttpRequest, HttpResponse
from bridge.core.calls import verdict
from bridge.core.errors import PermanentError, Unsupported
from bridge.core.model import Connection

MAX_BYTES = 20_000_000  # the largest file Telegram hands out; Meta allows 25 MB, helpdesks less
NO_FILE = frozenset({"link", "location", "contact", "fallback", "share", "template", "poll"})
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}


def by_url(connection: Connection, account: Account, attachment: Attachment) -> Calls[File]:
    """The file behind `attachment.url`; raises Unsupported where there is none to fetch.

    The address comes from outside: the HTTP layer guards the host. Links are signed and end after
    hours or days, then the platform answers 403 or 404 and the error says `gone`.
    """
    url = attachment.url or ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if attachment.type in NO_FILE or parts.scheme not in ("https", "http") or not parts.hostname:
        raise Unsupported("no_file", f"an attachment of type {attachment.type} is no file")
    request = HttpRequest(
        method="GET",
        url=url,
        write=False,
        repeatable=True,
        media=True,
        max_bytes=MAX_BYTES,
        deadline=10.0,
        # What follows the host proves the right to read it.
        shown=f"{parts.scheme}://{parts.hostname}/...",
    )
    response = yield request
    return file_of(request, response, attachment.name or unquote(parts.path).rpartition("/")[2])


def file_of(request: HttpRequest, response: HttpResponse, name: str) -> File:
    """The file in *response*, its name made harmless; raises the verdict of an unsuccessful one."""
    if response.status in (401, 403, 404, 410):
        raise PermanentError("file_gone", "the platform no longer hands out the file", gone=True)
    if response.status != 200:
        raise verdict(request, response)
    told = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    fits = re.fullmatch(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80}", told)
    media_type = told if fits else "application/octet-stream"
    plain = re.sub(r"[^\w.-]+", "_", name).strip("._")[-80:] or "file"
    if "." not in plain:
        plain += EXTENSIONS.get(media_type, "")
    return File(name=plain, media_type=media_type, content=response.body)
