from datetime import date
from typing import Any

from rest_framework import serializers

from platform_shared.kit.serializers import MoneySerializer, StrictSerializer

MAX_DAYS = 400


class RangeSerializer(StrictSerializer):
    """``?from=&to=``: local dates of the club, half-open."""

    typed = False

    to = serializers.DateField()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a keyword in Python, so it cannot be declared like the other.
        return {**super().get_fields(), "from": serializers.DateField()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = (attrs["to"] - attrs["from"]).days
        if not 0 < days <= MAX_DAYS or attrs["from"] < date(2000, 1, 1):
            raise serializers.ValidationError(
                {"to": f"Must be 1 to {MAX_DAYS} days after `from`."}, code="out_of_range"
            )
        return attrs


class FiguresSerializer(serializers.Serializer[Any]):
    check_ins = serializers.IntegerField()
    unique_visitors = serializers.IntegerField()
    revenue = MoneySerializer()
    active_subscriptions = serializers.IntegerField(help_text="At the end of the day or period.")
    new_subscriptions = serializers.IntegerField()
    lost_subscriptions = serializers.IntegerField()


class DaySerializer(FiguresSerializer):
    date = serializers.DateField()


class OverviewSerializer(FiguresSerializer):
    to = serializers.DateField()
    time_zone = serializers.CharField()
    by_day = DaySerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), **super().get_fields()}
