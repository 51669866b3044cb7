"""Who answers for whom: adults of the club, never in a circle."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from platform_shared.kit.errors import InvalidInput
from platform_shared.kit.ids import new_id
from tenant_apps.customers import services
from tenant_apps.customers.models import Customer
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_customer


def guard(ward: UUID, guardian: UUID | None) -> Customer:
    changes = {"guardian_id": guardian, "guardian_relation": "aunt"}
    return services.change_customer(customer_id=ward, changes=changes, now=BORN)


def refusal(ward: UUID, guardian: UUID) -> str:
    before = Customer.objects.filter(pk=ward).values().get()
    with pytest.raises(InvalidInput) as refused:
        guard(ward, guardian)
    assert Customer.objects.filter(pk=ward).values().get() == before
    (error,) = refused.value.errors
    assert error.field == "guardian"
    return error.code


class TestGuardian:
    def test_can_be_named_at_once_or_later(self, bound_a: ClubWorld) -> None:
        child = new_customer("Kim", guardian_id=bound_a.customer, guardian_relation="mother")
        assert (child.guardian_id, child.guardian_relation) == (bound_a.customer, "mother")
        assert guard(child.id, bound_a.other_customer).guardian_id == bound_a.other_customer
        assert guard(child.id, None).guardian_id is None

    @pytest.mark.parametrize(
        ("born", "code"), [(date(2008, 3, 3), "not_an_adult"), (date(2008, 3, 2), None)]
    )
    def test_is_an_adult_on_the_day(self, bound_a: ClubWorld, born: date, code: str | None) -> None:
        teen = new_customer("Toni", birth_date=born)
        if code is None:
            assert guard(bound_a.other_customer, teen.id).guardian_id == teen.id
        else:
            assert refusal(bound_a.other_customer, teen.id) == code

    def test_is_somebody_else_of_this_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        child = new_customer("Kim").id
        assert refusal(child, child) == "cycle"
        assert refusal(child, new_id()) == refusal(child, club_b.customer) == "does_not_exist"

    def test_is_not_guarded_in_turn(self, bound_a: ClubWorld) -> None:
        a, b, c = (new_customer(name).id for name in "ABC")
        guard(a, b)
        guard(b, c)
        assert refusal(c, a) == refusal(c, b) == refusal(b, a) == "cycle"
        guard(a, c)

    def test_would_be_without_the_rule(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "guards_of", lambda customer: [])
        a, b = (new_customer(name).id for name in "AB")
        guard(a, b)
        guard(b, a)
        assert Customer.objects.get(pk=a).guardian_id == b

    def test_is_found_from_both_sides(self, bound_a: ClubWorld, staff_a: Any) -> None:
        child = staff_a.post(
            "customers", {"name": "Kim", "guardian": bound_a.customer, "guardian_relation": "mum"}
        ).json()
        assert (child["guardian"], child["guardian_relation"]) == (str(bound_a.customer), "mum")
        rows = staff_a.get(f"customers?guardian={bound_a.customer}").json()["results"]
        assert [row["id"] for row in rows] == [child["id"]]
