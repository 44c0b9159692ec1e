"""The words of replies/: what their files hold, where each could be said, and whether it fits there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.config.findings import Findings
from bridge.config.plain import Document, Where
from bridge.config.providers import Providers
from bridge.core.mistakes import nearest
from bridge.core.model import Connection
from bridge.core.replies import Mouth, Replies, Variant, too_long

HERE = "replies"  # the folder of the words


def variants(data: Mapping[str, Any]) -> dict[str, tuple[Variant, ...]]:
    """The wordings in a file by name, those for all channels first."""
    return {
        name: tuple(
            Variant(text=text, named=kind == "named", channel=channel)
            for channel, words in (("", one), *one["channels"].items())
            for kind in ("named", "plain")
            for text in words[kind]
        )
        for name, one in data.items()
    }


def mouths(providers: Providers, connections: Mapping[str, Connection]) -> list[Mouth]:
    """The ways of speaking of all that is connected; with nothing connected, of all there is.

    Where accounts set a length of their own, the shortest counts.
    """
    found = []
    for name, options in providers.sources.items():
        used = [one for one in connections.values() if one.type == name]
        if connections and not used:
            continue
        for mouth, setting in options.mouths:
            told = (account.options.get(setting) for one in used for account in one.accounts)
            lengths = [int(one) for one in told if isinstance(one, int | float) and one >= 1]
            least = min(lengths, default=mouth.allows.max_length)
            found.append(replace(mouth, allows=replace(mouth.allows, max_length=least)))
    return found


def said(files: Iterable[Any]) -> dict[str, set[bool]]:
    """Each text in *files* that may be the name of a reply: said in public (True), private (False), or both."""
    found: dict[str, set[bool]] = {}
    for file in files:
        for key, text in _texts(file):
            private, public = key == "private", key in ("public", "line", "public_line")
            found.setdefault(text, set()).update(
                {False} if private else {True} if public else {True, False}
            )
    return found


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts below *value*, each with the key it stands under."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def check(
    replies: Replies, documents: Sequence[Document], findings: Findings, mouths: Iterable[Mouth],
    channels: Collection[str] | None,
) -> None:  # fmt: skip
    """Note words for channels that there are not (where *channels* are known), and words that do not fit."""
    files = {Path(one.label).stem: one for one in documents if Path(one.label).parent.name == HERE}
    others = [one.data for one in documents if Path(one.label).parent.name != HERE]
    wrong = too_long(replies, mouths, said(others))
    wrong += _unknown_channels(replies, channels) if channels is not None else []
    for told in wrong:
        where, sentence = place(told)
        findings.wrong(files[told.removeprefix("replies/").partition(".yaml")[0]], where, sentence)


_TOLD = re.compile(
    r"replies/[^:]*: ([^ :]+)(?: > channels > ([^ :]+))?(?: > (named|plain) > (\d+))?: (.*)",
    re.DOTALL,
)


def place(told: str) -> tuple[Where, str]:
    """Where in its file a problem of the words stands: `replies/pl.yaml: solved > named > 2: ...`."""
    match = _TOLD.fullmatch(told)
    if match is None:
        return (), told
    name, channel, kind, number, sentence = match.groups()
    within = ("channels", channel) if channel else ()
    return (name, *within, *((kind, int(number) - 1) if kind else ())), sentence


def _unknown_channels(replies: Replies, channels: Collection[str]) -> list[str]:
    """Words for channels that there are not, in the form of `core.replies.problems`."""
    return [
        f"replies/{language}.yaml: {name} > channels > {channel}: there is no channel '{channel}'"
        f"{nearest(channel, channels)}"
        for language, names in replies.texts.items()
        for name, texts in names.items()
        for channel in dict.fromkeys(one.channel for one in texts if one.channel)
        if channel not in channels
    ]
