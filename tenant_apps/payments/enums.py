from django.db import models


class PaymentMethod(models.TextChoices):
    CASH = "cash"
    CARD_TERMINAL = "card_terminal"
    TRANSFER = "transfer"


class PaymentStatus(models.TextChoices):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
