"""The shared list of due work: clubs insert, one scheduler reads; ids only, no personal data."""

from django.db import models

from platform_shared.kit.claims import Claimable
from platform_shared.kit.ids import new_id


class DueWork(Claimable):
    """Something a club wants done at a time: ``kind`` names the handler, ``subject_id`` the row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    club_id = models.UUIDField()
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["club_id", "kind", "subject_id"], name="due_work_once_per_subject"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="due_work_due_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} at {self.due_at}"
