from datetime import datetime
from enum import Enum
from typing import Literal
from uuid import UUID

from django.db import transaction

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit.errors import FieldError, InvalidInput, missing_reference
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.qr_codes import keys, kinds, selectors, tokens
from tenant_apps.qr_codes.enums import CodeKind
from tenant_apps.qr_codes.errors import CodeKindNotAccepted, CodeRevoked, ExpiryIsSigned
from tenant_apps.qr_codes.models import QRCode


class Unchanged(Enum):
    """What is given for an expiry that stays as it is: None means never."""

    EXPIRY = "expiry"


type Expiry = datetime | Literal[Unchanged.EXPIRY] | None


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
        CodeKindNotAccepted: the club's doors take no static codes.
    """
    setting = club_selectors.accepts_static_codes(binding.current_club().id)
    if CodeKind.STATIC not in kinds.accepted(accepts_static_codes=setting):
        raise CodeKindNotAccepted("The club's doors do not accept static codes.")
    if expires_at is not None:
        expires_at = expires_at.replace(microsecond=0)  # a code counts whole seconds
        if not now < expires_at or expires_at.timestamp() > 2**32 - 1:
            raise InvalidInput(
                FieldError("expires_at", "out_of_range", "Must lie between now and 2106.")
            )
    with transaction.atomic():
        if customer_selectors.lock_rows(customer_id).first() is None:
            raise missing_reference("customer")
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
    *,
    code_id: UUID,
    now: datetime,
    is_active: bool | None = None,
    label: str | None = None,
    expires_at: Expiry = Unchanged.EXPIRY,
) -> QRCode:
    """Relabel a code, or revoke it, for good.

    Locks: the code. Idempotent by: the revocation itself.

    Raises:
        NotFound: no such code.
        CodeRevoked: it was to be made active again.
        ExpiryIsSigned: it was to expire at another time than its text says.
    """
    with transaction.atomic():
        code = selectors.lock_code(code_id)
        if is_active and code.revoked_at is not None:
            raise CodeRevoked
        if expires_at not in (Unchanged.EXPIRY, code.expires_at):
            raise ExpiryIsSigned(
                "The code carries its expiry, on paper too. Reissue it with another one: "
                f"POST /api/v1/qr-codes/{code_id}/reissue."
            )
        if is_active is False and code.revoked_at is None:
            code.revoked_at = now
        if label is not None:
            code.label = label
        code.save(update_fields=["revoked_at", "label"])
    return selectors.get_code(code_id)


def reissue_code(
    *,
    code_id: UUID,
    now: datetime,
    actor: Actor,
    expires_at: Expiry = Unchanged.EXPIRY,
    label: str | None = None,
) -> QRCode:
    """Replace a code that is lost or to expire at another time.

    It is revoked, and its customer gets a new one like it, but for the expiry and label given.

    Locks: the customer, then the code.
    Idempotent by: the revocation; a second call is refused instead of issuing a third code.

    Raises:
        NotFound: no such code.
        CodeRevoked: it has been revoked or replaced before.
        InvalidInput: the new one would have expired.
        CodeKindNotAccepted: the club's doors take no static codes.
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
            expires_at=code.expires_at if expires_at is Unchanged.EXPIRY else expires_at,
            label=code.label if label is None else label,
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
