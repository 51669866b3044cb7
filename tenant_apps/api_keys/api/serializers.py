from typing import Any

from rest_framework import serializers

from platform_shared.kit.serializers import ActorSerializer, StrictSerializer
from tenant_apps.api_keys.enums import PERMISSION_CHOICES
from tenant_apps.api_keys.models import ApiKey, ApiKeyChange

WEEK = 7 * 24 * 60


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key of the club's. Its text is not here: nobody can be shown it again."""

    prefix = serializers.CharField(help_text="How the key's text begins, to know it by.")
    permissions = serializers.ListField(
        child=serializers.CharField(), source="effective_permissions"
    )
    created_by = ActorSerializer(source="actor")
    former_key_until = serializers.DateTimeField(
        source="former_until",
        allow_null=True,
        help_text="Until when the text from before the last rotation opens as well.",
    )
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id",
            "name",
            "prefix",
            "permissions",
            "created_at",
            "created_by",
            "expires_at",
            "revoked_at",
            "former_key_until",
            "last_used_at",
        )


class IssuedApiKeySerializer(ApiKeySerializer):
    """A key with its text, which is shown this once."""

    key = serializers.SerializerMethodField(
        help_text="Sent as `Authorization: Bearer <key>`. Shown once: keep it where secrets are."
    )

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")

    def get_key(self, key: ApiKey) -> str:
        text: str = self.context["text"]
        return text


class CurrentApiKeySerializer(serializers.Serializer[Any]):
    """The key that asks, and what it opens."""

    id = serializers.UUIDField(source="key_id")
    name = serializers.CharField()
    permissions = serializers.SerializerMethodField()
    club_id = serializers.UUIDField()

    def get_permissions(self, caller: Any) -> list[str]:
        return sorted(caller.permissions)


class RenameApiKeySerializer(StrictSerializer):
    name = serializers.CharField(max_length=80)


class NewApiKeySerializer(RenameApiKeySerializer):
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=PERMISSION_CHOICES),
        allow_empty=False,
        max_length=len(PERMISSION_CHOICES),
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RotateApiKeySerializer(StrictSerializer):
    overlap_minutes = serializers.IntegerField(
        min_value=0,
        max_value=WEEK,
        required=False,
        default=24 * 60,
        help_text="How long the text of before still opens; 0 when somebody else may have it.",
    )


class ApiKeyChangeSerializer(serializers.ModelSerializer[ApiKeyChange]):
    """What was done to a key, and by whom; ``name`` is the key's from then on."""

    changed_by = ActorSerializer(source="actor")

    class Meta:
        model = ApiKeyChange
        fields = ("id", "action", "name", "occurred_at", "changed_by")
