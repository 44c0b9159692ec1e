"""Personal data in a text: what somebody should not have written where all can read it.

E-mail addresses, phone numbers, order numbers, payment cards (whose last digit proves them, Luhn) and
bank accounts (IBAN, whose check digits do). Rules and receipts are told the kinds alone, never the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

KINDS = ("email", "phone", "order", "card", "iban")
NAMES = {
    "email": "an e-mail address", "phone": "a phone number", "order": "an order number",
    "card": "a card number", "iban": "an account number",
}  # fmt: skip
LONGEST = 5_000  # characters of a customer's words that are looked at
SHORTEST = (
    7  # digits from which the end of a number of ours is that number, said without its country
)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}(?![\w-])")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[A-Za-z0-9]{11,30}|(?: [A-Za-z0-9]{4}){2,7}(?: [A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])"
)
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
# An order's number stands behind a word for it; at least four characters, one of them a digit.
_ORDER = re.compile(
    r"(?i)(?:\border|\bordr|\bpo(?= ?(?:number|no|nr|#|:))|\bparcel|\btracking|\bbooking|\breservation|\binvoice|\bref|zam[oó]wieni\w{0,10}|zam|przesy[lł]k\w{0,10}|paczk\w{0,10}"
    r"|rezerwacj\w{0,10}|faktur\w{0,10}|bestell\w{0,10}|auftrag\w{0,10}|sendungs\w{0,10}|buchung\w{0,10}|rechnung\w{0,10}|commande|colis|suivi"
    r"|r[ée]servation|facture|pedido|env[ií]o|seguimiento|reserva|factura)\.?\s*"
    r"(?:(?:number|num|no|nr|numer|nummer|num[ée]ro|n[úu]mero|id|is|to|n[º°]|n)(?!\w)\.?)?\s*[:#º°.\-]?\s*#?\s*"
    r"(?P<id>(?=[A-Z-]{0,6}[0-9])[A-Z0-9][A-Z0-9-]{3,24})\b"
)
# Seven to fifteen digits: with a + or 00, or beginning with 0, or in groups as phones are written.
_PHONE = re.compile(
    r"(?<![\w./-])(?:(?:\+|00)[0-9]{1,3}[ .\-/]?(?:\(0?[0-9]{1,4}\)[ .\-/]?)?(?:[0-9]{1,5}[ .\-/]?){1,5}[0-9]{2,5}"
    r"|\(?0[0-9]{1,5}\)?[ .\-/]?(?:[0-9]{2,8}[ .\-/]?){1,4}[0-9]{2,4}"
    r"|[5-9][0-9]{2}[ \-][0-9]{3}[ \-][0-9]{3}|[0-9]{3}[ \-.][0-9]{3}[ \-.][0-9]{4}|[67][0-9]{8})(?![\w/-])"
)
_DATE = re.compile(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4}")


class Found(NamedTuple):
    """One piece of personal data in a text, of one of KINDS, as it is written there."""

    kind: str
    written: str


def personal_data(text: str) -> tuple[str, ...]:
    """The kinds of personal data in *text*, in the order of KINDS."""
    kinds = {one.kind for one in found(text[:LONGEST])}
    return tuple(kind for kind in KINDS if kind in kinds)


def found(text: str) -> list[Found]:
    """The personal data in *text*; each piece is of one kind."""
    pieces: list[Found] = []
    if "@" in text:
        text = _take(text, _EMAIL, lambda _: True, "email", pieces)
    if sum(character.isdigit() for character in text) >= 4:
        text = _take(text, _IBAN, _is_iban, "iban", pieces)
        text = _take(text, _CARD, _is_card, "card", pieces)
        text = _take(text, _ORDER, lambda _: True, "order", pieces)
        _take(text, _PHONE, _is_phone, "phone", pieces)
    return pieces


def foreign(text: str, ours: Iterable[str]) -> list[Found]:
    """The personal data in *text* that is not among *ours*: our own addresses and numbers may be said."""
    known = [_bare(one) for one in ours]
    return [
        one
        for one in found(text)
        if not any(_is_same(_bare(one.written), known_one) for known_one in known)
    ]


def _is_same(one: str, other: str) -> bool:
    """Whether both are the same address or number, which may be said with or without its country."""
    if "@" in other or min(len(one), len(other)) < SHORTEST:
        return one == other
    return one.endswith(other) or other.endswith(one)


def masked(one: Found) -> str:
    """What was found, in words that do not tell it: `a phone number (…67)`."""
    if one.kind == "email":
        name, _, host = one.written.partition("@")
        return f"{NAMES[one.kind]} ({name[0]}…@{host[0]}….{host.rpartition('.')[2]})"
    return f"{NAMES[one.kind]} (…{_bare(one.written)[-2:]})"


def _bare(written: str) -> str:
    """*written* without the signs, spaces and first zeros that people put in or leave out, in lower case."""
    return "".join(one for one in written.casefold() if one.isalnum() or one == "@").lstrip("0")


def _take(
    text: str, pattern: re.Pattern[str], proves: Callable[[str], bool], kind: str,
    pieces: list[Found],
) -> str:  # fmt: skip
    """*text* without what *pattern* finds and *proves* holds for, so that nothing counts as two things."""

    def replaced(match: re.Match[str]) -> str:
        if not proves(match.group()):
            return match.group()
        pieces.append(Found(kind, match.groupdict().get("id") or match.group()))
        return " "

    return pattern.sub(replaced, text)


def _is_iban(written: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616: the whole modulo 97 is 1)."""
    plain = written.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _is_card(written: str) -> bool:
    """Whether the last digit of a card's number is right (ISO 7812, Luhn), and not all are the same."""
    digits = [int(one) for one in written if one.isdigit()]
    doubled = (sum(divmod(2 * one, 10)) for one in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_phone(written: str) -> bool:
    digits = sum(one.isdigit() for one in written)
    return 7 <= digits <= 15 and _DATE.fullmatch(written.strip()) is None
