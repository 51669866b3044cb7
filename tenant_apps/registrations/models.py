"""Those who want to be customers and have not proved their e-mail yet."""

from django.db import models
from django.db.models.functions import Lower

from platform_shared.kit.ids import new_id


class Registration(models.Model):
    """What somebody has filled in; no customer comes of it before the link was followed.

    ``token_hash`` is the SHA-256 of the link's secret, once the link has been made.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=160)
    phone = models.CharField(max_length=40, blank=True)
    birth_date = models.DateField(null=True)
    token_hash = models.BinaryField(max_length=32, null=True, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="registrations_email_lower"
            ),
        ]
        indexes = [models.Index(fields=["email", "created_at"], name="registrations_email")]

    def __str__(self) -> str:
        return str(self.id)
