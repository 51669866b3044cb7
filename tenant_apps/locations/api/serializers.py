from rest_framework import serializers

from platform_shared.kit.access import Permission
from platform_shared.kit.listing import Expansion
from platform_shared.kit.serializers import StrictSerializer
from tenant_apps.locations import selectors
from tenant_apps.locations.models import Location


class LocationSerializer(serializers.ModelSerializer[Location]):
    class Meta:
        model = Location
        fields = ("id", "name", "address", "capacity", "is_active", "created_at")


LOCATION = Expansion(
    "location",
    lambda caller: selectors.list_locations(),
    LocationSerializer,
    Permission.LOCATIONS_VIEW,
)


class _LocationFieldsSerializer(StrictSerializer):
    address = serializers.CharField(max_length=400, required=False, allow_blank=True)
    capacity = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        allow_null=True,
        help_text="How many may be inside at once; null: any number.",
    )


class NewLocationSerializer(_LocationFieldsSerializer):
    name = serializers.CharField(max_length=120)


class ChangeLocationSerializer(_LocationFieldsSerializer):
    name = serializers.CharField(max_length=120, required=False)
    is_active = serializers.BooleanField(required=False)
