"""Plans: what a club rents."""

from django.db import models

from platform_shared.kit.ids import new_id


class Plan(models.Model):
    """A plan and its limits; a null limit means as many as they like."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    price_amount = models.PositiveBigIntegerField(help_text="Minor units a month.")
    price_currency = models.CharField(max_length=3)
    max_customers = models.PositiveIntegerField(null=True)
    max_staff = models.PositiveIntegerField(null=True)
    max_locations = models.PositiveIntegerField(null=True)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code
