"""Everybody as a file, sent in parts that each bind the club for themselves."""

import csv
from collections.abc import Iterator

import pytest

from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from platform_shared.tenancy.errors import ClubNotBound
from tenant_apps.customers import exports, merging, selectors
from tenant_apps.customers.models import Customer
from tests.support.api import Caller, as_role
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import STAFF, new_customer


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True)))


class TestExport:
    def test_has_all_of_a_record(self, admin_a: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            dora = new_customer(
                "=Dóra",
                email="dora@alpha.test",
                phone="+49 30 1234567",
                address="Street 1\nBerlin",
                emergency_contact={"name": "@Emil", "phone": "-1"},
                notes="+x",
                tags=["vip", "-late"],
                location_ids=[club_a.location],
                guardian_id=club_a.customer,
                guardian_relation="aunt",
            )
        answer = admin_a.get("customers/export")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="customers.csv"'
        assert answer.headers["Cache-Control"] == "private, no-store"
        found = rows(answer.content)
        assert [row["name"] for row in found] == ["Carla of alpha", "Otto of alpha", "'=Dóra"]
        assert found[-1] == {
            "id": str(dora.id),
            "name": "'=Dóra",
            "email": "dora@alpha.test",
            "phone": "'+49 30 1234567",
            "birth_date": "",
            "address": "Street 1\nBerlin",
            "emergency_name": "'@Emil",
            "emergency_phone": "'-1",
            "notes": "'+x",
            "tags": "vip;'-late",
            "locations": "Entrance",
            "guardian": str(club_a.customer),
            "guardian_relation": "aunt",
            "is_active": "true",
            "created_at": BORN.isoformat(),
        }

    @pytest.mark.parametrize(("query", "begins"), [("", b"id,"), ("?bom=true", b"\xef\xbb\xbfid,")])
    def test_begins_with_a_mark_where_it_is_asked_to(
        self, admin_a: Caller, query: str, begins: bytes
    ) -> None:
        assert admin_a.get(f"customers/export{query}").content.startswith(begins)

    def test_is_filtered_like_the_list(self, admin_a: Caller) -> None:
        found = rows(admin_a.get("customers/export?search=ott").content)
        assert [row["name"] for row in found] == ["Otto of alpha"]

    @pytest.mark.parametrize(
        ("query", "field", "code"),
        [
            ("bom=maybe", "bom", "invalid"),
            ("is_active=x", "is_active", "invalid"),
            ("guardian=x", "guardian", "invalid"),
            ("is_actve=false", "is_actve", "unknown_parameter"),
            ("bom=true&page_size=1", "page_size", "unknown_parameter"),
            ("cursor=x", "cursor", "unknown_parameter"),
        ],
    )
    def test_names_what_is_wrong(self, admin_a: Caller, query: str, field: str, code: str) -> None:
        answer = admin_a.get(f"customers/export?{query}")
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]

    def test_leaves_out_who_was_merged(self, admin_a: Caller, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            merging.merge_customers(
                survivor_id=club_a.customer,
                duplicate_id=club_a.other_customer,
                now=BORN,
                actor=STAFF,
            )
        found = rows(admin_a.get("customers/export").content)
        assert [row["name"] for row in found] == ["Carla of alpha"]

    def test_is_not_for_staff(self, club_a: ClubWorld) -> None:
        assert as_role(club_a, Role.CLUB_STAFF).get("customers/export").status_code == 403


class TestParts:
    @pytest.fixture
    def many(self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "CHUNK", 10)
        Customer.objects.bulk_create(
            Customer(id=new_id(), name=f"Customer {n}", created_at=BORN) for n in range(35)
        )

    @staticmethod
    def started(club: ClubWorld) -> Iterator[bytes]:
        with binding.club(club.ref):
            return exports.csv_of(selectors.list_customers(), bom=False)

    def test_hold_everybody_once(self, many: None, bound_a: ClubWorld) -> None:
        parts = list(self.started(bound_a))
        assert len(parts) == 5
        ids = [row["id"] for row in rows(b"".join(parts))]
        assert ids == [str(c.id) for c in Customer.objects.order_by("id")]

    def test_are_the_clubs_after_the_request_has_let_go_of_it(
        self, many: None, club_a: ClubWorld, club_b: ClubWorld, unbound: None
    ) -> None:
        parts = self.started(club_a)
        binding.release()
        assert binding.current() is None
        assert next(parts).startswith(b"id,")
        for part in parts:
            assert b"beta" not in part
            assert binding.current() is None  # nobody else meets this club on the thread
            with binding.club(club_b.ref):
                assert Customer.objects.count() == 2

    def test_would_fail_without_binding(self, many: None, club_a: ClubWorld, unbound: None) -> None:
        with binding.club(club_a.ref):
            left = selectors.list_customers()
        binding.release()
        with pytest.raises(ClubNotBound):
            list(left)


@pytest.fixture
def unbound() -> Iterator[None]:
    """As in web processes: bound to nobody until somebody says to whom."""
    from platform_shared.tenancy import process

    before, process.default_schema = process.default_schema, None
    yield
    process.default_schema = before
