from typing import Any

from rest_framework import serializers

from tenant_apps.customers.api.serializers import CustomerSerializer
from tenant_apps.customers.fields import EmergencyContactSerializer, ReachSerializer


class HomeLocationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="location.id")
    name = serializers.CharField(source="location.name")


class MyCustomerSerializer(CustomerSerializer):
    """A customer's record as they see it: without the club's notes and tags."""

    locations = HomeLocationSerializer(  # type: ignore[assignment]
        source="home_locations", many=True
    )

    class Meta(CustomerSerializer.Meta):
        fields = (  # type: ignore[assignment]
            "id",
            "name",
            "email",
            "phone",
            "phone_e164",
            "birth_date",
            "address",
            "emergency_contact",
            "locations",
            "is_active",
            "photo_url",
            "created_at",
        )


class ChangeMyCustomerSerializer(ReachSerializer):
    """How to reach them; by name, birth date and e-mail the club knows who they are."""

    emergency_contact = EmergencyContactSerializer(required=False, allow_null=True)
