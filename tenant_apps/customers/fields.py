"""What the parts of a customer's record may look like, in payloads and in files."""

from datetime import date
from typing import Any

from rest_framework import serializers

from platform_shared.kit import clock
from platform_shared.kit.serializers import StrictSerializer
from tenant_apps.customers import names

OLDEST = date(1900, 1, 1)
MOST_TAGS = 20
SEPARATOR = ";"  # of tags in a file


class BirthDateField(serializers.DateField):
    """A day from 1900 on that has begun somewhere on earth."""

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        # Nobody is born in a club's time zone: the zone in which a day begins first decides.
        if not OLDEST <= day <= clock.local_date(clock.now(), "Pacific/Kiritimati"):
            raise serializers.ValidationError("Must lie between 1900 and today.", "out_of_range")
        return day


class TagsField(serializers.ListField):
    """Short labels; two that differ by case or accents alone are one."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.RegexField(rf"^[^{SEPARATOR}\r\n\t]*$", max_length=40)
        super().__init__(child=child, max_length=MOST_TAGS, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        tags = super().to_internal_value(data)
        return list({names.fold(tag): tag for tag in reversed(tags)}.values())[::-1]


class EmergencyContactSerializer(StrictSerializer):
    """Whom to call; the number is kept as it was typed."""

    name = serializers.CharField(max_length=160)
    phone = serializers.CharField(max_length=40)


class RecordSerializer(StrictSerializer):
    """The columns of a customer's record that a payload and a row of a file have in common."""

    phone = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text=(
            "In any spelling; without + and a country's code it is a number of the club's country."
        ),
    )
    birth_date = BirthDateField(required=False, allow_null=True)
    address = serializers.CharField(max_length=400, required=False, allow_blank=True)
    notes = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, help_text="For the club alone."
    )
    tags = TagsField(required=False)
