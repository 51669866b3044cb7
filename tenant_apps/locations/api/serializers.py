from rest_framework import serializers

from platform_shared.kit.serializers import StrictSerializer
from tenant_apps.locations.models import Location


class LocationSerializer(serializers.ModelSerializer[Location]):
    class Meta:
        model = Location
        fields = ("id", "name", "is_active", "created_at")


class NewLocationSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120)


class ChangeLocationSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    is_active = serializers.BooleanField(required=False)
