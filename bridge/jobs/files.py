"""Attachments on their way from a platform to a ticket; their bytes are never kept."""

from __future__ import annotations

import json
from typing import Any

from bridge.core import telling, ticket
from bridge.core.errors import AuthError, BridgeError, TransientError, Unsupported
from bridge.core.model import Attachment, Connection, File, Target
from bridge.core.stored import attachment_in, attachment_out
from bridge.helpdesks.base import Helpdesk
from bridge.jobs.plan import Said
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand

FILES = 5  # attachments copied a write; more are linked


def copied(
    hand: Hand, desk: Connection, target: Target, said: list[Said]
) -> tuple[list[str], list[dict[str, Any]], list[tuple[str, str]]]:
    """Attachments on their way to the helpdesk.

    Returns tokens of those that lie there already, those that go along with the write itself (by what
    they are, never their bytes), and what could not be copied as (name, why).
    """
    tokens: list[str] = []
    along: list[dict[str, Any]] = []
    missed: list[tuple[str, str]] = []
    channel = hand.bridge.channel(target.channel)
    helpdesk = hand.bridge.helpdesk(desk)
    for one in said:
        for attachment in one.message.attachments:
            name = attachment.name or attachment.type
            if attachment.type not in ticket.FILES:
                continue
            if channel.fetch is None:
                missed.append((attachment.url or name, "not copied"))  # there it can be looked at
            elif len(tokens) + len(along) >= FILES:
                missed.append((name, "not copied"))
            elif helpdesk.upload is None:
                along.append({"place": one.place, **attachment_out(attachment)})
            else:
                try:
                    file = _fetch(hand, target, attachment)
                    tokens.append(hand.outside.desk(desk, helpdesk.upload(desk, file), hand.guard))
                except (AuthError, TransientError) as error:
                    if error.connection == desk.name:
                        raise
                    missed.append((name, error.code))
                except BridgeError as error:
                    missed.append((name, error.code))
    return tokens, along, missed


def _fetch(hand: Hand, target: Target, attachment: Attachment) -> File:
    channel = hand.bridge.channel(target.channel)
    if channel.fetch is None:
        raise Unsupported("unsupported", f"{target.channel} hands out no files")
    calls = channel.fetch(target.connection, target.account, attachment)
    return hand.outside.media(target.connection, calls, channel.media_hosts)


def fetched(hand: Hand, room: Room, helpdesk: Helpdesk, intent: dict[str, str]) -> list[File]:
    """The files that go with the write of *intent*; for the others a note is added to it.

    They are fetched anew at each attempt: bytes of customers are never kept.
    """
    found: list[File] = []
    missed: list[tuple[str, str]] = []
    size = int(room.facts.get("bytes") or 0) if intent["kind"] == "update" else 0
    for row in json.loads(intent.get("files") or "[]"):
        attachment = attachment_in(row)
        name = attachment.name or attachment.type
        place = room.places.get(row["place"])
        target = room.target(hand.bridge, place) if place else None
        if target is None:
            missed.append((name, "no_account"))
            continue
        try:
            file = _fetch(hand, target, attachment)
        except BridgeError as error:
            missed.append((name, error.code))
            continue
        if helpdesk.files_bytes is not None and size + len(file.content) > helpdesk.files_bytes:
            most = helpdesk.files_bytes // 1_000_000
            missed.append((name, f"all files of one ticket may be {most} MB together"))
            continue
        size += len(file.content)
        found.append(file)
    intent["bytes"] = str(size) if found else ""
    if missed:
        after = json.loads(intent["after"])
        after["notes"] = [*after.get("notes", []), telling.not_copied(missed)]
        intent["after"] = json.dumps(after)
    return found
