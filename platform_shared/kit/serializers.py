"""What every payload has in common: unknown fields are errors, money and durations are typed."""

import json
import re
from datetime import time
from functools import cache
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from platform_shared.kit import emails
from platform_shared.kit.money import Money, known_currencies

HOURS_AND_MINUTES = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"  # not \d, which has every script's digits


@cache
def shared(serializer_class: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the one instance of a serializer that keeps nothing of what it reads or writes.

    Making one copies its fields, which takes longer than using them: ``run_validation`` and
    ``to_representation`` of this one may be called at any time, from any thread.
    """
    return serializer_class()


# Which types of JSON each kind of field reads. DRF's fields would take "12" for a number, 12 for a
# text or an id, and "yes" for true: the documents say otherwise, and a client that is wrong is told
# while somebody is looking.
_JSON_TYPES: tuple[tuple[Any, tuple[type, ...]], ...] = (
    (serializers.CharField, (str,)),
    (serializers.UUIDField, (str,)),
    (serializers.DateField, (str,)),
    (serializers.DateTimeField, (str,)),
    (serializers.TimeField, (str,)),
    (serializers.BooleanField, (bool,)),
    (serializers.IntegerField, (int, float)),  # 12.0 is an integer in JSON Schema, 12.5 is refused
)


class _Mistyped:
    """A value of another type than its field's: every field refuses it, and may quote it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return json.dumps(self.value)[:60]


def _typed(field: Any, value: Any) -> Any:
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return [_typed(field.child, each) for each in value]
    types = next((types for kind, types in _JSON_TYPES if isinstance(field, kind)), None)
    return value if types is None or value is None or type(value) in types else _Mistyped(value)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that names every field it does not know, or whose type in JSON is another."""

    # False for queries, forms and files, which have nothing but text.
    typed: ClassVar[bool] = True

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - {n for n, f in self.fields.items() if not f.read_only})
            if unknown:
                raise serializers.ValidationError(
                    {
                        str(name): serializers.ErrorDetail("Unknown field.", "unknown_field")
                        for name in unknown
                    }
                )
            if self.typed:
                data = {name: _typed(self.fields[name], value) for name, value in data.items()}
        return super().to_internal_value(data)


class EmailField(serializers.EmailField):
    """An e-mail address, in the form in which it is stored; at most 254 characters (RFC 5321)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        address = emails.normalise(super().to_internal_value(data))
        if not address.isascii():
            # PostgreSQL and Python do not agree on the lower case of every letter, so two
            # spellings could be one address to one of them and two to the other.
            raise serializers.ValidationError("Must be written in ASCII.", "invalid")
        return address


@extend_schema_field({"type": "string", "pattern": HOURS_AND_MINUTES, "examples": ["04:00"]})
class TimeOfDayField(serializers.TimeField):
    """A local time of day, to the minute: ``04:00``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)

    def to_internal_value(self, value: Any) -> time:
        if isinstance(value, str) and not re.fullmatch(HOURS_AND_MINUTES, value):
            self.fail("invalid", format="hh:mm")  # the format alone would take 4:5
        return super().to_internal_value(value)


class MoneySerializer(StrictSerializer):
    """An amount in minor units of an ISO 4217 currency."""

    amount = serializers.IntegerField(
        min_value=0, max_value=99_999_999_999, help_text="In minor units: 4900 is 49.00 EUR."
    )
    currency = serializers.CharField(max_length=3, help_text="ISO 4217, as the club's currency.")

    def validate_currency(self, value: str) -> str:
        if value not in known_currencies():
            raise serializers.ValidationError("Not an ISO 4217 currency code.", "unknown_currency")
        return value

    def to_internal_value(self, data: Any) -> Money:
        values = super().to_internal_value(data)
        return Money(values["amount"], values["currency"])


class ActorSerializer(serializers.Serializer[Any]):
    """Who did it, as stored with the row."""

    kind = serializers.CharField()
    id = serializers.UUIDField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]


class FieldProblemSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Permanent; programs branch on it.")
    detail = serializers.CharField()
    instance = serializers.CharField()
    request_id = serializers.CharField(allow_null=True)
    errors = FieldProblemSerializer(  # type: ignore[assignment]
        many=True, required=False
    )
