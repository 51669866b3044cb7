"""Words as they are compared: without accents, case and punctuation.

Compatibility decomposition (NFKD, UAX 15), without its marks, in Unicode's caseless form.
"""

import re
import unicodedata

LONGEST_TERM = 254
_BREAKS = re.compile(r"[\s\-‐-―/,;:()&+_|]+")


def fold(text: str) -> str:
    """Return ``text`` without accents and case: ``Ångström`` and ``ANGSTROM`` are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return bare.casefold()


def words(text: str) -> list[str]:
    """Return the words of ``text``: ``Anne-Marie O'Neil`` has ``anne``, ``marie``, ``oneil``."""
    parts = ("".join(filter(str.isalnum, part)) for part in _BREAKS.split(fold(text)))
    return [part[:LONGEST_TERM] for part in parts if part]


def key(name: str) -> str:
    """Return what equal names have in common, whichever of them stands first."""
    return " ".join(sorted(words(name)))[:400]


def sort_key(name: str) -> str:
    """Return what names are sorted by: as they are written, but for accents and case."""
    return " ".join(fold(name).split())[:400]


def terms(name: str) -> set[str]:
    """Return the words that a name is found by; what a hyphen joins, together as well."""
    joined = ("".join(words(part)) for part in name.split())
    return {*words(name), *(word[:LONGEST_TERM] for word in joined if word)}
