"""Two clubs whose rows have the same primary keys: each sees its own."""

from uuid import uuid4

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from tenant_apps.customers import selectors, services
from tenant_apps.customers.models import Customer
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld

TWIN = uuid4()


@pytest.fixture
def twins(club_a: ClubWorld, club_b: ClubWorld) -> None:
    for club in (club_a, club_b):
        with binding.club(club.ref):
            Customer.objects.create(id=TWIN, name=f"Twin of {club.ref.slug}", created_at=BORN)


@pytest.mark.usefixtures("twins")
class TestTwins:
    def test_are_each_seen_by_their_own_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        for club in (club_a, club_b, club_a):
            asking = api.as_role(club, Role.CLUB_STAFF)
            assert asking.get(f"customers/{TWIN}").json()["name"] == f"Twin of {club.ref.slug}"
            names = [row["name"] for row in asking.get("customers").json()["results"]]
            assert sum(name.startswith("Twin") for name in names) == 1

    def test_are_changed_one_at_a_time(
        self, club_a: ClubWorld, club_b: ClubWorld, staff_a: Caller
    ) -> None:
        assert staff_a.patch(f"customers/{TWIN}", {"name": "Renamed"}).status_code == 200
        with binding.club(club_b.ref):
            assert selectors.get_customer(TWIN).name == "Twin of beta"
        with binding.club(club_a.ref):
            assert selectors.get_customer(TWIN).name == "Renamed"

    def test_are_seen_by_whichever_club_is_bound_inside_the_other(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            with binding.club(club_b.ref):
                assert selectors.get_customer(TWIN).name == "Twin of beta"
            assert selectors.get_customer(TWIN).name == "Twin of alpha"
            with binding.platform():
                pass
            assert selectors.get_customer(TWIN).name == "Twin of alpha"

    def test_keep_their_binding_when_the_inner_block_fails(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            with pytest.raises(RuntimeError, match="inner"), binding.club(club_b.ref):
                raise RuntimeError("inner")
            assert binding.current_club() == club_a.ref
            assert selectors.get_customer(TWIN).name == "Twin of alpha"

    def test_need_a_club_to_be_seen_at_all(self, unbound_by_default: None) -> None:
        with pytest.raises(ClubNotBound):
            selectors.get_customer(TWIN)


class TestSameEmail:
    def test_is_taken_in_one_club_and_free_in_the_other(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        for club in (club_a, club_b):
            with binding.club(club.ref):
                services.create_customer(name="Same", email="same@person.test", now=BORN)
        answer = api.as_role(club_a, Role.CLUB_STAFF).post(
            "customers", {"name": "Third", "email": "SAME@person.test"}
        )
        assert answer.status_code == 409
        with binding.club(club_a.ref):
            mine = Customer.objects.get(email="same@person.test")
        assert answer.json()["customer"] == str(mine.pk)
