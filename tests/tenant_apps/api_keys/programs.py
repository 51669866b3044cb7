"""Keys for tests."""

from datetime import datetime
from typing import Any

from platform_shared.kit import clock
from platform_shared.kit.access import PROGRAMMABLE
from platform_shared.kit.principal import SYSTEM
from tenant_apps.api_keys import services
from tenant_apps.api_keys.models import ApiKey


def make(
    *permissions: str,
    name: str = "Website",
    expires_at: datetime | None = None,
    **options: Any,
) -> tuple[ApiKey, str]:
    """Make a key of the bound club; return it and its text."""
    return services.create_key(
        name=name,
        permissions=permissions or ("door.scan",),
        expires_at=expires_at,
        granted=options.pop("granted", PROGRAMMABLE),
        now=options.pop("now", clock.now()),
        actor=options.pop("actor", SYSTEM),
    )
