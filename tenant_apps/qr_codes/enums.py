from django.db import models


class KeyStatus(models.TextChoices):
    SIGNING = "signing"
    VERIFYING = "verifying"
    RETIRED = "retired"


class CodeKind(models.TextChoices):
    STATIC = "static"


class Paper(models.TextChoices):
    """What cards are printed on: sheets to cut, or blank cards in a card printer."""

    A4 = "a4"
    LETTER = "letter"
    CARD = "card"
