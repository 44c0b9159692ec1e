"""What calls to any helpdesk share: options, addresses, reads, one-line refusals, files and redirects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urljoin

from bridge.core.calls import Calls, HttpRequest, verdict
from bridge.core.errors import PermanentError, Unsupported
from bridge.core.model import Attachment, Connection, File, Secret

ACCOUNT = ("account",)  # the budget that every call spends


def option(connection: Connection, name: str, default: str = "") -> str:
    """The text of an option, wherever it came from; *default* when it is not set."""
    value = connection.options.get(name)
    if isinstance(value, Secret):
        value = value.reveal()
    return default if value in (None, "") else str(value)


def base(connection: Connection) -> str:
    """The address of the account, without a slash at the end."""
    return option(connection, "url").rstrip("/")


def address(connection: Connection, path: str) -> str:
    """The address of an API path, which starts with a slash; both products call their API v2."""
    return f"{base(connection)}/api/v2{path}"


def ticket_path(ticket_id: str, rest: str = "") -> str:
    """The API path of a ticket; an id from outside cannot leave its place in it."""
    return f"/tickets/{quote(ticket_id, safe='')}{rest}"


def get(
    connection: Connection, path: str, budget: tuple[str, ...] = ACCOUNT, /, **params: str
) -> HttpRequest:
    """A read: harmless to repeat, of at most 20 MB (100 comments of 64 KB, as HTML and as text)."""
    return HttpRequest(
        method="GET",
        url=address(connection, path),
        params=params,
        repeatable=True,
        write=False,
        budget=budget,
        max_bytes=20_000_000,
    )


def one_line(connection: Connection, secrets: Iterable[str], said: str) -> str:
    """What a helpdesk said, on one line of printable characters, without the values of *secrets*."""
    for name in secrets:
        for secret in connection.secrets(name):
            said = said.replace(secret, "***")
    return " ".join("".join(c if c.isprintable() else " " for c in said).split())


# --- files ---------------------------------------------------------------------------------------


def attachment(url: str, name: object, media_type: object, file_id: str | None) -> Attachment:
    """A comment's file as its row describes it; what is no picture, film or sound is a file."""
    kind = str(media_type or "").partition("/")[0]
    return Attachment(
        type=kind if kind in ("image", "video", "audio") else "file",
        url=url,
        name=name if isinstance(name, str) else None,
        id=file_id,
    )


def download(
    connection: Connection, found: Any, keeps: Callable[[str], bool], max_bytes: int
) -> Calls[File]:
    """The bytes of the attachment *found*, through at most three redirects.

    Only the account itself is asked with our credentials: requests to any other host are marked
    `media`, and an address of which *keeps* says that the helpdesk keeps nothing there is not asked
    at all (an attachment's address may point anywhere): Unsupported `attachment_elsewhere`.
    """
    url = str(getattr(found, "url", None) or "")
    for _ in range(4):
        place = origin(url)
        ours = place is not None and place == origin(base(connection))
        if place is None or not (ours or keeps(url)):
            raise Unsupported("attachment_elsewhere", "the attachment lies outside the helpdesk")
        request = HttpRequest(
            method="GET",
            url=url,
            repeatable=True,
            write=False,
            shown=f"{base(connection)}/attachments/...",  # the address is a key to the file
            budget=ACCOUNT if ours else (),
            max_bytes=max_bytes,
            media=not ours,
        )
        response = yield request
        if response.ok:
            media_type = response.headers.get("content-type", "").partition(";")[0].strip()
            return File(
                name=getattr(found, "name", None) or "attachment",
                media_type=media_type or "application/octet-stream",
                content=response.body,
            )
        target = response.headers.get("location", "")
        if response.status not in (301, 302, 303, 307, 308) or not target:
            raise verdict(request, response)
        try:
            url = urljoin(url, target)
        except ValueError:
            url = target
    raise PermanentError("redirected", "the attachment redirects too often")


# Nothing two readers of addresses could understand differently: no user part, no backslash.
_ADDRESS = re.compile(
    r"(https?)://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::([0-9]{1,5}))?(?:[/?#][^\s\\]*)?\Z"
)


def origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an address; None for what is no plain http or https address."""
    match = _ADDRESS.match(url)
    if match is None:
        return None
    scheme, host, port = match.groups()
    return scheme, host.lower(), int(port) if port else {"http": 80, "https": 443}[scheme]
