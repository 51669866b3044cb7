"""Answers by key: in the public schema those of the platform host, in a club's those of its own."""

from django.db import models

from platform_shared.kit.ids import new_id


class KeptAnswer(models.Model):
    """The answer to an account's request with a key, sealed together with its fingerprint.

    The account is no foreign key: a system admin in a support session has no row in the club. The
    key is there as its SHA-256, since clients make keys of what they like.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    key_hash = models.BinaryField(max_length=32)
    sealed_answer = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "key_hash"], name="idempotency_one_answer_for_a_key"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expires_at")]

    def __str__(self) -> str:
        return f"answer to {self.user_id} until {self.expires_at}"
