"""What customers see of themselves, and nothing of others."""

import pytest

from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from tests.support.api import Caller, as_role
from tests.support.world import ClubWorld

LISTS = ["me/subscriptions", "me/qr-codes", "me/check-ins", "me/invoices", "me/payments"]


@pytest.fixture
def busy(staff_a: Caller, club_a: ClubWorld) -> None:
    """The other customer has bought, been scanned and been billed as well; so has the first."""
    body = {
        "customer": str(club_a.other_customer),
        "package": str(club_a.period_package),
        "method": "cash",
    }
    assert staff_a.post("sales", body).status_code == 201
    for customer in (club_a.customer, club_a.other_customer):
        scan = {"scan_id": str(new_id()), "customer": str(customer), "kind": "entry"}
        assert staff_a.post("door/scans", scan).json()["result"] == "accepted"


@pytest.mark.usefixtures("busy")
class TestOwnLists:
    def test_hold_the_own_subscriptions(self, customer_a: Caller, club_a: ClubWorld) -> None:
        (row,) = customer_a.get("me/subscriptions").json()["results"]
        assert row["id"] == str(club_a.subscription)
        assert (row["package_name"], row["credits"], row["credits_left"]) == ("Ten visits", 10, 9)
        assert (row["is_own"], row["shared_by"]) == (True, None)
        assert row["customer"] == str(club_a.customer)

    def test_hold_the_own_codes(self, customer_a: Caller, club_a: ClubWorld) -> None:
        (row,) = customer_a.get("me/qr-codes").json()["results"]
        assert row["id"] == str(club_a.qr_code)
        assert row["code"].startswith("QC1:")

    def test_hold_the_own_visits(self, customer_a: Caller, club_a: ClubWorld) -> None:
        (row,) = customer_a.get("me/check-ins").json()["results"]
        assert row["customer"]["id"] == str(club_a.customer)
        assert (row["result"], row["reason"]) == ("accepted", "ok")
        assert "scanned_by" not in row  # the club's business

    def test_hold_the_own_invoices(self, customer_a: Caller, club_a: ClubWorld) -> None:
        (row,) = customer_a.get("me/invoices").json()["results"]
        assert row["id"] == str(club_a.invoice)
        assert row["total"] == {"amount": 9900, "currency": "EUR"}

    def test_hold_the_own_payments(self, customer_a: Caller, club_a: ClubWorld) -> None:
        (row,) = customer_a.get("me/payments").json()["results"]
        assert row == {
            "id": str(club_a.payment),
            "invoice": str(club_a.invoice),
            "invoice_number": "2026-000001",
            "method": "cash",
            "status": "succeeded",
            "amount": {"amount": 9900, "currency": "EUR"},
            "created_at": "2026-03-02T09:00:00Z",
            "paid_at": "2026-03-02T09:00:00Z",
        }

    @pytest.mark.parametrize("path", LISTS)
    def test_are_nobodys_who_is_no_customer(self, club_a: ClubWorld, path: str) -> None:
        status = 403 if path == "me/check-ins" else 404
        for role in (Role.CLUB_ADMIN, Role.CLUB_STAFF):
            assert as_role(club_a, role).get(path).status_code == status
        assert Caller(club_a.host).get(path).status_code == 401

    @pytest.mark.parametrize("path", LISTS)
    def test_are_no_platform_routes(self, root: Caller, path: str) -> None:
        assert root.get(path).status_code == 404


@pytest.mark.usefixtures("busy")
class TestOwnThings:
    @pytest.mark.parametrize("path", ["me/subscriptions", "me/check-ins", "me/invoices"])
    def test_are_what_the_list_shows(self, customer_a: Caller, path: str) -> None:
        (row,) = customer_a.get(path).json()["results"]
        response = customer_a.get(f"{path}/{row['id']}")
        assert response.status_code == 200
        assert response.json() == row

    def test_show_the_ledger_without_the_clubs_remarks(
        self, customer_a: Caller, admin_a: Caller, club_a: ClubWorld
    ) -> None:
        remark = {"credits": 2, "reason": "Complains again"}
        adjusted = admin_a.post(f"subscriptions/{club_a.subscription}/adjust", remark)
        assert adjusted.status_code == 200
        response = customer_a.get(f"me/subscriptions/{club_a.subscription}/entries")
        rows = response.json()["results"]
        assert [(row["kind"], row["amount"], row["balance_after"]) for row in rows] == [
            ("adjustment", 2, 11),
            ("check_in", -1, 9),
            ("grant", 10, 10),
        ]
        (visit,) = customer_a.get("me/check-ins").json()["results"]
        assert rows[1]["check_in"] == visit["id"]
        assert {"reason", "written_by"} & set(rows[0]) == set()
        assert "Complains" not in response.content.decode()


class TestOwnImage:
    @pytest.mark.parametrize(
        ("query", "type_", "beginning"),
        [
            ("", "image/png", b"\x89PNG"),
            ("?format=png", "image/png", b"\x89PNG"),
            ("?format=svg", "image/svg+xml", b"<?xml"),
        ],
    )
    def test_shows_the_own_code(
        self, customer_a: Caller, club_a: ClubWorld, query: str, type_: str, beginning: bytes
    ) -> None:
        response = customer_a.get(f"me/qr-codes/{club_a.qr_code}/image{query}")
        assert response.status_code == 200
        assert response["Content-Type"] == type_
        assert response["Cache-Control"] == "private, no-store"
        assert response.content.startswith(beginning)

    def test_knows_no_other_format(self, customer_a: Caller, club_a: ClubWorld) -> None:
        response = customer_a.get(f"me/qr-codes/{club_a.qr_code}/image?format=pdf")
        assert response.status_code == 400
        assert [e["field"] for e in response.json()["errors"]] == ["format"]

    def test_shows_nobody_elses(
        self, customer_a: Caller, staff_a: Caller, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        body = {"customer": str(club_a.other_customer)}
        other = staff_a.post("qr-codes", body).json()["id"]
        assert staff_a.get(f"qr-codes/{other}/image").status_code == 200
        for code in (other, club_b.qr_code, new_id()):
            assert customer_a.get(f"me/qr-codes/{code}/image").status_code == 404
        assert staff_a.get(f"me/qr-codes/{club_a.qr_code}/image").status_code == 404
