"""Payments taken at the desk."""

from django.db import models

from platform_shared.kit.ids import new_id
from platform_shared.kit.money import Money
from platform_shared.kit.ordering import or_never
from platform_shared.kit.principal import ActorStamp
from tenant_apps.payments.enums import PaymentMethod, PaymentStatus


class Payment(ActorStamp):
    """Money for an invoice: received, or on its way."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    invoice = models.ForeignKey(
        "invoices.Invoice", on_delete=models.PROTECT, related_name="payments"
    )
    method = models.CharField(max_length=13, choices=PaymentMethod.choices)
    status = models.CharField(max_length=9, choices=PaymentStatus.choices)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status=PaymentStatus.PENDING, paid_at=None)
                | models.Q(status=PaymentStatus.SUCCEEDED, paid_at__isnull=False),
                name="payments_payment_paid_when_succeeded",
            ),
            models.CheckConstraint(
                condition=models.Q(method__in=PaymentMethod.values),
                name="payments_payment_method",
            ),
        ]
        indexes = [
            models.Index(fields=["paid_at"], name="payments_by_paid_at"),
            models.Index(or_never("paid_at"), "id", name="payments_in_order_of_paying"),
        ]

    def __str__(self) -> str:
        return f"{self.money} by {self.method}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
