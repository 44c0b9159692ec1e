"""Words on their way to a person or group, and files from them.

Source: facts collected from Meta's WhatsApp Business Platform pages, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bridge.channels import graph, media
from bridge.channels.base import Account, Calls, File, HttpRequest
from bridge.channels.whatsapp.contents import FILES
from bridge.core.errors import PermanentError, Unsupported
from bridge.core.model import Attachment, Connection, Outgoing, Target
from bridge.core.untrusted import items, mapping, text

BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")  # the form of a parent, US.ENT.1179..., too


def post(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Write to the person; return the message's wamid, which only means that it was accepted.

    What becomes of it is told by statuses, which carry the marker; also that the 24 hours were over.
    """
    # What was said in a group cannot be quoted outside of it.
    quoted = None if target.answer.get("group_id") else target.item_id
    return (yield from _send(target, outgoing, _person(target), _words_of(outgoing, quoted)))


def post_in_group(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Write to the group that the customer wrote in; return the message's wamid."""
    return (yield from _send(target, outgoing, _group(target), _words_of(outgoing, target.item_id)))


def post_template(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Say an approved template, where the customer wrote; return the message's wamid."""
    template = outgoing.template
    if template is None:
        raise Unsupported("no_template", "it is not known which template should be sent")
    body: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if template.values:
        # Line ends, tabs and rows of spaces are refused in values.
        values = [{"type": "text", "text": " ".join(value.split())} for value in template.values]
        body["components"] = [{"type": "body", "parameters": values}]
    whom = _group(target) if target.answer.get("group_id") else _person(target)
    return (yield from _send(target, outgoing, whom, {"type": "template", "template": body}))


def _words_of(outgoing: Outgoing, quoted: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "text", "text": {"body": outgoing.text, "preview_url": False}}
    return body | ({"context": {"message_id": quoted}} if quoted else {})


def _person(target: Target) -> dict[str, str]:
    """How the person is addressed: by the id's form, as it may have changed since they wrote."""
    if target.person_id is None:
        raise Unsupported("nobody_to_answer", "it is not known to whom to write")
    key = "recipient" if BSUID.fullmatch(target.person_id) else "to"
    return {"recipient_type": "individual", key: target.person_id}


def _group(target: Target) -> dict[str, str]:
    group = target.answer.get("group_id")
    if group is None:
        raise Unsupported("nobody_to_answer", "it is not known in which group to write")
    return {"recipient_type": "group", "to": group}


def _send(
    target: Target, outgoing: Outgoing, whom: Mapping[str, str], what: Mapping[str, Any]
) -> Calls[str]:
    marked = {"biz_opaque_callback_data": outgoing.marker[:512]}
    body = {"messaging_product": "whatsapp", **whom, **what, **marked}
    number = graph.account_id(target)
    to = whom.get("to") or whom.get("recipient", "")
    spends = (f"pair:{number}:{to}", f"number:{number}")
    answer = yield from graph.call(
        graph.request(target, "POST", number, "messages", json=body, spends=spends)
    )
    return graph.needed_id(mapping(next(iter(items(answer.get("messages"))), None)), "id")


# --- files -------------------------------------------------------------------------------------

MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net", "facebook.com")


def fetch(connection: Connection, account: Account, attachment: Attachment) -> Calls[File]:
    """The file behind `attachment.id`, or at the `url` that the webhook gave where it gave no id.

    Both want the account's token, which goes to Meta's hosts only.
    """
    url = attachment.url or ""
    if attachment.type not in FILES.values() or not (attachment.id or url):
        raise Unsupported("no_file", f"an attachment of type {attachment.type} is no file")
    if attachment.id:
        asked = graph.request_as(connection, account, "GET", attachment.id)
        try:
            url = text((yield from graph.call(asked)).get("url")) or ""
        except PermanentError as error:
            if error.gone:
                raise PermanentError(
                    "file_gone", "WhatsApp hands out files for 7 days only", gone=True
                ) from None
            raise
    host = _metas(url, connection)
    download = HttpRequest(
        method="GET",
        url=url,
        headers={"authorization": f"Bearer {account.token.reveal()}"},
        write=False,
        repeatable=True,
        media=True,
        max_bytes=media.MAX_BYTES,
        deadline=10.0,
        shown=f"{host}/...",
        budget=(f"meta:{account.id}", "app"),
    )
    response = yield download
    return media.file_of(download, response, attachment.name or attachment.type)


def _metas(url: str, connection: Connection) -> str:
    """The scheme and host of *url*; PermanentError where our token must not go."""
    home = urlsplit(str(connection.options.get("api_url") or graph.API_URL))
    try:
        there = urlsplit(url)
        host = there.hostname or ""
    except ValueError:
        there, host = urlsplit(""), ""
    metas = there.scheme == "https" and any(
        host == one or host.endswith("." + one) for one in MEDIA_HOSTS
    )
    if not metas and (there.scheme, there.netloc) != (home.scheme, home.netloc):
        raise PermanentError("media_refused", "the file is not fetched: its host is not Meta's")
    return f"{there.scheme}://{host}"
