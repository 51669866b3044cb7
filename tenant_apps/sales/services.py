"""Selling: what money, terms and codes have to do with each other."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit.principal import Actor
from platform_shared.tenancy import binding
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers.errors import CustomerInactive
from tenant_apps.invoices import selectors as invoice_selectors
from tenant_apps.invoices import services as invoice_services
from tenant_apps.invoices.enums import InvoiceStatus
from tenant_apps.payments import selectors as payment_selectors
from tenant_apps.payments import services as payment_services
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.qr_codes import services as code_services
from tenant_apps.subscriptions import selectors as subscription_selectors
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.enums import SubscriptionStatus

if TYPE_CHECKING:
    from tenant_apps.invoices.models import Invoice
    from tenant_apps.payments.models import Payment
    from tenant_apps.qr_codes.models import QRCode
    from tenant_apps.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Sale:
    """What a sale made, or found: the customer's code may be an older one."""

    invoice: "Invoice"
    payment: "Payment"
    subscription: "Subscription"
    qr_code: "QRCode"


def sell_at_desk(
    *,
    customer_id: UUID,
    package_id: UUID,
    method: PaymentMethod,
    starts_at: datetime | None,
    now: datetime,
    actor: Actor,
) -> Sale:
    """Sell a package: subscription, code, invoice with its number, payment; all or nothing.

    Cash and card are paid on the spot. A transfer leaves the invoice open, and the club's setting
    says whether the subscription starts at once or when the money has come.

    Locks: the customer first, the invoice number last.

    Raises:
        InvalidInput: no such customer or package, or it would be over already.
        CustomerInactive, CustomerMerged, PackageInactive.
    """
    paid = method != PaymentMethod.TRANSFER
    with transaction.atomic():
        customer = customer_selectors.lock_named(customer_id)
        if not customer.is_active:
            raise CustomerInactive
        club = club_selectors.get_club(binding.current_club().id)
        subscription = subscription_services.open_subscription(
            customer_id=customer_id,
            package_id=package_id,
            starts_at=starts_at,
            activate=paid or club.transfer_activates_at_once,
            now=now,
            actor=actor,
        )
        code = code_services.find_or_issue(
            customer_id=customer_id, subscription_id=subscription.id, now=now, actor=actor
        )
        invoice = invoice_services.issue_invoice(
            customer_id=customer_id,
            customer_name=customer.name,
            customer_address=customer.address,
            subscription_id=subscription.id,
            description=subscription.package_name,
            price=subscription.price,
            tax_rate_basis_points=subscription.tax_rate_basis_points,
            status=InvoiceStatus.PAID if paid else InvoiceStatus.OPEN,
            now=now,
            actor=actor,
        )
        payment = payment_services.record_payment(
            invoice_id=invoice.id,
            method=method,
            money=subscription.price,
            now=now,
            actor=actor,
        )
        return Sale(invoice, payment, subscription, code)


def confirm_payment(*, payment_id: UUID, now: datetime, actor: Actor) -> "Payment":
    """Record that a transfer has come: the invoice is paid and what it was for starts.

    Locks: the customer, the payment, the subscription.
    Idempotent by: the payment's status; a second call is refused and changes nothing.

    Raises:
        NotFound: no such payment.
        PaymentNotPending: it came before.
    """
    with transaction.atomic():
        invoice_id = payment_selectors.get_payment(payment_id).invoice_id
        invoice = invoice_selectors.get_invoice(invoice_id)
        customer_selectors.lock_customer(invoice.customer_id)
        payment = payment_services.confirm(payment_id=payment_id, now=now)
        invoice_services.mark_paid(invoice_id=invoice_id)
        for subscription_id in invoice_selectors.subscriptions_of(invoice_id):
            subscription = subscription_selectors.get_subscription(subscription_id)
            if subscription.status == SubscriptionStatus.PENDING:
                subscription_services.activate_subscription(
                    subscription_id=subscription_id, now=now, actor=actor
                )
        return payment
