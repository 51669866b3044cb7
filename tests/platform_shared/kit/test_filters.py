"""Filters say what is wrong with them."""

import pytest
from django_filters import rest_framework as filters

from tenant_apps.customers.api.filters import CustomerFilter
from tests.support.api import Caller


class TestBooleanFilter:
    @pytest.mark.parametrize(("asked", "shown"), [("true", 2), ("false", 0), ("", 2)])
    def test_takes_true_and_false(self, staff_a: Caller, asked: str, shown: int) -> None:
        page = staff_a.get(f"customers?is_active={asked}").json()
        assert len(page["results"]) == shown

    @pytest.mark.parametrize("asked", ["maybe", "True", "1", "on", "false%20"])
    def test_refuses_anything_else(self, staff_a: Caller, asked: str) -> None:
        response = staff_a.get(f"customers?is_active={asked}")
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert (error["field"], error["code"]) == ("is_active", "invalid")

    def test_would_be_ignored_as_django_filter_has_it(
        self, staff_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        theirs = filters.BooleanFilter(field_name="is_active")
        monkeypatch.setitem(CustomerFilter.base_filters, "is_active", theirs)
        assert staff_a.get("customers?is_active=maybe").status_code == 200
