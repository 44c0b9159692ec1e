"""Comparing the shape of what we made with that of a recording: the same keys, the same kinds of values."""

from __future__ import annotations

from typing import Any


def strange(made: Any, recorded: Any, at: str = "") -> list[str]:
    """Where *made* has a key or a kind of value that *recorded* has not; numbers in texts stay texts."""
    if isinstance(recorded, dict) and isinstance(made, dict):
        return [
            found
            for key, value in made.items()
            for found in (
                strange(value, recorded[key], f"{at}.{key}")
                if key in recorded
                else [f"{at}.{key} is new"]
            )
        ]
    if isinstance(recorded, list) and isinstance(made, list):
        if not recorded:
            return []
        return [
            found
            for number, value in enumerate(made)
            for found in strange(value, recorded[min(number, len(recorded) - 1)], f"{at}[{number}]")
        ]
    if type(made) is not type(recorded):
        return [f"{at} is {type(made).__name__}, not {type(recorded).__name__}"]
    return []


def lacking(made: Any, recorded: Any, at: str = "") -> list[str]:
    """Keys of *recorded* that *made* has not."""
    if isinstance(recorded, dict) and isinstance(made, dict):
        return [
            found
            for key, value in recorded.items()
            for found in (
                lacking(made[key], value, f"{at}.{key}") if key in made else [f"{at}.{key}"]
            )
        ]
    if isinstance(recorded, list) and isinstance(made, list) and recorded and made:
        return lacking(made[0], recorded[0], f"{at}[0]")
    return []
