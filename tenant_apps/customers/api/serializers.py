from rest_framework import serializers

from platform_shared.kit.serializers import EmailField, StrictSerializer
from tenant_apps.customers.models import Customer


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    has_login = serializers.SerializerMethodField()
    photo_url = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = (
            "id",
            "name",
            "email",
            "phone",
            "birth_date",
            "address",
            "is_active",
            "has_login",
            "photo_url",
            "created_at",
        )

    def get_has_login(self, customer: Customer) -> bool:
        return customer.user_id is not None

    def get_photo_url(self, customer: Customer) -> str | None:
        return None


class _CustomerFieldsSerializer(StrictSerializer):
    email = EmailField(required=False, allow_null=True)
    phone = serializers.RegexField(
        r"^[0-9+()/ .-]*$", max_length=40, required=False, allow_blank=True
    )
    birth_date = serializers.DateField(required=False, allow_null=True)
    address = serializers.CharField(max_length=400, required=False, allow_blank=True)


class NewCustomerSerializer(_CustomerFieldsSerializer):
    name = serializers.CharField(max_length=160)


class ChangeCustomerSerializer(_CustomerFieldsSerializer):
    name = serializers.CharField(max_length=160, required=False)
    is_active = serializers.BooleanField(required=False)
