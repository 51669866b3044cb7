"""Filters say what is wrong with them."""

from datetime import datetime, timedelta

import pytest
from django.db.models import DateTimeField, Q, Value
from django_filters import rest_framework as filters

from platform_shared.kit import filters as kit_filters
from platform_shared.tenancy import binding
from tenant_apps.customers.api.filters import CustomerFilter
from tenant_apps.payments.models import Payment
from tests.support.api import Caller
from tests.support.world import ClubWorld

SPANS = {
    "check-ins": ("since", "until"),
    "customers": ("created_since", "created_until"),
    "invoices": ("since", "until"),
    "payments": ("since", "until"),
    "subscriptions": ("ends_since", "ends_until"),
}


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


class TestMomentFilter:
    @pytest.mark.parametrize("path", SPANS)
    @pytest.mark.parametrize(
        "asked",
        [
            "2026-02-30T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "02/01/2026",
            "infinity",
            "now",
            "2026-01-01T00:00:00Z%00",
        ],
    )
    def test_refuses_what_is_no_moment_by_name(
        self, staff_a: Caller, path: str, asked: str
    ) -> None:
        for name in SPANS[path]:
            response = staff_a.get(f"{path}?{name}={asked}")
            assert response.status_code == 400
            assert {error["field"] for error in response.json()["errors"]} == {name}

    @pytest.mark.parametrize("path", SPANS)
    def test_takes_the_first_and_the_last_moment_there_is(self, staff_a: Caller, path: str) -> None:
        since, until = SPANS[path]
        whole = staff_a.get(path).json()["results"]
        for first, last in (
            ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"),
            ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        ):
            page = staff_a.get(f"{path}?{since}={first}&{until}={last}")
            assert page.status_code == 200
            assert page.json()["results"] == whole

    def test_is_half_open_and_leaves_out_what_has_no_time(
        self, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        (one,) = staff_a.get("payments").json()["results"]
        paid = one["paid_at"]
        later = (datetime.fromisoformat(paid) + timedelta(microseconds=1)).isoformat()
        later = later.replace("+00:00", "Z")
        for query, found in (
            (f"since={paid}", [one]),
            (f"until={paid}", []),
            (f"since={later}", []),
            (f"until={later}", [one]),
        ):
            assert staff_a.get(f"payments?{query}").json()["results"] == found, query
        with binding.club(club_a.ref):
            Payment.objects.update(paid_at=None, status="pending")
        for query in (f"since={paid}", f"until={later}"):
            assert staff_a.get(f"payments?{query}").json()["results"] == []

    def test_would_take_what_never_comes_for_a_time_without_the_guard(
        self, staff_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with binding.club(club_a.ref):
            Payment.objects.update(paid_at=None, status="pending")
        monkeypatch.setattr(kit_filters, "never", lambda: Value(None, DateTimeField()))
        monkeypatch.setattr(kit_filters, "LessThan", lambda left, right: Q())
        page = staff_a.get("payments?since=2026-01-01T00:00:00Z").json()
        assert len(page["results"]) == 1


class TestInvoiceNumber:
    def test_finds_the_invoice(self, staff_a: Caller) -> None:
        (one,) = staff_a.get("invoices").json()["results"]
        assert staff_a.get(f"invoices?number={one['number']}").json()["results"] == [one]
        assert staff_a.get("invoices?number=1999-000001").json()["results"] == []

    @pytest.mark.parametrize("asked", ["7", "2026-1", "2026-9999999999", "x", "2026-000001%0A"])
    def test_refuses_what_is_no_number(self, staff_a: Caller, asked: str) -> None:
        response = staff_a.get(f"invoices?number={asked}")
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert error["field"] == "number"
