"""Write docs/door-protocol/vectors.json: `python -m tests.door_protocol.make_vectors`.

The file is made from the written format alone, on purpose without `tenant_apps.qr_codes.tokens`:
encoding and signing are spelled out here and every expectation is stated by hand. A mistake in the
codec therefore shows as a disagreement instead of being copied into the vectors.
"""

import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VECTORS_FILE = Path(__file__).parents[2] / "docs" / "door-protocol" / "vectors.json"

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
STATIC_DOMAIN = b"qrcheckin/v1/static"
# The order of the Ed25519 base point (RFC 8032, section 5.1).
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493

NOW = datetime(2027, 1, 15, 18, 0, 0, tzinfo=UTC)
NOW_SECONDS = int(NOW.timestamp())

CODE = UUID("01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01")
OTHER_CODE = UUID("01979c6e-5a41-7b52-9e07-13c8d2f4a602")
FOREIGN_CODE = UUID("01979c6e-5a42-7d18-a4f3-7be590c61d03")
NOBODYS_CODE = UUID("01979c6e-5a43-7a6f-b1c9-e2087d35f404")


class TestKey:
    """A signing key whose seed is published: SHA-256 of its label, so anyone can make it again."""

    __test__ = False

    def __init__(self, label: str) -> None:
        self.seed = hashlib.sha256(f"qrcheckin test only: {label}".encode()).digest()
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes_raw()
        self.key_id = hashlib.sha256(self.public).digest()[:4]

    def published(self) -> dict[str, str]:
        """Return the key as the file shows it, private seed included."""
        return {
            "seed_hex": self.seed.hex(),
            "public_key_hex": self.public.hex(),
            "key_id_hex": self.key_id.hex(),
        }

    def verifying(self) -> dict[str, str]:
        """Return the key as a door knows it."""
        return {"key_id_hex": self.key_id.hex(), "public_key_hex": self.public.hex()}


SIGNING = TestKey("club, signing")
OLDER = TestKey("club, older, still verifying")
RETIRED = TestKey("club, retired")
FOREIGN = TestKey("second club, signing")


@dataclass(frozen=True)
class Vector:
    """One code and what a door of the first club says to it at `NOW`."""

    name: str
    code: str
    expect: str
    raw: bytes | None = None

    def published(self) -> dict[str, str]:
        """Return the vector as the file shows it, with its bytes where it stands for any."""
        shown = {"name": self.name, "code": self.code}
        if self.raw is not None:
            shown["bytes_hex"] = self.raw.hex()
        return {**shown, "expect": self.expect}


def base45(raw: bytes) -> str:
    """Encode by RFC 9285: two bytes in three characters, a last single byte in two."""
    return "".join(
        _digits(int.from_bytes(raw[i : i + 2]), 3 if i + 1 < len(raw) else 2)
        for i in range(0, len(raw), 2)
    )


def static(
    key: TestKey = SIGNING,
    *,
    code_id: UUID = CODE,
    expires_at: int = 0,
    kind: int = 0x11,
    key_id: bytes | None = None,
    domain: bytes = STATIC_DOMAIN,
) -> bytes:
    """Sign the bytes of a token; a good one unless told otherwise."""
    fields = struct.pack(">B4s16sI", kind, key_id or key.key_id, code_id.bytes, expires_at)
    return fields + key.private.sign(domain + fields)


def vectors() -> list[Vector]:
    """Return all vectors, in the file's order."""
    return [*_genuine(), *_changed(), *_misplaced(), *_wrong_size(), *_wrong_text()]


def render() -> str:
    """Return the file's text."""
    document: dict[str, Any] = {
        "format": "qrcheckin door codes, version 1",
        "warning": "Test only: the seeds are public. No installation may ever use these keys.",
        "now": NOW.isoformat().replace("+00:00", "Z"),
        "now_seconds": NOW_SECONDS,
        "club": {
            "verifying_keys": [SIGNING.verifying(), OLDER.verifying()],
            "known_codes": [str(CODE), str(OTHER_CODE)],
        },
        "test_keys": {
            "signing": SIGNING.published(),
            "older": OLDER.published(),
            "retired": RETIRED.published(),
            "second_club": FOREIGN.published(),
        },
        "second_club": {
            "verifying_keys": [FOREIGN.verifying()],
            "known_codes": [str(FOREIGN_CODE)],
        },
        "vectors": [vector.published() for vector in vectors()],
    }
    return json.dumps(document, indent=2) + "\n"


def _genuine() -> list[Vector]:
    return [
        _of("never_expires", static(), "ok"),
        _of("other_code_of_the_club", static(code_id=OTHER_CODE), "ok"),
        _of("older_key_still_verifies", static(OLDER), "ok"),
        _of("expires_in_a_year", static(expires_at=NOW_SECONDS + 365 * 86_400), "ok"),
        _of("expires_in_one_second", static(expires_at=NOW_SECONDS + 1), "ok"),
        _of("expires_now", static(expires_at=NOW_SECONDS), "code_expired"),
        _of("expired_one_second_ago", static(expires_at=NOW_SECONDS - 1), "code_expired"),
        _of("expired_at_the_first_second", static(expires_at=1), "code_expired"),
        # Read as a signed integer these two lie before 1970.
        _of("expires_after_31_bits", static(expires_at=2**31), "ok"),
        _of("expires_at_the_last_second", static(expires_at=2**32 - 1), "ok"),
    ]


def _changed() -> list[Vector]:
    good = static()
    expired = static(expires_at=NOW_SECONDS)
    response, scalar = good[:57], int.from_bytes(good[57:], "little")
    return [
        _of("kind_flipped", _flipped(good, 0), "unknown_code"),
        _of("key_id_first_byte_flipped", _flipped(good, 1), "unknown_code"),
        _of("key_id_last_byte_flipped", _flipped(good, 4), "unknown_code"),
        _of("code_id_first_byte_flipped", _flipped(good, 5), "unknown_code"),
        _of("code_id_last_byte_flipped", _flipped(good, 20), "unknown_code"),
        _of("expiry_first_byte_flipped", _flipped(good, 21), "bad_signature"),
        _of("expiry_last_byte_flipped", _flipped(good, 24), "bad_signature"),
        _of("signature_first_byte_flipped", _flipped(good, 25), "bad_signature"),
        _of("signature_last_byte_flipped", _flipped(good, 88), "bad_signature"),
        _of("signature_all_zero", good[:25] + bytes(64), "bad_signature"),
        _of("signature_halves_swapped", good[:25] + good[57:] + good[25:57], "bad_signature"),
        # RFC 8032 section 5.1.7 refuses S outside 0..L-1, or a signature would have many forms.
        _of(
            "signature_scalar_plus_group_order",
            response + (scalar + GROUP_ORDER).to_bytes(32, "little"),
            "bad_signature",
        ),
        _of("expiry_removed", expired[:21] + bytes(4) + expired[25:], "bad_signature"),
        _of("expired_and_changed", _flipped(expired, 88), "bad_signature"),
        _of(
            "code_id_of_another_code_of_the_club",
            good[:5] + OTHER_CODE.bytes + good[21:],
            "bad_signature",
        ),
    ]


def _misplaced() -> list[Vector]:
    return [
        _of("signed_without_domain", static(domain=b""), "bad_signature"),
        _of("signed_for_a_pass", static(domain=b"qrcheckin/v1/pass"), "bad_signature"),
        _of("signed_by_the_older_key", static(OLDER, key_id=SIGNING.key_id), "bad_signature"),
        _of("signed_by_the_second_club", static(FOREIGN, key_id=SIGNING.key_id), "bad_signature"),
        _of("second_club", static(FOREIGN, code_id=FOREIGN_CODE), "unknown_code"),
        _of("second_club_with_a_code_id_of_the_club", static(FOREIGN), "unknown_code"),
        _of("code_id_of_the_second_club", static(code_id=FOREIGN_CODE), "unknown_code"),
        _of("retired_key", static(RETIRED), "unknown_code"),
        _of("retired_key_and_expired", static(RETIRED, expires_at=1), "unknown_code"),
        _of("code_id_unknown", static(code_id=NOBODYS_CODE), "unknown_code"),
        _of(
            "code_id_unknown_and_expired",
            static(code_id=NOBODYS_CODE, expires_at=1),
            "unknown_code",
        ),
        _of(
            "code_id_unknown_and_changed",
            _flipped(static(code_id=NOBODYS_CODE), 88),
            "unknown_code",
        ),
        _of("kind_0x12_in_a_static_token", static(kind=0x12), "unknown_code"),
        _of("kind_0x00", static(kind=0x00), "unknown_code"),
        _of("kind_0xff", static(kind=0xFF), "unknown_code"),
    ]


def _wrong_size() -> list[Vector]:
    good = static()
    truncated = [
        _of(f"truncated_to_{length}_bytes", good[:length], "unknown_code")
        for length in (0, 1, 24, 25, 57, 87, 88)
    ]
    return [
        *truncated,
        _of("one_byte_too_long", good + b"\x00", "unknown_code"),
        _of("twice", good + good, "unknown_code"),
        _of("kind_0x11_with_189_bytes", good + bytes(100), "unknown_code"),
    ]


def _wrong_text() -> list[Vector]:
    good = "QC1:" + base45(static())
    body = good[4:]
    texts = {
        "empty": "",
        "prefix_alone": "QC1:",
        "prefix_missing": body,
        "prefix_twice": "QC1:" + good,
        "prefix_of_another_version": "QC2:" + body,
        "prefix_of_another_scheme": "HC1:" + body,
        "prefix_lower_case": "qc1:" + body,
        "all_lower_case": good.lower(),
        "space_before": " " + good,
        "space_after": good + " ",
        "newline_after": good + "\n",
        "carriage_return_and_newline_after": good + "\r\n",
        "last_character_replaced_by_newline": good[:-1] + "\n",
        "last_two_characters_replaced_by_newlines": good[:-2] + "\n\n",
        "character_missing_at_the_end": good[:-1],
        "character_missing_in_the_middle": good[:70] + good[71:],
        "character_outside_base45": good[:70] + "#" + good[71:],
        "character_outside_ascii": good[:70] + "\uff21" + good[71:],
        "nul_character": good[:70] + "\x00" + good[71:],
        # Both stand for the good bytes in a decoder that drops what doesn't fit.
        "triplet_above_16_bits": "QC1:" + _overflowing_triplet(body),
        "last_pair_above_8_bits": good[:-2] + _digits(_number(good[-2:]) + 256, 2),
        "web_address": "https://example.test/check-in?code=1",
    }
    return [Vector(name, text, "unknown_code") for name, text in texts.items()]


def _of(name: str, raw: bytes, expect: str) -> Vector:
    return Vector(name, "QC1:" + base45(raw), expect, raw)


def _flipped(raw: bytes, index: int) -> bytes:
    return raw[:index] + bytes([raw[index] ^ 0x01]) + raw[index + 1 :]


def _overflowing_triplet(body: str) -> str:
    for start in range(0, len(body) - 2, 3):
        number = _number(body[start : start + 3]) + 2**16
        if number < 45**3:
            return body[:start] + _digits(number, 3) + body[start + 3 :]
    raise ValueError("no triplet of this token has room to overflow")


def _digits(number: int, count: int) -> str:
    return "".join(ALPHABET[number // 45**place % 45] for place in range(count))


def _number(text: str) -> int:
    return sum(ALPHABET.index(character) * 45**place for place, character in enumerate(text))


if __name__ == "__main__":
    VECTORS_FILE.write_text(render(), encoding="utf-8")
