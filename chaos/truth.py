"""What became true, by the sandbox's own record: where each word stands, who said what, in which order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from chaos.postman import TOKEN


@dataclass(slots=True)
class Truth:
    """The record, read on from where the last look ended. Places are (seq of the entry, offset in its words)."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    seen: int = 0
    ticket_of: dict[str, int] = field(
        default_factory=dict
    )  # token -> the ticket it is in public on
    public: dict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    private: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    tickets: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[tuple[int, int, str]] = field(
        default_factory=list
    )  # ticket, seq, what it became
    spoken: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)  # all that stands on a platform

    def read(self, answer: dict[str, Any]) -> None:
        """Take in what `record?since=` gave."""
        for entry in answer["entries"]:
            self._take(entry)
        self.entries += answer["entries"]
        self.seen = answer["seq"]

    def _take(self, entry: dict[str, Any]) -> None:
        text = entry["text"] or ""
        if entry["what"] == "ticket":
            self.tickets.append(entry)
        elif entry["what"] == "ticket_status":
            self.statuses.append((entry["ticket"], entry["seq"], str(entry["current"])))
        elif entry["what"] == "ticket_comment":
            self._comment(entry, text)
        elif entry["what"] in ("comment", "message", "private_reply", "post"):
            self.heard.append(entry)
            # A private reply is recorded as such and as the message it makes.
            if entry["by"] == "bridge" and entry["what"] != "private_reply":
                self.spoken.append(entry)

    def status(self, ticket: int, seq: int) -> str:
        """What *ticket* had last become before *seq*; empty when it was never changed."""
        became = [word for one, at, word in self.statuses if one == ticket and at < seq]
        return became[-1] if became else ""

    def _comment(self, entry: dict[str, Any], text: str) -> None:
        if entry["by"] == "agent":
            return  # what became of it is asked where customers read
        for found in TOKEN.finditer(text):
            token = found[0]
            if entry["public"]:
                self.public[token].append((entry["ticket"], entry["seq"], found.start()))
                self.ticket_of.setdefault(token, entry["ticket"])
            else:
                self.private[token].append(entry["ticket"])
                self.told[token].append(entry)
