from django.db import models


class InvoiceStatus(models.TextChoices):
    OPEN = "open"
    PAID = "paid"
