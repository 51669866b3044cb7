"""The door code's wire format: what is in a QR, how it is signed, and how it is judged.

A code is `QC1:` and the Base45 (RFC 9285) of a token. A static token, 89 bytes, big-endian:

    kind (1, 0x11) · key id (4) · code id (16) · expires at (4) · signature (64)

The signature is Ed25519 (RFC 8032) by one of the club's keys over `qrcheckin/v1/static` and the
25 bytes before it. Ed25519 is deterministic, so the same code can be drawn again at any time and
need not be stored. `docs/door-protocol/` holds the format for other implementations.
"""

import hashlib
import struct
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import base45
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

type TokenReason = Literal["ok", "unknown_code", "bad_signature", "code_expired"]

PREFIX = "QC1:"
STATIC_KIND = 0x11
STATIC_BYTES = 89
STATIC_CHARACTERS = 138
NEVER_EXPIRES = 0

_KEY_ID_BYTES = 4
_SIGNATURE_BYTES = 64
_PUBLIC_KEY_BYTES = 32
_LAST_EXPIRY = 2**32 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STATIC_DOMAIN = b"qrcheckin/v1/static"
_STATIC_FIELDS = struct.Struct(">B4s16sI")


class UndecodableCode(ValueError):
    """The text is no door code; it is never part of the message, as raw codes aren't kept."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A decoded static token, its signature not yet verified.

    `expires_at` is in seconds since the Unix epoch, 0 for never.

    Raises:
        ValueError: a field doesn't have the size that the format gives it.
    """

    key_id: bytes
    code_id: UUID
    expires_at: int
    signature: bytes

    def __post_init__(self) -> None:
        # struct would pad or cut byte strings without a word.
        if len(self.key_id) != _KEY_ID_BYTES:
            raise ValueError(f"a key id has {_KEY_ID_BYTES} bytes")
        if len(self.signature) != _SIGNATURE_BYTES:
            raise ValueError(f"a signature has {_SIGNATURE_BYTES} bytes")
        if not 0 <= self.expires_at <= _LAST_EXPIRY:
            raise ValueError("the expiry does not fit in 32 bits")

    @property
    def signed_part(self) -> bytes:
        """The message that the signature is over, its domain prefix included: 44 bytes."""
        return _signed_part(self.key_id, self.code_id, self.expires_at)


def decode(code: str) -> StaticToken:
    """Read a door code's text; whether the token is genuine is for `judge_static` to say.

    Only the canonical text of a token is accepted, so a token has exactly one code.

    Raises:
        UndecodableCode: the text has another length, prefix or alphabet, or another kind of token.
    """
    # The length comes first: whatever a scanner sends, no more than 138 characters are worked on.
    if len(code) != STATIC_CHARACTERS:
        raise UndecodableCode("a door code has another length")
    if not code.startswith(PREFIX):
        raise UndecodableCode("a door code has another prefix")
    text = code.removeprefix(PREFIX)
    try:
        raw: bytes = base45.b45decode(text)
    except ValueError:
        raise UndecodableCode("a door code is Base45") from None
    # The library forgives newlines at the end, and another release may forgive more.
    if len(raw) != STATIC_BYTES or base45.b45encode(raw).decode() != text:
        raise UndecodableCode("a door code is canonical Base45")
    kind, key_id, code_id, expires_at = _STATIC_FIELDS.unpack_from(raw)
    if kind != STATIC_KIND:
        raise UndecodableCode("a door code has another kind")
    return StaticToken(
        key_id=key_id,
        code_id=UUID(bytes=code_id),
        expires_at=expires_at,
        signature=raw[_STATIC_FIELDS.size :],
    )


def encode_static(token: StaticToken) -> str:
    """Write a static token as the text for a QR code: 138 characters, all alphanumeric mode."""
    fields = token.signed_part.removeprefix(_STATIC_DOMAIN)
    text: bytes = base45.b45encode(fields + token.signature)
    return PREFIX + text.decode()


def issue_static(
    *, private_key: Ed25519PrivateKey, code_id: UUID, expires_at: datetime | None
) -> str:
    """Sign a static token and return its code, the same one for the same arguments.

    `expires_at` is an aware time in whole seconds, None for never; at that second the code is
    expired.

    Raises:
        ValueError: the expiry is naive, has a fraction of a second, or lies outside
            1970-01-01T00:00:01Z to 2106-02-07T06:28:15Z.
    """
    seconds = NEVER_EXPIRES if expires_at is None else _expiry_seconds(expires_at)
    key_id = key_id_of(private_key.public_key().public_bytes_raw())
    signature = private_key.sign(_signed_part(key_id, code_id, seconds))
    return encode_static(
        StaticToken(key_id=key_id, code_id=code_id, expires_at=seconds, signature=signature)
    )


def key_id_of(public_key: bytes) -> bytes:
    """Return the 4 bytes by which tokens name a raw Ed25519 public key of 32 bytes.

    Raises:
        ValueError: the public key has another length.
    """
    if len(public_key) != _PUBLIC_KEY_BYTES:
        raise ValueError(f"an Ed25519 public key has {_PUBLIC_KEY_BYTES} bytes")
    return hashlib.sha256(public_key).digest()[:_KEY_ID_BYTES]


def signature_is_valid(token: StaticToken, public_key: bytes) -> bool:
    """Verify a token's signature under a raw Ed25519 public key of 32 bytes.

    Raises:
        ValueError: the public key has another length.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(token.signature, token.signed_part)
    except InvalidSignature:
        return False
    return True


def judge_static(
    token: StaticToken, *, verifying_key: bytes | None, code_is_known: bool, now: datetime
) -> TokenReason:
    """Judge a decoded token by what the door knows of it, in the order all doors keep.

    `verifying_key` is the club's verifying key that has the token's key id, None when it has none:
    another club's key, or a retired one. `code_is_known` says whether the club has the code id.

    Raises:
        ValueError: `now` is naive, or the verifying key has another length than 32 bytes.
    """
    _require_aware(now)
    if verifying_key is None or not code_is_known:
        return "unknown_code"
    if not signature_is_valid(token, verifying_key):
        return "bad_signature"
    if token.expires_at != NEVER_EXPIRES and now >= _EPOCH + timedelta(seconds=token.expires_at):
        return "code_expired"
    return "ok"


def judge_token(
    code: str, *, verifying_keys: Mapping[bytes, bytes], known_codes: Container[UUID], now: datetime
) -> TokenReason:
    """Judge a code's text as far as the code alone allows; a customer's state is not looked at.

    `verifying_keys` holds the club's public keys by key id, without the retired ones.

    Raises:
        ValueError: as `judge_static`.
    """
    try:
        token = decode(code)
    except UndecodableCode:
        return "unknown_code"
    return judge_static(
        token,
        verifying_key=verifying_keys.get(token.key_id),
        code_is_known=token.code_id in known_codes,
        now=now,
    )


def _signed_part(key_id: bytes, code_id: UUID, expires_at: int) -> bytes:
    return _STATIC_DOMAIN + _STATIC_FIELDS.pack(STATIC_KIND, key_id, code_id.bytes, expires_at)


def _expiry_seconds(expires_at: datetime) -> int:
    _require_aware(expires_at)
    seconds, fraction = divmod(expires_at - _EPOCH, timedelta(seconds=1))
    if fraction:
        raise ValueError("a code expires at a whole second")
    # The epoch itself would read as never.
    if not NEVER_EXPIRES < seconds <= _LAST_EXPIRY:
        raise ValueError("a code's expiry must lie between 1970 and 2106")
    return seconds


def _require_aware(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise ValueError("a naive time has no place on the clock")
