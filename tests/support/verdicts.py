"""Which verdict an answer's status may stand for: the table that docs/architecture.md tells in words."""

from __future__ import annotations

from bridge.core.calls import HttpRequest
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    PermanentError,
    TransientError,
    Unsupported,
)

WAIT = (408, 425, 429, 503)
STUMBLED = (500, 501, 502, 504, 507, 520, 522, 524, 599)
REFUSED = (400, 402, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 423, 424, 426, 428, 431, 451, 499)  # fmt: skip
ELSEWHERE = (300, 301, 302, 303, 304, 307, 308)
STATUSES = (*ELSEWHERE, 401, 403, 409, *REFUSED, *WAIT, *STUMBLED)


def fits(request: HttpRequest, status: int, error: BridgeError) -> bool:
    """Whether *error* is what a caller must do after *status*.

    | 401                | our credentials are refused: park                                   |
    | 403                | for good, or our credentials lack a right                           |
    | 408, 425, 429, 503 | nothing happened: later, 429 and 503 not before they say            |
    | 409                | nothing happened: later; or it is there already                     |
    | other 5xx          | a read: later. A write: look first, as nobody knows                 |
    | all else           | for good: no number of tries will help                              |
    """
    nothing_happened = isinstance(error, TransientError) and not isinstance(error, Ambiguous)
    if status == 401:
        return isinstance(error, AuthError)
    if status in WAIT:
        waits = isinstance(error, TransientError) and error.retry_after == 37.0
        return nothing_happened and (waits or status in (408, 425))
    if status == 409:
        return nothing_happened or isinstance(error, PermanentError)
    if status in STUMBLED:
        return isinstance(error, Ambiguous) if request.write else nothing_happened
    also = (AuthError,) if status in (403, 404) else ()
    return isinstance(error, (PermanentError, Unsupported, *also))
