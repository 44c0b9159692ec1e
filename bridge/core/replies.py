"""The words said to customers: variants by language and name, and who may be called by a name.

A thread always hears the same wording of a text, its neighbour most likely another, and nobody the
same words twice while others are left. A name is a stranger's input that goes into a public answer:
what is not clearly a first name is not used at all, and the words for nobody are said instead.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core import opening
from bridge.core.compose import MEASURES
from bridge.core.model import Capabilities
from bridge.core.plaintext import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One wording; `named` when it uses the customer's first name, `channel` where it is for one alone."""

    text: str
    named: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """All wordings: language -> name -> variants."""

    texts: Mapping[str, Mapping[str, tuple[Variant, ...]]] = field(default_factory=dict)


PLACEHOLDERS = ("first_name", "brand", "link", "status", "opens")
AGENT = "{agent}"  # in a signature: the first name of whoever answers
LONGEST_NAME = 40  # characters
LONGEST_VALUE = {
    "first_name": LONGEST_NAME,
    "brand": 60,
    "link": 120,
    "status": 60,
    "opens": opening.LONGEST,
}  # what `problems` reckons with

_LETTER, _WIDE = "x", "\u738b"  # three bytes, as letters of many names are; addresses have one each
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """Words as they are said, and where they stand: number *number* of *of* under `named` or `plain`."""

    text: str
    language: str
    kind: str
    number: int
    of: int


def choose(replies: Replies, name: str, **how: Any) -> str | None:
    """The text of the `wording` of *name*, chosen by the same arguments; None when there is none to say."""
    found = wording(replies, name, **how)
    return found.text if found else None


def wording(
    replies: Replies,
    name: str,
    *,
    language: str | None,
    default_language: str = "en",
    key: str,
    person_name: str | None = None,
    said: Collection[str] = (),
    channel: str = "",
    values: Mapping[str, str] | None = None,
    opens: Callable[[str], str] | None = None,
) -> Wording | None:
    """The wording of *name* for the thread *key*, filled in; None when there is none to say.

    *language* falls back from pl-PL to pl to *default_language*. *person_name* is what `first_name`
    returned: wordings with a name are used only when there is one. Where *channel* has wordings of its own,
    they are the only ones. *said* are the texts this thread heard before, as they were sent. *opens* tells
    when somebody is there again, in a language. A wording whose placeholder has no value is not said at all.
    """
    person = first_name(None, person_name)
    known = {**(values or {}), **({"first_name": person} if person else {})}
    for tag, texts in _in_languages(replies, language, default_language):
        if opens is not None:
            known["opens"] = opens(tag)
        variants = for_channel(texts.get(name, ()), channel)
        named = [variant.text for variant in variants if variant.named and person]
        unnamed = [variant.text for variant in variants if not variant.named]
        filled = [
            Wording(words, tag, kind, number, len(group))
            for kind, group in (("named", named), ("plain", unnamed))
            for number, text in _from(list(enumerate(group, 1)), f"{name} {key}")
            if (words := _fill(text, known)) is not None
        ]
        if filled:
            return next((one for one in filled if one.text not in said), filled[0])
    return None


def _in_languages(
    replies: Replies, language: str | None, default_language: str
) -> Iterator[tuple[str, Mapping[str, tuple[Variant, ...]]]]:
    folded = {_folded(tag): texts for tag, texts in replies.texts.items()}
    wanted = [tag for one in (language, default_language) if one for tag in _wider(_folded(one))]
    for tag in dict.fromkeys(wanted):
        if tag in folded:
            yield tag, folded[tag]


def for_channel(variants: tuple[Variant, ...], channel: str) -> tuple[Variant, ...]:
    """The wordings of *channel* where it has some of its own, else those for all."""
    own = tuple(one for one in variants if channel and one.channel == channel)
    return own or tuple(one for one in variants if not one.channel)


def _folded(tag: str) -> str:
    return tag.strip().lower().replace("_", "-")


def _wider(tag: str) -> list[str]:
    steps = tag.split("-")
    return ["-".join(steps[:count]) for count in range(len(steps), 0, -1)]


def _from(texts: list[tuple[int, str]], key: str) -> list[tuple[int, str]]:
    """*texts* beginning with the one that *key* always begins with."""
    if not texts:
        return []
    first = int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:8]) % len(texts)
    return texts[first:] + texts[:first]


def _fill(text: str, values: Mapping[str, str]) -> str | None:
    """*text* with its placeholders filled in one pass, so that a value with braces stays a text."""
    found = set(_PLACEHOLDER.findall(text))
    if not found <= set(PLACEHOLDERS) or not all(values.get(one) for one in found):
        return None
    return _PLACEHOLDER.sub(lambda place: values[place[1]], text)


# --- first names -------------------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What platforms write where there is no name, and what stands before a name or is none.
_NOBODY = _words(
    "null none nil undefined unknown nan na anonymous anonim anonymus guest gość gosc user uzytkownik "
    "użytkownik facebook messenger instagram telegram whatsapp fb meta deleted account konto profil "
    "profile page admin administrator moderator support customer klient client nieznany nieznana test"
)
_TITLES = _words(
    "dr mr mrs ms miss mx sir prof professor pan pani państwo panstwo ks mgr inż inz lek mec hab st "
    "saint father rev capt the herr frau"
)
_ORGANISATIONS = _words(
    "ltd llc inc gmbh sp zoo oo sa sc ag corp corporation company co plc shop store sklep sklepik firma "
    "hotel hostel restauracja restaurant bistro cafe kawiarnia pizzeria bakery piekarnia fundacja "
    "foundation stowarzyszenie association klub club team zespół group grupa studio serwis service "
    "services official oficjalny oficjalna media news radio tv magazine school szkoła szkola przedszkole "
    "university uniwersytet bank agencja agency urząd urzad gmina miasto salon kancelaria apteka "
    "pharmacy centrum center centre hurtownia biuro office online international polska poland holding "
    "partners consulting events blog fanpage fans fan brand marketing transport logistics travel "
    "wydawnictwo muzeum museum teatr theatre parafia warsztat gabinet klinika clinic & i and"
)
_MARKUP = re.compile(r"[\d@<>{}\[\]|\\/#_*`~=^$%+:;?!&\n]|\S\.\S|\bwww\b|\bhttps?\b", re.IGNORECASE)

_HARMLESS = "\u200d\xa0\u2009\u202f\u3000"  # what joins pictures; spaces of other widths
_JOINERS = re.compile("[\u200d\ufe0f\U0001f3fb-\U0001f3ff]")


def first_name(author_name: str | None, extra_first_name: str | None) -> str | None:
    """The name to greet a person by, or None when there is none we can be sure of.

    *extra_first_name*, the platform's own field, is taken whole ("Anna Maria"); of a display name
    the first word. Refused: nothing, "null", ids and digits, "Guest User", handles, addresses of mail
    and web, organisations, titles, initials, "Surname, Name", several lines, markup, @, more than
    40 characters, characters that cannot be seen. The result holds letters, ' and - and no more.
    """
    own, shown = _name(extra_first_name), _name(author_name)
    if own:
        return " ".join(own) if all(map(_is_first, own)) else own[0]
    return shown[0] if shown else None


def _name(given: object) -> list[str] | None:
    """The words of *given* when its first is a name; the others may be anything harmless."""
    if not isinstance(given, str) or not 0 < len(given.strip()) <= LONGEST_NAME:
        return None
    name = given.strip()
    if any(not (part.isprintable() or part in _HARMLESS) for part in name):
        return None  # line ends, controls, bidi marks, zero width spaces
    name = unicodedata.normalize("NFKC", name)
    bare = "".join(" " if unicodedata.category(part) == "So" else part for part in name)
    bare = _JOINERS.sub("", bare)
    words = bare.split()
    if not words or len(bare) > LONGEST_NAME or _MARKUP.search(bare):
        return None
    folded = {word.strip("().,\"'").replace(".", "").casefold() for word in words}
    if folded & (_NOBODY | _ORGANISATIONS) or words[0].strip(".").casefold() in _TITLES:
        return None
    if not _is_first(words[0]):
        return None
    shouted = words[0].isupper() and len(words[0]) > 2
    return [words[0].title() if shouted else words[0], *words[1:]]


def _is_first(word: str) -> bool:
    """Whether *word* is made as first names are: two letters or more, marks on them, ' and - inside."""
    kinds = "".join("L" if part.isalpha() else unicodedata.category(part)[0] for part in word)
    if not re.fullmatch(r"L[LMP]*[LM]", kinds) or re.search(r"M{3}|PP", kinds):
        return False
    return kinds.count("L") > 1 and all(
        part in "'’-" for part, kind in zip(word, kinds, strict=True) if kind == "P"
    )


def signed(text: str, signature: str | None, author_name: str | None) -> str:
    """An agent's words with their *signature*, such as `^{agent}`, below or behind them.

    Without a rule, without a first name that is surely one, or signed already: as they are.
    """
    name = first_name(author_name, None)
    if not signature or name is None:
        return text
    sign = signature.replace(AGENT, name)
    if text.endswith(sign):
        return text
    return f"{text}\n{sign}" if "\n" in text else f"{text} {sign}"


# --- what is wrong with the words --------------------------------------------------------------

_CALLS_EVERYBODY = re.compile(r"[@＠]\s?(?:everyone|here|all|channel|wszyscy)\b", re.IGNORECASE)


def problems(replies: Replies) -> list[str]:
    """What has to be changed before these words may be said; one sentence each, none when all is well.

    Each names its place: `replies/pl.yaml: solved > named > 2`, or `solved > channels > whatsapp > named > 2`.
    """
    found = []
    for language, names in replies.texts.items():
        for name, variants in names.items():
            where = f"replies/{language}.yaml: {name}"
            for channel in dict.fromkeys(["", *(one.channel for one in variants)]):
                if all(one.named for one in variants if one.channel == channel):
                    found.append(
                        f"{where}{_within(channel)}: has no text under 'plain' for people whose name"
                        " is unknown"
                    )
            seen: set[tuple[str, str]] = set()
            for place, variant in _placed(variants):
                wrong = [*_wrong(variant)]
                if (variant.channel, variant.text.strip()) in seen:
                    wrong.append("stands here twice")
                seen.add((variant.channel, variant.text.strip()))
                found += [f"{where}{place}: {sentence}" for sentence in wrong]
    return found


def _placed(variants: tuple[Variant, ...]) -> Iterator[tuple[str, Variant]]:
    """Each wording with its place below the name: ` > named > 2`."""
    counts: Counter[str] = Counter()
    for variant in variants:
        kind = f"{_within(variant.channel)} > {'named' if variant.named else 'plain'}"
        counts[kind] += 1
        yield f"{kind} > {counts[kind]}", variant


def _within(channel: str) -> str:
    return f" > channels > {channel}" if channel else ""


def _wrong(variant: Variant) -> Iterator[str]:
    text, placeholders = variant.text, _PLACEHOLDER.findall(variant.text)
    if not text.strip():
        yield "is empty"
    for one in placeholders:
        if one not in PLACEHOLDERS:
            near = difflib.get_close_matches(one, PLACEHOLDERS, n=1)
            advice = f"; did you mean {{{near[0]}}}?" if near else ""
            known = ", ".join(f"{{{place}}}" for place in PLACEHOLDERS)
            yield f"{{{one}}} is not one of {known}{advice}"
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        yield "has a { or } that belongs to no placeholder"
    if variant.named and "first_name" not in placeholders:
        yield "stands under 'named' without {first_name}; move it to 'plain'"
    if not variant.named and "first_name" in placeholders:
        yield "stands under 'plain' with {first_name}; move it to 'named'"
    if _CALLS_EVERYBODY.search(text):
        yield "calls everybody (@everyone and the like)"
    if visible(text) != text:
        yield "holds characters that cannot be seen; type it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """One way in which texts are said by themselves: on which channel, to whom, and how long they may be."""

    channel: str
    label: str  # for people: "Facebook, in public"
    public: bool
    allows: Capabilities


def too_long(
    replies: Replies, mouths: Iterable[Mouth], said: Mapping[str, Collection[bool]] | None = None
) -> list[str]:
    """The wordings that do not fit where they could be said, in the form of `problems`.

    *said*: name -> whether it is said in public (True), in private (False), or both; what is missing is both.
    """
    found = []
    for language, names in replies.texts.items():
        for name, variants in names.items():
            public = (said or {}).get(name) or (True, False)
            for mouth in mouths:
                if mouth.public not in public:
                    continue
                chosen = for_channel(variants, mouth.channel)
                found += [
                    f"replies/{language}.yaml: {name}{place}: {sentence}"
                    for place, variant in _placed(variants)
                    if variant in chosen and (sentence := _over(variant.text, mouth))
                ]
    return list(dict.fromkeys(found))


def _over(text: str, mouth: Mouth) -> str:
    """That *text*, with the longest values in it, is too long to be said; empty when it fits."""
    longest = _PLACEHOLDER.sub(
        lambda place: (_LETTER if place[1] == "link" else _WIDE) * LONGEST_VALUE.get(place[1], 0),
        text,
    )
    size, allows = MEASURES[mouth.allows.measure](longest), mouth.allows
    if size <= allows.max_length:
        return ""
    unit = "bytes" if allows.measure == "bytes" else "characters"
    return (
        f"may be {size} {unit} long when filled in; {mouth.label} takes {allows.max_length}:"
        f" shorten it, or write other words under `channels: {{{mouth.channel}: ...}}`"
    )
