"""Query parameters: one that makes no sense is an error, never ignored."""

from datetime import MINYEAR, UTC, datetime
from typing import Any

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField

from platform_shared.kit.ordering import never, or_never

_WORDS = {"true": True, "false": False}


class _BooleanField(forms.NullBooleanField):
    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if value not in _WORDS:
            raise forms.ValidationError("Must be true or false.", code="invalid")
        return _WORDS[value]


class BooleanFilter(filters.BooleanFilter):
    """``true`` or ``false``; django-filter's own takes anything else for a missing parameter."""

    field_class = _BooleanField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **kwargs)


EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class _MomentField(IsoDateTimeField):
    input_formats = [IsoDateTimeField.ISO_8601]

    def to_python(self, value: Any) -> Any:
        if "\0" in str(value):  # behind which Python's own reader looks no further
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        moment = super().to_python(value)
        if moment is None:
            return None
        try:
            return moment.astimezone(UTC)  # the database has no such offset as +16:00
        except OverflowError:  # less than a day beyond the calendar: nothing is between
            return EARLIEST if moment.year == MINYEAR else LATEST


class MomentFilter(filters.IsoDateTimeFilter):
    """An end of a half-open span (``gte`` or ``lt``), written as in answers (RFC 3339).

    ``is_nullable``: the column is indexed by ``or_never``. What has no time is in no span.
    """

    field_class = _MomentField

    def __init__(self, field_name: str, lookup_expr: str, *, label: str, is_nullable: bool = False):
        super().__init__(field_name, lookup_expr, label=label)
        self.is_nullable = is_nullable
        self.column = field_name

    def filter(self, rows: QuerySet[Any], value: datetime | None) -> Any:
        if value is None or not self.is_nullable:
            return super().filter(rows, value)
        moment = or_never(self.column)
        if self.lookup_expr == "lt":
            return rows.filter(LessThan(moment, value))
        return rows.filter(GreaterThanOrEqual(moment, value), LessThan(moment, never()))


class FilterSet(filters.FilterSet):
    """The base of every filter set."""

    FILTER_DEFAULTS = {
        **filters.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": BooleanFilter},
    }
