"""The desk over the API: selling, and recording that a transfer has come."""

from typing import Any
from uuid import uuid4

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.sales.desk import new_package
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def desk(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


def order(club: ClubWorld, **changes: Any) -> dict[str, Any]:
    """Return the body of a sale of ten visits to the other customer."""
    return {
        "customer": str(club.other_customer),
        "package": str(club.credits_package),
        "method": "cash",
        **changes,
    }


class TestSales:
    def test_answer_with_all_that_was_made(
        self, desk: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        answer = desk.post("sales", order(club_a))
        assert answer.status_code == 201
        made = answer.json()
        assert set(made) == {"invoice", "payment", "subscription", "qr_code"}
        assert made["invoice"]["number"] == "2026-000002"
        assert made["invoice"]["status"] == "paid"
        assert made["invoice"]["total"] == {"amount": 9900, "currency": "EUR"}
        assert made["invoice"]["tax"] == {"amount": 1581, "currency": "EUR"}
        assert made["invoice"]["lines"] == [
            {
                "description": "Ten visits",
                "subscription": made["subscription"]["id"],
                "amount": 9900,
                "tax_rate": "19",
                "tax_amount": 1581,
            }
        ]
        assert made["payment"]["status"] == "succeeded"
        assert made["payment"]["invoice"] == made["invoice"]["id"]
        assert made["payment"]["paid_at"] == watch.now.isoformat().replace("+00:00", "Z")
        assert made["subscription"]["status"] == "active"
        assert made["qr_code"]["is_active"]
        assert desk.get(f"invoices/{made['invoice']['id']}").json() == made["invoice"]
        assert (
            desk.get(f"subscriptions/{made['subscription']['id']}").json() == (made["subscription"])
        )
        assert desk.get(f"qr-codes/{made['qr_code']['id']}").json() == made["qr_code"]

    def test_give_a_code_that_opens_the_door(self, desk: Caller, club_a: ClubWorld) -> None:
        code = desk.post("sales", order(club_a)).json()["qr_code"]["code"]
        scan = {"scan_id": str(uuid4()), "kind": "entry", "code": code}
        answer = desk.post("door/scans", scan).json()
        assert (answer["reason"], answer["subscription"]["credits_left"]) == ("ok", 9)

    def test_wait_for_a_transfer_to_be_confirmed(
        self, desk: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        made = desk.post("sales", order(club_a, method="transfer")).json()
        assert made["invoice"]["status"] == "open"
        assert (made["payment"]["status"], made["payment"]["paid_at"]) == ("pending", None)
        assert made["subscription"]["status"] == "pending"
        watch.forward(days=2)
        answer = desk.post(f"payments/{made['payment']['id']}/confirm")
        assert answer.status_code == 200
        assert answer.json()["status"] == "succeeded"
        assert desk.get(f"invoices/{made['invoice']['id']}").json()["status"] == "paid"
        started = desk.get(f"subscriptions/{made['subscription']['id']}").json()
        assert started["status"] == "active"
        assert started["starts_at"] == watch.now.isoformat().replace("+00:00", "Z")
        again = desk.post(f"payments/{made['payment']['id']}/confirm")
        assert (again.status_code, again.json()["code"]) == (409, "payment_not_pending")

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"method": "cheque"}, "method", "invalid_choice"),
            ({"customer": str(uuid4())}, "customer", "does_not_exist"),
            ({"package": str(uuid4())}, "package", "does_not_exist"),
            ({"customer": None}, "customer", "null"),
            ({"starts_at": "soon"}, "starts_at", "invalid"),
            ({"starts_at": "2020-01-01T00:00:00Z"}, "starts_at", "already_over"),
            ({"discount": 10}, "discount", "unknown_field"),
        ],
    )
    def test_name_the_field_that_is_wrong(
        self, desk: Caller, club_a: ClubWorld, change: dict[str, Any], field: str, code: str
    ) -> None:
        answer = desk.post("sales", order(club_a, **change))
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
        assert len(desk.get("invoices").json()["results"]) == 1

    def test_are_refused_to_the_inactive(self, desk: Caller, club_a: ClubWorld) -> None:
        desk.patch(f"customers/{club_a.other_customer}", {"is_active": False})
        answer = desk.post("sales", order(club_a))
        assert (answer.status_code, answer.json()["code"]) == (409, "customer_inactive")

    def test_are_refused_of_what_is_not_for_sale(self, desk: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            gone = new_package(is_active=False)
        answer = desk.post("sales", order(club_a, package=str(gone.id)))
        assert (answer.status_code, answer.json()["code"]) == (409, "package_inactive")

    def test_sell_what_is_hidden_all_the_same(self, desk: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            hidden = new_package(is_public=False)
        assert desk.post("sales", order(club_a, package=str(hidden.id))).status_code == 201


class TestPaymentConfirmation:
    def test_is_404_for_what_is_not_there(self, desk: Caller, club_b: ClubWorld) -> None:
        for unknown in (uuid4(), club_b.payment):
            assert desk.post(f"payments/{unknown}/confirm").status_code == 404
