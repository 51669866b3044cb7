"""Signing in and out, who am I, and accounts, over the API."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from platform_shared.accounts import keys, services
from platform_shared.accounts.models import Session, User
from platform_shared.kit import clock
from platform_shared.kit.access import ROLE_PERMISSIONS, Role
from platform_shared.tenancy import binding
from tests.platform_shared.accounts.crew import (
    NEW_PASSWORD,
    claims,
    holder,
    mailed_secret,
    secret_of,
    sign_in,
)
from tests.platform_shared.clubs.limits import limit
from tests.support.api import PLATFORM_HOST, Caller, as_role
from tests.support.background import relay
from tests.support.world import PASSWORD, ClubWorld

CLUB_ROLES = [Role.CLUB_ADMIN, Role.CLUB_STAFF, Role.CUSTOMER]


class TestTokenView:
    @pytest.mark.parametrize("role", CLUB_ROLES)
    def test_signs_in_at_a_club(self, club_a: ClubWorld, role: Role) -> None:
        response = sign_in(club_a, role)
        assert response.status_code == 200
        answer = response.json()
        assert set(answer) == {"access", "refresh", "user"}
        assert answer["user"] == {
            "id": claims(answer["access"])["sub"],
            "email": club_a.email(role),
            "role": role,
        }
        assert holder(club_a, answer).get("me").status_code == 200

    def test_signs_in_on_the_platform(self, root: Caller) -> None:
        body = {"email": "ROOT@platform.test", "password": PASSWORD}
        answer = Caller(PLATFORM_HOST).post("auth/token", body).json()
        assert answer["user"]["role"] == "system_admin"
        assert claims(answer["access"])["aud"] == "platform"

    @pytest.mark.parametrize(
        ("email", "password", "active"),
        [
            ("staff@alpha.test", "wrong-password", True),
            ("nobody@alpha.test", PASSWORD, True),
            ("staff@beta.test", PASSWORD, True),
            ("root@platform.test", PASSWORD, True),
            ("not an e-mail", PASSWORD, True),
            ("staff@alpha.test", PASSWORD, False),
        ],
    )
    def test_gives_the_same_answer_for_every_reason(
        self, club_a: ClubWorld, email: str, password: str, active: bool
    ) -> None:
        with binding.club(club_a.ref):
            User.objects.filter(email="staff@alpha.test").update(is_active=active)
        response = Caller(club_a.host).post("auth/token", {"email": email, "password": password})
        assert response.status_code == 401
        document = response.json()
        assert document.pop("request_id")
        assert document == {
            "type": "urn:qr-checkin:error:invalid_credentials",
            "title": "E-mail or password is wrong",
            "status": 401,
            "code": "invalid_credentials",
            "detail": "E-mail or password is wrong",
            "instance": "/api/v1/auth/token",
        }

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            ({"password": PASSWORD}, "email", "required"),
            ({"email": "a@b.test"}, "password", "required"),
            ({"email": "a@b.test", "password": None}, "password", "null"),
            ({"email": "a@b.test", "password": "x" * 201}, "password", "max_length"),
            ({"email": "a@b.test", "password": "x", "otp": "1"}, "otp", "unknown_field"),
        ],
    )
    def test_names_what_is_wrong_with_the_payload(
        self, club_a: ClubWorld, body: Any, field: str, code: str
    ) -> None:
        response = Caller(club_a.host).post("auth/token", body)
        assert response.status_code == 400
        assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [(field, code)]

    def test_ignores_a_token_that_is_sent_along(self, club_a: ClubWorld) -> None:
        body = {"email": "staff@alpha.test", "password": PASSWORD}
        assert Caller(club_a.host, "nonsense").post("auth/token", body).status_code == 200


class TestRefreshView:
    def test_gives_new_tokens(self, club_a: ClubWorld) -> None:
        first = sign_in(club_a).json()
        response = Caller(club_a.host).post("auth/token/refresh", {"refresh": first["refresh"]})
        assert response.status_code == 200
        assert set(response.json()) == {"access", "refresh"}
        assert holder(club_a, response.json()).get("me").status_code == 200

    def test_closes_every_door_when_a_token_comes_twice(
        self,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        caller, first = Caller(club_a.host), sign_in(club_a).json()
        second = caller.post("auth/token/refresh", {"refresh": first["refresh"]}).json()
        assert holder(club_a, second).get("me").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            response = caller.post("auth/token/refresh", {"refresh": first["refresh"]})
        assert response.status_code == 401
        assert response.json()["code"] == "invalid_token"
        assert holder(club_a, second).get("me").status_code == 401
        response = caller.post("auth/token/refresh", {"refresh": second["refresh"]})
        assert response.status_code == 401

    def test_knows_no_token_of_the_platform(self, club_a: ClubWorld, root: Caller) -> None:
        body = {"email": "root@platform.test", "password": PASSWORD}
        refresh = Caller(PLATFORM_HOST).post("auth/token", body).json()["refresh"]
        response = Caller(club_a.host).post("auth/token/refresh", {"refresh": refresh})
        assert response.status_code == 403
        assert response.json()["code"] == "support_session_required"


class TestLogoutView:
    def test_ends_the_session_and_its_access_token(
        self,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        tokens = sign_in(club_a).json()
        assert holder(club_a, tokens).get("me").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            response = Caller(club_a.host).post("auth/logout", {"refresh": tokens["refresh"]})
        assert response.status_code == 204
        assert response.content == b""
        assert holder(club_a, tokens).get("me").status_code == 401

    def test_may_be_repeated(self, club_a: ClubWorld) -> None:
        body = {"refresh": sign_in(club_a).json()["refresh"]}
        for _ in range(2):
            assert Caller(club_a.host).post("auth/logout", body).status_code == 204

    def test_refuses_what_is_no_token_of_ours(self, club_a: ClubWorld) -> None:
        response = Caller(club_a.host).post("auth/logout", {"refresh": "nonsense"})
        assert response.status_code == 401


class TestPasswordView:
    @pytest.fixture
    def secret(self, admin_a: Caller) -> str:
        """The secret of a new colleague's link."""
        body = {"email": "new@alpha.test", "role": "club_staff"}
        link = admin_a.post("staff", body).json()["password_link"]
        assert link.startswith("http://alpha.localhost")
        return secret_of(link)

    def test_shows_whose_link_it_is(self, club_a: ClubWorld, secret: str) -> None:
        response = Caller(club_a.host).get(f"auth/password?token={secret}")
        assert response.status_code == 200
        assert response.json()["email"] == "new@alpha.test"
        assert response.json()["expires_at"].endswith("Z")

    def test_sets_the_password_once(self, club_a: ClubWorld, secret: str) -> None:
        caller = Caller(club_a.host)
        body = {"token": secret, "password": NEW_PASSWORD}
        assert caller.post("auth/password", body).status_code == 204
        credentials = {"email": "new@alpha.test", "password": NEW_PASSWORD}
        assert caller.post("auth/token", credentials).status_code == 200
        response = caller.post("auth/password", body)
        assert response.status_code == 404
        assert response.json()["code"] == "invalid_password_link"
        assert caller.get(f"auth/password?token={secret}").status_code == 404

    def test_keeps_the_link_when_the_password_is_weak(self, club_a: ClubWorld, secret: str) -> None:
        caller = Caller(club_a.host)
        response = caller.post("auth/password", {"token": secret, "password": "short"})
        assert response.status_code == 400
        assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [
            ("password", "weak_password")
        ]
        body = {"token": secret, "password": NEW_PASSWORD}
        assert caller.post("auth/password", body).status_code == 204

    @pytest.mark.parametrize("query", ["", "?token=", "?token=unknown", "?token=%00", "?token=%ff"])
    def test_knows_no_other_link(self, club_a: ClubWorld, query: str) -> None:
        response = Caller(club_a.host).get(f"auth/password{query}")
        assert response.status_code == 404
        assert response.json()["code"] == "invalid_password_link"


class TestPasswordLinksView:
    def test_answers_the_same_to_everybody(
        self, club_a: ClubWorld, mailoutbox: list[EmailMessage]
    ) -> None:
        answers = [
            Caller(club_a.host).post("auth/password-links", {"email": email})
            for email in ("customer@alpha.test", "nobody@alpha.test", "not an e-mail")
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(204, b"")}
        relay()
        (mail,) = mailoutbox
        assert mail.to == ["customer@alpha.test"]
        assert "http://alpha.localhost/api/v1/auth/password?token=" in mail.body

    def test_helps_on_the_platform_too(self, root: Caller, mailoutbox: list[EmailMessage]) -> None:
        nobody = Caller(PLATFORM_HOST)
        asked = nobody.post("auth/password-links", {"email": "root@platform.test"})
        assert asked.status_code == 204
        relay()
        (mail,) = mailoutbox
        assert (mail.to, mail.subject) == (["root@platform.test"], "Your password at QR Check-in")
        body = {"token": mailed_secret(mail), "password": NEW_PASSWORD}
        assert nobody.post("auth/password", body).status_code == 204
        credentials = {"email": "root@platform.test", "password": NEW_PASSWORD}
        assert nobody.post("auth/token", credentials).status_code == 200

    @pytest.mark.parametrize("body", [{}, {"email": None}, {"email": "a" * 255}, {"mail": "x"}])
    def test_names_what_is_wrong_with_the_payload(
        self, club_a: ClubWorld, body: dict[str, Any]
    ) -> None:
        assert Caller(club_a.host).post("auth/password-links", body).status_code == 400


class TestMyPasswordView:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    def test_signs_out_everywhere_else(
        self, club_a: ClubWorld, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        here, there = (holder(club_a, sign_in(club_a).json()) for _ in range(2))
        assert [c.get("me").status_code for c in (here, there)] == [200, 200]
        with django_capture_on_commit_callbacks(execute=True):
            assert here.post("me/password", self.body).status_code == 204
        assert [c.get("me").status_code for c in (here, there)] == [200, 401]
        assert sign_in(club_a).status_code == 401
        assert sign_in(club_a, password=NEW_PASSWORD).status_code == 200

    def test_names_what_is_wrong(self, staff_a: Caller) -> None:
        answer = staff_a.post("me/password", {**self.body, "current_password": "wrong-password"})
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            ("current_password", "wrong_password")
        ]


class TestMeView:
    @pytest.mark.parametrize("role", CLUB_ROLES)
    def test_tells_the_people_of_a_club_who_they_are(self, club_a: ClubWorld, role: Role) -> None:
        me = as_role(club_a, role).get("me").json()
        assert me.pop("id")
        assert me.pop("name") or role is Role.CLUB_ADMIN
        assert me == {
            "email": club_a.email(role),
            "role": role,
            "permissions": sorted(ROLE_PERMISSIONS[role]),
            "support": False,
            "club": {
                "id": str(club_a.ref.id),
                "slug": "alpha",
                "status": "active",
                "time_zone": "Europe/Berlin",
                "currency": "EUR",
            },
        }

    def test_tells_a_system_admin_on_the_platform(self, root: Caller) -> None:
        me = root.get("me").json()
        assert (me["email"], me["name"], me["role"]) == (
            "root@platform.test",
            "Root",
            "system_admin",
        )
        assert me["permissions"] == sorted(ROLE_PERMISSIONS[Role.SYSTEM_ADMIN])
        assert me["club"] is None

    def test_asks_a_system_admin_for_a_support_session_at_a_club(
        self, root: Caller, club_a: ClubWorld
    ) -> None:
        response = Caller(club_a.host, root.access).get("me")
        assert response.status_code == 403
        assert response.json()["code"] == "support_session_required"

    def test_tells_nobody_nothing(self, club_a: ClubWorld) -> None:
        assert Caller(club_a.host).get("me").status_code == 401
        assert Caller(PLATFORM_HOST).get("me").status_code == 401


class TestJwksView:
    def test_shows_the_public_keys_on_every_host(
        self, club_a: ClubWorld, settings: Settings
    ) -> None:
        settings.JWT_KEYS = (b"n" * 32, b"o" * 32)
        expected = {"keys": [key.jwk for key in keys.all_keys().values()]}
        for host in (club_a.host, PLATFORM_HOST):
            response = Caller(host).get("/.well-known/jwks.json")
            assert response.status_code == 200
            assert response.json() == expected
        assert len(expected["keys"]) == 2
        assert "d" not in expected["keys"][0]  # the private half


class TestKeyChange:
    def test_signs_nobody_out_until_the_old_key_is_removed(
        self, club_a: ClubWorld, settings: Settings
    ) -> None:
        settings.JWT_KEYS = (b"o" * 32,)
        old = sign_in(club_a).json()
        settings.JWT_KEYS = (b"n" * 32, b"o" * 32)
        new = sign_in(club_a).json()
        assert holder(club_a, old).get("me").status_code == 200
        settings.JWT_KEYS = (b"n" * 32,)
        assert holder(club_a, new).get("me").status_code == 200
        assert holder(club_a, old).get("me").status_code == 401


class TestStaff:
    def new(self, admin: Caller, **fields: Any) -> Any:
        body = {"email": "new@alpha.test", "role": "club_staff", "password": NEW_PASSWORD}
        return admin.post("staff", body | fields)

    def test_is_listed_without_the_customers(self, admin_a: Caller) -> None:
        rows = admin_a.get("staff").json()["results"]
        assert [row["email"] for row in rows] == ["staff@alpha.test", "admin@alpha.test"]
        assert set(rows[0]) == {"id", "email", "name", "role", "is_active", "created_at"}

    def test_is_made_with_a_password(self, admin_a: Caller, club_a: ClubWorld) -> None:
        response = self.new(admin_a, email="New@Alpha.test", name="New")
        assert response.status_code == 201
        made = response.json()
        assert made["email"] == "new@alpha.test"
        assert made["password_link"] is None
        assert admin_a.get(f"staff/{made['id']}").json() == {
            k: v for k, v in made.items() if k != "password_link"
        }
        credentials = {"email": "new@alpha.test", "password": NEW_PASSWORD}
        assert Caller(club_a.host).post("auth/token", credentials).status_code == 200

    @pytest.mark.parametrize(
        ("fields", "field", "code"),
        [
            ({"email": "nonsense"}, "email", "invalid"),
            ({"email": None}, "email", "null"),
            ({"role": "customer"}, "role", "invalid_choice"),
            ({"role": "system_admin"}, "role", "invalid_choice"),
            ({"password": "short"}, "password", "weak_password"),
            ({"password": "new@alpha.test"}, "password", "weak_password"),
            ({"name": "x" * 161}, "name", "max_length"),
            ({"is_active": False}, "is_active", "unknown_field"),
        ],
    )
    def test_is_not_made_of_what_is_wrong(
        self, admin_a: Caller, fields: dict[str, Any], field: str, code: str
    ) -> None:
        response = self.new(admin_a, **fields)
        assert response.status_code == 400
        assert (field, code) in {(e["field"], e["code"]) for e in response.json()["errors"]}
        assert len(admin_a.get("staff").json()["results"]) == 2

    def test_has_an_e_mail_each(self, admin_a: Caller) -> None:
        response = self.new(admin_a, email="STAFF@alpha.test")
        assert response.status_code == 409
        assert response.json()["code"] == "email_taken"

    def test_is_as_numerous_as_the_plan_allows(self, admin_a: Caller, club_a: ClubWorld) -> None:
        limit(club_a, max_staff=2)
        response = self.new(admin_a)
        assert response.status_code == 409
        assert response.json()["code"] == "plan_limit_reached"
        assert (response.json()["limit"], response.json()["allowed"]) == ("staff", 2)

    @pytest.mark.parametrize("changes", [{"role": "club_staff"}, {"is_active": False}])
    def test_is_signed_out_at_once_when_demoted_or_deactivated(
        self,
        admin_a: Caller,
        club_a: ClubWorld,
        changes: dict[str, Any],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        made = self.new(admin_a, role="club_admin").json()
        credentials = {"email": "new@alpha.test", "password": NEW_PASSWORD}
        colleague = holder(club_a, Caller(club_a.host).post("auth/token", credentials).json())
        assert colleague.get("staff").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            response = admin_a.patch(f"staff/{made['id']}", changes)
        assert response.status_code == 200
        assert response.json() | changes == response.json()
        assert colleague.get("me").status_code == 401

    def test_keeps_somebody_who_can_manage_it(self, admin_a: Caller) -> None:
        me = admin_a.get("me").json()["id"]
        for changes in ({"role": "club_staff"}, {"is_active": False}):
            response = admin_a.patch(f"staff/{me}", changes)
            assert response.status_code == 409
            assert response.json()["code"] == "last_admin"

    def test_holds_no_customers(self, admin_a: Caller, customer_a: Caller) -> None:
        customer = customer_a.get("me").json()["id"]
        assert admin_a.get(f"staff/{customer}").status_code == 404
        assert admin_a.patch(f"staff/{customer}", {"name": "x"}).status_code == 404

    @pytest.mark.parametrize("changes", [{"email": "x@y.test"}, {"password": NEW_PASSWORD}])
    def test_keeps_its_e_mail_and_its_passwords_to_itself(
        self, admin_a: Caller, changes: dict[str, Any]
    ) -> None:
        me = admin_a.get("me").json()["id"]
        response = admin_a.patch(f"staff/{me}", changes)
        assert [e["code"] for e in response.json()["errors"]] == ["unknown_field"]


class TestSystemUsers:
    def new(self, root: Caller, **fields: Any) -> Any:
        return root.post("system-users", {"email": "second@platform.test"} | fields)

    def test_are_made_with_a_link(self, root: Caller) -> None:
        response = self.new(root, name="Second")
        assert response.status_code == 201
        assert response.json()["role"] == "system_admin"
        assert response.json()["password_link"].startswith("http://platform.localhost")
        body = {
            "token": secret_of(response.json()["password_link"]),
            "password": NEW_PASSWORD,
        }
        assert Caller(PLATFORM_HOST).post("auth/password", body).status_code == 204
        credentials = {"email": "second@platform.test", "password": NEW_PASSWORD}
        assert Caller(PLATFORM_HOST).post("auth/token", credentials).status_code == 200

    def test_are_listed_read_and_changed(self, root: Caller) -> None:
        made = self.new(root).json()
        rows = root.get("system-users").json()["results"]
        assert [row["email"] for row in rows] == ["second@platform.test", "root@platform.test"]
        response = root.patch(f"system-users/{made['id']}", {"name": "Renamed"})
        assert response.json()["name"] == "Renamed"
        assert root.get(f"system-users/{made['id']}").json() == response.json()

    def test_have_no_other_role(self, root: Caller) -> None:
        assert self.new(root, role="club_admin").status_code == 400

    def test_keep_one_of_them(self, root: Caller) -> None:
        me = root.get("me").json()["id"]
        assert root.patch(f"system-users/{me}", {"is_active": False}).status_code == 409
        self.new(root, password=NEW_PASSWORD)
        assert root.patch(f"system-users/{me}", {"is_active": False}).status_code == 200

    def test_are_not_known_at_clubs(self, admin_a: Caller) -> None:
        assert admin_a.get("system-users").status_code == 404

    def test_leave_the_clubs_too_when_they_are_deactivated(
        self,
        root: Caller,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        made = self.new(root, password=NEW_PASSWORD).json()
        credentials = {"email": "second@platform.test", "password": NEW_PASSWORD}
        tokens = Caller(PLATFORM_HOST).post("auth/token", credentials).json()
        second = Caller(PLATFORM_HOST, tokens["access"])
        opened = second.post(
            f"clubs/{club_a.ref.id}/support-sessions", {"reason": "Help", "minutes": 60}
        )
        inside = Caller(club_a.host, opened.json()["access"])
        assert inside.get("customers").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            root.patch(f"system-users/{made['id']}", {"is_active": False})
        assert second.get("me").status_code == 401
        assert inside.get("customers").status_code == 401


class TestPasswordOfASystemUser:
    def test_ends_their_support_sessions_when_it_is_set_anew(
        self,
        root: Caller,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        opened = root.post(
            f"clubs/{club_a.ref.id}/support-sessions", {"reason": "Help", "minutes": 60}
        )
        inside = Caller(club_a.host, opened.json()["access"])
        assert inside.get("me").status_code == 200
        with binding.platform():
            user = User.objects.get(email="root@platform.test")
            link = services.create_password_link(user=user, now=clock.now())
        body = {"token": secret_of(link), "password": NEW_PASSWORD}
        with django_capture_on_commit_callbacks(execute=True):
            assert Caller(PLATFORM_HOST).post("auth/password", body).status_code == 204
        assert inside.get("me").status_code == 401
        assert root.get("me").status_code == 401


class TestSessionsOfAPrincipal:
    def test_are_ended_one_by_one(self, club_a: ClubWorld) -> None:
        first, second = sign_in(club_a).json(), sign_in(club_a).json()
        Caller(club_a.host).post("auth/logout", {"refresh": first["refresh"]})
        assert holder(club_a, second).get("me").status_code == 200
        with binding.club(club_a.ref):
            assert Session.objects.filter(revoked_at=None).count() == 1
