"""The platform's own answers, which no club's due work speaks of."""

from celery import shared_task

from platform_shared.idempotency import services
from platform_shared.kit import clock
from platform_shared.tenancy.tasks import PlatformTask


@shared_task(base=PlatformTask, name="idempotency.forget_expired")
def forget_expired() -> int:
    """Delete what has expired of the platform host's answers; return how many those were."""
    now, total = clock.now(), 0
    while True:
        gone = services.forget_expired(now=now)
        total += gone
        if gone < services.BATCH:
            return total
