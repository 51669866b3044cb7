"""Payments over the API: what has come, and what is still waited for."""

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


class TestPayments:
    def test_are_found_by_what_is_known_of_them(self, desk: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            sale = sell(club_a.period_package, club_a.other_customer, method=PaymentMethod.TRANSFER)

        def listed(query: str = "") -> list[str]:
            return [row["id"] for row in desk.get(f"payments{query}").json()["results"]]

        new, old = str(sale.payment.id), str(club_a.payment)
        assert listed() == [new, old]
        assert listed("?status=pending") == listed("?method=transfer") == [new]
        assert listed("?status=succeeded") == listed("?method=cash") == [old]
        assert listed(f"?customer={club_a.customer}") == [old]
        assert listed(f"?invoice={sale.invoice.id}") == [new]
        assert desk.get("payments?status=lost").status_code == 400

    def test_that_are_waited_for_can_be_confirmed_by_what_the_list_says(
        self, desk: Caller, club_a: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            sale = sell(club_a.period_package, club_a.other_customer, method=PaymentMethod.TRANSFER)
        (row,) = desk.get("payments?status=pending").json()["results"]
        assert row == desk.get(f"payments/{row['id']}").json()
        assert row["invoice_number"] == sale.invoice.number
        assert row["customer"] == str(club_a.other_customer)
        assert row["customer_name"] == sale.invoice.customer_name
        assert desk.post(f"payments/{row['id']}/confirm").status_code == 200
        assert desk.get(f"payments/{row['id']}").json()["status"] == "succeeded"
        assert desk.get("payments?status=pending").json()["results"] == []

    def test_are_404_where_they_do_not_belong(self, desk: Caller, club_b: ClubWorld) -> None:
        for unknown in (club_b.payment, uuid4()):
            assert desk.get(f"payments/{unknown}").status_code == 404
