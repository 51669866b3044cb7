"""The door and its log over the API, as the staff's devices use them."""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from psycopg import sql

from platform_shared.kit import access
from platform_shared.kit.access import Permission, Role
from platform_shared.tenancy import binding
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import services as customer_services
from tenant_apps.locations import services as location_services
from tenant_apps.qr_codes import tokens
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import Subscription
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import Pass, new_customer, new_pass
from tests.tenant_apps.subscriptions.books import Watch
from tests.tenant_apps.subscriptions.ledger import lines_of


def entry(**body: Any) -> dict[str, Any]:
    """Return the body of a scan."""
    return {"scan_id": str(uuid4()), "kind": "entry", **body}


def fields_of(answer: Any) -> list[tuple[str, str]]:
    """Return (field, code) of what a 400 complains about."""
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def stamp_of(moment: datetime) -> str:
    """Return a time as the API writes it."""
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def door(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


@pytest.fixture
def member(club_a: ClubWorld) -> Pass:
    """A customer of club a with three visits."""
    with binding.club(club_a.ref):
        return new_pass(visits=3)


class TestScans:
    def test_answers_as_the_contract_says(
        self, door: Caller, member: Pass, watch: Watch, club_a: ClubWorld
    ) -> None:
        body = entry(code=member.code, location=str(club_a.location), event=None, device=None)
        answer = door.post("door/scans", body)
        assert answer.status_code == 201
        assert answer.json() == {
            "id": answer.json()["id"],
            "scan_id": body["scan_id"],
            "kind": "entry",
            "result": "accepted",
            "reason": "ok",
            "customer": {"id": str(member.customer), "name": "Dora", "photo_url": None},
            "subscription": {
                "id": str(member.subscription),
                "package": "3 visits",
                "credits_left": 2,
                "ends_at": "2026-04-02T08:00:00Z",
            },
            "scanned_at": stamp_of(watch.now),
        }
        with binding.club(club_a.ref):
            assert lines_of(member.subscription) == [("grant", 3, 3), ("check_in", -1, 2)]

    def test_refuses_with_201_and_says_why(self, door: Caller, member: Pass) -> None:
        door.post("door/scans", entry(code=member.code))
        answer = door.post("door/scans", entry(code=member.code))
        assert answer.status_code == 201
        assert answer.json()["result"] == "refused"
        assert answer.json()["reason"] == "already_inside"
        assert answer.json()["customer"]["id"] == str(member.customer)
        assert answer.json()["subscription"] is None

    def test_names_nobody_for_a_code_it_does_not_know(self, door: Caller) -> None:
        answer = door.post("door/scans", entry(code="QC1:NONSENSE"))
        assert answer.status_code == 201
        said = answer.json()
        assert (said["result"], said["reason"]) == ("refused", "unknown_code")
        assert (said["customer"], said["subscription"]) == (None, None)

    def test_lets_out(self, door: Caller, member: Pass) -> None:
        answer = door.post("door/scans", entry(code=member.code, kind="exit"))
        said = answer.json()
        assert (answer.status_code, said["kind"], said["reason"]) == (201, "exit", "ok")
        assert said["subscription"] is None

    def test_checks_in_without_a_code(self, door: Caller, member: Pass) -> None:
        answer = door.post("door/scans", entry(customer=str(member.customer)))
        assert (answer.status_code, answer.json()["reason"]) == (201, "ok")
        row = door.get(f"check-ins/{answer.json()['id']}").json()
        assert (row["method"], row["charged"]) == ("manual", True)
        assert row["scanned_by"]["label"] == "staff@alpha.test"

    def test_needs_its_own_permission_without_a_code(
        self, door: Caller, member: Pass, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = entry(customer=str(member.customer))
        less = access.ROLE_PERMISSIONS[Role.CLUB_STAFF] - {Permission.DOOR_CHECK_IN_WITHOUT_CODE}
        with monkeypatch.context() as patch:
            patch.setitem(access.ROLE_PERMISSIONS, Role.CLUB_STAFF, less)
            refused = door.post("door/scans", body)
            with_code = door.post("door/scans", entry(code=member.code))
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert with_code.status_code == 201
        assert door.post("door/scans", body).status_code == 201

    def test_takes_a_code_or_a_customer_but_not_both_or_neither(
        self, door: Caller, member: Pass, club_a: ClubWorld
    ) -> None:
        both = entry(code=member.code, customer=str(member.customer))
        assert fields_of(door.post("door/scans", both)) == [("code", "code_or_customer")]
        assert fields_of(door.post("door/scans", entry())) == [("code", "code_or_customer")]
        nulls = entry(code=None, customer=None)
        assert fields_of(door.post("door/scans", nulls)) == [("code", "code_or_customer")]
        with binding.club(club_a.ref):
            assert not CheckIn.objects.filter(customer_id=member.customer).exists()

    @pytest.mark.parametrize(
        "code", ["", " ", "\x00", "QC1:\x00", "\ud800", "x" * 1001, "ü" * 100_000, "QC1:"]
    )
    def test_records_whatever_was_scanned(self, door: Caller, club_a: ClubWorld, code: str) -> None:
        answer = door.post("door/scans", body := entry(code=code))
        assert answer.status_code == 201
        assert (answer.json()["result"], answer.json()["reason"]) == ("refused", "unknown_code")
        assert door.get(f"check-ins/{answer.json()['id']}").json()["reason"] == "unknown_code"
        again = door.post("door/scans", body)
        assert (again.status_code, again.json()) == (200, answer.json())

    @pytest.mark.parametrize(
        ("wrong", "complaint"),
        [
            ({"location": str(uuid4())}, ("location", "does_not_exist")),
            ({"location": "door 1"}, ("location", "invalid")),
            ({"event": str(uuid4())}, ("event", "does_not_exist")),
            ({"device": str(uuid4())}, ("device", "does_not_exist")),
            ({"kind": "peek"}, ("kind", "invalid_choice")),
            ({"scan_id": "1"}, ("scan_id", "invalid")),
            ({"scan_id": None}, ("scan_id", "null")),
            ({"code": 5}, ("code", "invalid")),
            ({"code": ["QC1:"]}, ("code", "invalid")),
            ({"doorway": "north"}, ("doorway", "unknown_field")),
        ],
    )
    def test_names_the_field_that_is_wrong(
        self,
        door: Caller,
        member: Pass,
        club_a: ClubWorld,
        wrong: dict[str, Any],
        complaint: tuple[str, str],
    ) -> None:
        answer = door.post("door/scans", entry(code=member.code) | wrong)
        assert fields_of(answer) == [complaint]
        with binding.club(club_a.ref):
            assert not CheckIn.objects.filter(customer_id=member.customer).exists()

    def test_knows_no_customer_of_another_club(
        self, door: Caller, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        answer = door.post("door/scans", entry(customer=str(club_b.customer)))
        assert fields_of(answer) == [("customer", "does_not_exist")]

    def test_keeps_blanks_around_a_code(self, door: Caller, member: Pass) -> None:
        answer = door.post("door/scans", entry(code=f" {member.code}"))
        assert answer.json()["reason"] == "unknown_code"


class TestRepeats:
    def test_get_the_same_body_with_200(
        self, door: Caller, member: Pass, watch: Watch, club_a: ClubWorld
    ) -> None:
        body = entry(code=member.code)
        first = door.post("door/scans", body)
        watch.forward(minutes=10)
        assert door.post("door/scans", entry(code=member.code)).json()["reason"] == "ok"
        again = door.post("door/scans", body)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        with binding.club(club_a.ref):
            assert Subscription.objects.get(pk=member.subscription).used_credits == 2

    @pytest.mark.parametrize("text", ["QC1:NONSENSE", "tampered"])
    def test_get_the_same_refusal(self, door: Caller, member: Pass, text: str) -> None:
        body = entry(code=member.code[:-1] + "0" if text == "tampered" else text)
        first, again = door.post("door/scans", body), door.post("door/scans", body)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()

    def test_leave_out_or_spell_out_what_is_null(self, door: Caller, member: Pass) -> None:
        body = entry(code=member.code)
        door.post("door/scans", body)
        spelled = body | {"customer": None, "location": None, "event": None, "device": None}
        assert door.post("door/scans", spelled).status_code == 200

    def test_with_another_body_are_refused(
        self, door: Caller, member: Pass, club_a: ClubWorld
    ) -> None:
        body = entry(code=member.code)
        door.post("door/scans", body)
        answer = door.post("door/scans", body | {"kind": "exit"})
        assert (answer.status_code, answer.json()["code"]) == (422, "scan_id_reused")
        assert answer["Content-Type"] == "application/problem+json"
        with binding.club(club_a.ref):
            assert CheckIn.objects.filter(scan_id=body["scan_id"]).count() == 1

    def test_are_another_scan_at_another_club(
        self, door: Caller, member: Pass, club_b: ClubWorld
    ) -> None:
        body = entry(code=member.code)
        door.post("door/scans", body)
        there = api.as_role(club_b, Role.CLUB_STAFF).post("door/scans", body)
        assert (there.status_code, there.json()["reason"]) == (201, "unknown_code")

    def test_start_anew_after_a_bad_request(
        self, door: Caller, member: Pass, club_a: ClubWorld
    ) -> None:
        body = entry(code=member.code)
        assert door.post("door/scans", body | {"location": str(uuid4())}).status_code == 400
        assert door.post("door/scans", body).status_code == 201


class TestAnnul:
    def test_gives_the_credit_back(
        self, door: Caller, member: Pass, watch: Watch, club_a: ClubWorld
    ) -> None:
        check_in = door.post("door/scans", entry(code=member.code)).json()["id"]
        answer = door.post(f"check-ins/{check_in}/annul", {"reason": "turned back"})
        assert answer.status_code == 201
        said = answer.json()
        assert said == {
            "id": said["id"],
            "check_in": check_in,
            "reason": "turned back",
            "credit_returned": True,
            "annulled_at": stamp_of(watch.now),
            "annulled_by": said["annulled_by"],
        }
        assert said["annulled_by"]["label"] == "staff@alpha.test"
        assert door.get(f"check-ins/{check_in}").json()["annulled_at"] == said["annulled_at"]
        assert door.post("door/scans", entry(code=member.code)).json()["reason"] == "ok"

    def test_happens_once(self, door: Caller, member: Pass, club_a: ClubWorld) -> None:
        check_in = door.post("door/scans", entry(code=member.code)).json()["id"]
        assert door.post(f"check-ins/{check_in}/annul").status_code == 201
        again = door.post(f"check-ins/{check_in}/annul")
        assert (again.status_code, again.json()["code"]) == (409, "already_annulled")
        with binding.club(club_a.ref):
            assert Subscription.objects.get(pk=member.subscription).credits_left == 3

    def test_is_not_for_what_was_refused(self, door: Caller) -> None:
        check_in = door.post("door/scans", entry(code="nonsense")).json()["id"]
        answer = door.post(f"check-ins/{check_in}/annul")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_annullable")

    def test_writes_the_expiry_at_once_when_the_subscription_is_over(
        self, door: Caller, watch: Watch, club_a: ClubWorld
    ) -> None:
        with binding.club(club_a.ref):
            member = new_pass(visits=1, duration=("week", 1))
        check_in = door.post("door/scans", entry(code=member.code)).json()["id"]
        watch.forward(weeks=1)
        with binding.club(club_a.ref):
            subscription_services.settle(member.subscription, watch.now)
        answer = door.post(f"check-ins/{check_in}/annul")
        assert answer.json()["credit_returned"]
        shown = door.get(f"subscriptions/{member.subscription}").json()
        assert (shown["status"], shown["credits_left"]) == ("expired", 0)
        with binding.club(club_a.ref):
            assert [kind for kind, *_ in lines_of(member.subscription)] == [
                "grant",
                "check_in",
                "annulment",
                "expiry",
            ]

    def test_is_404_for_what_is_not_there(
        self, door: Caller, member: Pass, club_b: ClubWorld
    ) -> None:
        there = api.as_role(club_b, Role.CLUB_STAFF)
        body = entry(customer=str(club_b.customer))
        theirs = there.post("door/scans", body).json()["id"]
        for unknown in (theirs, uuid4()):
            assert door.post(f"check-ins/{unknown}/annul").status_code == 404
            assert door.get(f"check-ins/{unknown}").status_code == 404
        assert there.get(f"check-ins/{theirs}").json()["annulled_at"] is None

    def test_refuses_fields_it_does_not_know(self, door: Caller, member: Pass) -> None:
        check_in = door.post("door/scans", entry(code=member.code)).json()["id"]
        answer = door.post(f"check-ins/{check_in}/annul", {"refund": True})
        assert fields_of(answer) == [("refund", "unknown_field")]


class TestLog:
    @pytest.fixture
    def log(self, door: Caller, watch: Watch, club_a: ClubWorld) -> dict[str, str]:
        """Four scans an hour apart: (who and how) by name, as ids."""
        with binding.club(club_a.ref):
            dora, emil = new_pass(visits=3), new_pass(name="Emil")
            back = location_services.create_location(name="Back door", now=watch.now)
        front = str(club_a.location)
        asked = {
            "dora": entry(code=dora.code, location=front),
            "emil": entry(customer=str(emil.customer), location=str(back.id)),
            "nobody": entry(code="nonsense", location=front),
            "dora leaves": entry(code=dora.code, kind="exit"),
        }
        ids = {"customer": str(dora.customer), "back": str(back.id)}
        for name, body in asked.items():
            ids[name] = door.post("door/scans", body).json()["id"]
            ids[f"{name} at"] = stamp_of(watch.now)
            watch.forward(hours=1)
        return ids

    @pytest.mark.parametrize(
        ("wanted", "names"),
        [
            ("", ["dora leaves", "nobody", "emil", "dora"]),
            ("since={emil at}", ["dora leaves", "nobody", "emil"]),
            ("until={emil at}", ["dora"]),
            ("since={emil at}&until={dora leaves at}", ["nobody", "emil"]),
            ("customer={customer}", ["dora leaves", "dora"]),
            ("result=refused", ["nobody"]),
            ("result=accepted", ["dora leaves", "emil", "dora"]),
            ("reason=unknown_code", ["nobody"]),
            ("kind=exit", ["dora leaves"]),
            ("method=manual", ["emil"]),
            ("location={back}", ["emil"]),
            ("customer={customer}&kind=entry", ["dora"]),
            (f"customer={UUID(int=1)}", []),
        ],
    )
    def test_is_filtered(
        self, door: Caller, log: dict[str, str], wanted: str, names: list[str]
    ) -> None:
        query = wanted.format(**log)
        rows = door.get(f"check-ins?{query}").json()["results"]
        assert [row["id"] for row in rows] == [log[name] for name in names]

    @pytest.mark.parametrize(
        "query", ["since=yesterday", "customer=dora", "result=maybe", "location=x", "kind=peek"]
    )
    def test_refuses_a_filter_it_cannot_read(self, door: Caller, query: str) -> None:
        answer = door.get(f"check-ins?{query}")
        assert [field for field, _ in fields_of(answer)] == [query.partition("=")[0]]

    def test_shows_who_where_and_what_it_cost(
        self, door: Caller, log: dict[str, str], club_a: ClubWorld
    ) -> None:
        row = door.get(f"check-ins/{log['dora']}").json()
        assert row["location"] == str(club_a.location)
        assert (row["method"], row["charged"], row["annulled_at"]) == ("code", True, None)
        assert row["scanned_by"]["kind"] == "club_staff"
        assert not door.get(f"check-ins/{log['nobody']}").json()["charged"]
        assert not door.get(f"check-ins/{log['emil']}").json()["charged"]

    def test_shows_the_customer_their_own_alone(
        self, door: Caller, log: dict[str, str], club_a: ClubWorld
    ) -> None:
        carla = api.as_role(club_a, Role.CUSTOMER)
        assert carla.get("me/check-ins").json()["results"] == []
        own = door.post("door/scans", entry(customer=str(club_a.customer))).json()
        assert carla.get("me/check-ins").json()["results"] == [own]


class TestWhatIsStored:
    """Raw codes are never kept: every text, byte and JSON column of the database is searched."""

    @staticmethod
    def places_of(code: str) -> list[str]:
        """Return the columns in which the code, its text after the prefix, or its bytes stand."""
        token = tokens.decode(code)
        raw = token.signed_part.removeprefix(b"qrcheckin/v1/static") + token.signature
        texts = [code.removeprefix("QC1:"), raw.hex(), base64.b64encode(raw).decode().rstrip("=")]
        found = []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_schema, table_name, column_name, data_type"
                " FROM information_schema.columns JOIN information_schema.tables"
                " USING (table_schema, table_name)"
                " WHERE table_schema IN (current_schema(), 'public') AND table_type = 'BASE TABLE'"
                " AND data_type IN ('text', 'character varying', 'bytea', 'json', 'jsonb')"
            )
            for schema, table, column, kind in cursor.fetchall():
                wanted: list[Any] = [raw, code.encode()] if kind == "bytea" else texts
                cast = "{}" if kind == "bytea" else "{}::text"
                query = sql.SQL(
                    f"SELECT count(*) FROM {{}} WHERE position(%s in {cast}) > 0"
                ).format(sql.Identifier(schema, table), sql.Identifier(column))
                for needle in wanted:
                    cursor.execute(query.as_string(cursor.connection), (needle,))
                    if cursor.fetchone() != (0,):
                        found.append(f"{table}.{column}")
        return found

    def test_holds_no_code(self, door: Caller, member: Pass, club_a: ClubWorld) -> None:
        for body in (entry(code=member.code), entry(code=member.code, kind="exit")):
            assert door.post("door/scans", body).status_code == 201
        assert door.get(f"qr-codes/{member.sale.qr_code.id}").json()["code"] == member.code
        with binding.club(club_a.ref):
            assert self.places_of(member.code) == []

    def test_holds_no_code_that_was_refused(
        self, door: Caller, member: Pass, club_a: ClubWorld
    ) -> None:
        flipped = member.code[:30] + ("0" if member.code[30] != "0" else "1") + member.code[31:]
        door.post("door/scans", entry(code=flipped))
        with binding.club(club_a.ref):
            assert CheckIn.objects.latest("id").reason in ("bad_signature", "unknown_code")
            assert self.places_of(flipped) == []

    def test_would_be_noticed(self, member: Pass, club_a: ClubWorld) -> None:
        # Negative control: a code that is kept somewhere is found.
        token = tokens.decode(member.code)
        raw = token.signed_part.removeprefix(b"qrcheckin/v1/static") + token.signature
        with binding.club(club_a.ref):
            customer = new_customer("Nosy", address=f"saw {member.code}")
            with connection.cursor() as cursor:
                cursor.execute("UPDATE qr_codes_signingkey SET sealed_private_key = %s", [raw])
            assert sorted(self.places_of(member.code)) == [
                "customers_customer.address",
                "qr_codes_signingkey.sealed_private_key",
            ]
            customer_services.change_customer(
                customer_id=customer.id, changes={"address": ""}, now=BORN
            )
