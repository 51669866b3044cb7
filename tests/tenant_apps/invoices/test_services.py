"""Invoices: numbers without gaps per club and local year, and the tax inside the price."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from platform_shared.kit.money import Money
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.invoices import services
from tenant_apps.invoices.enums import InvoiceStatus
from tenant_apps.invoices.models import Invoice, InvoiceLine, InvoiceSequence
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import STAFF

SECOND = timedelta(seconds=1)


def issue(
    club: ClubWorld,
    *,
    at: datetime = BORN,
    amount: int = 11900,
    rate: int = 1900,
    status: InvoiceStatus = InvoiceStatus.PAID,
) -> Invoice:
    """Issue an invoice over the club's one subscription."""
    with transaction.atomic():
        return services.issue_invoice(
            customer_id=club.customer,
            customer_name="Carla",
            customer_address="1 Mill Lane",
            subscription_id=club.subscription,
            description="Ten visits",
            price=Money(amount, "EUR"),
            tax_rate_basis_points=rate,
            status=status,
            now=at,
            actor=STAFF,
        )


def issue_and_fail(club: ClubWorld) -> str:
    """Issue an invoice in a transaction that does not commit; return the number it had."""
    with transaction.atomic():
        number = issue(club).number
        transaction.set_rollback(True)
    return number


def in_zone(club: ClubWorld, zone: str) -> ClubRef:
    """Return the club's reference as if it stood in another zone."""
    return ClubRef.from_json({**club.ref.to_json(), "time_zone": zone})


class TestNumbers:
    def test_go_on_from_the_last(self, bound_a: ClubWorld) -> None:
        # The world's own sale has the first.
        numbers = [issue(bound_a).number for _ in range(3)]
        assert numbers == ["2026-000002", "2026-000003", "2026-000004"]

    def test_belong_to_each_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        for club in (club_a, club_b):
            with binding.club(club.ref):
                assert issue(club).number == "2026-000002"

    @pytest.mark.parametrize(
        ("zone", "moment", "number"),
        [
            ("Europe/Berlin", "2026-12-31 22:59:59", "2026-000002"),
            ("Europe/Berlin", "2026-12-31 23:00:00", "2027-000001"),
            ("Europe/Berlin", "2026-12-31 23:30:00", "2027-000001"),
            ("Etc/UTC", "2026-12-31 23:30:00", "2026-000002"),
            ("America/New_York", "2027-01-01 04:59:59", "2026-000002"),
            ("America/New_York", "2027-01-01 05:00:00", "2027-000001"),
            ("Pacific/Kiritimati", "2026-12-31 10:00:00", "2027-000001"),
        ],
    )
    def test_start_anew_with_the_clubs_year(
        self, club_a: ClubWorld, zone: str, moment: str, number: str
    ) -> None:
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        with binding.club(in_zone(club_a, zone)):
            assert issue(club_a, at=at).number == number

    def test_have_no_gap_in_any_year_whatever_the_order(self, bound_a: ClubWorld) -> None:
        turn = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
        for shift in (3, -2, 1, -1, 0, 2, -3):
            issue(bound_a, at=turn + shift * SECOND)
        for year, many in ((2026, 4), (2027, 4)):
            given_numbers = Invoice.objects.filter(year=year).order_by("sequence")
            assert list(given_numbers.values_list("sequence", flat=True)) == list(
                range(1, many + 1)
            )
            assert InvoiceSequence.objects.get(year=year).last == many

    def test_come_back_when_the_transaction_does_not_commit(self, bound_a: ClubWorld) -> None:
        assert issue_and_fail(bound_a) == "2026-000002"
        assert issue(bound_a).number == "2026-000002"

    def test_would_have_a_gap_from_a_counter_outside_the_transaction(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: PostgreSQL's own sequences do not come back.
        with connection.cursor() as cursor:
            cursor.execute("CREATE SEQUENCE careless START 2")
        monkeypatch.setattr(
            services, "NEXT_NUMBER", "SELECT nextval('careless') WHERE %s IS NOT NULL"
        )
        assert issue_and_fail(bound_a) == "2026-000002"
        assert issue(bound_a).number == "2026-000003"

    def test_are_given_once(self, bound_a: ClubWorld) -> None:
        first = issue(bound_a)
        InvoiceSequence.objects.filter(year=2026).update(last=first.sequence - 1)
        with pytest.raises(IntegrityError, match="number_once"):
            issue(bound_a)

    def test_have_six_digits_at_least(self, bound_a: ClubWorld) -> None:
        InvoiceSequence.objects.filter(year=2026).update(last=999_998)
        assert issue(bound_a).number == "2026-999999"
        assert issue(bound_a).number == "2026-1000000"


class TestIssueInvoice:
    def test_keeps_what_was_said_then(self, bound_a: ClubWorld) -> None:
        row = Invoice.objects.get(pk=issue(bound_a, status=InvoiceStatus.OPEN).pk)
        assert (row.customer_name, row.customer_address) == ("Carla", "1 Mill Lane")
        assert (row.status, row.issued_at, row.actor) == ("open", BORN, STAFF)
        line = InvoiceLine.objects.get(invoice=row)
        assert (line.description, line.subscription_id) == ("Ten visits", bound_a.subscription)
        assert (line.amount, line.tax_rate_basis_points, line.tax_amount) == (11900, 1900, 1900)

    @pytest.mark.parametrize(
        ("amount", "rate", "tax"),
        [
            (11900, 1900, 1900),
            (9900, 1900, 1581),  # 1580.67
            (107, 700, 7),
            (100, 1900, 16),  # 15.97
            (3, 10000, 2),  # 1.5 is rounded up
            (1, 10000, 1),  # 0.5 too
            (4900, 0, 0),
            (0, 1900, 0),
            (99_999_999_999, 2550, 20_318_725_099),
        ],
    )
    def test_includes_the_tax(self, bound_a: ClubWorld, amount: int, rate: int, tax: int) -> None:
        invoice = issue(bound_a, amount=amount, rate=rate)
        assert (invoice.total_amount, invoice.tax_amount) == (amount, tax)
        assert InvoiceLine.objects.get(invoice=invoice).tax_amount == tax

    @given(st.integers(0, 10**12), st.integers(0, 10_000))
    def test_rounds_half_up_and_to_the_nearest(self, amount: int, rate: int) -> None:
        exact = Fraction(amount * rate, 10_000 + rate)
        tax = Money(amount, "EUR").included_tax(rate).amount
        assert Fraction(-1, 2) < tax - exact <= Fraction(1, 2)
        assert 0 <= tax <= amount


class TestMarkPaid:
    def test_changes_the_status_alone(self, bound_a: ClubWorld) -> None:
        invoice = issue(bound_a, status=InvoiceStatus.OPEN)
        before = Invoice.objects.filter(pk=invoice.pk).values().get()
        services.mark_paid(invoice_id=invoice.id)
        after = Invoice.objects.filter(pk=invoice.pk).values().get()
        assert after == before | {"status": "paid"}


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ("tax_amount = total_amount + 1", "tax_within_total"),
            ("status = 'void'", "invoices_status"),
            ("total_amount = -1", "total_amount"),
        ],
    )
    def test_refuses_impossible_invoices(
        self, bound_a: ClubWorld, change: str, constraint: str
    ) -> None:
        with (
            pytest.raises(IntegrityError, match=constraint),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE invoices_invoice SET {change}")
