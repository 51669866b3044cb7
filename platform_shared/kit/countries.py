"""Countries by their ISO 3166-1 alpha-2 codes."""

from functools import lru_cache

from babel import Locale


@lru_cache(maxsize=1)
def known_countries() -> frozenset[str]:
    """Return the codes that a club may choose from (those that CLDR has a name for)."""
    territories = Locale("en").territories
    # Beside countries CLDR names regions by numbers, unions, test locales, "unknown", and islands
    # that ISO 3166 only reserves.
    none = ["EU", "EZ", "UN", "XA", "XB", "QO", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"]
    return frozenset(code for code in map(str, territories) if len(code) == 2).difference(none)
