"""A queue at every desk: invoice numbers without gaps, and one code for each customer."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from platform_shared.kit import clock
from platform_shared.kit.access import Role
from tenant_apps.invoices import services as invoice_services
from tenant_apps.invoices.models import Invoice, InvoiceSequence
from tenant_apps.qr_codes.models import QRCode
from tests.concurrency.crowd import crowd, meeting, race, statuses
from tests.support import api
from tests.support.live import WebServer
from tests.support.world import ClubWorld
from tests.tenant_apps.sales.desk import new_customer, new_package, sell
from tests.tenant_apps.subscriptions.ledger import assert_balanced

SALES = 50
CUSTOMERS = 5
# Takes the number after the highest without holding on to anything.
UNLOCKED = "SELECT coalesce(max(sequence), 0) + 1 FROM invoices_invoice WHERE year = %s"


def assert_no_gap(before: int, sequences: Sequence[int | str]) -> None:
    """Fail unless these are the numbers that come next, each given once."""
    assert sorted(sequences, key=str) == sorted(
        range(before + 1, before + 1 + len(sequences)), key=str
    )


def last_number() -> int:
    """Return the highest number of this year so far."""
    newest = Invoice.objects.filter(year=clock.now().year).order_by("-sequence").first()
    return newest.sequence if newest else 0


class TestDeskSales:
    def test_number_their_invoices_without_gaps(self, web: WebServer, club: ClubWorld) -> None:
        package = new_package(visits=3)
        customers = [new_customer(f"Buyer {n}").id for n in range(CUSTOMERS)]
        before = last_number()
        bodies = [
            {
                "customer": str(customers[n % CUSTOMERS]),
                "package": str(package.id),
                "method": ("cash", "card_terminal", "transfer")[n % 3],
            }
            for n in range(SALES)
        ]
        access = api.access_token(club, Role.CLUB_STAFF)
        with crowd(web, club.host, access, SALES) as people:
            answers = people.post("sales", *bodies)
        assert statuses(answers) == {201: SALES}
        made = [answer.json() for answer in answers]
        assert_no_gap(before, [int(sale["invoice"]["number"].split("-")[1]) for sale in made])
        for sale in made:
            assert_balanced(sale["subscription"]["id"])
        # Ten sales to a customer at once, and one code.
        assert QRCode.objects.filter(customer_id__in=customers).count() == CUSTOMERS
        codes = {(sale["qr_code"]["customer"], sale["qr_code"]["id"]) for sale in made}
        assert len(codes) == CUSTOMERS


class TestWithoutGuards:
    """Negative controls: two sales meet after each has its number."""

    @pytest.fixture(autouse=True)
    def _meet_with_a_number(self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        meet, next_number = meeting(2), invoice_services._next_number

        def together(year: int) -> int:
            number = next_number(year)
            meet()
            return number

        monkeypatch.setattr(invoice_services, "_next_number", together)

    @staticmethod
    def sell_twice(club: ClubWorld) -> tuple[int, list[int | str]]:
        """Sell to two customers at once; return the last number before, and the new ones."""
        package, before = new_package(), last_number()

        def to(customer: UUID) -> Callable[[], int]:
            return lambda: sell(package, customer, at=clock.now()).invoice.sequence

        return before, race(club.ref, to(new_customer().id), to(new_customer().id))

    def test_sales_get_the_next_two_numbers(self, club: ClubWorld) -> None:
        assert_no_gap(*self.sell_twice(club))

    def test_sales_would_get_the_same_number_without_the_lock(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(invoice_services, "NEXT_NUMBER", UNLOCKED)
            before, numbers = self.sell_twice(club)
        assert sorted(numbers, key=str) == [before + 1, "IntegrityError"]
        with pytest.raises(AssertionError):
            assert_no_gap(before, numbers)
        # The counter has not seen that number; the next sale must.
        InvoiceSequence.objects.update_or_create(
            year=clock.now().year, defaults={"last": before + 1}
        )
