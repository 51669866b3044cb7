"""Encryption at rest for small secrets, under master keys that can be rotated.

A sealed secret is laid out as

    version (1, 0x01) · key id (4) · nonce (12) · AES-256-GCM ciphertext and tag (n + 16)

Each context gets a key of its own, derived from the master key by HKDF-SHA256 (RFC 5869) with the
context as `info`. A context in the associated data would bind a secret to its place just as well;
a derived key also keeps random nonces safe. With one key for every secret of every club they would
share the 2^32 messages that NIST SP 800-38D allows under one AES-GCM key; this way each context
has that many for itself.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES
_NONCE_BYTES = 12
_TAG_BYTES = 16

# The two labels keep the published key id and the secret subkeys independent outputs of HKDF.
_KEY_ID_INFO = b"qrcheckin/vault/v1/key-id"
_SUBKEY_INFO = b"qrcheckin/vault/v1/subkey:"


class VaultError(Exception):
    """A sealed secret cannot be opened: wrong context, changed bytes, or a key we don't have."""


class Vault:
    """Seals and opens secrets; the first master key seals, all of them open.

    To rotate, put a new key first, reseal what `needs_resealing`, then drop the old key.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the master keys, 32 random bytes each, the one that seals first.

        Raises:
            ValueError: no key, a key of another length, or two keys that can't be told apart.
        """
        if not keys:
            raise ValueError("a vault needs at least one master key")
        if any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"every master key must be exactly {KEY_BYTES} bytes")
        self._masters = {_key_id(key): bytes(key) for key in keys}
        if len(self._masters) != len(keys):
            # Either the same key twice, or a chance of one in 2^32: both are best met at start.
            raise ValueError("two master keys have the same id: remove or replace one")
        self._sealing_id = _key_id(keys[0])

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """Encrypt `plaintext` so that it opens only under the same `context`.

        The context names the secret's club and purpose, such as `club:<uuid>/signing-key/<hex>`.
        The result is 33 bytes longer than the plaintext and differs each time.

        Raises:
            ValueError: the context is empty.
        """
        header = _VERSION + self._sealing_id
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(_subkey(self._masters[self._sealing_id], context))
        return header + nonce + cipher.encrypt(nonce, plaintext, header)

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt what `seal` returned for the same `context`.

        Raises:
            VaultError: another context, changed or foreign bytes, or a master key we don't have.
            ValueError: the context is empty.
        """
        key_id = _key_id_in(sealed)
        master = self._masters.get(key_id)
        if master is None:
            raise VaultError(f"sealed under master key {key_id.hex()}, which is not configured")
        header, body = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        cipher = AESGCM(_subkey(master, context))
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], header)
        except InvalidTag:
            raise VaultError("the secret belongs to another context or was changed") from None

    def needs_resealing(self, sealed: bytes) -> bool:
        """Tell whether `sealed` is under a master key other than the first; it is not opened.

        Raises:
            VaultError: the bytes aren't a sealed secret.
        """
        return _key_id_in(sealed) != self._sealing_id

    def reseal(self, sealed: bytes, *, context: str) -> bytes:
        """Open `sealed` and seal it again under the first master key, in the same context.

        Raises:
            VaultError: as `open`.
            ValueError: the context is empty.
        """
        return self.seal(self.open(sealed, context=context), context=context)


def configured() -> Vault:
    """Return the vault of this installation's master keys."""
    return _vault_of(tuple(settings.MASTER_KEYS))


@lru_cache(maxsize=4)
def _vault_of(master_keys: tuple[bytes, ...]) -> Vault:
    return Vault(master_keys)


def parse_keys(text: str) -> list[bytes]:
    """Read master keys from their form in the environment, in the order they stand there.

    The form is URL-safe base64 without padding, 43 characters a key, separated by commas; blanks
    around a key are ignored. Messages name a key by its position and never show any of it.

    Raises:
        ValueError: no keys, an empty entry, another alphabet or length, or a key given twice.
    """
    if not text.strip():
        raise ValueError("no master keys given")
    entries = [entry.strip() for entry in text.split(",")]
    keys = [
        _parse_key(entry, name=f"master key {position} of {len(entries)}")
        for position, entry in enumerate(entries, start=1)
    ]
    if len(set(keys)) != len(keys):
        raise ValueError("the same master key is given twice")
    return keys


def _parse_key(entry: str, *, name: str) -> bytes:
    if not entry:
        raise ValueError(f"{name} is empty")
    if "=" in entry:
        raise ValueError(f"{name} has padding: leave out the '=' at its end")
    try:
        # 43 characters and one '=' are 32 bytes; other lengths need other padding to decode.
        key = base64.b64decode(entry + "=" * (-len(entry) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is not url-safe base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"{name} has {len(key)} bytes instead of {KEY_BYTES}")
    if base64.urlsafe_b64encode(key).rstrip(b"=") != entry.encode():
        # Stray bits in the last character, or the standard alphabet's '+' and '/'.
        raise ValueError(f"{name} is not canonical url-safe base64")
    return key


def _key_id(master: bytes) -> bytes:
    # 32 bits of a one-way function of a random key: enough to find the key, no help to guess it.
    return _hkdf(master, info=_KEY_ID_INFO, length=_KEY_ID_BYTES)


def _key_id_in(sealed: bytes) -> bytes:
    if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
        raise VaultError("not a sealed secret of a known version")
    return sealed[1:_HEADER_BYTES]


def _subkey(master: bytes, context: str) -> bytes:
    if not context:
        raise ValueError("a sealed secret needs a context")
    return _hkdf(master, info=_SUBKEY_INFO + context.encode(), length=KEY_BYTES)


def _hkdf(master: bytes, *, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(master)
