from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from platform_shared.clubs.enums import ClubStatusChange
from platform_shared.clubs.models import Club
from platform_shared.kit import clock
from platform_shared.kit.countries import known_countries
from platform_shared.kit.money import known_currencies
from platform_shared.kit.serializers import EmailField, StrictSerializer


class TimeZoneField(serializers.CharField):
    """The name of an IANA time zone."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not clock.is_time_zone(name):
            raise serializers.ValidationError("Not an IANA time zone.", "unknown_time_zone")
        return name


class CurrencyField(serializers.CharField):
    """An ISO 4217 code."""

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        if code not in known_currencies():
            raise serializers.ValidationError("Not an ISO 4217 currency code.", "unknown_currency")
        return code


class CountryField(serializers.CharField):
    """An ISO 3166-1 alpha-2 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        if code not in known_countries():
            raise serializers.ValidationError("Not an ISO 3166-1 country code.", "unknown_country")
        return code


class SlugField(serializers.CharField):
    """A slug fit to be a DNS label: lower case, digits, inner hyphens."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=2, max_length=40, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        slug = super().to_internal_value(data)
        ok = slug.isascii() and slug == slug.lower() and slug.replace("-", "").isalnum()
        if not ok or slug.startswith("-") or slug.endswith("-"):
            raise serializers.ValidationError(
                "Lower-case letters, digits and inner hyphens only.", "invalid_slug"
            )
        return slug


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
class MinuteField(serializers.TimeField):
    """A local time to the minute, ``HH:MM``; OpenAPI's ``time`` would have seconds and a zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class FirstAdminSerializer(StrictSerializer):
    email = EmailField()
    password = serializers.CharField(
        required=False, write_only=True, max_length=200, trim_whitespace=False
    )

    def validate_password(self, value: str) -> str:
        self._refuse_weak(value)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "password" in attrs:
            self._refuse_weak(attrs["password"], get_user_model()(email=attrs["email"]))
        return attrs

    def _refuse_weak(self, password: str, account: Any = None) -> None:
        try:
            validate_password(password, account)
        except DjangoValidationError as error:
            problems = [serializers.ErrorDetail(m, "weak_password") for m in error.messages]
            detail = problems if account is None else {"password": problems}
            raise serializers.ValidationError(detail) from error


class NewClubSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120)
    slug = SlugField()
    plan = serializers.CharField(max_length=40, help_text="The plan's code.")
    time_zone = TimeZoneField(max_length=64)
    currency = CurrencyField(max_length=3)
    admin = FirstAdminSerializer()


class ClubSerializer(serializers.ModelSerializer[Club]):
    """A club as the platform sees it."""

    plan = serializers.CharField(source="plan.code")
    hosts = serializers.SerializerMethodField()

    class Meta:
        model = Club
        fields = (
            "id",
            "name",
            "slug",
            "hosts",
            "status",
            "plan",
            "time_zone",
            "currency",
            "locale",
            "created_at",
        )

    def get_hosts(self, club: Club) -> list[str]:
        return sorted(host.domain for host in club.domains.all())


class CreatedClubSerializer(ClubSerializer):
    """A club just made; ``password_link`` is shown once, when no password was given."""

    password_link = serializers.SerializerMethodField()

    class Meta(ClubSerializer.Meta):
        fields = (*ClubSerializer.Meta.fields, "password_link")  # type: ignore[assignment]

    def get_password_link(self, club: Club) -> str | None:
        return self.context.get("password_link")


class ChangeClubSerializer(StrictSerializer):
    status = serializers.ChoiceField(choices=ClubStatusChange.choices)


class ClubSettingsSerializer(ClubSerializer):
    """A club as it sees itself."""

    night_at = MinuteField()

    class Meta(ClubSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *ClubSerializer.Meta.fields,
            "reentry_seconds",
            "enforce_presence",
            "transfer_activates_at_once",
            "country",
            "self_registration",
            "accepts_static_codes",
            "capacity",
            "night_at",
            "expiry_reminder_days",
        )


class ChangeClubSettingsSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    time_zone = TimeZoneField(max_length=64, required=False)
    locale = serializers.RegexField(r"^[a-z]{2}(-[A-Z]{2})?$", max_length=16, required=False)
    reentry_seconds = serializers.IntegerField(
        min_value=0,
        max_value=86_400,
        required=False,
        help_text="Within this many seconds of an entry another one is refused; 0 = off.",
    )
    enforce_presence = serializers.BooleanField(required=False)
    transfer_activates_at_once = serializers.BooleanField(required=False)
    country = CountryField(
        required=False,
        allow_blank=True,
        help_text="ISO 3166-1: where a phone number without a country's code is at home.",
    )
    self_registration = serializers.BooleanField(
        required=False, help_text="Customers may make their own accounts."
    )
    accepts_static_codes = serializers.BooleanField(
        required=False,
        help_text="Doors accept codes on paper, in wallets and e-mails. "
        "Cannot be switched off as long as there is no other kind of code.",
    )
    capacity = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        allow_null=True,
        help_text="How many may be inside at once; null: any number.",
    )
    night_at = MinuteField(
        required=False,
        help_text="HH:MM, local: who has not left by then counts as gone.",
    )
    expiry_reminder_days = serializers.IntegerField(
        min_value=0,
        max_value=90,
        required=False,
        help_text="How long before its end a subscription is reminded of; 0: not at all.",
    )


class RentedPlanSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()


class UseSerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(allow_null=True, help_text="Null: any number.")
    used = serializers.IntegerField(help_text="More than the limit, where the plan was larger.")


class UsageSerializer(serializers.Serializer[Any]):
    """What counts is what is active."""

    plan = RentedPlanSerializer()
    customers = UseSerializer()
    staff = UseSerializer()
    locations = UseSerializer()


class NewSupportSessionSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500)
    minutes = serializers.IntegerField(min_value=1, max_value=480)


class SupportSessionSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    expires_at = serializers.DateTimeField()
