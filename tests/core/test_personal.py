"""Personal data is found by its proof, and what only looks alike is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.personal import KINDS, Found, foreign, found, masked, personal_data


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to ana.k+shop@mail.example.org", ["email"]),
        ("a@b", []),
        ("@acme look", []),
        ("4111 1111 1111 1111", ["card"]),
        ("my card 5500-0000-0000-0004!", ["card"]),
        ("378282246310005", ["card"]),
        ("4111 1111 1111 1112", []),
        ("0000 0000 0000 0000", []),
        ("GB82 WEST 1234 5698 7654 32", ["iban"]),
        ("pl61109010140000071219812874", ["iban"]),
        ("DE89370400440532013001", []),
        ("FR1420041010050500013M02606 and ana@x.example", ["email", "iban"]),
        ("+48 601 234 567", ["phone"]),
        ("call 601-234-567", ["phone"]),
        ("0171 2345678", ["phone"]),
        ("06 12 34 56 78", ["phone"]),
        ("(020) 7946 0958", ["phone"]),
        ("+1 (555) 010-9999", ["phone"]),
        ("612345678", ["phone"]),
        ("on 12.05.2026 at 10:30", []),
        ("2026-11-22", []),
        ("it cost 1200 and 15%", []),
        ("100 000 people", []),
        ("since 2019 and 2024", []),
        ("order #4821937", ["order"]),
        ("order number: AB-12345", ["order"]),
        ("nr zamówienia 88213345", ["order"]),
        ("zamowienie nr 12/5", []),
        ("Bestellnummer 77120934", ["order"]),
        ("commande n° 55100872", ["order"]),
        ("pedido nº 66239012", ["order"]),
        ("in order to 5", []),
        ("PO number 4821937", ["order"]),
        ("PO: 4821937", ["order"]),
        ("płacimy po 1500 zł od osoby", []),
        ("order 2 pizzas", []),
        ("border 123456", []),
        ("order 123456, phone +44 7700 900123", ["phone", "order"]),
        ("", []),
    ],
)
def test_what_is_found(text: str, kinds: list[str]) -> None:
    assert list(personal_data(text)) == kinds


@given(st.text(alphabet="0123456789 -+@.()ABCa#n°º", max_size=300))
def test_whatever_comes_is_told_in_kinds(text: str) -> None:
    assert set(personal_data(text)) <= set(KINDS)


@pytest.mark.parametrize(
    "part", ["1 ", "1-", "a@", "a.", "(0", "+1 ", "GB82 ", "order ", "0 1", "faktur", "bestellung"]
)
def test_a_long_text_made_to_be_slow_is_read(part: str) -> None:
    assert set(personal_data("1234 " + part * 50_000)) <= set(KINDS)


# --- what an agent is told of it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("write to ana.k@mail.example.org", ["an e-mail address (a…@m….org)"]),
        ("call +48 601 234 567", ["a phone number (…67)"]),
        ("your order no. AB-12345 is here", ["an order number (…45)"]),
        ("4111 1111 1111 1111", ["a card number (…11)"]),
        ("GB82 WEST 1234 5698 7654 32", ["an account number (…32)"]),
        ("order 123456, or mail a@b.example", ["an e-mail address (a…@b….example)", "an order number (…56)"]),
        ("see you at 10:30", []),
    ],
)  # fmt: skip
def test_what_was_found_is_told_and_not_repeated(text: str, told: list[str]) -> None:
    assert [masked(one) for one in found(text)] == told


OURS = ["help@acme.example", "+48 22 123 45 67", "801 000 111"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to Help@ACME.example", []),
        ("call 022 123 45 67 or (22) 123-45-67", []),
        ("call +48 801 000 111", []),
        ("write to annahelp@acme.example", ["email"]),
        ("call +48 22 123 45 68", ["phone"]),
        ("call 801 000 111 and ask for order 123456", ["order"]),
    ],
)
def test_addresses_and_numbers_of_our_own_are_nobodys(text: str, kinds: list[str]) -> None:
    assert [one.kind for one in foreign(text, OURS)] == kinds


def test_without_any_of_our_own_all_is_somebodys() -> None:
    assert foreign("call +48 801 000 111", []) == [Found("phone", "+48 801 000 111")]
    assert [one.kind for one in foreign("call +48 801 000 111", ["", "1"])] == ["phone"]
