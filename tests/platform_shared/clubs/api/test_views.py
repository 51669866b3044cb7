"""Clubs over the API: the platform makes them, they look after themselves."""

from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from platform_shared.clubs.api.views import OriginsView
from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import Club
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import NEW_PASSWORD, secret_of
from tests.platform_shared.clubs.limits import limit
from tests.support.api import Caller, as_role
from tests.support.world import PASSWORD, ClubWorld


def wanted(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Gamma",
        "slug": "gamma",
        "plan": "unlimited",
        "time_zone": "Asia/Tokyo",
        "currency": "JPY",
        "admin": {"email": "admin@gamma.test", "password": PASSWORD},
        **changes,
    }


class TestCreateClub:
    def test_answers_with_a_club_that_serves(
        self,
        root: Caller,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            response = root.post("clubs", wanted())
        assert response.status_code == 201
        made = response.json()
        assert (made["slug"], made["hosts"], made["status"], made["plan"]) == (
            "gamma",
            ["gamma.localhost"],
            "active",
            "unlimited",
        )
        assert made["password_link"] is None
        assert root.get(f"clubs/{made['id']}").json() == {
            k: v for k, v in made.items() if k != "password_link"
        }
        credentials = {"email": "admin@gamma.test", "password": PASSWORD}
        signed_in = Caller("gamma.localhost").post("auth/token", credentials).json()
        admin = Caller("gamma.localhost", signed_in["access"])
        assert admin.get("club").json()["currency"] == "JPY"
        assert admin.post("customers", {"name": "First"}).status_code == 201

    def test_answers_with_a_link_when_there_is_no_password(
        self,
        root: Caller,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            response = root.post("clubs", wanted(admin={"email": "admin@gamma.test"}))
        link = response.json()["password_link"]
        assert link.startswith("http://gamma.localhost")
        gamma = Caller("gamma.localhost")
        path = "/" + link.split("/", 3)[3]
        assert gamma.get(path).json()["email"] == "admin@gamma.test"
        body = {"token": secret_of(link), "password": NEW_PASSWORD}
        assert gamma.post("auth/password", body).status_code == 204
        credentials = {"email": "admin@gamma.test", "password": NEW_PASSWORD}
        assert gamma.post("auth/token", credentials).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "field", "code"),
        [
            ({"name": ""}, "name", "blank"),
            ({"name": "x" * 121}, "name", "max_length"),
            ({"slug": "g"}, "slug", "min_length"),
            ({"slug": "g" * 41}, "slug", "max_length"),
            ({"slug": "Gamma"}, "slug", "invalid_slug"),
            ({"slug": "gam_ma"}, "slug", "invalid_slug"),
            ({"slug": "-gamma"}, "slug", "invalid_slug"),
            ({"slug": "gamma-"}, "slug", "invalid_slug"),
            ({"slug": "gämma"}, "slug", "invalid_slug"),
            ({"slug": "ga.mma"}, "slug", "invalid_slug"),
            ({"slug": "--"}, "slug", "invalid_slug"),
            ({"slug": "platform"}, "slug", "reserved"),
            ({"plan": "golden"}, "plan", "does_not_exist"),
            ({"time_zone": "Mars/Olympus"}, "time_zone", "unknown_time_zone"),
            ({"currency": "ZZZ"}, "currency", "unknown_currency"),
            ({"currency": "eur"}, "currency", "unknown_currency"),
            ({"admin": None}, "admin", "null"),
            ({"admin": {}}, "admin.email", "required"),
            ({"admin": {"email": "x"}}, "admin.email", "invalid"),
            (
                {"admin": {"email": "a@gamma.test", "password": "short"}},
                "admin.password",
                "weak_password",
            ),
            (
                {"admin": {"email": "administrator@gamma.test", "password": "administrator"}},
                "admin.password",
                "weak_password",
            ),
            (
                {"admin": {"email": "a@gamma.test", "role": "owner"}},
                "admin.role",
                "unknown_field",
            ),
            ({"colour": "red"}, "colour", "unknown_field"),
            ({"status": "active"}, "status", "unknown_field"),
        ],
    )
    def test_names_what_is_wrong(
        self, root: Caller, changes: dict[str, Any], field: str, code: str
    ) -> None:
        response = root.post("clubs", wanted(**changes))
        assert response.status_code == 400
        assert {(e["field"], e["code"]) for e in response.json()["errors"]} == {(field, code)}
        assert [c["slug"] for c in root.get("clubs").json()["results"]] == ["beta", "alpha"]

    def test_names_everything_that_is_wrong_at_once(self, root: Caller) -> None:
        body = wanted(slug="X", currency="?", admin={"email": "x", "password": "short"})
        fields = {e["field"] for e in root.post("clubs", body).json()["errors"]}
        assert fields == {"slug", "currency", "admin.email", "admin.password"}

    def test_refuses_a_slug_that_is_taken(self, root: Caller) -> None:
        response = root.post("clubs", wanted(slug="alpha"))
        assert response.status_code == 409
        assert response.json()["code"] == "slug_taken"

    @pytest.mark.parametrize("role", [Role.CLUB_ADMIN, Role.CUSTOMER])
    def test_is_nothing_for_clubs(self, club_a: ClubWorld, role: Role) -> None:
        assert as_role(club_a, role).post("clubs", wanted()).status_code == 404


class TestClubs:
    def test_are_listed_newest_first(self, root: Caller) -> None:
        rows = root.get("clubs").json()["results"]
        assert [row["slug"] for row in rows] == ["beta", "alpha"]
        assert set(rows[0]) == {
            "id",
            "name",
            "slug",
            "hosts",
            "status",
            "plan",
            "time_zone",
            "currency",
            "locale",
            "created_at",
        }

    def test_that_do_not_exist_are_404(self, root: Caller) -> None:
        assert root.get(f"clubs/{new_id()}").status_code == 404
        assert root.patch(f"clubs/{new_id()}", {"status": "active"}).status_code == 404

    @pytest.mark.parametrize("status", ["closed", "provisioning", "asleep", None, ""])
    def test_are_only_suspended_and_reactivated_by_hand(
        self, root: Caller, club_a: ClubWorld, status: str | None
    ) -> None:
        response = root.patch(f"clubs/{club_a.ref.id}", {"status": status})
        assert response.status_code == 400
        assert [e["field"] for e in response.json()["errors"]] == ["status"]

    def test_that_are_closed_stay_so_and_answer_nobody(
        self, root: Caller, club_a: ClubWorld
    ) -> None:
        with binding.platform():
            Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.CLOSED)
        response = root.patch(f"clubs/{club_a.ref.id}", {"status": "active"})
        assert response.status_code == 409
        assert response.json()["code"] == "club_not_active"
        response = Caller(club_a.host).get("me")
        assert response.status_code == 404
        assert response.json()["code"] == "unknown_host"


class TestOwnClub:
    def test_shows_itself_to_its_people(
        self, admin_a: Caller, staff_a: Caller, customer_a: Caller, club_a: ClubWorld
    ) -> None:
        shown = admin_a.get("club").json()
        assert shown == staff_a.get("club").json() == customer_a.get("club").json()
        assert shown == shown | {
            "id": str(club_a.ref.id),
            "name": "Club alpha",
            "slug": "alpha",
            "hosts": ["alpha.localhost"],
            "status": "active",
            "plan": "unlimited",
            "time_zone": "Europe/Berlin",
            "currency": "EUR",
            "locale": "en",
            "reentry_seconds": 120,
            "enforce_presence": False,
            "transfer_activates_at_once": False,
            "country": "",
            "self_registration": False,
            "accepts_static_codes": True,
            "capacity": None,
            "night_at": "04:00",
            "expiry_reminder_days": 7,
        }

    def test_is_changed_by_its_admins(
        self,
        admin_a: Caller,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        changes = {
            "name": "Renamed",
            "time_zone": "America/New_York",
            "locale": "de-CH",
            "reentry_seconds": 0,
            "enforce_presence": True,
            "transfer_activates_at_once": True,
            "country": "DE",
            "self_registration": True,
            "accepts_static_codes": True,
            "capacity": 200,
            "night_at": "03:30",
            "expiry_reminder_days": 0,
        }
        assert admin_a.get("me").json()["club"]["time_zone"] == "Europe/Berlin"
        with django_capture_on_commit_callbacks(execute=True):
            response = admin_a.patch("club", changes)
        assert response.status_code == 200
        assert response.json() | changes == response.json() == admin_a.get("club").json()
        assert admin_a.get("me").json()["club"]["time_zone"] == "America/New_York"

    @pytest.mark.parametrize("role", [Role.CLUB_STAFF, Role.CUSTOMER])
    def test_is_changed_by_nobody_else(self, club_a: ClubWorld, role: Role) -> None:
        caller = as_role(club_a, role)
        assert caller.patch("club", {"name": "Taken over"}).status_code == 403
        assert caller.get("club").json()["name"] == "Club alpha"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"reentry_seconds": -1}, "reentry_seconds"),
            ({"reentry_seconds": 86_401}, "reentry_seconds"),
            ({"time_zone": "Mars/Olympus"}, "time_zone"),
            ({"time_zone": "localtime"}, "time_zone"),
            ({"country": "XX"}, "country"),
            ({"country": "EU"}, "country"),
            ({"country": "de"}, "country"),
            ({"capacity": 0}, "capacity"),
            ({"night_at": "4 am"}, "night_at"),
            ({"night_at": "04:00:30"}, "night_at"),
            ({"expiry_reminder_days": 91}, "expiry_reminder_days"),
            ({"locale": "english"}, "locale"),
            ({"name": ""}, "name"),
            ({"enforce_presence": "perhaps"}, "enforce_presence"),
            ({"currency": "USD"}, "currency"),
            ({"slug": "other"}, "slug"),
            ({"status": "active"}, "status"),
            ({"plan": "unlimited"}, "plan"),
        ],
    )
    def test_keeps_what_is_not_for_it_to_change(
        self, admin_a: Caller, changes: dict[str, Any], field: str
    ) -> None:
        before = admin_a.get("club").json()
        response = admin_a.patch("club", changes)
        assert response.status_code == 400
        assert [e["field"] for e in response.json()["errors"]] == [field]
        assert admin_a.get("club").json() == before


class TestUsage:
    def test_is_shown_to_the_clubs_admins(self, admin_a: Caller, club_a: ClubWorld) -> None:
        limit(club_a, max_staff=2, max_locations=0)
        response = admin_a.get("club/usage")
        assert response.status_code == 200
        assert response.json() == {
            "plan": {"code": "small", "name": "Small"},
            "customers": {"limit": None, "used": 2},
            "staff": {"limit": 2, "used": 2},
            "locations": {"limit": 0, "used": 1},
        }

    @pytest.mark.parametrize("role", [Role.CLUB_STAFF, Role.CUSTOMER])
    def test_is_nobody_elses_business(self, club_a: ClubWorld, role: Role) -> None:
        assert as_role(club_a, role).get("club/usage").status_code == 403


class TestOrigins:
    SITES = ["https://app.example.com", "http://localhost:3000"]

    def put(self, caller: Caller, origins: Any, tag: str | None = "*") -> Any:
        headers = {} if tag is None else {"If-Match": tag}
        return caller.request("PUT", "club/origins", {"origins": origins}, **headers)

    def test_are_none_at_first_and_replaced_as_a_whole(self, admin_a: Caller) -> None:
        first = admin_a.get("club/origins")
        assert first.json() == {"origins": []}
        done = self.put(admin_a, self.SITES, first["ETag"])
        assert (done.status_code, done.json()) == (200, {"origins": self.SITES})
        assert done["ETag"] == admin_a.get("club/origins")["ETag"] != first["ETag"]
        assert self.put(admin_a, self.SITES[1:], done["ETag"]).json() == {"origins": self.SITES[1:]}

    def test_are_not_replaced_unseen(self, admin_a: Caller) -> None:
        answer = self.put(admin_a, self.SITES, None)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
        assert admin_a.get("club/origins").json() == {"origins": []}

    def test_are_replaced_unseen_where_nothing_has_to_match(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(OriginsView, "must_match", ())  # negative control
        assert self.put(admin_a, self.SITES, None).status_code == 200

    @pytest.mark.parametrize(
        ("origins", "field", "code"),
        [
            (["https://a.example", "http://a.example"], "origins.1", "invalid_origin"),
            (["https://a.example/"], "origins.0", "invalid_origin"),
            ([""], "origins.0", "blank"),
            ([None], "origins.0", "null"),
            ([7], "origins.0", "invalid"),
            (["https://" + "a" * 300], "origins.0", "invalid_origin"),
            (["https://a.example"] * 2, "origins", "duplicate"),
            ([f"https://a{n}.example" for n in range(21)], "origins", "max_length"),
            ("https://a.example", "origins", "not_a_list"),
            (None, "origins", "null"),
        ],
    )
    def test_are_refused_by_their_place(
        self, admin_a: Caller, origins: Any, field: str, code: str
    ) -> None:
        answer = self.put(admin_a, origins)
        assert answer.status_code == 400
        found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
        assert (field, code) in found
        assert admin_a.get("club/origins").json() == {"origins": []}
