"""The journal: what we have been told, what we have done, who is at it. The only direct user of Redis.

The journal is the truth and the queue a hint. Everything accepted is in one of these places, each with
an owner and an end (docs/redis.md has the table, and a test walks the keys):

    d:<delivery>   raw bytes as they came       ingest   deliveries to read, by due time
    e:<event>      one event, its state         l:<lane> events that wait, in order
    due            lanes to work off, by time   lease:<lane>, i:<lane>, s:<lane>   whose turn, the write
                                                under way, its failures
    r:<room>       a conversation and its ticket

A *room* is a conversation, or several joined ones; a *lane* is one direction of it: `in:<room>` towards
the helpdesk, `out:<room>` towards the platform. Redis commands can happen twice when an answer is lost,
so every write is a script that is harmless to repeat, and the client never retries by itself.

A `Store` is all of it; each file adds what belongs together:

    turns.py     what moves events on: kept, read, worked off, written down, put back
    limits.py    what holds them up: budgets, connections that are closed, standing in line
    rulebook.py  the rules in force, and what is muted        alarms.py   what people are to be told
    counts.py    books, answers, sources, crowds, workers     looking.py  events, rooms, dead letters
    access.py    one Redis, and small things by name          scripts.py  what Redis runs (../lua)
    erasing.py   a person's words leave
"""

from bridge.store.access import PREFIX
from bridge.store.counts import ANSWERS, Counts
from bridge.store.erasing import Erasing, Instead, Traces
from bridge.store.limits import Limits
from bridge.store.looking import Looking
from bridge.store.records import RANK, Event, Kept, Leave, Orders, Taken, Turn, Waiting, flat
from bridge.store.rulebook import Rulebook
from bridge.store.scripts import QUEUE
from bridge.store.turns import LEASE, MOST, Turns

__all__ = [
    "ANSWERS", "LEASE", "MOST", "PREFIX", "QUEUE", "RANK", "Event", "Instead", "Kept", "Leave", "Orders",
    "Store", "Taken", "Traces", "Turn", "Waiting", "flat",
]  # fmt: skip


class Store(Turns, Limits, Rulebook, Counts, Looking, Erasing):
    """The journal over one Redis. Raises TransientError('redis_away') when Redis cannot be used now."""
