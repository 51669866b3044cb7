"""The shape of an answer: some members only, and what its ids name."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.kit import access, clock
from platform_shared.kit.access import Permission, Role
from platform_shared.kit.listing import SPARSE, Shape
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import merging
from tenant_apps.customers import services as customer_services
from tenant_apps.packages.models import Package
from tenant_apps.qr_codes import services as code_services
from tests.support.api import Caller, as_role
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log


def refused(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    return error["field"], error["code"]


def statements(caller: Caller, path: str) -> int:
    assert caller.get(path).status_code == 200  # warms what is cached
    with CaptureQueriesContext(connection) as sent:
        assert caller.get(path).status_code == 200
    return len(sent)


@pytest.fixture
def check_in(club_a: ClubWorld) -> UUID:
    """An entry of a customer at a location."""
    with binding.club(club_a.ref):
        log(club_a.customer, "entry", at=clock.now(), location=club_a.location)
        return CheckIn.objects.latest("id").pk


class TestFields:
    @pytest.mark.parametrize("asked", ["name", "name,email", "id,name", "name,name"])
    def test_are_those_asked_for_and_the_id(self, admin_a: Caller, asked: str) -> None:
        whole = admin_a.get("customers")
        some = admin_a.get(f"customers?fields={asked}")
        assert whole["Content-Type"] == "application/json"
        assert some["Content-Type"] == SPARSE
        names = {"id", *asked.split(",")}
        assert some.json()["results"] == [
            {name: value for name, value in row.items() if name in names}
            for row in whole.json()["results"]
        ]

    def test_of_one_thing_as_of_a_list(self, admin_a: Caller, club_a: ClubWorld) -> None:
        answer = admin_a.get(f"invoices/{club_a.invoice}?fields=number")
        assert answer["Content-Type"] == SPARSE
        assert set(answer.json()) == {"id", "number"}

    @pytest.mark.parametrize(
        "asked", ["", ",", "name,", "Name", "nme", "name,nme", "notes%00", "emergency_contact.name"]
    )
    def test_that_are_none_are_refused(
        self, admin_a: Caller, club_a: ClubWorld, asked: str
    ) -> None:
        for path in ("customers", f"customers/{club_a.customer}"):
            answer = admin_a.get(f"{path}?fields={asked}")
            assert refused(answer) == ("fields", "invalid_choice")

    @pytest.mark.parametrize("guarded", [True, False])
    def test_left_out_cost_no_queries(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch, guarded: bool
    ) -> None:
        if not guarded:  # negative control
            monkeypatch.setattr(Shape, "narrowed", lambda self, rows: rows)
        for path, member, lines in (
            ("customers", "name", "locations"),
            ("invoices", "number", "lines"),
        ):
            whole = statements(admin_a, path)
            assert statements(admin_a, f"{path}?fields={member},{lines}") == whole
            assert statements(admin_a, f"{path}?fields={member}") == whole - guarded

    def test_left_out_are_not_worked_out(
        self, admin_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def draw(code: object) -> str:
            raise AssertionError("nobody has asked for it")

        monkeypatch.setattr(code_services, "draw", draw)
        for path in ("qr-codes", f"qr-codes/{club_a.qr_code}"):
            assert admin_a.get(f"{path}?fields=label,is_active").status_code == 200
            assert admin_a.get(path).status_code == 500

    def test_are_no_way_to_what_is_not_shown(self, customer_a: Caller) -> None:
        for name in ("notes", "tags", "user", "name_key"):
            assert refused(customer_a.get(f"me/customer?fields={name}"))[0] == "fields"


class TestExpand:
    def test_tells_the_objects_beside_the_ids(
        self, admin_a: Caller, club_a: ClubWorld, check_in: UUID
    ) -> None:
        plain = admin_a.get(f"check-ins/{check_in}").json()
        answer = admin_a.get(f"check-ins/{check_in}?expand=customer,location")
        assert answer["Content-Type"] == "application/json"
        expanded = answer.json()["expanded"]
        assert answer.json() == {**plain, "expanded": expanded}
        assert expanded == {
            "customer": admin_a.get(f"customers/{club_a.customer}").json(),
            "location": admin_a.get(f"locations/{club_a.location}").json(),
        }

    @pytest.mark.parametrize(
        ("path", "names"),
        [
            ("subscriptions", {"customer": "customers", "package": "packages"}),
            ("qr-codes", {"customer": "customers", "subscription": "subscriptions"}),
            ("invoices", {"customer": "customers"}),
            ("payments", {"invoice": "invoices"}),
        ],
    )
    def test_tells_what_each_object_says_itself(
        self, admin_a: Caller, path: str, names: dict[str, str]
    ) -> None:
        (row, *_) = admin_a.get(f"{path}?expand={','.join(names)}").json()["results"]
        assert set(row["expanded"]) == set(names)
        for name, where in names.items():
            assert row["expanded"][name] == admin_a.get(f"{where}/{row[name]}").json()
        assert "expanded" not in admin_a.get(path).json()["results"][0]

    def test_of_nothing_is_null(self, admin_a: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            code_services.issue_code(
                customer_id=club_a.other_customer, expires_at=None, now=BORN, actor=SYSTEM
            )
        path = f"qr-codes?customer={club_a.other_customer}&expand=subscription"
        (row,) = admin_a.get(path).json()["results"]
        assert (row["subscription"], row["expanded"]) == (None, {"subscription": None})

    def test_goes_together_with_fields(self, admin_a: Caller) -> None:
        answer = admin_a.get("invoices?fields=number&expand=customer")
        assert answer["Content-Type"] == SPARSE
        assert set(answer.json()["results"][0]) == {"id", "number", "expanded"}

    def test_finds_whom_a_row_names_though_they_were_merged(
        self, admin_a: Caller, club_a: ClubWorld, check_in: UUID
    ) -> None:
        few = statements(admin_a, "check-ins?expand=customer")
        with binding.club(club_a.ref):
            for number in range(3):
                double = customer_services.create_customer(name=f"Double {number}", now=BORN)
                log(double.id, "entry", at=clock.now(), location=club_a.location)
                merging.merge_customers(
                    survivor_id=club_a.customer,
                    duplicate_id=double.id,
                    now=clock.now(),
                    actor=SYSTEM,
                )
        rows = admin_a.get("check-ins?expand=customer&page_size=3").json()["results"]
        for row in rows:
            assert row["expanded"]["customer"]["id"] == row["customer"]["id"]
            assert row["expanded"]["customer"]["merged_into"] == str(club_a.customer)
        assert statements(admin_a, "check-ins?expand=customer") == few

    @pytest.mark.parametrize("asked", ["", ",", "customer,", "Customer", "lines", "customer.user"])
    def test_of_what_is_not_offered_is_refused(
        self, admin_a: Caller, club_a: ClubWorld, asked: str
    ) -> None:
        for path in ("invoices", f"invoices/{club_a.invoice}"):
            answer = admin_a.get(f"{path}?expand={asked}")
            assert refused(answer) == ("expand", "invalid_choice")

    @pytest.mark.parametrize(
        "path", ["me/invoices", "me/qr-codes", "me/subscriptions", "me/payments", "me/check-ins"]
    )
    def test_is_not_offered_of_ones_own(self, customer_a: Caller, path: str) -> None:
        for name in ("customer", "package", "subscription", "invoice"):
            answer = customer_a.get(f"{path}?expand={name}")
            assert refused(answer) == ("expand", "unknown_parameter")

    @pytest.mark.parametrize(
        ("name", "needed"),
        [
            ("customer", Permission.CUSTOMERS_MANAGE),
            ("subscription", Permission.SUBSCRIPTIONS_VIEW),
            ("location", Permission.LOCATIONS_VIEW),
        ],
    )
    def test_needs_the_permission_to_read_it(
        self,
        staff_a: Caller,
        check_in: UUID,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        needed: Permission,
    ) -> None:
        paths = [f"check-ins?expand={name}", f"check-ins/{check_in}?expand={name}"]
        assert [staff_a.get(path).status_code for path in paths] == [200, 200]
        granted = access.ROLE_PERMISSIONS[Role.CLUB_STAFF] - {needed}
        monkeypatch.setitem(access.ROLE_PERMISSIONS, Role.CLUB_STAFF, granted)
        for path in paths:
            answer = staff_a.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert staff_a.get("check-ins").status_code == 200

    def test_shows_of_packages_what_the_caller_would_see_of_them(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = f"subscriptions/{club_a.subscription}?expand=package"
        staff = as_role(club_a, Role.CLUB_STAFF)
        with binding.club(club_a.ref):
            Package.objects.filter(pk=club_a.credits_package).update(is_public=False)
        assert staff.get(path).json()["expanded"]["package"]["is_public"] is False
        granted = access.ROLE_PERMISSIONS[Role.CLUB_STAFF] - {Permission.SALES_CREATE}
        monkeypatch.setitem(access.ROLE_PERMISSIONS, Role.CLUB_STAFF, granted)
        answer = staff.get(path).json()
        assert answer["package"] == str(club_a.credits_package)
        assert answer["expanded"] == {"package": None}
