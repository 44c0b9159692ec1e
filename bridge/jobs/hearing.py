"""How much each source brings, by the hour: what an alarm about silence is learned from.

Counted in the worker that reads deliveries and written down every few seconds, so that no delivery
costs a round trip more. What a killed worker had not written down is missing from a statistic, no more.
"""

from __future__ import annotations

import threading
from collections import Counter

from bridge.core.model import Connection, Message, TicketUpdate
from bridge.core.silence import HOUR, WEEK, WEEKS
from bridge.store import Store

KEPT = (WEEKS + 1) * WEEK * HOUR  # seconds for which an hour's count is kept
TICKETS = "tickets"  # the one source of a helpdesk


def source_of(connection: Connection, message: Message) -> str | None:
    """The name of the place that *message* tells of: channel and account; None for none of ours."""
    account = connection.account(message.channel, message.account_id)
    return f"{message.channel}:{message.account_id or '-'}" if account else None


class Ears:
    """What this process has heard and not yet written down."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def hear(self, connection: Connection, *told: Message | TicketUpdate) -> None:
        """Count what a delivery of *connection* told."""
        with self._lock:
            for one in told:
                source = source_of(connection, one) if isinstance(one, Message) else TICKETS
                if source is not None:
                    self._counts[connection.name, source] += 1

    def write(self, store: Store, at: float) -> None:
        """Write it down; what cannot be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            for name in {connection for connection, _ in counts}:
                of_it = {source: n for (one, source), n in counts.items() if one == name}
                store.heard(name, of_it, at, KEPT)
        except BaseException:
            with self._lock:
                self._counts += counts
            raise


EARS = Ears()
