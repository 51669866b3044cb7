"""What must hold before an answer is given again, and what an answer is kept of."""

from typing import Any

import pytest

from platform_shared.accounts import services as account_services
from platform_shared.accounts.models import Session, User
from platform_shared.clubs import services as club_services
from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.models import SupportAction
from platform_shared.idempotency.models import KeptAnswer
from platform_shared.kit import clock, locks
from platform_shared.kit.access import Role
from platform_shared.kit.idempotency import HEADER, REPLAYED
from platform_shared.tenancy import binding
from tenant_apps.customers.models import Customer
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld

KEY = {HEADER: "one"}


def ida(caller: Caller, **headers: str) -> Any:
    return caller.post("customers", {"name": "Ida"}, **{**KEY, **headers})


def idas(club: ClubWorld) -> int:
    with binding.club(club.ref):
        return Customer.objects.filter(name="Ida").count()


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


class TestRepeat:
    def test_gets_the_first_answer(self, staff_a: Caller, club_a: ClubWorld) -> None:
        first, second = ida(staff_a), ida(staff_a)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        assert first.headers["Content-Type"] == second.headers["Content-Type"]
        assert REPLAYED not in first.headers
        assert second.headers[REPLAYED] == "true"
        assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
        assert idas(club_a) == 1

    def test_of_a_conflict_gets_the_same_problem(self, staff_a: Caller, club_a: ClubWorld) -> None:
        ida(staff_a)
        again = {"name": "Ida", "phone": "+49 30 1234567"}
        staff_a.post("customers", again)
        first, second = (staff_a.post("customers", again, **{HEADER: "two"}) for _ in range(2))
        assert (first.status_code, first.json()["code"]) == (409, "possible_duplicate")
        assert (second.status_code, second.content) == (409, first.content)
        assert second.headers["Content-Type"] == "application/problem+json"
        assert second.headers[REPLAYED] == "true"

    def test_of_what_was_not_valid_may_be_put_right(
        self, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        assert staff_a.post("customers", {"nome": "Ida"}, **KEY).status_code == 400
        right = ida(staff_a)
        assert (right.status_code, REPLAYED in right.headers) == (201, False)

    def test_with_another_body_is_refused(self, staff_a: Caller, club_a: ClubWorld) -> None:
        ida(staff_a)
        other = staff_a.post("customers", {"name": "Ido"}, **KEY)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    def test_while_the_first_runs_is_put_off(
        self, staff_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locks, "try_take", lambda *names: False)
        answer = ida(staff_a)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_progress")
        assert answer.headers["Retry-After"] == "1"
        assert idas(club_a) == 0

    def test_by_a_colleague_and_at_another_club_is_a_first(
        self, staff_a: Caller, admin_a: Caller, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        answers = [
            ida(caller) for caller in (staff_a, admin_a, api.as_role(club_b, Role.CLUB_STAFF))
        ]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.json()["id"] for answer in answers}) == 3
        assert (idas(club_a), idas(club_b)) == (2, 1)

    def test_by_the_same_account_in_another_session_is_one(
        self, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        first = ida(staff_a)
        assert ida(api.as_role(club_a, Role.CLUB_STAFF)).content == first.content


class TestBeforeAnAnswerIsGivenAgain:
    def refused(self, caller: Caller, status: int, code: str) -> None:
        answer = ida(caller)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert REPLAYED not in answer.headers

    def test_the_session_must_hold(
        self, staff_a: Caller, club_a: ClubWorld, committed: Any
    ) -> None:
        assert ida(staff_a).status_code == 201
        with binding.club(club_a.ref), committed(execute=True):
            user = User.objects.get(email=club_a.email(Role.CLUB_STAFF))
            account_services.revoking.revoke(
                list(Session.objects.filter(user=user)), "test", clock.now()
            )
        self.refused(staff_a, 401, "invalid_token")

    def test_the_account_must_still_be_allowed_to(self, staff_a: Caller, club_a: ClubWorld) -> None:
        assert ida(staff_a).status_code == 201
        with binding.club(club_a.ref):
            User.objects.filter(email=club_a.email(Role.CLUB_STAFF)).update(role=Role.CUSTOMER)
        self.refused(api.as_role(club_a, Role.CLUB_STAFF), 403, "forbidden")

    def test_the_club_must_serve(self, staff_a: Caller, club_a: ClubWorld, committed: Any) -> None:
        assert ida(staff_a).status_code == 201
        for status in (ClubStatus.SUSPENDED, ClubStatus.ACTIVE):
            with binding.platform(), committed(execute=True):
                club_services.set_status(club_id=club_a.ref.id, status=status)
            if status == ClubStatus.SUSPENDED:
                self.refused(staff_a, 403, "club_suspended")
        assert ida(staff_a).headers[REPLAYED] == "true"


class TestSupportSession:
    def test_repeats_like_everybody_and_each_time_is_on_record(
        self, root: Caller, club_a: ClubWorld
    ) -> None:
        asked = {"reason": "They called.", "minutes": 5}
        path = f"clubs/{club_a.ref.id}/support-sessions"
        tokens = [root.post(path, asked, **KEY).json()["access"] for _ in range(2)]
        assert tokens[0] != tokens[1]  # a sign-in looks at no key
        first, second = (ida(Caller(club_a.host, token)) for token in tokens)
        assert first.content == second.content
        assert second.headers[REPLAYED] == "true"
        with binding.platform():
            assert SupportAction.objects.filter(path="/api/v1/customers").count() == 2


class TestSecretsShownOnce:
    def test_are_shown_again_to_who_repeats(self, admin_a: Caller, club_a: ClubWorld) -> None:
        wanted = {"email": "new@alpha.test", "role": "club_staff"}
        first, second = (admin_a.post("staff", wanted, **KEY) for _ in range(2))
        assert first.status_code == 201
        assert first.json()["password_link"] == second.json()["password_link"]
        secret = first.json()["password_link"].partition("token=")[2]
        with binding.club(club_a.ref):
            (kept,) = KeptAnswer.objects.all()
        assert secret.encode() not in bytes(kept.sealed_answer)
