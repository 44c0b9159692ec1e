"""Errors are verdicts: the class says what the caller does next, `code` says why, in a stable word.

    ConfigError      at start-up: file, line, path, what to write instead
    Rejected         this request is not authentic, or not for us     -> 401 or 403, never kept
    Unsupported      this provider cannot do that                     -> tell an agent, never retry
    TransientError   worth another try, not before `retry_after`      -> later
      Ambiguous      a write whose outcome is unknown                 -> look first, then later
    AuthError        the credentials are refused                      -> park the connection
    PermanentError   trying again will not help                       -> dead letter, or tell an agent

`detail` is a sentence for people; it never holds secrets or customers' words.
"""

from __future__ import annotations


class BridgeError(Exception):
    """Base of all verdicts. `connection` is set by whoever drove the call that failed."""

    connection = ""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail or code.replace("_", " ")


class ConfigError(BridgeError):
    """One or more mistakes in the configuration, each a line `file:line: where: what, advice`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("config", "\n".join(problems))
        self.problems = problems


class Rejected(BridgeError):
    """Not authentic. `status` is the answer: 401 for deliveries, 403 for handshakes."""

    def __init__(self, code: str, detail: str = "", *, status: int = 401) -> None:
        super().__init__(code, detail)
        self.status = status


class Unreadable(BridgeError):
    """An authentic body that cannot be read at all; it becomes a dead letter."""


class Unsupported(BridgeError):
    """The provider cannot do this, now or ever, for this item."""


class TransientError(BridgeError):
    """Nothing happened; try again, not before `retry_after` seconds.

    `limited` when we were told to wait; `scope` is the kind of budget that is used up, where the provider
    says so, and `line` where those stand who wait for the same (set by whoever drove the call).
    """

    line = ""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after: float | None = None,
        limited: bool = False,
        scope: str = "",
    ) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after
        self.limited = limited
        self.scope = scope


class Ambiguous(TransientError):
    """A write may or may not have happened: look before writing again."""


class AuthError(BridgeError):
    """The other side refuses our credentials."""


class PermanentError(BridgeError):
    """No number of tries will help. `gone` when the thing we wrote to no longer exists."""

    def __init__(self, code: str, detail: str = "", *, gone: bool = False) -> None:
        super().__init__(code, detail)
        self.gone = gone


class Done(BridgeError):
    """The other side says that it has this already: as good as success. `found` is its id, if told."""

    def __init__(self, code: str, detail: str = "", *, found: str = "") -> None:
        super().__init__(code, detail)
        self.found = found
