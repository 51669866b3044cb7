"""The relay's task, and the tasks that deliver one event."""

from uuid import UUID

from celery import shared_task

from platform_shared.kit import clock, context
from platform_shared.outbox import services
from platform_shared.tenancy.tasks import ClubTask, PlatformTask


@shared_task(base=PlatformTask, name="outbox.relay")
def relay() -> int:
    """Claim what is to be delivered and send each event to whose it is; return how many."""
    events = services.claim(now=clock.now())
    for event in events:
        with context.caused_by(event.request_id):
            if event.club_id is None:
                deliver_at_platform.delay(str(event.pk))
            else:
                deliver.send(event.club_id, str(event.pk))
    return len(events)


@shared_task(base=ClubTask, name="outbox.deliver")
def deliver(event_id: str) -> bool:
    """Deliver one event of the club."""
    return services.deliver(event_id=UUID(event_id), now=clock.now())


@shared_task(base=PlatformTask, name="outbox.deliver_at_platform")
def deliver_at_platform(event_id: str) -> bool:
    """Deliver one event of the platform."""
    return services.deliver(event_id=UUID(event_id), now=clock.now())
