"""Guessing ends; nobody learns who exists by it, and strangers shut nobody out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_django import Settings

from platform_shared.accounts import services, tokens
from platform_shared.accounts.services import signing_in
from platform_shared.kit import clock, throttles, valkey
from platform_shared.kit.access import Role
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding, throttling
from tests.platform_shared.accounts.crew import NEW_PASSWORD, new_staff, secret_of
from tests.support.api import Caller, as_role
from tests.support.throttling import (
    ELSEWHERE,
    HERE,
    Address,
    address,
    shorten,
    take_valkey_away,
    trust_the_test_client,
)
from tests.support.world import PASSWORD, ClubWorld

STAFF, ADMIN, NOBODY = "staff@alpha.test", "admin@alpha.test", "nobody@alpha.test"


@pytest.fixture(autouse=True)
def _addresses(settings: Settings) -> None:
    trust_the_test_client(settings)


@pytest.fixture
def here(club_a: ClubWorld) -> Address:
    return Address(club_a.host, HERE)


@pytest.fixture
def elsewhere(club_a: ClubWorld) -> Address:
    return Address(club_a.host, ELSEWHERE)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestSignIn:
    def test_is_refused_after_ten_wrong_passwords_even_the_right_one(self, here: Address) -> None:
        assert here.wrong(STAFF, 11) == [401] * 10 + [429]
        answer = here.sign_in(STAFF, PASSWORD)
        assert code(answer) == (429, "too_many_requests")
        assert answer["Content-Type"] == "application/problem+json"
        assert 0 < int(answer["Retry-After"]) <= 300
        assert answer["RateLimit-Policy"] == '"sign-in";q=10;w=300'
        assert answer["RateLimit"].startswith('"sign-in";r=0;t=')

    def test_would_not_be_without_the_throttle(
        self, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(throttling.DeclaredThrottles, "allow_request", lambda *_: True)
        assert here.wrong(STAFF, 12) == [401] * 12
        assert here.sign_in(STAFF, PASSWORD).status_code == 200

    def test_says_how_many_tries_are_left(self, here: Address) -> None:
        assert here.sign_in(STAFF, "wrong")["RateLimit"].startswith('"sign-in";r=9;t=')
        assert here.sign_in(STAFF, "wrong")["RateLimit"].startswith('"sign-in";r=8;t=')
        assert here.sign_in(STAFF, PASSWORD)["RateLimit"].startswith('"sign-in";r=10;t=')

    def test_may_be_right_as_often_as_one_likes(self, here: Address) -> None:
        assert {here.sign_in(STAFF, PASSWORD).status_code for _ in range(120)} == {200}

    def test_has_all_its_tries_again_after_the_right_one(self, here: Address) -> None:
        for _ in range(3):
            assert here.wrong(STAFF, 9) == [401] * 9
            assert here.sign_in(STAFF, PASSWORD).status_code == 200

    def test_counts_no_payload_that_is_not_valid(self, here: Address) -> None:
        bodies: list[Any] = [
            {"email": STAFF},
            {"email": STAFF, "password": ""},
            {"email": 5, "password": None},
            {"email": "\ud800", "password": "x"},
            {"email": "x" * 10_000, "password": "x"},
            [],
            [STAFF],
        ]
        for body in bodies * 2:
            assert here.post("auth/token", body).status_code == 400
        assert here.wrong(STAFF, 10) == [401] * 10

    @pytest.mark.parametrize("spelling", ["STAFF@alpha.test", "  Staff@Alpha.TEST "])
    def test_counts_an_account_in_every_spelling(self, here: Address, spelling: str) -> None:
        assert here.wrong(STAFF, 10) == [401] * 10
        assert here.sign_in(spelling, PASSWORD).status_code == 429

    def test_is_on_each_host_a_matter_of_its_own(self, here: Address, club_b: ClubWorld) -> None:
        assert here.wrong("root@platform.test", 11)[-1] == 429
        assert Address("platform.localhost", HERE).wrong("root@platform.test", 11)[-1] == 429
        assert Address("platform.localhost", ELSEWHERE).wrong("root@platform.test", 1) == [401]
        assert Address(club_b.host, HERE).sign_in("staff@beta.test", PASSWORD).status_code == 200


class TestWhoExists:
    def told(self, here: Address, email: str) -> list[tuple[int, str, str]]:
        """Return all that one is told while one guesses, but for times and ids."""
        answers = [here.sign_in(email, "wrong") for _ in range(12)]
        return [
            (a.status_code, a.json()["code"], a["RateLimit"].partition(";t=")[0]) for a in answers
        ]

    def test_does_not_show_in_the_answers(self, here: Address) -> None:
        assert self.told(here, STAFF) == self.told(here, NOBODY)

    def test_does_not_show_in_who_is_let_in_by_a_budget_that_yields(
        self, here: Address, elsewhere: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_club=2)
        assert here.sign_in(STAFF, PASSWORD).status_code == 200  # who is known here from now on
        assert elsewhere.wrong("a@alpha.test", 3) == [401, 401, 429]
        assert self.told(here, STAFF) == self.told(here, NOBODY)

    def test_does_not_show_in_the_time_it_takes(
        self, here: Address, elsewhere: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One hash is computed, whoever is asked about, known here or barred."""
        shorten(monkeypatch, sign_in_club=2)
        here.sign_in(STAFF, PASSWORD)
        elsewhere.wrong("a@alpha.test", 3)
        hashed = self.hashed(monkeypatch)
        for where, email, password in [
            (here, STAFF, "wrong"),
            (here, ADMIN, "wrong"),
            (here, NOBODY, "wrong"),
            (elsewhere, STAFF, "wrong"),
            (elsewhere, STAFF, PASSWORD),
        ]:
            assert where.sign_in(email, password).status_code == 429
            assert hashed() == 1, (where, email)

    def hashed(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
        making = Mock(wraps=signing_in.make_password)
        checking = Mock(wraps=signing_in.check_password)
        monkeypatch.setattr(signing_in, "make_password", making)
        monkeypatch.setattr(signing_in, "check_password", checking)

        def count() -> int:
            found = making.call_count + checking.call_count
            making.reset_mock()
            checking.reset_mock()
            return found

        return count


class TestStrangers:
    """One may use up the budgets of others, and shuts out nobody who has been here before."""

    def from_everywhere(self, club: ClubWorld, email: str, addresses: int, times: int) -> list[int]:
        return [
            status
            for number in range(addresses)
            for status in Address(club.host, address(number)).wrong(email, times)
        ]

    def test_at_one_address_shut_nobody_out_at_another(
        self, here: Address, elsewhere: Address
    ) -> None:
        assert elsewhere.wrong(ADMIN, 11)[-1] == 429
        assert here.sign_in(ADMIN, PASSWORD).status_code == 200

    def test_of_one_ipv6_network_are_one(self, club_a: ClubWorld) -> None:
        first, second, other = (
            Address(club_a.host, f"2001:db8:0:{net}::{host}") for net, host in ("11", "12", "21")
        )
        assert first.wrong(ADMIN, 10) == [401] * 10
        assert second.sign_in(ADMIN, PASSWORD).status_code == 429
        assert other.sign_in(ADMIN, PASSWORD).status_code == 200

    def test_cannot_pretend_to_be_elsewhere(self, here: Address, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = ()
        statuses = self.from_everywhere_as(here, 11)
        assert statuses == [401] * 10 + [429]

    def test_could_if_everybody_were_believed(self, here: Address) -> None:
        # Negative control: the test client is trusted.
        assert self.from_everywhere_as(here, 11) == [401] * 11

    def from_everywhere_as(self, here: Address, times: int) -> list[int]:
        return [
            Address(here.host, address(n)).sign_in(ADMIN, "wrong").status_code for n in range(times)
        ]

    def test_from_everywhere_guess_so_often_a_day(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_account=12)
        assert self.from_everywhere(club_a, ADMIN, 3, 5) == [401] * 12 + [429] * 3
        # Whoever has guessed it by now does not learn it.
        assert Address(club_a.host, address(9)).sign_in(ADMIN, PASSWORD).status_code == 429
        with binding.club(club_a.ref):
            assert not services.signing_in.Session.objects.exists()

    def test_from_everywhere_do_not_shut_out_who_has_been_here(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_account=12)
        assert here.sign_in(ADMIN, PASSWORD).status_code == 200
        assert self.from_everywhere(club_a, ADMIN, 3, 5)[-1] == 429
        assert here.sign_in(ADMIN, PASSWORD).status_code == 200

    def test_would_if_nobody_were_known(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        shorten(monkeypatch, sign_in_account=12)
        monkeypatch.setattr(throttles, "is_known", lambda _: False)
        assert here.sign_in(ADMIN, PASSWORD).status_code == 200
        assert self.from_everywhere(club_a, ADMIN, 3, 5)[-1] == 429
        assert here.sign_in(ADMIN, PASSWORD).status_code == 429

    def test_do_not_get_new_tries_when_the_owner_signs_in(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_account=12)
        assert self.from_everywhere(club_a, ADMIN, 3, 5)[-1] == 429
        here.sign_in(ADMIN, PASSWORD)
        assert Address(club_a.host, address(20)).sign_in(ADMIN, "wrong").status_code == 429

    def test_at_one_address_get_no_new_tries_by_an_account_of_their_own(
        self, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_address=12)
        statuses = []
        for number in range(15):
            statuses += here.wrong(f"victim{number}@alpha.test", 1)
            assert here.sign_in(STAFF, PASSWORD).status_code in (200, 429)
        assert statuses == [401] * 12 + [429] * 3

    def test_who_are_refused_leave_nothing_behind(
        self, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or they would fill the memory that holds the queue."""
        shorten(monkeypatch, sign_in_address=3)
        here.wrong("first@alpha.test", 3)
        before = set(valkey.client().keys("*throttle*"))
        for number in range(5):
            assert here.wrong(f"{number}@alpha.test", 1) == [429]
        assert set(valkey.client().keys("*throttle*")) == before

    def test_are_stopped_club_by_club(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_club=6)
        statuses = [
            Address(club_a.host, address(n)).sign_in(f"{n}@x.test", "wrong").status_code
            for n in range(8)
        ]
        assert statuses == [401] * 6 + [429] * 2
        assert Address(club_a.host, HERE).sign_in(STAFF, PASSWORD).status_code == 429
        assert Address(club_b.host, address(1)).wrong("x@x.test", 1) == [401]
        assert Address(club_b.host, HERE).sign_in("staff@beta.test", PASSWORD).status_code == 200


class TestALinkInTheMailbox:
    """Whoever follows one has proved whose account it is, whatever strangers have used up."""

    def test_opens_the_account_here_again(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, sign_in_club=11)
        with binding.club(club_a.ref):
            user, link = new_staff(clock.now(), password=None)
        assert link is not None
        assert here.wrong(user.email, 11)[-1] == 429
        assert Address(club_a.host, ELSEWHERE).wrong("x@x.test", 2) == [401, 429]
        body = {"token": secret_of(link), "password": NEW_PASSWORD}
        assert here.post("auth/password", body).status_code == 204
        assert here.sign_in(user.email, NEW_PASSWORD).status_code == 200
        assert here.sign_in(STAFF, PASSWORD).status_code == 429


class TestOwnPassword:
    def change(self, caller: Caller, current: str) -> Any:
        return caller.post(
            "me/password", {"current_password": current, "new_password": NEW_PASSWORD}
        )

    def test_is_not_guessed_with_a_stolen_token(self, staff_a: Caller, admin_a: Caller) -> None:
        statuses = [self.change(staff_a, "wrong").status_code for _ in range(11)]
        assert statuses == [400] * 10 + [429]
        assert code(self.change(staff_a, PASSWORD)) == (429, "too_many_requests")
        assert self.change(admin_a, PASSWORD).status_code == 204

    def test_is_not_guessed_with_a_token_of_another_session(
        self, staff_a: Caller, club_a: ClubWorld
    ) -> None:
        for _ in range(10):
            self.change(staff_a, "wrong")
        assert self.change(as_role(club_a, Role.CLUB_STAFF), PASSWORD).status_code == 429

    def test_may_be_refused_for_what_the_new_one_is(self, staff_a: Caller) -> None:
        weak = {"current_password": PASSWORD, "new_password": "short"}
        assert {staff_a.post("me/password", weak).status_code for _ in range(12)} == {400}
        assert self.change(staff_a, PASSWORD).status_code == 204


class TestLinksAndTokens:
    """Nobody guesses 256 bits; who tries is told so, and who has one is not shut out."""

    @pytest.mark.parametrize(
        ("method", "path", "body", "refused"),
        [
            ("GET", "auth/password?token=guess", None, 404),
            ("POST", "auth/password", {"token": "guess", "password": NEW_PASSWORD}, 404),
            ("POST", "auth/token/refresh", {"refresh": "guess"}, 401),
            ("POST", "auth/logout", {"refresh": "guess"}, 401),
            ("GET", "registrations/confirm?token=guess", None, 404),
        ],
    )
    def test_are_missed_so_often(
        self,
        here: Address,
        monkeypatch: pytest.MonkeyPatch,
        method: str,
        path: str,
        body: Any,
        refused: int,
    ) -> None:
        shorten(monkeypatch, password_links=3, refresh_tokens=3, registration_links=3)

        def ask() -> Any:
            return here.get(path) if method == "GET" else here.post(path, body)

        assert [ask().status_code for _ in range(5)] == [refused] * 3 + [429] * 2
        assert 0 < int(ask()["Retry-After"]) <= 900

    def test_open_what_they_open_all_the_same(
        self, here: Address, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, password_links=1, refresh_tokens=1, access_tokens=1)
        signed_in = here.sign_in(STAFF, PASSWORD).json()
        with binding.club(club_a.ref):
            _, link = new_staff(clock.now(), password=None)
        assert link is not None
        for path, body in [
            ("auth/password", {"token": "guess", "password": NEW_PASSWORD}),
            ("auth/token/refresh", {"refresh": "guess"}),
        ]:
            assert [here.post(path, body).status_code for _ in range(2)][-1] == 429
        refreshed = here.post("auth/token/refresh", {"refresh": signed_in["refresh"]})
        assert refreshed.status_code == 200
        assert here.get(f"auth/password?token={secret_of(link)}").status_code == 200

    def test_that_have_ended_are_no_guesses(
        self, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A device that repeats a token of ours is late, and shares its address with others."""
        shorten(monkeypatch, refresh_tokens=1)
        raw = here.sign_in(STAFF, PASSWORD).json()["refresh"]
        here.post("auth/logout", {"refresh": raw})
        answers = [here.post("auth/token/refresh", {"refresh": raw}) for _ in range(4)]
        assert {code(answer) for answer in answers} == {(401, "invalid_token")}


class TestForgedAccessTokens:
    FORGED = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shorten(monkeypatch, access_tokens=3)

    def statuses(self, caller: Caller, path: str = "me", times: int = 5) -> list[int]:
        return [caller.get(path).status_code for _ in range(times)]

    def test_are_sent_so_often(self, club_a: ClubWorld) -> None:
        assert self.statuses(Caller(club_a.host, self.FORGED)) == [401] * 3 + [429] * 2

    def test_do_not_touch_who_has_a_true_one(self, club_a: ClubWorld, staff_a: Caller) -> None:
        self.statuses(Caller(club_a.host, self.FORGED))
        assert self.statuses(staff_a) == [200] * 5

    def test_are_none_that_have_only_run_out_or_are_of_another_kind_or_place(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        """A door whose token ends every 15 minutes is told 401, and refreshes."""
        with binding.club(club_a.ref):
            signed_in = services.sign_in(email=STAFF, password=PASSWORD, now=clock.now())
        late = tokens.AccessToken(signed_in.access)  # type: ignore[arg-type]
        late.set_exp(from_time=clock.now() - timedelta(hours=1), lifetime=timedelta(minutes=15))
        for host, raw in [
            (club_a.host, str(late)),
            (club_a.host, signed_in.refresh),
            (club_b.host, signed_in.access),
        ]:
            assert self.statuses(Caller(host, raw)) == [401] * 5

    def test_are_not_counted_at_the_door(self, club_a: ClubWorld) -> None:
        door = Caller(club_a.host, self.FORGED)
        assert {door.post("door/scans", {}).status_code for _ in range(5)} == {401}


class TestScans:
    def test_ask_valkey_for_no_budget(
        self, staff_a: Caller, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_: Any) -> None:
            raise AssertionError("a scan is throttled")

        monkeypatch.setattr(throttles, "_with_valkey", never)
        monkeypatch.setattr(throttles, "_own", never)
        for body in ({}, {"scan_id": "no id"}):
            assert staff_a.post("door/scans", body).status_code == 400


class TestMail:
    """Every request counts that has one sent, whoever it is for."""

    def ask(self, where: Address, email: str) -> int:
        status: int = where.post("auth/password-links", {"email": email}).status_code
        return status

    def test_is_sent_to_one_so_often(
        self, here: Address, elsewhere: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, mail_recipient=5)
        for email in (STAFF, NOBODY):
            assert [self.ask(here, email) for _ in range(3)] == [204] * 3
            assert [self.ask(elsewhere, email) for _ in range(4)] == [204] * 2 + [429] * 2

    def test_is_asked_for_from_one_address_so_often(
        self, here: Address, elsewhere: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, mail_address=4)
        assert [self.ask(here, f"{n}@x.test") for n in range(6)] == [204] * 4 + [429] * 2
        assert self.ask(elsewhere, STAFF) == 204

    def test_is_asked_for_at_one_club_so_often(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, mail_club=4)
        statuses = [self.ask(Address(club_a.host, address(n)), f"{n}@x.test") for n in range(6)]
        assert statuses == [204] * 4 + [429] * 2
        assert self.ask(Address(club_b.host, address(1)), "staff@beta.test") == 204

    def test_leaves_no_more_events_than_that(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten(monkeypatch, mail_address=4)
        for number in range(9):
            self.ask(here, f"{number}@x.test")
        assert Event.objects.filter(club_id=club_a.ref.id).count() == 4

    def test_would_leave_as_many_as_are_asked_for(
        self, club_a: ClubWorld, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(throttling.DeclaredThrottles, "allow_request", lambda *_: True)
        for number in range(9):
            self.ask(here, f"{number}@x.test")
        assert Event.objects.filter(club_id=club_a.ref.id).count() == 9

    def test_is_not_counted_where_none_is_sent(self, here: Address) -> None:
        for _ in range(8):
            assert here.post("auth/password-links", {"email": STAFF, "x": 1}).status_code == 400
        assert self.ask(here, STAFF) == 204


class TestWithoutValkey:
    def test_one_signs_in_and_guesses_no_more(
        self, here: Address, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take_valkey_away(settings, monkeypatch)
        assert here.sign_in(STAFF, PASSWORD).status_code == 200
        assert here.wrong(STAFF, 11) == [401] * 10 + [429]
        assert here.post("auth/password-links", {"email": STAFF}).status_code == 204
        throttles._own.cache_clear()


class TestABug:
    def test_half_way_through_a_guess_gives_no_try_back(
        self, here: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(**_: Any) -> None:
            raise RuntimeError("half-way")

        with monkeypatch.context() as patch:
            patch.setattr(services, "sign_in", broken)
            assert here.wrong(STAFF, 10) == [500] * 10
        assert here.sign_in(STAFF, PASSWORD).status_code == 429
