from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from platform_shared.kit.serializers import HOURS_AND_MINUTES, MoneySerializer, StrictSerializer
from tenant_apps.packages.enums import DurationUnit, PackageType, Purpose, Renewal, ValidFrom
from tenant_apps.packages.models import Package


class DurationSerializer(StrictSerializer):
    unit = serializers.ChoiceField(choices=DurationUnit.choices)
    count = serializers.IntegerField(min_value=1, max_value=1000)


class FreezingSerializer(StrictSerializer):
    """How much a subscription may be frozen; null: as much as they like."""

    days = serializers.IntegerField(
        min_value=0, max_value=3660, allow_null=True, help_text="In all; 0: not at all."
    )
    times = serializers.IntegerField(min_value=0, max_value=1000, allow_null=True)


class LocationListField(serializers.ListField):
    """Ids, stored in JSON as text."""

    child = serializers.UUIDField()

    def to_internal_value(self, data: Any) -> list[str]:
        return [str(value) for value in super().to_internal_value(data)]


class AccessRuleSerializer(StrictSerializer):
    """Days and hours in the club's zone; without any rule a package opens the door always."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        allow_empty=False,
        max_length=7,
        help_text="ISO numbers: 1 is Monday.",
    )
    until = serializers.RegexField(
        HOURS_AND_MINUTES,
        required=False,
        allow_null=True,
        help_text="HH:MM, exclusive; null is the end of the day.",
    )

    locations = LocationListField(
        required=False,
        max_length=200,
        help_text="Where the rule holds; without any it holds everywhere.",
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a keyword in Python, so it cannot be declared like the others.
        start = serializers.RegexField(HOURS_AND_MINUTES, help_text="HH:MM, inclusive.")
        return {**super().get_fields(), "from": start}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("until") and attrs["until"] <= attrs["from"]:
            raise serializers.ValidationError({"until": "Must be later than `from`."})
        return attrs


class TaxRateField(serializers.DecimalField):
    """A percentage with up to two decimals, stored as basis points."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=5, decimal_places=2, min_value=0, max_value=100, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        return int(super().run_validation(data) * 100)  # the bounds are those of the percentage

    def to_representation(self, value: Any) -> str:
        return str(Decimal(value) / 100)


class TermsSerializer(serializers.ModelSerializer[Any]):
    """The terms, as the API shows them wherever they stand."""

    price = MoneySerializer()
    duration = DurationSerializer(allow_null=True)
    tax_rate = TaxRateField(source="tax_rate_basis_points")
    features = serializers.ListField(child=serializers.CharField())
    access_rules = AccessRuleSerializer(many=True)
    freezing = FreezingSerializer()


TERMS = (
    "type",
    "price",
    "tax_rate",
    "duration",
    "valid_from",
    "features",
    "renewal",
    "access_rules",
    "purpose",
    "max_members",
    "freezing",
)


class PackageSerializer(TermsSerializer):
    credits = serializers.IntegerField(source="package_credits", allow_null=True)
    is_archived = serializers.SerializerMethodField()

    class Meta:
        model = Package
        fields: Any = (
            "id",
            "name",
            "description",
            *TERMS,
            "credits",
            "max_per_customer",
            "position",
            "is_active",
            "is_public",
            "is_archived",
            "created_at",
        )

    def get_is_archived(self, package: Package) -> bool:
        return package.archived_at is not None


class OfferSerializer(PackageSerializer):
    """A package as the club's own site shows it to anybody."""

    class Meta(PackageSerializer.Meta):
        fields = ("id", "name", "description", *TERMS, "credits", "max_per_customer")


class ChangePackageSerializer(StrictSerializer):
    """Every field of a package; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    price = MoneySerializer(required=False)
    tax_rate = TaxRateField(source="tax_rate_basis_points", required=False)
    credits = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True
    )
    duration = DurationSerializer(required=False, allow_null=True)
    features = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=50, required=False
    )
    renewal = serializers.ChoiceField(choices=Renewal.choices, required=False)
    access_rules = AccessRuleSerializer(many=True, required=False)
    purpose = serializers.ChoiceField(
        choices=Purpose.choices,
        required=False,
        help_text="`trial` is sold once, to whoever has had nothing but guest passes before.",
    )
    valid_from = serializers.ChoiceField(
        choices=ValidFrom.choices, required=False, help_text="What the duration is counted from."
    )
    max_members = serializers.IntegerField(
        min_value=0, max_value=50, required=False, help_text="With how many others it is shared."
    )
    freezing = FreezingSerializer(required=False)
    max_per_customer = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        allow_null=True,
        help_text="How often one customer may have it; null: any number of times.",
    )
    position = serializers.IntegerField(
        min_value=0, max_value=1_000_000, required=False, help_text="Place in the catalogue."
    )
    is_active = serializers.BooleanField(required=False)
    is_public = serializers.BooleanField(required=False)
    is_archived = serializers.BooleanField(required=False)


class NewPackageSerializer(ChangePackageSerializer):
    name = serializers.CharField(max_length=120)
    type = serializers.ChoiceField(choices=PackageType.choices)
    price = MoneySerializer()
