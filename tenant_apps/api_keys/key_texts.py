"""The text of a key: ``qck_``, the key's id, its secret and a checksum, 64 characters in all.

The parts after the prefix are in base 62, of fixed length and without a separator, so that a double
click takes all of it: id (22 characters, a UUID), secret (32 characters, 190 bits), CRC-32 of
everything before it (6 characters). Whoever finds such a text somewhere can tell by the checksum
that it is a key, and we that one is mistyped, before anybody asks a database.
"""

import re
import secrets
import string
import zlib
from uuid import UUID

PREFIX = "qck_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 22, 32, 6
_FORM = re.compile(f"{PREFIX}[0-9A-Za-z]{{{ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}}")
_DIGITS = {character: value for value, character in enumerate(ALPHABET)}


def new_text(key_id: UUID) -> str:
    """Return the text of a key with a fresh secret."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    body = prefix_of(key_id) + secret
    return body + _checksum(body)


def prefix_of(key_id: UUID) -> str:
    """Return how the key's text begins: enough to know it by, and no secret."""
    return PREFIX + _encode(key_id.int, ID_LENGTH)


def id_in(text: str) -> UUID | None:
    """Return the id in the text of a key, or None when it is none or has been mistyped."""
    if not _FORM.fullmatch(text) or _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
        return None
    number = 0
    for character in text[len(PREFIX) : len(PREFIX) + ID_LENGTH]:
        number = number * len(ALPHABET) + _DIGITS[character]
    return UUID(int=number) if number < 1 << 128 else None


def _checksum(text: str) -> str:
    return _encode(zlib.crc32(text.encode()), CHECKSUM_LENGTH)


def _encode(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, value = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[value])
    return "".join(reversed(characters))
