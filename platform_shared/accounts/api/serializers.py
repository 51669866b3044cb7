from typing import Any

from rest_framework import serializers

from platform_shared.accounts.enums import RoleChoices, StaffRole
from platform_shared.accounts.models import User
from platform_shared.kit.serializers import EmailField, StrictSerializer


class CredentialsSerializer(StrictSerializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class RefreshSerializer(StrictSerializer):
    refresh = serializers.CharField(max_length=4000)


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class SignedInUserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "role")


class SignedInSerializer(TokensSerializer):
    user = SignedInUserSerializer()


class ClubSummarySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    status = serializers.CharField()
    time_zone = serializers.CharField()
    currency = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """Who is calling, and what they may do here."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=RoleChoices.choices)
    permissions = serializers.ListField(child=serializers.CharField())
    support = serializers.BooleanField(help_text="A system admin in a support session.")
    club = ClubSummarySerializer(allow_null=True)


class PasswordLinkSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    expires_at = serializers.DateTimeField()


class IssuedPasswordLinkSerializer(serializers.Serializer[Any]):
    password_link = serializers.CharField(help_text="Shown once; give it to whose account it is.")


class SetPasswordSerializer(StrictSerializer):
    token = serializers.CharField(max_length=100)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class AskedPasswordLinkSerializer(StrictSerializer):
    email = serializers.CharField(max_length=254)


class ChangePasswordSerializer(StrictSerializer):
    current_password = serializers.CharField(max_length=200, trim_whitespace=False)
    new_password = serializers.CharField(max_length=200, trim_whitespace=False)


class AccountSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "name", "role", "is_active", "created_at")


class CreatedAccountSerializer(AccountSerializer):
    """``password_link`` is shown once, when no password was given."""

    password_link = serializers.SerializerMethodField()

    class Meta(AccountSerializer.Meta):
        fields = (*AccountSerializer.Meta.fields, "password_link")  # type: ignore[assignment]

    def get_password_link(self, user: User) -> str | None:
        return self.context.get("password_link")


class NewSystemUserSerializer(StrictSerializer):
    email = EmailField()
    name = serializers.CharField(max_length=160, required=False, default="", allow_blank=True)
    password = serializers.CharField(
        max_length=200, required=False, default=None, trim_whitespace=False
    )


class NewStaffSerializer(NewSystemUserSerializer):
    role = serializers.ChoiceField(choices=StaffRole.choices)


class ChangeSystemUserSerializer(StrictSerializer):
    name = serializers.CharField(max_length=160, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)


class ChangeStaffSerializer(ChangeSystemUserSerializer):
    role = serializers.ChoiceField(choices=StaffRole.choices, required=False)
