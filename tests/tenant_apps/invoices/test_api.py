"""Invoices over the API: listed for the club, shown to the customer they are for."""

from uuid import uuid4

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.payments.enums import PaymentMethod
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.sales.desk import sell
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def desk(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


class TestInvoices:
    def test_are_listed_newest_first_and_filtered(self, desk: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            sale = sell(club_a.period_package, club_a.other_customer, method=PaymentMethod.TRANSFER)

        def listed(query: str = "") -> list[str]:
            return [row["id"] for row in desk.get(f"invoices{query}").json()["results"]]

        new, old = str(sale.invoice.id), str(club_a.invoice)
        assert listed() == [new, old]
        assert listed("?status=open") == [new]
        assert listed("?status=paid") == [old]
        assert listed(f"?customer={club_a.customer}") == [old]
        assert desk.get("invoices?status=void").status_code == 400

    def test_show_their_lines(self, desk: Caller, club_a: ClubWorld) -> None:
        said = desk.get(f"invoices/{club_a.invoice}").json()
        assert (said["number"], said["status"]) == ("2026-000001", "paid")
        assert said["customer"] == str(club_a.customer)
        assert [line["subscription"] for line in said["lines"]] == [str(club_a.subscription)]

    def test_are_404_where_they_do_not_belong(self, desk: Caller, club_b: ClubWorld) -> None:
        for unknown in (club_b.invoice, uuid4()):
            assert desk.get(f"invoices/{unknown}").status_code == 404

    def test_are_shown_to_their_customer_alone(self, desk: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            sell(club_a.period_package, club_a.other_customer)
        carla = api.as_role(club_a, Role.CUSTOMER)
        rows = carla.get("me/invoices").json()["results"]
        assert [row["id"] for row in rows] == [str(club_a.invoice)]
