"""Over the API: a key is made, shown once, used, rotated and revoked."""

from datetime import timedelta

import pytest

from platform_shared.kit import clock
from platform_shared.tenancy import binding
from tenant_apps.api_keys import key_texts
from tests.permissions.scene import Committing
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.api_keys.programs import make


@pytest.fixture
def committing(django_capture_on_commit_callbacks: object) -> Committing:
    return lambda: django_capture_on_commit_callbacks(execute=True)  # type: ignore[operator]


def program(club: ClubWorld, *permissions: str) -> Caller:
    with binding.club(club.ref):
        return Caller(club.host, make(*permissions)[1])


class TestCreating:
    def test_shows_the_text_once(self, admin_a: Caller) -> None:
        new = {"name": "Website", "permissions": ["reports.view", "door.scan"]}
        answer = admin_a.post("api-keys", new)
        assert answer.status_code == 201
        made = answer.json()
        assert made["key"].startswith(made["prefix"])
        assert made["permissions"] == ["door.scan", "reports.view"]
        assert made["created_by"]["label"] == "admin@alpha.test"
        shown = admin_a.get(f"api-keys/{made['id']}").json()
        assert shown == {name: value for name, value in made.items() if name != "key"}
        assert admin_a.get("api-keys").json()["results"] == [shown]

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("permissions", [], "empty"),
            ("permissions", ["users.manage"], "invalid_choice"),
            ("permissions", "door.scan", "not_a_list"),
            ("permissions", [["door.scan"]], "invalid_choice"),
            ("expires_at", "2026-01-01T00:00:00Z", "in_the_past"),
            ("name", "", "blank"),
            ("name", "x" * 81, "max_length"),
            ("key", "mine", "unknown_field"),
        ],
    )
    def test_refuses(self, field: str, value: object, code: str, admin_a: Caller) -> None:
        body = {"name": "Website", "permissions": ["door.scan"], field: value}
        answer = admin_a.post("api-keys", body)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["field"].partition(".")[0], error["code"]) == (field, code)


class TestKey:
    def test_opens_what_it_was_given_and_nothing_else(self, club_a: ClubWorld) -> None:
        door = program(club_a, "door.scan")
        scan = {"scan_id": str(club_a.invoice), "kind": "entry", "code": "QC1:NONE"}
        assert door.post("door/scans", scan).status_code == 201
        assert door.get("customers").status_code == 403
        manual = scan | {"scan_id": str(club_a.payment), "customer": str(club_a.customer)}
        del manual["code"]
        assert door.post("door/scans", manual).status_code == 403

    def test_leaves_its_name_on_what_it_writes(self, club_a: ClubWorld, admin_a: Caller) -> None:
        door = program(club_a, "door.scan", "door.check_in_without_code")
        scan = {
            "scan_id": str(club_a.invoice),
            "kind": "exit",
            "customer": str(club_a.customer),
        }
        assert door.post("door/scans", scan).status_code == 201
        (row,) = admin_a.get("check-ins").json()["results"]
        assert row["scanned_by"]["kind"] == "api_key"
        assert row["scanned_by"]["label"] == "Website"

    def test_shows_itself(self, club_a: ClubWorld) -> None:
        answer = program(club_a, "door.scan", "club.view").get("api-keys/current")
        assert answer.status_code == 200
        shown = answer.json()
        assert shown["name"] == "Website"
        assert shown["permissions"] == ["club.view", "door.scan"]
        assert shown["club_id"] == str(club_a.ref.id)

    def test_makes_no_others(self, club_a: ClubWorld) -> None:
        new = {"name": "More", "permissions": ["door.scan"]}
        assert program(club_a, "door.scan").post("api-keys", new).status_code == 403

    def test_is_nobodys_elsewhere(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        access = program(club_a, "club.view").access
        for host in (club_b.host, PLATFORM_HOST):
            for path in ("club", "api-keys/current", "me"):
                answer = Caller(host, access).get(path)
                if answer.status_code != 404:  # the platform has no such route
                    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")

    @pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER {}"])
    def test_is_taken_from_a_bearer_header(self, header: str, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            _, text = make("club.view")
        headers = {"Authorization": header.format(text)}
        assert Caller(club_a.host).get("club", **headers).status_code == 200

    @pytest.mark.parametrize(
        "header", ["Bearer {} x", "Bearer {}x", "Basic {}", "Token {}", "{}", "Bearer {}é"]
    )
    def test_is_taken_from_no_other(self, header: str, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            _, text = make("club.view")
        headers = {"Authorization": header.format(text)}
        assert Caller(club_a.host).get("club", **headers).status_code == 401

    def test_that_is_mistyped_gets_the_answer_of_an_unknown_one(self, club_a: ClubWorld) -> None:
        texts = ("qck_", "qck_" + "0" * 60, key_texts.new_text(club_a.invoice))
        for text in texts:
            answer = Caller(club_a.host, text).get("club")
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
            assert answer.headers["WWW-Authenticate"] == "Bearer"


class TestEnd:
    def test_of_a_key_is_seen_at_its_next_request(
        self, club_a: ClubWorld, admin_a: Caller, committing: Committing
    ) -> None:
        with binding.club(club_a.ref):
            key, text = make("club.view", expires_at=clock.now() + timedelta(days=1))
        caller = Caller(club_a.host, text)
        assert caller.get("club").status_code == 200
        with committing():
            answer = admin_a.post(f"api-keys/{key.pk}/revoke")
        assert answer.status_code == 200
        assert answer.json()["revoked_at"] is not None
        assert caller.get("club").status_code == 401
        again = admin_a.post(f"api-keys/{key.pk}/rotate")
        assert (again.status_code, again.json()["code"]) == (409, "api_key_ended")

    def test_of_the_former_text_is_said_when_it_is_rotated(
        self, club_a: ClubWorld, admin_a: Caller, committing: Committing
    ) -> None:
        with binding.club(club_a.ref):
            key, text = make("club.view")
        with committing():
            answer = admin_a.post(f"api-keys/{key.pk}/rotate", {"overlap_minutes": 5})
        assert answer.status_code == 201
        assert answer.json()["former_key_until"] is not None
        for one in (text, answer.json()["key"]):
            assert Caller(club_a.host, one).get("club").status_code == 200

    def test_and_all_that_was_done_before_is_written_down(
        self, club_a: ClubWorld, admin_a: Caller
    ) -> None:
        made = admin_a.post("api-keys", {"name": "Door", "permissions": ["door.scan"]}).json()
        path = f"api-keys/{made['id']}"
        assert admin_a.patch(path, {"name": "Gate"}).json()["name"] == "Gate"
        assert admin_a.post(f"{path}/rotate").status_code == 201
        assert admin_a.post(f"{path}/revoke").status_code == 200
        rows = admin_a.get(f"{path}/changes").json()["results"]
        assert [(row["action"], row["name"]) for row in reversed(rows)] == [
            ("created", "Door"),
            ("renamed", "Gate"),
            ("rotated", "Gate"),
            ("revoked", "Gate"),
        ]
        assert {row["changed_by"]["label"] for row in rows} == {"admin@alpha.test"}
