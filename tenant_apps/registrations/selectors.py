from datetime import datetime
from uuid import UUID

from platform_shared.kit import one_time
from tenant_apps.registrations.errors import InvalidRegistrationLink
from tenant_apps.registrations.models import Registration


def find_open(registration_id: UUID, now: datetime) -> Registration | None:
    """Return the registration, unless it is over, or None."""
    return Registration.objects.filter(pk=registration_id, expires_at__gt=now).first()


def get_by_secret(secret: str, now: datetime) -> Registration:
    """Return the registration that this link's secret opens.

    Raises:
        InvalidRegistrationLink: unknown, used or expired.
    """
    rows = Registration.objects.filter(token_hash=one_time.digest(secret), expires_at__gt=now)
    registration = rows.first()
    if registration is None:
        raise InvalidRegistrationLink
    return registration
