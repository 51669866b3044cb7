"""Suspended clubs stand still, and support leaves its traces."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from platform_shared.accounts import sessions
from platform_shared.clubs import services as club_services
from platform_shared.clubs.api import guards
from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import SupportAction, SupportSession
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from tenant_apps.customers import services as customer_services
from tests.platform_shared.accounts.crew import claims, holder, sign_in
from tests.support.api import Caller, as_role
from tests.support.world import ClubWorld


def suspend(club: ClubWorld, capture: DjangoCaptureOnCommitCallbacks) -> None:
    with capture(execute=True), binding.platform():
        club_services.set_status(club_id=club.ref.id, status=ClubStatus.SUSPENDED)


def open_support(root: Caller, club: ClubWorld, **fields: Any) -> Any:
    body = {"reason": "The door does not open", "minutes": 30} | fields
    return root.post(f"clubs/{club.ref.id}/support-sessions", body)


@pytest.fixture
def support_a(root: Caller, club_a: ClubWorld) -> Caller:
    """A system admin inside club a."""
    return Caller(club_a.host, open_support(root, club_a).json()["access"])


def recorded() -> list[tuple[str, str]]:
    """Return what support has asked for, oldest first."""
    with binding.platform():
        return list(SupportAction.objects.order_by("id").values_list("method", "path"))


class TestClubServes:
    @pytest.mark.parametrize("role", [Role.CLUB_ADMIN, Role.CLUB_STAFF, Role.CUSTOMER])
    def test_a_suspended_club_answers_403(
        self,
        club_a: ClubWorld,
        role: Role,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        caller = as_role(club_a, role)
        assert caller.get("packages").status_code == 200
        suspend(club_a, django_capture_on_commit_callbacks)
        for response in (
            caller.get("packages"),
            caller.get("club"),
            caller.post("customers", {"name": "x"}),
            caller.get("me/subscriptions"),
            Caller(club_a.host).get("packages"),
        ):
            assert response.status_code == 403
            assert response.json()["code"] == "club_suspended"

    def test_its_people_can_still_sign_in_and_see_who_they_are(
        self,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        suspend(club_a, django_capture_on_commit_callbacks)
        tokens = sign_in(club_a).json()
        me = holder(club_a, tokens).get("me")
        assert me.status_code == 200
        assert me.json()["club"]["status"] == "suspended"
        anybody = Caller(club_a.host)
        response = anybody.post("auth/token/refresh", {"refresh": tokens["refresh"]})
        assert response.status_code == 200
        body = {"refresh": response.json()["refresh"]}
        assert anybody.post("auth/logout", body).status_code == 204
        assert anybody.get("/.well-known/jwks.json").status_code == 200

    def test_support_works_there(
        self,
        club_a: ClubWorld,
        support_a: Caller,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        suspend(club_a, django_capture_on_commit_callbacks)
        assert support_a.get("customers").status_code == 200
        assert support_a.post("customers", {"name": "x"}).status_code == 201

    def test_the_club_next_door_does_not_notice(
        self,
        club_a: ClubWorld,
        club_b: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        suspend(club_a, django_capture_on_commit_callbacks)
        assert as_role(club_b, Role.CLUB_STAFF).get("customers").status_code == 200

    def test_an_active_club_serves_again(
        self,
        club_a: ClubWorld,
        staff_a: Caller,
        root: Caller,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        suspend(club_a, django_capture_on_commit_callbacks)
        assert staff_a.get("customers").status_code == 403
        with django_capture_on_commit_callbacks(execute=True):
            response = root.patch(f"clubs/{club_a.ref.id}", {"status": "active"})
        assert response.json()["status"] == "active"
        assert staff_a.get("customers").status_code == 200

    def test_is_what_stops_them(
        self,
        club_a: ClubWorld,
        staff_a: Caller,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        suspend(club_a, django_capture_on_commit_callbacks)
        monkeypatch.setattr(guards.ClubServes, "has_permission", lambda *args: True)
        assert staff_a.get("customers").status_code == 200


class TestOpenSupportSession:
    def test_gives_a_token_for_that_club_alone(
        self, root: Caller, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        response = open_support(root, club_a, minutes=45)
        assert response.status_code == 201
        assert set(response.json()) == {"access", "expires_at"}
        found = claims(response.json()["access"])
        assert found["aud"] == found["clubId"] == str(club_a.ref.id)
        assert found["role"] == "system_admin"
        assert found["sub"] == root.get("me").json()["id"]
        lasting = timedelta(seconds=found["exp"] - clock.now().timestamp())
        assert timedelta(minutes=44) < lasting <= timedelta(minutes=45)
        access = response.json()["access"]
        assert Caller(club_a.host, access).get("customers").status_code == 200
        assert Caller(club_b.host, access).get("customers").status_code == 401
        assert Caller(root.host, access).get("clubs").status_code == 401

    def test_says_who_came_why_and_until_when(self, root: Caller, club_a: ClubWorld) -> None:
        access = open_support(root, club_a, reason="Ticket 7").json()["access"]
        with binding.platform():
            session = SupportSession.objects.get(pk=claims(access)["sid"])
        assert str(session) == f"root@platform.test at {club_a.ref.id}"
        assert session.reason == "Ticket 7"
        assert session.expires_at - session.created_at == timedelta(minutes=30)

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"reason": ""}, "reason"),
            ({"reason": None}, "reason"),
            ({"reason": "x" * 501}, "reason"),
            ({"minutes": 0}, "minutes"),
            ({"minutes": 481}, "minutes"),
            ({"minutes": "long"}, "minutes"),
            ({"until": "noon"}, "until"),
        ],
    )
    def test_needs_a_reason_and_an_end(
        self, root: Caller, club_a: ClubWorld, fields: dict[str, Any], field: str
    ) -> None:
        response = open_support(root, club_a, **fields)
        assert response.status_code == 400
        assert [e["field"] for e in response.json()["errors"]] == [field]

    @pytest.mark.parametrize("missing", ["reason", "minutes"])
    def test_needs_both(self, root: Caller, club_a: ClubWorld, missing: str) -> None:
        body = {"reason": "x", "minutes": 5}
        del body[missing]
        response = root.post(f"clubs/{club_a.ref.id}/support-sessions", body)
        assert [e["field"] for e in response.json()["errors"]] == [missing]

    def test_needs_a_club_that_exists_and_is_not_closed(
        self, root: Caller, club_a: ClubWorld
    ) -> None:
        body = {"reason": "x", "minutes": 5}
        assert root.post(f"clubs/{new_id()}/support-sessions", body).status_code == 404
        with binding.platform():
            club_services.Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.CLOSED)
        response = open_support(root, club_a)
        assert response.status_code == 409
        assert response.json()["code"] == "club_not_active"

    def test_is_for_the_platforms_people_alone(self, admin_a: Caller, club_a: ClubWorld) -> None:
        assert open_support(admin_a, club_a).status_code == 404  # no such route at a club


class TestSupportSession:
    def test_says_that_it_is_one(self, support_a: Caller, club_a: ClubWorld) -> None:
        me = support_a.get("me").json()
        assert me["support"] is True
        assert (me["role"], me["email"], me["name"]) == (
            "system_admin",
            "root@platform.test",
            "Root",
        )
        assert me["club"]["id"] == str(club_a.ref.id)

    def test_ends_when_its_time_is_over(self, support_a: Caller) -> None:
        assert support_a.get("me").status_code == 200
        assert support_a.access is not None
        session = UUID(claims(support_a.access)["sid"])
        with binding.platform():
            SupportSession.objects.filter(pk=session).update(
                expires_at=clock.now() - timedelta(seconds=1)
            )
        sessions.forget(session, scope=claims(support_a.access)["aud"])
        assert support_a.get("me").status_code == 401

    def test_acts_under_the_admins_own_name(self, support_a: Caller, club_a: ClubWorld) -> None:
        body = {"scan_id": str(new_id()), "customer": str(club_a.customer), "kind": "entry"}
        assert support_a.post("door/scans", body).json()["result"] == "accepted"
        (row,) = support_a.get("check-ins").json()["results"]
        assert row["scanned_by"] == {
            "kind": "system_admin",
            "id": support_a.get("me").json()["id"],
            "label": "root@platform.test",
        }


class TestSupportIsRecorded:
    def test_writes_are_recorded_and_reads_are_not(self, support_a: Caller) -> None:
        made = support_a.post("customers", {"name": "x"}, **{"X-Request-Id": "support-1"}).json()
        support_a.patch(f"customers/{made['id']}", {"name": "y"})
        support_a.get("customers")
        support_a.get("me")
        assert recorded() == [
            ("POST", "/api/v1/customers"),
            ("PATCH", f"/api/v1/customers/{made['id']}"),
        ]
        with binding.platform():
            action = SupportAction.objects.earliest("id")
        assert action.request_id == "support-1"
        assert str(action) == "POST /api/v1/customers"
        assert support_a.access is not None
        assert str(action.session_id) == claims(support_a.access)["sid"]

    def test_writes_that_fail_are_recorded_too(
        self, support_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert support_a.post("customers", {"name": ""}).status_code == 400
        assert support_a.patch(f"customers/{new_id()}", {"name": "x"}).status_code == 404

        def fail(**fields: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(customer_services, "create_customer", fail)
        assert support_a.post("customers", {"name": "x"}).status_code == 500
        assert [method for method, _ in recorded()] == ["POST", "PATCH", "POST"]

    def test_a_write_that_cannot_be_recorded_is_not_carried_out(
        self, support_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = support_a.get("customers").json()["results"]

        def fail(**fields: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(club_services, "record_support_action", fail)
        assert support_a.post("customers", {"name": "x"}).status_code == 500
        assert support_a.get("customers").json()["results"] == before

    def test_what_the_clubs_own_people_write_is_not_the_platforms_business(
        self, staff_a: Caller
    ) -> None:
        staff_a.post("customers", {"name": "x"})
        assert recorded() == []

    def test_nothing_would_be_recorded_without_the_guard(
        self, support_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guards.SupportIsRecorded, "has_permission", lambda *args: True)
        assert support_a.post("customers", {"name": "x"}).status_code == 201
        assert recorded() == []
