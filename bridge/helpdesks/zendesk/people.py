"""Requesters, and files on their way into a ticket.

Source: Zendesk's Support API description and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

import re

from bridge.core.calls import Calls, HttpRequest
from bridge.core.errors import PermanentError, TransientError
from bridge.core.model import Connection, File, Person
from bridge.core.untrusted import mapping
from bridge.helpdesks.base import Requester
from bridge.helpdesks.common import ACCOUNT, address
from bridge.helpdesks.zendesk.api import identity, refusal, texts

_MEDIA_TYPE = re.compile(r"\A[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,80}\Z")


def requester(connection: Connection, person: Person) -> Calls[Requester]:
    """The id of the end user with this external id, made or renamed: repeating it changes nothing.

    No e-mail and no role: a customer hears from us on the platform, never by Zendesk's mail.
    """
    name = " ".join(person.name.split())[:100] or "Social customer"
    user = {"name": name, "external_id": person.external_id, "skip_verify_email": True}
    request = HttpRequest(
        method="POST",
        url=address(connection, "/users/create_or_update"),
        json={"user": user},
        repeatable=True,
        budget=ACCOUNT,
    )
    response = yield request
    made = identity(mapping(mapping(response.json()).get("user")).get("id"))
    if response.ok and made is not None:
        return Requester(made, existed=response.status != 201)
    if response.status == 422 and any("already been taken" in t for t in texts(response.json())):
        # Two workers made the same person at once; the second look finds it.
        raise TransientError("conflict", "the requester is being made elsewhere")
    raise refusal(connection, request, response)


def upload(connection: Connection, file: File) -> Calls[str]:
    """The token of an uploaded file, good for three days; an unused one is thrown away by Zendesk."""
    # Name and type come from a stranger's platform: the type must survive as a header.
    usable = _MEDIA_TYPE.match(file.media_type)
    media_type = file.media_type if usable else "application/octet-stream"
    name = "".join(c for c in file.name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    request = HttpRequest(
        method="POST",
        url=address(connection, "/uploads"),
        params={"filename": name[-200:] or "attachment"},
        headers={"Content-Type": media_type},
        body=file.content,
        repeatable=True,
        budget=ACCOUNT,
    )
    response = yield request
    # The answer calls itself text/plain; it is JSON.
    token = mapping(mapping(response.json()).get("upload")).get("token")
    if response.ok and isinstance(token, str) and token:
        return token
    if response.status == 413:
        raise PermanentError("too_large", f"Zendesk refuses a file of {len(file.content)} bytes")
    raise refusal(connection, request, response)
