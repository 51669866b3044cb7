"""QR codes, and the keys that sign them."""

from datetime import datetime

from django.db import models

from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import ActorStamp
from tenant_apps.qr_codes.enums import CodeKind, KeyStatus


class SigningKey(models.Model):
    """An Ed25519 key of the club; the private half is sealed under the platform's master key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key_id = models.BinaryField(max_length=4, unique=True)
    public_key = models.BinaryField(max_length=32)
    sealed_private_key = models.BinaryField(max_length=200)
    status = models.CharField(max_length=9, choices=KeyStatus.choices)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=KeyStatus.values), name="qr_codes_key_status"
            ),
            models.UniqueConstraint(
                fields=["status"],
                condition=models.Q(status=KeyStatus.SIGNING),
                name="qr_codes_one_signing_key",
            ),
        ]

    def __str__(self) -> str:
        return bytes(self.key_id).hex()


class QRCode(ActorStamp):
    """A customer's credential. The code's text is never stored: it is drawn again when needed.

    ``subscription`` says what it was issued with and limits nothing. ``printed_at`` is when the
    club last printed a card of it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="qr_codes"
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, null=True, related_name="+"
    )
    kind = models.CharField(max_length=8, choices=CodeKind.choices)
    label = models.CharField(max_length=80, blank=True, default="", db_default="")
    signing_key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    printed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)

    def is_active_at(self, now: datetime) -> bool:
        """Return whether a door would accept the code itself."""
        return (
            self.revoked_at is None
            and (self.expires_at is None or self.expires_at > now)
            and self.signing_key.status != KeyStatus.RETIRED
        )
