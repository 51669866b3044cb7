from datetime import datetime
from uuid import UUID

from django.db import connection

from platform_shared.kit import clock
from platform_shared.kit.money import Money
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding
from tenant_apps.invoices import selectors
from tenant_apps.invoices.enums import InvoiceStatus
from tenant_apps.invoices.models import Invoice, InvoiceLine

# One statement, so that the row is locked from the first use of a year on; the table is found
# through the bound schema.
NEXT_NUMBER = """
    INSERT INTO invoices_invoicesequence AS numbers (year, last) VALUES (%s, 1)
    ON CONFLICT (year) DO UPDATE SET last = numbers.last + 1
    RETURNING last
"""


def issue_invoice(
    *,
    customer_id: UUID,
    customer_name: str,
    customer_address: str,
    subscription_id: UUID,
    description: str,
    price: Money,
    tax_rate_basis_points: int,
    status: InvoiceStatus,
    now: datetime,
    actor: Actor,
) -> Invoice:
    """Issue an invoice over one line, with the next number of the club's local year.

    Runs in the caller's transaction, last: the number is locked until that ends, and comes back
    when it rolls back, so there are no gaps.

    Locks: the year's sequence.
    """
    year = clock.local_date(now, binding.current_club().time_zone).year
    tax = price.included_tax(tax_rate_basis_points)
    invoice = Invoice(
        year=year,
        sequence=_next_number(year),
        customer_id=customer_id,
        customer_name=customer_name,
        customer_address=customer_address,
        status=status,
        currency=price.currency,
        total_amount=price.amount,
        tax_amount=tax.amount,
        issued_at=now,
        **stamp(actor),
    )
    invoice.save(force_insert=True)
    InvoiceLine.objects.create(
        invoice=invoice,
        subscription_id=subscription_id,
        description=description,
        amount=price.amount,
        tax_rate_basis_points=tax_rate_basis_points,
        tax_amount=tax.amount,
    )
    return invoice


def _next_number(year: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, (year,))
        (number,) = cursor.fetchone()
        return int(number)


def mark_paid(*, invoice_id: UUID) -> Invoice:
    """Mark an open invoice as paid, in the caller's transaction."""
    Invoice.objects.filter(pk=invoice_id).update(status=InvoiceStatus.PAID)
    return selectors.get_invoice(invoice_id)
