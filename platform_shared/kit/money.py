"""Money: integer minor units and an ISO 4217 currency, in one type."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, list_currencies


@lru_cache(maxsize=1)
def known_currencies() -> frozenset[str]:
    """Return the ISO 4217 codes that a club may choose from."""
    return frozenset(list_currencies())


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents for EUR, yen for JPY) of ``currency``."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")

    def included_tax(self, rate_basis_points: int) -> "Money":
        """Return the tax contained in this gross amount, rounded half up.

        ``rate_basis_points`` is hundredths of a percent: 1900 is 19 %.
        """
        divisor = 10_000 + rate_basis_points
        tax = (2 * self.amount * rate_basis_points + divisor) // (2 * divisor)
        return Money(tax, self.currency)

    def __str__(self) -> str:
        exponent = get_currency_precision(self.currency)
        return format_currency(Decimal(self.amount).scaleb(-exponent), self.currency, locale="en")
