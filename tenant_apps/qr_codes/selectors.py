from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from platform_shared.kit.errors import NotFound
from platform_shared.tenancy.pipeline import Given
from tenant_apps.qr_codes.enums import KeyStatus
from tenant_apps.qr_codes.models import QRCode, SigningKey


def list_codes() -> QuerySet[QRCode]:
    """Return the club's codes with the keys that draw them."""
    return QRCode.objects.select_related("signing_key")


def active_at(now: datetime) -> Q:
    """Return the condition that is ``QRCode.is_active_at(now)`` in SQL."""
    in_time = Q(expires_at=None) | Q(expires_at__gt=now)
    return in_time & Q(revoked_at=None) & ~Q(signing_key__status=KeyStatus.RETIRED)


def in_order(code_ids: Sequence[UUID]) -> list[QRCode | None]:
    """Return the codes and their customers in the order of ``code_ids``; None where there is none.

    A code named twice is there twice.
    """
    found = list_codes().select_related("customer").in_bulk(code_ids)
    return [found.get(code_id) for code_id in code_ids]


def list_of_customer(customer_id: UUID) -> QuerySet[QRCode]:
    """Return one customer's codes."""
    return list_codes().filter(customer_id=customer_id)


def get_code(code_id: UUID, *, customer_id: UUID | None = None) -> QRCode:
    """Return the code; with ``customer_id`` only if it is that customer's.

    Raises:
        NotFound: there is none.
    """
    codes = list_codes() if customer_id is None else list_of_customer(customer_id)
    code = codes.filter(pk=code_id).first()
    if code is None:
        raise NotFound("No such QR code.")
    return code


def lock_code(code_id: UUID) -> QRCode:
    """Return the code, locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    code = QRCode.objects.select_for_update(of=("self",)).filter(pk=code_id).first()
    if code is None:
        raise NotFound("No such QR code.")
    return code


def lock_codes(code_ids: Sequence[UUID]) -> QuerySet[QRCode]:
    """Return the queryset that locks the codes, in the order of their ids.

    Scans, which refer to them, do not wait for this lock.
    """
    locked = QRCode.objects.select_for_update(of=("self",), no_key=True)
    return locked.filter(pk__in=code_ids).order_by("pk")


def find_active(customer_id: UUID, now: datetime) -> QRCode | None:
    """Return the customer's newest code that a door accepts, or None."""
    return list_of_customer(customer_id).filter(active_at(now)).order_by("-id").first()


def door_rows(code_id: Given[UUID]) -> QuerySet[QRCode]:
    """Return the code that a token names, for callers that batch their queries."""
    return QRCode.objects.filter(pk=code_id)


def verifying_keys(key_id: Given[bytes]) -> QuerySet[SigningKey, Any]:
    """Return the public key with this id, unless it is retired."""
    return (
        SigningKey.objects.filter(key_id=key_id)
        .exclude(status=KeyStatus.RETIRED)
        .values_list("public_key", flat=True)
    )


def customers_of(code_id: Given[UUID]) -> QuerySet[QRCode, Any]:
    """Return the id of the code's customer, as a subquery."""
    return QRCode.objects.filter(pk=code_id).values("customer_id")
