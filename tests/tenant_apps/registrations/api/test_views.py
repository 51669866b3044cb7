"""Registering oneself, over the API."""

from typing import Any

import pytest
from django.core.mail import EmailMessage

from platform_shared.tenancy import binding
from tenant_apps.registrations.models import Registration
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.registrations.form import CHOSEN, EMAIL, customers, let_register, mailed

Sent = list[EmailMessage]
FORM = {"name": "Rita", "email": "Rita@Guests.test"}


@pytest.fixture
def nobody(club_a: ClubWorld) -> Caller:
    """Somebody without an account, at club a, where people may register themselves."""
    let_register(club_a)
    return Caller(club_a.host)


def registrations(club: ClubWorld) -> int:
    with binding.club(club.ref):
        return Registration.objects.count()


class TestRegistrationsView:
    def test_answers_the_same_to_everybody(self, nobody: Caller) -> None:
        answers = [
            nobody.post("registrations", {**FORM, "email": email})
            for email in (EMAIL, EMAIL, "customer@alpha.test", "staff@alpha.test")
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}

    def test_leads_to_a_customer_who_signs_in(
        self, nobody: Caller, club_a: ClubWorld, mailoutbox: Sent
    ) -> None:
        assert nobody.post("registrations", {**FORM, "phone": "030 5550199"}).status_code == 202
        secret = mailed(mailoutbox)
        shown = nobody.get(f"registrations/confirm?token={secret}").json()
        assert (shown["name"], shown["email"]) == ("Rita", EMAIL)
        body = {"token": secret, "password": CHOSEN}
        answer = nobody.post("registrations/confirm", body)
        assert answer.status_code == 201
        assert (answer.json()["name"], answer.json()["email"]) == ("Rita", EMAIL)
        tokens = nobody.post("auth/token", {"email": EMAIL, "password": CHOSEN}).json()
        me = Caller(club_a.host, tokens["access"])
        assert me.get("me").json()["role"] == "customer"
        assert me.get("me/subscriptions").json()["results"] == []

    def test_is_closed_where_the_club_does_not_want_it(self, club_a: ClubWorld) -> None:
        answer = Caller(club_a.host).post("registrations", FORM)
        assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")
        assert registrations(club_a) == 0

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"email": None}, "email"),
            ({"email": "rita"}, "email"),
            ({"name": ""}, "name"),
            ({"name": "x" * 161}, "name"),
            ({"phone": "call me"}, "phone"),
            ({"birth_date": "yesterday"}, "birth_date"),
            ({"is_active": True}, "is_active"),
            ({"user": "x"}, "user"),
        ],
    )
    def test_names_what_is_wrong_with_the_payload(
        self, changes: dict[str, Any], field: str, nobody: Caller, club_a: ClubWorld
    ) -> None:
        answer = nobody.post("registrations", {**FORM, **changes})
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert registrations(club_a) == 0


class TestConfirmationView:
    @pytest.fixture
    def secret(self, nobody: Caller, mailoutbox: Sent) -> str:
        nobody.post("registrations", FORM)
        return mailed(mailoutbox)

    def test_works_once(self, nobody: Caller, secret: str) -> None:
        body = {"token": secret, "password": CHOSEN}
        answers = [nobody.post("registrations/confirm", body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 404]
        assert answers[1].json()["code"] == "invalid_registration_link"
        assert nobody.get(f"registrations/confirm?token={secret}").status_code == 404

    def test_says_what_is_wrong_with_the_password(self, nobody: Caller, secret: str) -> None:
        answer = nobody.post("registrations/confirm", {"token": secret, "password": "short"})
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            ("password", "weak_password")
        ]

    @pytest.mark.parametrize("query", ["", "?token=", "?token=unknown", "?token=%00", "?token=%ff"])
    def test_knows_no_other_link(self, query: str, nobody: Caller, secret: str) -> None:
        answer = nobody.get(f"registrations/confirm{query}")
        assert (answer.status_code, answer.json()["code"]) == (404, "invalid_registration_link")

    def test_opens_nothing_at_another_club(
        self, nobody: Caller, club_a: ClubWorld, club_b: ClubWorld, secret: str
    ) -> None:
        let_register(club_b)
        there = Caller(club_b.host)
        assert there.get(f"registrations/confirm?token={secret}").status_code == 404
        body = {"token": secret, "password": CHOSEN}
        assert there.post("registrations/confirm", body).status_code == 404
        with binding.club(club_b.ref):
            assert customers() == 0
        assert nobody.post("registrations/confirm", body).status_code == 201
