"""Personal data in a text: what somebody should not have written where all can read it.

E-mail addresses, phone numbers, order numbers, payment cards (whose last digit proves them, Luhn) and
bank accounts (IBAN, whose check digits do). Kinds alone are told, never the data.
"""

from __future__ import annotations

import re

KINDS = ("email", "phone", "order", "card", "iban")
LONGEST = 5_000  # characters that are looked at

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}(?![\w-])")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[A-Za-z0-9]{11,30}|(?: [A-Za-z0-9]{4}){2,7}(?: [A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])"
)
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
# An order's number stands behind a word for it; at least four characters, one of them a digit.
_ORDER = re.compile(
    r"(?i)(?:\border|\bordr|\bpo|\bparcel|\btracking|\bbooking|\breservation|\binvoice|\bref|zam[oó]wieni\w{0,10}|zam|przesy[lł]k\w{0,10}|paczk\w{0,10}"
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


def personal_data(text: str) -> tuple[str, ...]:
    """The kinds of personal data in *text*, in the order of KINDS."""
    shown = text[:LONGEST]
    found: set[str] = set()
    if "@" in shown:
        rest = _EMAIL.sub(" ", shown)
        found |= {"email"} if rest != shown else set()
        shown = rest
    if sum(character.isdigit() for character in shown) >= 4:
        shown = _take(shown, _IBAN, _is_iban, "iban", found)
        shown = _take(shown, _CARD, _is_card, "card", found)
        shown = _take(shown, _ORDER, lambda _: True, "order", found)
        _take(shown, _PHONE, _is_phone, "phone", found)
    return tuple(kind for kind in KINDS if kind in found)


def _take(shown: str, pattern: re.Pattern[str], proves: object, kind: str, found: set[str]) -> str:
    """*shown* without what *pattern* finds and *proves* holds for, so that nothing counts as two things."""

    def replaced(match: re.Match[str]) -> str:
        if not callable(proves) or not proves(match.group()):
            return match.group()
        found.add(kind)
        return " "

    return pattern.sub(replaced, shown)


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
