from uuid import UUID

from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.plans.errors import PlanLimitReached
from tenant_apps.locations import selectors, services
from tenant_apps.locations.api import serializers
from tenant_apps.locations.api.filters import LocationFilter
from tenant_apps.locations.errors import LocationNameTaken


class LocationsView(ApiView):
    access = {"GET": Permission.LOCATIONS_VIEW, "POST": Permission.LOCATIONS_MANAGE}
    queryset = selectors.list_locations()
    filterset_class = LocationFilter
    orderings = (selectors.BY_NAME,)

    @operation("listLocations", "Locations", answers=serializers.LocationSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The club's places and doors."""
        return self.page(selectors.list_locations(), serializers.LocationSerializer)

    @operation(
        "createLocation",
        "Locations",
        body=serializers.NewLocationSerializer,
        answers={201: serializers.LocationSerializer},
        errors=(LocationNameTaken, PlanLimitReached),
    )
    def post(self, request: Request) -> Response:
        """Add a place or a door."""
        data = self.valid(serializers.NewLocationSerializer)
        location = services.create_location(**data, now=clock.now())
        return Response(serializers.LocationSerializer(location).data, status=201)


class LocationView(ApiView):
    access = {"GET": Permission.LOCATIONS_VIEW, "PATCH": Permission.LOCATIONS_MANAGE}
    tagged_as = serializers.LocationSerializer

    @operation("getLocation", "Locations", answers=serializers.LocationSerializer)
    def get(self, request: Request, location_id: UUID) -> Response:
        """One place or door."""
        return self.one(selectors.get_location(location_id), serializers.LocationSerializer)

    @operation(
        "changeLocation",
        "Locations",
        body=serializers.ChangeLocationSerializer,
        answers=serializers.LocationSerializer,
        errors=(LocationNameTaken, PlanLimitReached),
    )
    def patch(self, request: Request, location_id: UUID) -> Response:
        """Change what is named; everything else stays."""
        changes = self.valid(serializers.ChangeLocationSerializer)
        location = services.change_location(
            location_id=location_id, changes=changes, precondition=self.precondition
        )
        return Response(serializers.LocationSerializer(location).data)
