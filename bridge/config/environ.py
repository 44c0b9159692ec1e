"""Values from the environment: `${NAME}`, the only way a secret comes in."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SHORTEST = 8  # characters of a secret that deliveries are proved with
_PLACEHOLDERS = frozenset({
    "changeme", "changeit", "change-me", "secret", "password", "passwort", "token", "example",
    "placeholder", "todo", "your-secret", "your-token", "yoursecret", "yourtoken", "xxxxxxxx",
    "12345678", "123456789", "testtest",
})  # fmt: skip
# What the other side issued, or what opens nothing: how long these are is not ours to judge.
ANY_LENGTH = frozenset({"token", "api_token", "client_secret", "verify_token"})
_STEMS = ("changeme", "change-me", "change_me", "your-", "your_", "<", "xxxx", "replace-me")


def names_in(written: str) -> list[str]:
    """The variables that *written* refers to."""
    return _REFERENCE.findall(written)


def is_reference(written: str) -> bool:
    """Whether *written* is one `${NAME}` and nothing else."""
    return _REFERENCE.fullmatch(written) is not None


def filled(written: str, environ: Mapping[str, str]) -> str:
    """*written* with its references replaced; a missing variable becomes nothing."""
    return _REFERENCE.sub(lambda match: environ.get(match[1], ""), written)


def weakness(secret: str, *, shortest: int = SHORTEST) -> str | None:
    """Why *secret* cannot be one, never repeating it; None when it can."""
    plain = secret.strip().lower()
    if not plain:
        return "is empty"
    if plain in _PLACEHOLDERS or plain.startswith(_STEMS) or len(set(plain)) == 1:
        return "is a placeholder, not a secret"
    if len(secret.strip()) < shortest:
        return f"is too short for a secret: at least {shortest} characters"
    return None
