"""Invoices, numbered without gaps per club and local year."""

from django.db import models

from platform_shared.kit.ids import new_id
from platform_shared.kit.money import Money
from platform_shared.kit.principal import ActorStamp
from tenant_apps.invoices.enums import InvoiceStatus


class InvoiceSequence(models.Model):
    """The last number given in a year; its row lock is what keeps the numbers without gaps."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Invoice(ActorStamp):
    """An invoice; what is numbered does not change, except that it becomes paid."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="invoices"
    )
    customer_name = models.CharField(max_length=160)
    customer_address = models.CharField(max_length=400, blank=True)
    status = models.CharField(max_length=4, choices=InvoiceStatus.choices)
    currency = models.CharField(max_length=3)
    total_amount = models.PositiveBigIntegerField()
    tax_amount = models.PositiveBigIntegerField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "sequence"], name="invoices_number_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=InvoiceStatus.values), name="invoices_status"
            ),
            models.CheckConstraint(
                condition=models.Q(tax_amount__lte=models.F("total_amount")),
                name="invoices_tax_within_total",
            ),
        ]
        indexes = [models.Index(fields=["issued_at", "id"], name="invoices_by_issued_at")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"{self.year}-{self.sequence:06d}"

    @property
    def total(self) -> Money:
        return Money(self.total_amount, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_amount, self.currency)


class InvoiceLine(models.Model):
    """One thing sold; the amount is gross."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, null=True, related_name="+"
    )
    description = models.CharField(max_length=200)
    amount = models.PositiveBigIntegerField()
    tax_rate_basis_points = models.PositiveIntegerField()
    tax_amount = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return self.description
