"""The scheduler's task and the clubs' task."""

from uuid import UUID

from celery import shared_task

from platform_shared.due_work import services
from platform_shared.kit import clock, context
from platform_shared.tenancy.tasks import ClubTask, PlatformTask


@shared_task(base=PlatformTask, name="due_work.dispatch")
def dispatch() -> int:
    """Claim what is due and send each entry to its club; return how many that were."""
    entries = services.claim(now=clock.now())
    for entry in entries:
        with context.caused_by(entry.request_id):
            carry_out.send(entry.club_id, str(entry.id))
    return len(entries)


@shared_task(base=ClubTask, name="due_work.carry_out")
def carry_out(entry_id: str) -> bool:
    """Do one entry of the club."""
    return services.carry_out(entry_id=UUID(entry_id), now=clock.now())
