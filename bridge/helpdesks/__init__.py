"""The helpdesks we know. Adding one is a file beside this and a line here."""

from __future__ import annotations

from bridge.helpdesks.base import Helpdesk
from bridge.helpdesks.freshdesk import HELPDESK as FRESHDESK
from bridge.helpdesks.zendesk import HELPDESK as ZENDESK

HELPDESKS: dict[str, Helpdesk] = {helpdesk.name: helpdesk for helpdesk in (ZENDESK, FRESHDESK)}
