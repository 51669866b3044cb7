from django.db import models

from platform_shared.kit.access import PROGRAMMABLE, Permission

# In the order of ``Permission``: what a key may be given.
PERMISSION_CHOICES = [(str(one), str(one)) for one in Permission if one in PROGRAMMABLE]


class KeyAction(models.TextChoices):
    """What was done to a key."""

    CREATED = "created"
    RENAMED = "renamed"
    ROTATED = "rotated"
    REVOKED = "revoked"
