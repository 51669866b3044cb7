"""Signing keys are known by an id made of the key itself, and shown by their public halves."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django import Settings

from platform_shared.accounts import keys

OLD, NEW = b"o" * 32, b"n" * 32


class TestAllKeys:
    def test_are_in_the_order_of_the_setting(self, settings: Settings) -> None:
        settings.JWT_KEYS = (NEW, OLD)
        both = list(keys.all_keys())
        settings.JWT_KEYS = (OLD, NEW)
        assert list(keys.all_keys()) == both[::-1]

    def test_are_named_after_the_public_key(self, settings: Settings) -> None:
        settings.JWT_KEYS = (NEW,)
        ((kid, key),) = keys.all_keys().items()
        raw = key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert kid == key.kid == hashlib.sha256(raw).hexdigest()[:16]


class TestSigningKey:
    def test_is_the_first(self, settings: Settings) -> None:
        settings.JWT_KEYS = (NEW, OLD)
        assert keys.signing_key().private.private_bytes_raw() == NEW


class TestJwk:
    def test_is_the_public_half_as_rfc_8037_writes_it(self, settings: Settings) -> None:
        settings.JWT_KEYS = (NEW,)
        key = keys.signing_key()
        jwk = key.jwk
        x = base64.urlsafe_b64decode(jwk.pop("x") + "=")
        Ed25519PublicKey.from_public_bytes(x).verify(key.private.sign(b"text"), b"text")
        assert jwk == {
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": key.kid,
        }
