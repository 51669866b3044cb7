from rest_framework import serializers

from platform_shared.accounts.api.serializers import SetPasswordSerializer
from platform_shared.kit.serializers import EmailField, StrictSerializer
from tenant_apps.customers.models import Customer
from tenant_apps.registrations.models import Registration


class NewRegistrationSerializer(StrictSerializer):
    name = serializers.CharField(max_length=160)
    email = EmailField()
    phone = serializers.RegexField(
        r"^[0-9+()/ .-]*$", max_length=40, required=False, allow_blank=True
    )
    birth_date = serializers.DateField(required=False, allow_null=True)


class RegistrationSerializer(serializers.ModelSerializer[Registration]):
    """What a link would confirm."""

    class Meta:
        model = Registration
        fields = ("name", "email", "expires_at")


class ConfirmRegistrationSerializer(SetPasswordSerializer):
    """The link's token and the password to sign in with."""


class RegisteredCustomerSerializer(serializers.ModelSerializer[Customer]):
    """The customer who signs in with e-mail and password from now on."""

    class Meta:
        model = Customer
        fields = ("id", "name", "email")
