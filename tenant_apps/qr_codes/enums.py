from django.db import models


class KeyStatus(models.TextChoices):
    SIGNING = "signing"
    VERIFYING = "verifying"
    RETIRED = "retired"


class CodeKind(models.TextChoices):
    STATIC = "static"
