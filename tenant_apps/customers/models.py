"""Customers: the people a club serves."""

from django.db import models
from django.db.models.functions import Lower

from platform_shared.kit.ids import new_id


class Customer(models.Model):
    """A member or guest. A login is optional and linked by invitation.

    ``email`` is kept in lower case, so it is unique whatever its case. The row is what every
    change of the customer's credits and presence locks first.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=160)
    email = models.EmailField(max_length=254, null=True, unique=True)  # noqa: DJ001 - unique, and '' is not
    phone = models.CharField(max_length=40, blank=True)
    birth_date = models.DateField(null=True)
    address = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=True)
    user = models.OneToOneField(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=None) | models.Q(email=Lower("email")),
                name="customers_customer_email_lower",
            ),
        ]

    def __str__(self) -> str:
        return self.name
