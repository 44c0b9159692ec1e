"""Which verdict an answer's status may stand for: the table that docs/architecture.md tells in words."""

from __future__ import annotations

from support.contract import Outcome

from bridge.core.errors import (
    Ambiguous,
    AuthError,
    PermanentError,
    TransientError,
    Unsupported,
)

WAIT = (408, 425, 429, 503)
STUMBLED = (500, 501, 502, 504, 507, 520, 522, 524, 599)
REFUSED = (400, 402, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 423, 424, 426, 428, 431, 451, 499)  # fmt: skip
ELSEWHERE = (300, 301, 302, 303, 304, 307, 308)
STATUSES = (*ELSEWHERE, 401, 403, 409, *REFUSED, *WAIT, *STUMBLED)


def fits(outcome: Outcome, status: int, *, credentials: bool = False) -> bool:
    """Whether the outcome is what a caller must know after *status*.

    | 401                | our credentials are refused: park                                   |
    | 403                | for good, or our credentials lack a right                           |
    | 408, 425, 429, 503 | nothing happened: later, 429 and 503 not before they say            |
    | 409                | nothing happened: later; or for good                                |
    | other 5xx          | a read: later. A write: look first, as nobody knows                 |
    | all else           | for good: no number of tries will help                              |

    A refused write is never a success; a read that is for good may still have a result, and what is
    only read besides may be left out. *credentials*: the call is about nothing else.
    """
    error = outcome.error
    if error is None:
        late = status == 401 or status in WAIT or status in STUMBLED
        return not outcome.request.write and not (outcome.first and late)
    nothing_happened = isinstance(error, TransientError) and not isinstance(error, Ambiguous)
    if status == 401:
        return isinstance(error, AuthError)
    if status in WAIT:
        told = isinstance(error, TransientError) and error.retry_after == 37.0
        return nothing_happened and (told or status in (408, 425))
    if status == 409:
        return nothing_happened or isinstance(error, PermanentError)
    if status in STUMBLED:
        return isinstance(error, Ambiguous) if outcome.request.write else nothing_happened
    parks = isinstance(error, AuthError) and (credentials or status in (403, 404))
    return parks or isinstance(error, PermanentError | Unsupported)
