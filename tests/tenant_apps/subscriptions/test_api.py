"""Subscriptions over the API: granted by the club's admin, read by staff and by their owner."""

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.subscriptions.models import Subscription
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_package
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def admin(watch: Watch, club_a: ClubWorld) -> Caller:
    """The admin of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_ADMIN)


class TestSubscriptions:
    def test_are_granted_for_nothing(self, admin: Caller, club_a: ClubWorld, watch: Watch) -> None:
        body = {"customer": str(club_a.other_customer), "package": str(club_a.credits_package)}
        answer = admin.post("subscriptions", body)
        assert answer.status_code == 201
        said = answer.json()
        assert (said["status"], said["credits"], said["used_credits"]) == ("active", 10, 0)
        assert (said["credits_left"], said["package_name"]) == (10, "Ten visits")
        assert said["starts_at"] == watch.now.isoformat().replace("+00:00", "Z")
        assert said["ends_at"] == "2027-03-02T10:00:00Z"
        assert said["price"] == {"amount": 9900, "currency": "EUR"}
        assert said["tax_rate"] == "19"
        assert admin.get(f"subscriptions/{said['id']}").json() == said
        assert admin.get(f"invoices?customer={club_a.other_customer}").json()["results"] == []

    def test_may_start_later(self, admin: Caller, club_a: ClubWorld) -> None:
        body = {
            "customer": str(club_a.other_customer),
            "package": str(club_a.period_package),
            "starts_at": "2026-12-24T12:00:00+01:00",
        }
        said = admin.post("subscriptions", body).json()
        assert said["starts_at"] == "2026-12-24T11:00:00Z"
        assert said["ends_at"] == "2027-01-24T11:00:00Z"
        assert (said["credits"], said["credits_left"]) == (None, None)

    @pytest.mark.parametrize(
        ("change", "status", "complaint"),
        [
            ({"customer": "nobody"}, 400, "customer"),
            ({"customer": str(BORN)}, 400, "customer"),
            ({"package": "01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01"}, 400, "package"),
            ({"customer": "01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01"}, 400, "customer"),
            ({"starts_at": "tomorrow"}, 400, "starts_at"),
            ({"starts_at": "9999-12-31T22:00:00Z"}, 400, "starts_at"),
            ({"starts_at": "0001-01-01T00:00:00Z"}, 400, "starts_at"),
            ({"starts_at": "2020-01-01T00:00:00Z"}, 400, "starts_at"),
            ({"credits": 5}, 400, "credits"),
        ],
    )
    def test_name_what_is_wrong(
        self,
        admin: Caller,
        club_a: ClubWorld,
        change: dict[str, object],
        status: int,
        complaint: str,
    ) -> None:
        body = {"customer": str(club_a.other_customer), "package": str(club_a.credits_package)}
        answer = admin.post("subscriptions", body | change)
        assert answer.status_code == status
        assert [error["field"] for error in answer.json()["errors"]] == [complaint]
        with binding.club(club_a.ref):
            assert not Subscription.objects.filter(customer_id=club_a.other_customer).exists()

    def test_are_not_granted_of_what_is_not_for_sale(
        self, admin: Caller, club_a: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            gone = new_package(is_active=False)
        body = {"customer": str(club_a.other_customer), "package": str(gone.id)}
        answer = admin.post("subscriptions", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "package_inactive")

    def test_are_listed_newest_first_and_filtered(
        self, admin: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        other = {"customer": str(club_a.other_customer), "package": str(club_a.period_package)}
        made = [admin.post("subscriptions", other).json()["id"] for _ in range(2)]
        carlas = str(club_a.subscription)

        def listed(query: str = "") -> list[str]:
            rows = admin.get(f"subscriptions{query}").json()["results"]
            return [row["id"] for row in rows]

        assert listed() == [made[1], made[0], carlas]
        assert listed(f"?customer={club_a.customer}") == [carlas]
        assert listed("?type=period") == [made[1], made[0]]
        assert listed("?status=expired") == []
        first = admin.get("subscriptions?page_size=2").json()
        assert first["previous"] is None
        watch.forward(seconds=1)
        second = admin.get(first["next"].partition(club_a.host)[2]).json()
        assert [row["id"] for row in second["results"]] == [carlas]
        assert second["next"] is None

    def test_are_shown_to_their_owner(self, club_a: ClubWorld, watch: Watch) -> None:
        watch.forward(minutes=1)
        carla = api.as_role(club_a, Role.CUSTOMER)
        (row,) = carla.get("me/subscriptions").json()["results"]
        assert (row["id"], row["credits_left"]) == (str(club_a.subscription), 10)

    def test_are_404_when_another_club_has_them(self, admin: Caller, club_b: ClubWorld) -> None:
        answer = admin.get(f"subscriptions/{club_b.subscription}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
