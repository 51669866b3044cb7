"""Sales at the desk: subscription, code, invoice and payment together, or none of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError

from platform_shared.clubs import services as club_services
from platform_shared.due_work.models import DueWork
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.money import Money
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.errors import CustomerInactive
from tenant_apps.customers.models import Customer
from tenant_apps.invoices.enums import InvoiceStatus
from tenant_apps.invoices.models import Invoice, InvoiceLine, InvoiceSequence
from tenant_apps.packages.errors import PackageInactive
from tenant_apps.payments.enums import PaymentMethod, PaymentStatus
from tenant_apps.payments.errors import PaymentNotPending
from tenant_apps.payments.models import Payment
from tenant_apps.qr_codes import services as code_services
from tenant_apps.qr_codes.models import QRCode
from tenant_apps.sales import services
from tenant_apps.sales.services import Sale
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import reason
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package, sell
from tests.tenant_apps.subscriptions.ledger import lines_of

WEEK = timedelta(weeks=1)
PAID_AT_ONCE = [PaymentMethod.CASH, PaymentMethod.CARD_TERMINAL]
TABLES: tuple[Any, ...] = (
    Subscription,
    CreditLot,
    CreditEntry,
    QRCode,
    Invoice,
    InvoiceLine,
    Payment,
    DueWork,
)


def counts() -> dict[str, int]:
    """Return how many rows a sale's tables have, and the last number given."""
    rows = {model.__name__: model.objects.count() for model in TABLES}
    return rows | {"last": InvoiceSequence.objects.get(year=2026).last}


def confirm(sale: Sale, *, at: Any = BORN + WEEK) -> Payment:
    """Record that the sale's money has come."""
    return services.confirm_payment(payment_id=sale.payment.id, now=at, actor=STAFF)


def open_transfer(**package: Any) -> Sale:
    """Sell for a transfer that has not come."""
    return sell(new_package(**package), new_customer(), method=PaymentMethod.TRANSFER)


@pytest.mark.usefixtures("bound_a")
class TestSellAtDesk:
    @pytest.mark.parametrize("method", PAID_AT_ONCE)
    def test_is_paid_and_runs_at_once(self, method: PaymentMethod) -> None:
        customer = new_customer(address="1 Mill Lane")
        package = new_package(visits=5, price=11900, tax_rate_basis_points=1900)
        sale = sell(package, customer, method=method)
        subscription = Subscription.objects.get(pk=sale.subscription.pk)
        assert (subscription.status, subscription.credits_left) == ("active", 5)
        assert (subscription.customer_id, subscription.actor) == (customer.id, STAFF)
        invoice = Invoice.objects.get(pk=sale.invoice.pk)
        assert invoice.status == InvoiceStatus.PAID
        assert (invoice.total, invoice.tax) == (Money(11900, "EUR"), Money(1900, "EUR"))
        assert (invoice.customer_name, invoice.customer_address) == ("Dora", "1 Mill Lane")
        line = InvoiceLine.objects.get(invoice=invoice)
        assert (line.subscription_id, line.description) == (subscription.id, "5 visits")
        payment = Payment.objects.get(pk=sale.payment.pk)
        assert (payment.status, payment.method) == (PaymentStatus.SUCCEEDED, method)
        assert (payment.money, payment.paid_at) == (Money(11900, "EUR"), BORN)
        assert payment.invoice_id == invoice.id
        code = QRCode.objects.get(pk=sale.qr_code.pk)
        assert (code.customer_id, code.subscription_id) == (customer.id, subscription.id)
        assert (code.expires_at, code.revoked_at) == (None, None)

    def test_waits_for_a_transfer(self) -> None:
        sale = open_transfer(visits=5)
        assert sale.subscription.status == "pending"
        assert sale.invoice.status == InvoiceStatus.OPEN
        assert (sale.payment.status, sale.payment.paid_at) == (PaymentStatus.PENDING, None)
        assert reason(code_services.draw(sale.qr_code), at=BORN) == "no_subscription"

    def test_need_not_wait_where_the_club_trusts(self, club_a: ClubWorld) -> None:
        club_services.change_settings(
            club_id=club_a.ref.id, changes={"transfer_activates_at_once": True}
        )
        sale = open_transfer(visits=5)
        assert sale.subscription.status == "active"
        assert sale.invoice.status == InvoiceStatus.OPEN
        assert sale.payment.status == PaymentStatus.PENDING
        assert reason(code_services.draw(sale.qr_code), at=BORN) == "ok"

    def test_gives_back_the_code_that_the_customer_has(self) -> None:
        customer = new_customer()
        first = sell(new_package(visits=1), customer)
        second = sell(new_package(visits=1), customer)
        assert second.qr_code.id == first.qr_code.id
        assert second.qr_code.subscription_id == first.subscription.id
        assert QRCode.objects.filter(customer=customer).count() == 1

    @pytest.mark.parametrize("why", ["revoked", "expired"])
    def test_issues_a_code_when_the_old_one_opens_nothing(self, why: str) -> None:
        customer = new_customer()
        old = code_services.issue_code(
            customer_id=customer.id,
            expires_at=BORN + WEEK if why == "expired" else None,
            now=BORN,
            actor=STAFF,
        )
        if why == "revoked":
            code_services.change_code(code_id=old.id, is_active=False, now=BORN)
        sale = sell(new_package(visits=1), customer, at=BORN + WEEK)
        assert sale.qr_code.id != old.id
        assert reason(code_services.draw(sale.qr_code), at=BORN + WEEK) == "ok"

    def test_may_start_later(self) -> None:
        sale = sell(new_package(duration=("week", 1)), new_customer(), starts_at=BORN + WEEK)
        assert (sale.subscription.starts_at, sale.subscription.ends_at) == (
            BORN + WEEK,
            BORN + 2 * WEEK,
        )

    def test_costs_nothing_when_the_package_does(self) -> None:
        sale = sell(new_package(price=0, tax_rate_basis_points=1900), new_customer())
        assert (sale.invoice.total, sale.invoice.tax) == (Money(0, "EUR"), Money(0, "EUR"))

    def test_is_refused_to_the_inactive(self) -> None:
        customer, package = new_customer(), new_package()
        customer_services.change_customer(
            customer_id=customer.id, changes={"is_active": False}, now=BORN
        )
        before = counts()
        with pytest.raises(CustomerInactive):
            sell(package, customer)
        assert counts() == before

    def test_is_refused_of_what_is_not_for_sale(self) -> None:
        customer, package = new_customer(), new_package(is_active=False)
        before = counts()
        with pytest.raises(PackageInactive):
            sell(package, customer)
        assert counts() == before

    def test_is_refused_of_what_would_be_over_already(self) -> None:
        customer, package = new_customer(), new_package(duration=("week", 1))
        before = counts()
        with pytest.raises(InvalidInput) as caught:
            sell(package, customer, starts_at=BORN - WEEK)
        assert [(e.field, e.code) for e in caught.value.errors] == [("starts_at", "already_over")]
        assert counts() == before

    def test_names_what_does_not_exist(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        before = counts()
        asked: list[tuple[UUID, UUID, str]] = [
            (club_a.period_package, uuid4(), "customer"),
            (club_a.period_package, club_b.customer, "customer"),
            (uuid4(), club_a.customer, "package"),
            (club_b.period_package, club_a.customer, "package"),
        ]
        for package, customer, field in asked:
            with pytest.raises(InvalidInput) as caught:
                sell(package, customer)
            assert [e.field for e in caught.value.errors] == [field]
        assert counts() == before


@pytest.mark.usefixtures("bound_a")
class TestAllOrNothing:
    @pytest.fixture
    def broken_till(self, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
        """A sale whose very last step fails, after the invoice has its number."""

        def fail(**_: object) -> None:
            raise DatabaseError("the till is stuck")

        monkeypatch.setattr(services.payment_services, "record_payment", fail)
        return monkeypatch

    def test_leaves_no_rows_and_no_gap(self, broken_till: pytest.MonkeyPatch) -> None:
        customer, package = new_customer(), new_package(visits=3)
        before = counts()
        with pytest.raises(DatabaseError, match="stuck"):
            sell(package, customer)
        assert counts() == before
        broken_till.undo()
        sale = sell(package, customer)
        assert sale.invoice.sequence == before["last"] + 1

    def test_would_leave_both_without_the_transaction(
        self, broken_till: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the same failure where nothing is undone.
        class NoTransaction:
            def __enter__(self) -> None: ...

            def __exit__(self, *_: object) -> None: ...

        customer, package = new_customer(), new_package(visits=3)
        before = counts()
        broken_till.setattr(services.transaction, "atomic", lambda **_: NoTransaction())
        with pytest.raises(DatabaseError, match="stuck"):
            sell(package, customer)
        after = counts()
        assert after["Subscription"] == before["Subscription"] + 1
        assert after["last"] == before["last"] + 1


@pytest.mark.usefixtures("bound_a")
class TestConfirmPayment:
    def test_starts_what_was_waiting(self) -> None:
        sale = open_transfer(visits=5, duration=("week", 1))
        payment = confirm(sale)
        assert (payment.status, payment.paid_at) == (PaymentStatus.SUCCEEDED, BORN + WEEK)
        assert Invoice.objects.get(pk=sale.invoice.pk).status == InvoiceStatus.PAID
        subscription = Subscription.objects.get(pk=sale.subscription.pk)
        assert (subscription.status, subscription.starts_at) == ("active", BORN + WEEK)
        assert subscription.ends_at == BORN + 2 * WEEK
        assert lines_of(subscription.id) == [("grant", 5, 5)]
        assert reason(code_services.draw(sale.qr_code), at=BORN + WEEK) == "ok"

    def test_happens_once(self) -> None:
        sale = open_transfer(visits=5)
        confirm(sale)
        with pytest.raises(PaymentNotPending):
            confirm(sale, at=BORN + 2 * WEEK)
        assert Payment.objects.get(pk=sale.payment.pk).paid_at == BORN + WEEK
        assert lines_of(sale.subscription.id) == [("grant", 5, 5)]

    @pytest.mark.parametrize("method", PAID_AT_ONCE)
    def test_is_not_for_what_was_paid_at_the_desk(self, method: PaymentMethod) -> None:
        sale = sell(new_package(), new_customer(), method=method)
        with pytest.raises(PaymentNotPending):
            confirm(sale)

    def test_grants_nothing_twice_where_it_ran_at_once(self, club_a: ClubWorld) -> None:
        club_services.change_settings(
            club_id=club_a.ref.id, changes={"transfer_activates_at_once": True}
        )
        sale = open_transfer(visits=5)
        confirm(sale)
        subscription = Subscription.objects.get(pk=sale.subscription.pk)
        assert subscription.starts_at == BORN
        assert lines_of(subscription.id) == [("grant", 5, 5)]
        assert Invoice.objects.get(pk=sale.invoice.pk).status == InvoiceStatus.PAID

    def test_takes_the_money_even_if_the_subscription_is_over(self, club_a: ClubWorld) -> None:
        club_services.change_settings(
            club_id=club_a.ref.id, changes={"transfer_activates_at_once": True}
        )
        sale = open_transfer(visits=5, duration=("week", 1))
        subscription_services.settle(sale.subscription.id, BORN + WEEK)
        assert confirm(sale).status == PaymentStatus.SUCCEEDED
        assert Subscription.objects.get(pk=sale.subscription.pk).status == "expired"

    def test_serves_a_customer_who_is_inactive_by_then(self) -> None:
        sale = open_transfer(visits=5)
        Customer.objects.filter(pk=sale.subscription.customer_id).update(is_active=False)
        confirm(sale)
        code = code_services.draw(sale.qr_code)
        assert reason(code, at=BORN + WEEK) == "customer_inactive"
        assert reason(code, at=BORN + WEEK, kind=Kind.EXIT) == "ok"

    def test_knows_no_payment_of_another_club(self, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.confirm_payment(payment_id=club_b.payment, now=BORN, actor=STAFF)

    def test_leaves_all_as_it_was_when_the_start_fails(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sale = open_transfer(visits=5)

        def fail(**_: object) -> None:
            raise DatabaseError("no start")

        monkeypatch.setattr(services.subscription_services, "activate_subscription", fail)
        with pytest.raises(DatabaseError, match="no start"):
            confirm(sale)
        assert Payment.objects.get(pk=sale.payment.pk).status == PaymentStatus.PENDING
        assert Invoice.objects.get(pk=sale.invoice.pk).status == InvoiceStatus.OPEN
