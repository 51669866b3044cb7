"""A request is somebody's only when token, audience and session agree."""

from uuid import UUID

import pytest

from platform_shared.accounts import tokens
from platform_shared.kit import context
from platform_shared.kit.access import Role
from tests.platform_shared.accounts.crew import claims, holder, principal, sign_in
from tests.support.api import Caller
from tests.support.world import ClubWorld


class TestAuthenticate:
    def test_tells_who_calls(self, club_a: ClubWorld) -> None:
        answer = sign_in(club_a).json()
        assert holder(club_a, answer).get("me").json()["id"] == answer["user"]["id"]
        assert context.user_id.get() == answer["user"]["id"]

    @pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}])
    def test_tells_nobody_without_a_bearer_token(
        self, club_a: ClubWorld, header: dict[str, str]
    ) -> None:
        response = Caller(club_a.host).get("me", **header)
        assert response.status_code == 401
        assert response.json()["code"] == "not_authenticated"

    def test_refuses_a_session_that_does_not_exist(self, club_a: ClubWorld) -> None:
        token = tokens.access_for(principal(club_id=club_a.ref.id))
        assert self.code(club_a, str(token)) == "invalid_token"

    def test_refuses_somebody_elses_session(self, club_a: ClubWorld) -> None:
        session = UUID(claims(sign_in(club_a).json()["access"])["sid"])
        token = tokens.access_for(principal(club_id=club_a.ref.id, session_id=session))
        assert self.code(club_a, str(token)) == "invalid_token"

    @pytest.mark.parametrize("claim", ["sid", "sub"])
    def test_refuses_ids_that_are_none(self, club_a: ClubWorld, claim: str) -> None:
        token = tokens.access_for(principal(club_id=club_a.ref.id))
        token[claim] = "not-an-id"
        assert self.code(club_a, str(token)) == "invalid_token"

    def test_refuses_a_refresh_token(self, club_a: ClubWorld) -> None:
        assert self.code(club_a, sign_in(club_a).json()["refresh"]) == "invalid_token"

    def test_refuses_a_customer_of_the_club_next_door(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        access = sign_in(club_a, Role.CUSTOMER).json()["access"]
        assert Caller(club_a.host, access).get("me").status_code == 200
        assert self.code(club_b, access) == "invalid_token"

    def test_believes_the_session_and_not_the_token_about_the_role(self, club_a: ClubWorld) -> None:
        answer = sign_in(club_a, Role.CUSTOMER).json()
        session, user = claims(answer["access"])["sid"], answer["user"]["id"]
        forged = tokens.access_for(
            principal(
                user_id=UUID(user),
                session_id=UUID(session),
                club_id=club_a.ref.id,
                role=Role.CLUB_ADMIN,
            )
        )
        me = Caller(club_a.host, str(forged)).get("me").json()
        assert me["role"] == "customer"
        assert "users.manage" not in me["permissions"]

    def code(self, club: ClubWorld, access: str) -> str:
        response = Caller(club.host, access).get("me")
        assert response.status_code == 401
        code: str = response.json()["code"]
        return code
