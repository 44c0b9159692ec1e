"""The words said to customers: variants by language and name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One wording; `named` when it uses the customer's first name."""

    text: str
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """All wordings: language -> name -> variants."""

    texts: Mapping[str, Mapping[str, tuple[Variant, ...]]] = field(default_factory=dict)
