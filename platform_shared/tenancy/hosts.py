"""Which club answers on a host."""

import re

from django.conf import settings
from django_tenants.utils import get_tenant_domain_model

from platform_shared.kit.shared_cache import SharedCache
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_clubs: SharedCache[ClubRef] = SharedCache(
    "host", to_json=ClubRef.to_json, from_json=ClubRef.from_json
)


def normalise(raw: str) -> str | None:
    """Return the host of a ``Host`` header without port, trailing dot or case, or None."""
    name = raw.strip().lower()
    name = re.sub(r":\d{1,5}\Z", "", name).removesuffix(".")
    return name if _HOST.fullmatch(name) else None


def is_platform(host: str) -> bool:
    """Return whether ``host`` is the platform's own."""
    return host in settings.PLATFORM_HOSTS


def find(host: str) -> ClubRef | None:
    """Return the club that answers on the normalised ``host``, or None."""
    return _clubs.get(host, lambda: _load(host))


def external_url(path: str) -> str:
    """Return the address of ``path`` at whoever is bound, as the outside reaches it."""
    bound = binding.current()
    host = (
        f"{bound.slug}.{settings.BASE_DOMAIN}"
        if isinstance(bound, ClubRef)
        else settings.PLATFORM_HOSTS[0]
    )
    port = f":{settings.EXTERNAL_PORT}" if settings.EXTERNAL_PORT else ""
    return f"{settings.EXTERNAL_SCHEME}://{host}{port}{path}"


def forget(*hosts: str) -> None:
    """Make every process look ``hosts`` up anew; call it after the commit that changed a club."""
    _clubs.invalidate(*hosts)


def _load(host: str) -> ClubRef | None:
    with binding.platform():
        row = (
            get_tenant_domain_model()
            ._default_manager.select_related("tenant")
            .filter(domain=host)
            .exclude(tenant__status="closed")
            .first()
        )
        return None if row is None else ClubRef.of(row.tenant)
