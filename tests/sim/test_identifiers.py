"""Identifiers pass the public checks of form, and cannot be anyone's."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.sim import identifiers as made

DIGITS = "0123456789"


def test_the_standards_own_examples() -> None:
    assert made.resident_check("11010519491231002") == "X"  # GB 11643, the number printed in the standard
    assert made.resident_check("44052418800101001") == "4"
    assert made.organisation_check("D2143569") == "X"  # GB 11714
    assert made.luhn_check("7992739871") == "3"
    assert made.credit_check("91350100M000100Y4") == "3"


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999))
def test_resident_numbers_satisfy_mod_11_2(born: date, serial: int) -> None:
    number = made.resident_id(born, serial)
    values = [10 if one == "X" else int(one) for one in number]
    assert len(number) == 18
    assert sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values)) % 11 == 1
    assert number.startswith("99")


@given(st.integers(0, 10**12 - 1))
def test_cards_satisfy_luhn_and_no_neighbour_does(serial: int) -> None:
    number = made.card_number(serial)
    assert len(number) == 19
    assert number.startswith("999999")
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    assert sum(sum(divmod(value, 10)) for value in doubled) % 10 == 0
    assert sum(made.luhn_check(number[:-1]) == digit for digit in DIGITS) == 1


@given(st.integers(0, 99_999_999))
def test_credit_codes_satisfy_mod_31(serial: int) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    code = made.credit_code(serial)
    assert len(code) == 18
    body = sum(alphabet.index(one) * pow(3, place, 31) for place, one in enumerate(code[:17]))
    assert (body + alphabet.index(code[17])) % 31 == 0
    assert code[2:8] == made.REGION


@pytest.mark.parametrize("serial", [0, 9_999_999])
def test_phones_have_a_prefix_no_one_has(serial: int) -> None:
    phone = made.phone_number(serial)
    assert len(phone) == 11
    assert phone.startswith("10")
