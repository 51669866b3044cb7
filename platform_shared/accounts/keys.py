"""The keys that sign and verify tokens: Ed25519, several at a time so that they can be changed."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings


@dataclass(frozen=True, slots=True)
class Key:
    """One key pair; ``kid`` is derived from the public key."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key (RFC 8037)."""
        raw = self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": self.kid,
            "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode(),
        }


@lru_cache(maxsize=8)
def _keys(seeds: tuple[bytes, ...]) -> dict[str, Key]:
    keys = {}
    for seed in seeds:
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key()
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        kid = hashlib.sha256(raw).hexdigest()[:16]
        keys[kid] = Key(kid, private, public)
    return keys


def all_keys() -> dict[str, Key]:
    """Return the keys that verify, by id; the first is the one that signs."""
    return _keys(tuple(settings.JWT_KEYS))


def signing_key() -> Key:
    """Return the key that signs new tokens."""
    return next(iter(all_keys().values()))
