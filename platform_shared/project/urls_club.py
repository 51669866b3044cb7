"""Club hosts."""

from django.urls import include, path

from platform_shared.accounts.api import urls as accounts
from platform_shared.project.urls_common import (
    documents,
    handler400,
    handler403,
    handler404,
    handler500,
)

TITLE = "QR Check-in: club"

api = [
    path("", include("tenant_apps.checkins.api.urls")),  # first, since doors wait for it
    path("", include(accounts.common)),
    path("", include("platform_shared.clubs.api.urls_club")),
    path("", include(accounts.club)),
    path("", include("tenant_apps.locations.api.urls")),
    path("", include("tenant_apps.customers.api.urls")),
    path("", include("tenant_apps.registrations.api.urls")),
    path("", include("tenant_apps.packages.api.urls")),
    path("", include("tenant_apps.subscriptions.api.urls")),
    path("", include("tenant_apps.qr_codes.api.urls")),
    path("", include("tenant_apps.invoices.api.urls")),
    path("", include("tenant_apps.payments.api.urls")),
    path("", include("tenant_apps.sales.api.urls")),
    path("", include("tenant_apps.me.api.urls")),
    path("", include("tenant_apps.reports.api.urls")),
]
urlpatterns = [path("api/v1/", include(api)), *documents(__name__, TITLE)]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
