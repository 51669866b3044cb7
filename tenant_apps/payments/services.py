from datetime import datetime
from uuid import UUID

from platform_shared.kit.money import Money
from platform_shared.kit.principal import Actor, stamp
from tenant_apps.payments import selectors
from tenant_apps.payments.enums import PaymentMethod, PaymentStatus
from tenant_apps.payments.errors import PaymentNotPending
from tenant_apps.payments.models import Payment


def record_payment(
    *, invoice_id: UUID, method: PaymentMethod, money: Money, now: datetime, actor: Actor
) -> Payment:
    """Record a desk payment in the caller's transaction; a transfer is still on its way."""
    pending = method == PaymentMethod.TRANSFER
    return Payment.objects.create(
        invoice_id=invoice_id,
        method=method,
        status=PaymentStatus.PENDING if pending else PaymentStatus.SUCCEEDED,
        amount=money.amount,
        currency=money.currency,
        created_at=now,
        paid_at=None if pending else now,
        **stamp(actor),
    )


def confirm(*, payment_id: UUID, now: datetime) -> Payment:
    """Record, in the caller's transaction, that a pending payment has arrived.

    Locks: the payment.

    Raises:
        NotFound: no such payment.
        PaymentNotPending: it has been recorded already.
    """
    selectors.get_payment(payment_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    if payment.status != PaymentStatus.PENDING:
        raise PaymentNotPending
    payment.status, payment.paid_at = PaymentStatus.SUCCEEDED, now
    payment.save(update_fields=["status", "paid_at"])
    return payment
