"""Query parameters: one that makes no sense is an error, never ignored."""

from typing import Any

from django import forms
from django.db import models
from django_filters import rest_framework as filters

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


class FilterSet(filters.FilterSet):
    """The base of every filter set."""

    FILTER_DEFAULTS = {
        **filters.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": BooleanFilter},
    }
