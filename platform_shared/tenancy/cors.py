"""Which sites' pages may call whom from a browser: an origin counts where it is registered."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef


def is_registered(sender: object, request: HttpRequest, **kwargs: Any) -> bool:
    """Return whether the request's origin is one of the bound club's, or of the platform's.

    A receiver of django-cors-headers' ``check_request_enabled``; its middleware stands inside
    ``HostMiddleware``, so the club's facts are there already and nothing is looked up.
    """
    bound = binding.current()
    origins = bound.origins if isinstance(bound, ClubRef) else settings.PLATFORM_ORIGINS
    return request.headers.get("Origin") in origins
