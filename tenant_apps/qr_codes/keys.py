"""The club's signing keys: made, rotated, retired, and sealed anew under a new master key."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.db.models import QuerySet

from platform_shared.kit import vault
from platform_shared.kit.errors import NotFound
from platform_shared.tenancy import binding
from platform_shared.tenancy.provisioning import NewClub
from tenant_apps.qr_codes import tokens
from tenant_apps.qr_codes.enums import KeyStatus
from tenant_apps.qr_codes.errors import SigningKeyInUse
from tenant_apps.qr_codes.models import SigningKey


def _context(key_id: bytes) -> str:
    """Return what a sealed key is bound to: this club, this purpose, this key."""
    return f"club:{binding.current_club().id}/signing-key/{key_id.hex()}"


def create_first_key(new: NewClub) -> None:
    """Give a new club the key that signs (a provisioning step)."""
    _create(new.now)


def _create(now: datetime) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    key_id = tokens.key_id_of(public)
    return SigningKey.objects.create(
        key_id=key_id,
        public_key=public,
        sealed_private_key=vault.configured().seal(
            private.private_bytes_raw(), context=_context(key_id)
        ),
        status=KeyStatus.SIGNING,
        created_at=now,
    )


def private_key_of(key: SigningKey) -> Ed25519PrivateKey:
    """Open the private half.

    Raises:
        VaultError: no master key opens it, or the row was brought from another club.
    """
    seed = vault.configured().open(
        bytes(key.sealed_private_key), context=_context(bytes(key.key_id))
    )
    return Ed25519PrivateKey.from_private_bytes(seed)


def signing_key() -> SigningKey:
    """Return the key that signs new codes."""
    return SigningKey.objects.get(status=KeyStatus.SIGNING)


def list_keys() -> QuerySet[SigningKey]:
    """Return the club's keys, newest first."""
    return SigningKey.objects.order_by("-id")


def rotate(*, now: datetime) -> SigningKey:
    """Sign new codes with a new key; the old one goes on verifying until it is retired.

    Locks: the club's keys.
    """
    with transaction.atomic():
        list(SigningKey.objects.select_for_update().order_by("id"))
        SigningKey.objects.filter(status=KeyStatus.SIGNING).update(status=KeyStatus.VERIFYING)
        return _create(now)


def retire(*, key_id: bytes, now: datetime) -> SigningKey:
    """Stop accepting what a key signed.

    Locks: the key. Idempotent by: its status.

    Raises:
        NotFound: the club has no such key.
        SigningKeyInUse: it is the one that signs: rotate first.
    """
    with transaction.atomic():
        key = SigningKey.objects.select_for_update().filter(key_id=key_id).first()
        if key is None:
            raise NotFound("No such key.")
        if key.status == KeyStatus.SIGNING:
            raise SigningKeyInUse
        if key.status == KeyStatus.VERIFYING:
            key.status, key.retired_at = KeyStatus.RETIRED, now
            key.save(update_fields=["status", "retired_at"])
        return key


def reseal_all() -> int:
    """Seal the club's keys anew under the first master key; return how many needed it.

    Locks: the club's keys. Idempotent by: the master key's id in each sealed key.
    """
    count = 0
    with transaction.atomic():
        for key in SigningKey.objects.select_for_update().order_by("id"):
            sealed = bytes(key.sealed_private_key)
            if vault.configured().needs_resealing(sealed):
                key.sealed_private_key = vault.configured().reseal(
                    sealed, context=_context(bytes(key.key_id))
                )
                key.save(update_fields=["sealed_private_key"])
                count += 1
    return count
