from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.plans import selectors
from platform_shared.plans.api.serializers import PlanSerializer


class PlansView(ApiView):
    access = {"GET": Permission.CLUBS_MANAGE}

    @operation("listPlans", "Plans", answers=PlanSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What clubs can rent."""
        return self.page(selectors.list_plans(), PlanSerializer)
