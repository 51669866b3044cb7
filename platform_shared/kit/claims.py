"""Rows that wait for a worker: one reader claims them for a while and sends each to be done."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q, QuerySet

from platform_shared.kit import context

CLAIM = timedelta(minutes=10)
BATCH = 500


def cause() -> str:
    """Return the id of the request, or of the task, that is running; else an empty text."""
    return context.request_id.get() or ""


class CauseField(models.CharField):  # type: ignore[type-arg]
    """A text that is never asked back from the database: we know what we have written.

    Django asks for every column that has a default there, and in a batch of ``tenancy.pipeline`` an
    INSERT that answers is waited for.
    """

    db_returning = False

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class Claimable(models.Model):
    """Abstract: the columns by which a row is claimed, and comes back when its claim runs out.

    ``request_id`` is what made the row; what is done about it logs under the same id.
    """

    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    request_id = CauseField(max_length=64, default=cause, db_default="")

    class Meta:
        abstract = True


def claim[R: Claimable](rows: QuerySet[R], *, now: datetime, limit: int = BATCH) -> list[R]:
    """Return those of ``rows`` that are due and that nobody else has claimed, now claimed.

    Locks: the rows, skipping those that another reader holds.
    """
    with transaction.atomic(durable=True):
        claimed = list(
            rows.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(claimed_until=None) | Q(claimed_until__lte=now), due_at__lte=now)
            .order_by("due_at", "pk")[:limit]
        )
        everybody = rows.model._default_manager
        everybody.filter(pk__in=[row.pk for row in claimed]).update(
            claimed_until=now + CLAIM, attempts=F("attempts") + 1
        )
        return claimed
