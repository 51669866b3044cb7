"""The shared outbox: clubs and the platform insert, one relay reads; ids only, no personal data."""

from django.db import models

from platform_shared.kit.claims import Claimable
from platform_shared.kit.ids import new_id


class Event(Claimable):
    """Something that has happened to ``subject_id``, until all who listen have heard of it.

    ``club_id`` is null where the platform itself speaks. ``waiting`` names the subscribers that
    have not had it yet. ``trace`` is the span in which it happened, where there are spans.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    club_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    waiting = models.JSONField(default=list)
    trace = models.CharField(max_length=55, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="outbox_event_due_at"),
            models.Index(fields=["subject_id", "id"], name="outbox_event_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
