"""The platform host."""

from django.urls import include, path

from platform_shared.accounts.api import urls as accounts
from platform_shared.project.urls_common import (
    documents,
    handler400,
    handler403,
    handler404,
    handler500,
)

TITLE = "QR Check-in: platform"

api = [
    path("", include(accounts.common)),
    path("", include("platform_shared.plans.api.urls")),
    path("", include("platform_shared.clubs.api.urls")),
    path("", include(accounts.platform)),
]
urlpatterns = [path("api/v1/", include(api)), *documents(__name__, TITLE)]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
