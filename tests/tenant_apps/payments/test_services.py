"""Payments: received at the desk, or on their way."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from platform_shared.kit.errors import NotFound
from platform_shared.kit.money import Money
from tenant_apps.payments import selectors, services
from tenant_apps.payments.enums import PaymentMethod, PaymentStatus
from tenant_apps.payments.errors import PaymentNotPending
from tenant_apps.payments.models import Payment
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import STAFF

LATER = BORN + timedelta(days=3)


def record(club: ClubWorld, method: PaymentMethod) -> Payment:
    """Record a payment for the club's invoice."""
    return services.record_payment(
        invoice_id=club.invoice, method=method, money=Money(500, "EUR"), now=BORN, actor=STAFF
    )


class TestRecordPayment:
    @pytest.mark.parametrize(
        ("method", "status", "paid"),
        [
            (PaymentMethod.CASH, PaymentStatus.SUCCEEDED, True),
            (PaymentMethod.CARD_TERMINAL, PaymentStatus.SUCCEEDED, True),
            (PaymentMethod.TRANSFER, PaymentStatus.PENDING, False),
        ],
    )
    def test_knows_which_methods_pay_at_once(
        self, bound_a: ClubWorld, method: PaymentMethod, status: PaymentStatus, paid: bool
    ) -> None:
        row = Payment.objects.get(pk=record(bound_a, method).pk)
        assert (row.status, row.paid_at) == (status, BORN if paid else None)
        assert (row.money, row.created_at, row.actor) == (Money(500, "EUR"), BORN, STAFF)


class TestConfirm:
    def test_records_when_the_money_came(self, bound_a: ClubWorld) -> None:
        payment = record(bound_a, PaymentMethod.TRANSFER)
        with transaction.atomic():
            services.confirm(payment_id=payment.id, now=LATER)
        payment.refresh_from_db()
        assert (payment.status, payment.paid_at) == (PaymentStatus.SUCCEEDED, LATER)

    def test_happens_once(self, bound_a: ClubWorld) -> None:
        payment = record(bound_a, PaymentMethod.TRANSFER)
        services.confirm(payment_id=payment.id, now=LATER)
        with pytest.raises(PaymentNotPending):
            services.confirm(payment_id=payment.id, now=LATER + timedelta(days=1))
        payment.refresh_from_db()
        assert payment.paid_at == LATER

    def test_knows_no_payment_of_another_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        for unknown in (club_b.payment, uuid4()):
            with pytest.raises(NotFound):
                services.confirm(payment_id=unknown, now=LATER)


class TestReceived:
    def test_counts_by_when_the_money_came_half_open(self, bound_a: ClubWorld) -> None:
        first = Payment.objects.get(pk=bound_a.payment)
        pending = record(bound_a, PaymentMethod.TRANSFER)
        assert set(selectors.received(BORN, LATER)) == {first}
        services.confirm(payment_id=pending.id, now=LATER)
        assert set(selectors.received(BORN, LATER)) == {first}
        second = timedelta(seconds=1)
        assert set(selectors.received(BORN, LATER + second)) == {first, pending}
        assert set(selectors.received(BORN + second, LATER + second)) == {pending}


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ("status = 'pending'", "paid_when_succeeded"),
            ("paid_at = NULL", "paid_when_succeeded"),
            ("status = 'lost', paid_at = NULL", "paid_when_succeeded"),
            ("method = 'cheque'", "payment_method"),
            ("amount = -1", "amount"),
        ],
    )
    def test_refuses_impossible_payments(
        self, bound_a: ClubWorld, change: str, constraint: str
    ) -> None:
        with (
            pytest.raises(IntegrityError, match=constraint),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE payments_payment SET {change}")
