"""The sample data: a fill that was interrupted is completed by the next one."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from deploy.local.demo_data import SALES
from deploy.local.management.commands import seed_demo
from platform_shared.accounts import services as account_services
from platform_shared.accounts.models import User
from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import Customer
from tenant_apps.invoices.models import Invoice
from tenant_apps.locations import services as location_services
from tenant_apps.locations.errors import LocationNameTaken
from tenant_apps.locations.models import Location
from tenant_apps.packages import services as package_services
from tenant_apps.packages.models import Package
from tenant_apps.payments.models import Payment
from tenant_apps.qr_codes.models import QRCode
from tenant_apps.sales import services as sale_services
from tenant_apps.subscriptions.models import CreditEntry, Subscription

NOW = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)
VISITS = sum(visits for *_, visits in SALES)
SHOWN: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (Location, ("name", "created_at")),
    (Package, ("name", "price_amount", "created_at")),
    (Customer, ("name", "birth_date", "user__role", "created_at")),
    (User, ("name", "role")),
    (Subscription, ("customer__name", "package_name", "starts_at", "credits", "used_credits")),
    (QRCode, ("customer__name", "created_at")),
    (Invoice, ("year", "sequence", "customer_name", "status", "total_amount", "issued_at")),
    (Payment, ("invoice__sequence", "method", "status", "created_at")),
    (CreditEntry, ("kind", "amount", "balance_after", "occurred_at")),
    (CheckIn, ("customer__name", "reason", "scanned_at", "location__name", "credits_left")),
)

# Where Ctrl-C comes: after so many calls of a service.
INTERRUPTIONS: list[tuple[ModuleType, str, int]] = [
    (account_services, "create_user", 1),  # the system admin
    (location_services, "create_location", 1),
    (package_services, "create_package", 3),
    (customer_services, "create_customer", 2),
    (sale_services, "sell_at_desk", 1),
    (customer_services, "invite_customer", 1),
    (account_services, "create_user", 2),  # the staff of the first club
    (checkin_services, "record_scan", 1),
    (checkin_services, "record_scan", 5),
    (checkin_services, "record_scan", VISITS + 2),  # in the second club
]


@pytest.fixture(autouse=True)
def later(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Stop the clock; the next run is two days later."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return lambda: monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=2))


def interrupt(module: ModuleType, service: str, after: int) -> None:
    """Fill the clubs, and interrupt that as soon as the service has been called so often."""
    serve: Callable[..., Any] = getattr(module, service)
    calls = 0

    def count(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        served = serve(*args, **kwargs)
        calls += 1
        if calls == after:
            raise KeyboardInterrupt
        return served

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, service, count)
        with pytest.raises(KeyboardInterrupt):
            call_command("seed_demo")


def picture(slug: str, *more: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the club's rows say, with times counted from when it was filled.

    Ids and e-mails, which are no two clubs' the same, are left out unless ``more`` names them.
    """
    with binding.platform():
        club = club_selectors.find_by_slug(slug)
    assert club is not None
    with binding.club(ClubRef.of(club)):
        filled_at = User.objects.get(role=Role.CLUB_STAFF).created_at

        def told(value: Any) -> Any:
            return value - filled_at if isinstance(value, datetime) else value

        return {
            model.__name__: sorted(
                (
                    tuple(map(told, row))
                    for row in model._default_manager.values_list(*fields, *more)
                ),
                key=str,
            )
            for model, fields in SHOWN
        }


class TestSeedDemo:
    def test_fills_both_clubs(self) -> None:
        call_command("seed_demo")
        demo = picture("demo")
        assert demo == picture("second")
        assert {name: len(rows) for name, rows in demo.items()} == {
            "Location": 2,
            "Package": 3,
            "Customer": 5,
            "User": 3,
            "Subscription": len(SALES),
            "QRCode": len(SALES),
            "Invoice": len(SALES),
            "Payment": len(SALES),
            "CreditEntry": 4,  # ten granted, three used
            "CheckIn": VISITS,
        }
        assert {reason for _, reason, *_ in demo["CheckIn"]} == {"ok"}

    def test_changes_nothing_when_it_is_repeated(
        self,
        later: Callable[[], None],
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        call_command("seed_demo")
        before = picture("demo", "pk"), picture("second", "pk")
        later()
        with django_assert_max_num_queries(30):  # filling takes hundreds
            call_command("seed_demo")
        assert (picture("demo", "pk"), picture("second", "pk")) == before

    @pytest.mark.parametrize(
        ("module", "service", "after"),
        INTERRUPTIONS,
        ids=[f"{service}-{after}" for _, service, after in INTERRUPTIONS],
    )
    def test_completes_what_was_interrupted(
        self, module: ModuleType, service: str, after: int, later: Callable[[], None]
    ) -> None:
        interrupt(module, service, after)
        later()
        call_command("seed_demo")
        assert picture("demo") == picture("second")
        assert len(picture("demo")["CheckIn"]) == VISITS

    def test_would_meet_its_own_leftovers_without_a_transaction(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(seed_demo, "transaction", SimpleNamespace(atomic=nullcontext))
        interrupt(location_services, "create_location", 1)
        with pytest.raises(LocationNameTaken):
            call_command("seed_demo")

    def test_would_visit_again_without_lasting_scan_ids(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(seed_demo, "uuid5", lambda *_: uuid4())
        for times in (1, 2):
            call_command("seed_demo")
            assert len(picture("demo")["CheckIn"]) == times * VISITS
