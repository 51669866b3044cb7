"""Due work: clubs put it on the list, the scheduler claims it, a task of the club does it."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from platform_shared.due_work.models import DueWork
from platform_shared.kit import claims, locks
from platform_shared.tenancy import binding

Handler = Callable[[UUID, datetime], None]
_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Have ``handler(subject_id, now)`` do work of ``kind``, bound to its club.

    It runs inside a transaction that also takes the entry off the list, and must be right when
    it runs twice or late.
    """
    _handlers[kind] = handler


def schedule(*, kind: str, subject_id: UUID, due_at: datetime) -> None:
    """Put work of the bound club on the list, in the caller's transaction.

    Idempotent by: (club, kind, subject); a second call moves the time.
    """
    DueWork.objects.bulk_create(
        [
            DueWork(
                club_id=binding.current_club().id, kind=kind, subject_id=subject_id, due_at=due_at
            )
        ],
        update_conflicts=True,
        unique_fields=["club_id", "kind", "subject_id"],
        update_fields=["due_at", "claimed_until", "request_id"],
    )


def schedule_once(*, kind: str, subject_id: UUID, due_at: datetime) -> None:
    """Put work of the bound club on the list, in the caller's transaction, unless it is there.

    For what many ask for at once, long before it is due: an entry that is there is not touched, so
    that nobody waits for anybody. The caller does nothing else in its transaction.
    """
    asked = {"club_id": binding.current_club().id, "kind": kind, "subject_id": subject_id}
    if DueWork.objects.filter(**asked).exists():
        return
    # Whoever asks just now waits for our commit. That must not wait for what they hold, as it
    # would where foreign keys, which lock the rows they name, are left to be checked by then.
    connection.check_constraints()
    DueWork.objects.bulk_create([DueWork(**asked, due_at=due_at)], ignore_conflicts=True)


def claim(*, now: datetime, limit: int = claims.BATCH) -> list[DueWork]:
    """Return due entries that nobody else has claimed, now claimed for ten minutes.

    An entry whose task died comes back when its claim runs out.

    Locks: the entries, skipping those another scheduler holds.
    """
    return claims.claim(DueWork.objects.all(), now=now, limit=limit)


def carry_out(*, entry_id: UUID, now: datetime) -> bool:
    """Do an entry of the bound club and take it off the list; return whether there was one.

    Locks: the entry's id (advisory), so that of two tasks for it one finds nothing to do; then
    what the handler locks. The row itself only last, as ``schedule`` does in transactions that
    hold a customer: the other way round the two would wait for each other.
    Idempotent by: the entry, which is gone afterwards.

    Raises:
        LookupError: no handler is registered for its kind.
    """
    with transaction.atomic(durable=True):
        if not locks.try_take("due-work", str(entry_id)):
            return False
        entry = DueWork.objects.filter(
            pk=entry_id, club_id=binding.current_club().id, due_at__lte=now
        ).first()
        if entry is None:
            return False
        if entry.kind not in _handlers:
            raise LookupError(f"nobody handles due work of kind {entry.kind!r}")
        due_at = entry.due_at
        _handlers[entry.kind](entry.subject_id, now)
        # The handler, or somebody whom it waited for, may have put the entry off; then it stays.
        DueWork.objects.filter(pk=entry.pk, due_at=due_at).delete()
        return True
