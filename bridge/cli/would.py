"""What would come of a decision on this machine's configuration: whose words they are, and the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.channels import CHANNELS
from bridge.cli import parts
from bridge.config import Config, load
from bridge.core import mapping, ticket
from bridge.core.calendars import Calendar
from bridge.core.errors import ConfigError
from bridge.core.facts import View
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Account, Message
from bridge.core.rules import Decision
from bridge.helpdesks import HELPDESKS
from bridge.wiring import calendar_of, providers


@dataclass(frozen=True, slots=True)
class Here:
    """The accounts and helpdesks of this machine, as far as its files can be read."""

    config: Config
    problem: str = ""  # why nothing is known

    @classmethod
    def of(cls, folder: Path) -> Here:
        """What *folder* says; nothing where its files have mistakes."""
        try:
            return cls(load(folder, parts.surroundings(folder), providers(), strict=False))
        except ConfigError as error:
            return cls(Config(), error.problems[0])

    def account(self, channel: str, account_id: str | None) -> Account | None:
        """The account that an event belongs to, of whatever connection."""
        for connection in self.config.connections.values():
            if found := connection.account(channel, account_id):
                return found
        return None

    def calendar(self, channel: str, account_id: str | None) -> Calendar:
        """The business hours that count for an event."""
        return calendar_of(self.config, self.account(channel, account_id))

    def ticket(self, message: Message, seen: View, decision: Decision) -> dict[str, Any] | None:
        """The ticket that would be opened, in the words of its helpdesk; None where none would be."""
        escalation = decision.escalation
        if escalation is None:
            return None
        account = self.account(message.channel, message.account_id)
        desk = escalation.helpdesk or (account.helpdesk if account else None) or self._only()
        words = self.config.maps.get(desk or "") or HelpdeskMap()
        asked = {str(one["from"]) for one in words.fields.values() if "from" in one}
        facts = {
            name.removeprefix("extra."): seen.get(name) for name in ("channel", "kind", *asked)
        }
        mapped = mapping.apply(words, escalation, facts)
        place = CHANNELS.get(message.channel)
        case = ticket.Case(
            channel=(place.label if place else "") or message.channel,
            conversation=message.conversation,
            messages=(message,),
            account=(account.name if account else None) or "",
        )
        return {
            "helpdesk": desk,
            "subject": ticket.subject(case, words.subject_limit),
            "priority": mapped.priority,
            "group": mapped.group,
            "type": mapped.type,
            "tags": list(mapped.tags),
            "fields": dict(mapped.fields),
            "collaborators": list(escalation.collaborators),
            "unknown": list(mapped.unknown),
        }

    def _only(self) -> str | None:
        """The helpdesk there is, where there is one alone."""
        desks = [one.name for one in self.config.connections.values() if one.type in HELPDESKS]
        return desks[0] if len(desks) == 1 else None


def told(one: Mapping[str, Any]) -> list[str]:
    """A ticket as people read it: where and under what subject, and what it holds; words not known there."""
    where = f"in {one['helpdesk']}" if one["helpdesk"] else "in a helpdesk"
    lines = [f"{where}: {one['subject']}"]
    held = [f"{name} {one[name]}" for name in ("priority", "group", "type") if one[name]]
    held += [f"tags {', '.join(one['tags'])}"] if one["tags"] else []
    held += [f"field {name}: {value}" for name, value in one["fields"].items()]
    lines += ["; ".join(held)] if held else []
    if one["unknown"]:
        lines.append(
            f"not set, as the helpdesk's map has no word for it: {', '.join(one['unknown'])}"
        )
    return lines
