from dataclasses import asdict

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.tenancy import binding
from tenant_apps.reports import selectors
from tenant_apps.reports.api import serializers

FROM = OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="Local, inclusive.")
TO = OpenApiParameter("to", OpenApiTypes.DATE, required=True, description="Local, exclusive.")


class OverviewView(ApiView):
    access = {"GET": Permission.REPORTS_VIEW}

    @operation(
        "getOverview", "Reports", parameters=[FROM, TO], answers=serializers.OverviewSerializer
    )
    def get(self, request: Request) -> Response:
        """Check-ins, visitors, revenue and subscriptions of some local days, in all and by day."""
        wanted = serializers.RangeSerializer(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        data = wanted.validated_data
        report = selectors.overview(data["from"], data["to"])
        answer = {
            "from": report.first,
            "to": report.end,
            "time_zone": binding.current_club().time_zone,
            **asdict(report.total),
            "by_day": [{"date": day, **asdict(figures)} for day, figures in report.by_day],
        }
        return Response(serializers.OverviewSerializer(answer).data)
