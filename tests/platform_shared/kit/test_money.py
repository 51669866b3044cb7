"""Money is whole minor units; nothing about it is ever rounded by accident."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_shared.kit.money import Money, known_currencies


class TestSums:
    def test_add_and_subtract(self) -> None:
        assert Money(100, "EUR") + Money(250, "EUR") == Money(350, "EUR")
        assert Money(100, "EUR") - Money(250, "EUR") == Money(-150, "EUR")

    def test_refuse_to_mix_currencies(self) -> None:
        with pytest.raises(ValueError, match="cannot mix EUR and USD"):
            Money(1, "EUR") + Money(1, "USD")
        with pytest.raises(ValueError, match="cannot mix EUR and USD"):
            Money(1, "EUR") - Money(1, "USD")

    def test_keep_amounts_of_different_currencies_unequal(self) -> None:
        assert Money(1, "EUR") != Money(1, "USD")


class TestIncludedTax:
    @pytest.mark.parametrize(
        ("gross", "rate", "tax"),
        [
            (11900, 1900, 1900),
            (9900, 1900, 1581),  # 1580.67
            (100, 0, 0),
            (0, 1900, 0),
            (3, 10_000, 2),  # 1.5: half up
            (1, 10_000, 1),  # 0.5: half up
            (107, 700, 7),
        ],
    )
    def test_is_the_part_of_the_gross_rounded_half_up(
        self, gross: int, rate: int, tax: int
    ) -> None:
        assert Money(gross, "EUR").included_tax(rate) == Money(tax, "EUR")

    @given(st.integers(0, 10**15), st.integers(0, 10_000))
    def test_is_exact_for_any_amount(self, gross: int, rate: int) -> None:
        exact = Fraction(gross * rate, 10_000 + rate)
        assert Money(gross, "EUR").included_tax(rate).amount == floor(exact + Fraction(1, 2))


class TestStr:
    @pytest.mark.parametrize(
        ("money", "text"),
        [
            (Money(4900, "EUR"), "€49.00"),
            (Money(5, "EUR"), "€0.05"),
            (Money(-4901, "USD"), "-$49.01"),
            (Money(4900, "JPY"), "¥4,900"),
            (Money(4900, "KWD"), "KWD4.900"),
        ],
    )
    def test_uses_the_exponent_of_the_currency(self, money: Money, text: str) -> None:
        assert str(money) == text

    def test_is_exact_where_a_float_is_not(self) -> None:
        assert str(Money(2**53 * 100 + 101, "EUR")) == "€9,007,199,254,740,993.01"


class TestKnownCurrencies:
    def test_are_codes_of_iso_4217(self) -> None:
        assert {"EUR", "USD", "JPY", "KWD", "CHF"} <= known_currencies()
        assert not {"eur", "EURO", "ZZZ", ""} & known_currencies()
