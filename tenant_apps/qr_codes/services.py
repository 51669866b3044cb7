from datetime import datetime
from uuid import UUID

from django.db import transaction

from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.principal import Actor, stamp
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.qr_codes import keys, selectors, tokens
from tenant_apps.qr_codes.enums import CodeKind
from tenant_apps.qr_codes.errors import CodeRevoked
from tenant_apps.qr_codes.models import QRCode


def issue_code(
    *,
    customer_id: UUID,
    expires_at: datetime | None,
    now: datetime,
    actor: Actor,
    subscription_id: UUID | None = None,
    label: str = "",
) -> QRCode:
    """Issue a new static code; the customer's others stay as they are.

    ``label`` tells several codes of a customer apart ("card", "spare key").

    Locks: the customer.

    Raises:
        InvalidInput: no such customer, or the expiry has passed or cannot be written in a code.
        CustomerMerged: the customer is another by now.
    """
    if expires_at is not None:
        expires_at = expires_at.replace(microsecond=0)  # a code counts whole seconds
        if not now < expires_at or expires_at.timestamp() > 2**32 - 1:
            raise InvalidInput(
                FieldError("expires_at", "out_of_range", "Must lie between now and 2106.")
            )
    with transaction.atomic():
        customer_selectors.lock_named(customer_id)
        return QRCode.objects.create(
            customer_id=customer_id,
            subscription_id=subscription_id,
            kind=CodeKind.STATIC,
            label=label,
            signing_key=keys.signing_key(),
            expires_at=expires_at,
            created_at=now,
            **stamp(actor),
        )


def find_or_issue(
    *, customer_id: UUID, subscription_id: UUID, now: datetime, actor: Actor
) -> QRCode:
    """Return the customer's active code, or issue one with the subscription.

    Runs in the caller's transaction, which holds the customer's lock.
    """
    active = selectors.find_active(customer_id, now)
    return active or issue_code(
        customer_id=customer_id,
        subscription_id=subscription_id,
        expires_at=None,
        now=now,
        actor=actor,
    )


def change_code(
    *, code_id: UUID, now: datetime, is_active: bool | None = None, label: str | None = None
) -> QRCode:
    """Relabel a code, or revoke it, for good.

    Locks: the code. Idempotent by: the revocation itself.

    Raises:
        NotFound: no such code.
        CodeRevoked: it was to be made active again.
    """
    with transaction.atomic():
        code = selectors.lock_code(code_id)
        if is_active and code.revoked_at is not None:
            raise CodeRevoked
        if is_active is False and code.revoked_at is None:
            code.revoked_at = now
        if label is not None:
            code.label = label
        code.save(update_fields=["revoked_at", "label"])
    return selectors.get_code(code_id)


def reissue_code(*, code_id: UUID, now: datetime, actor: Actor) -> QRCode:
    """Replace a lost code: it is revoked, and its customer gets a new one like it.

    Locks: the customer, then the code.
    Idempotent by: the revocation; a second call is refused instead of issuing a third code.

    Raises:
        NotFound: no such code.
        CodeRevoked: it has been revoked or replaced before.
        InvalidInput: it has expired, so one like it would open nothing.
    """
    with transaction.atomic():
        customer_selectors.lock_customer(selectors.get_code(code_id).customer_id)
        code = selectors.lock_code(code_id)
        if code.revoked_at is not None:
            raise CodeRevoked("The code has been revoked or replaced before.")
        code.revoked_at = now
        code.save(update_fields=["revoked_at"])
        return issue_code(
            customer_id=code.customer_id,
            subscription_id=code.subscription_id,
            expires_at=code.expires_at,
            label=code.label,
            now=now,
            actor=actor,
        )


def draw(code: QRCode) -> str:
    """Return the code's text; the same every time, since Ed25519 is deterministic (RFC 8032)."""
    return tokens.issue_static(
        private_key=keys.private_key_of(code.signing_key),
        code_id=code.id,
        expires_at=code.expires_at,
    )
