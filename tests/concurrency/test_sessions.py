"""Sessions in races: a refresh token that two spend, a password set while somebody signs in."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from platform_shared.accounts import selectors, services
from platform_shared.accounts.models import Session, User
from platform_shared.accounts.services import signing_in
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from tests.concurrency.crowd import crowd, meeting, race, statuses
from tests.platform_shared.accounts.crew import secret_of
from tests.support.live import WebServer
from tests.support.world import PASSWORD, ClubWorld


def sign_in(club: ClubWorld) -> services.SignedIn:
    """Sign the staff in anew."""
    return services.sign_in(email=club.email(Role.CLUB_STAFF), password=PASSWORD, now=clock.now())


class TestRefresh:
    def test_succeeds_for_one_and_ends_the_session(self, web: WebServer, club: ClubWorld) -> None:
        signed_in = sign_in(club)
        with crowd(web, club.host, None, 10) as people:
            answers = people.post("auth/token/refresh", {"refresh": signed_in.refresh})
        assert statuses(answers) == {200: 1, 401: 9}
        (won,) = [answer.json() for answer in answers if answer.status_code == 200]
        with web.client(club.host, won["access"]) as client:
            assert client.get("me").status_code == 401
            again = client.post("auth/token/refresh", json={"refresh": won["refresh"]})
            assert again.status_code == 401


class TestWithoutGuards:
    """Negative controls: two meet with the same token, each having found it unspent."""

    @pytest.fixture
    def spend_twice(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], list[str]]:
        """Spend one token in two threads at once."""
        raw = sign_in(club).refresh
        meet, tokens_for = meeting(2), signing_in._tokens_for

        def together(*args: object) -> services.SignedIn:
            meet()
            return tokens_for(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(signing_in, "_tokens_for", together)

        def one() -> str:
            services.refresh(raw=raw, now=clock.now())
            return "new tokens"

        return lambda: sorted(race(club.ref, one, one))

    def test_the_token_is_spent_once(self, spend_twice: Callable[[], list[str]]) -> None:
        assert spend_twice() == ["InvalidToken", "new tokens"]

    def test_the_token_would_be_spent_twice_without_the_lock(
        self, spend_twice: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Session.objects, "select_for_update", lambda **_: Session.objects.all())
        assert spend_twice() == ["new tokens", "new tokens"]


class TestSignInWhileThePasswordIsSet:
    """The old password was right when it was looked at; by the time the session opens it is not."""

    @pytest.fixture
    def sessions_left(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], tuple[list[str], int]]:
        user, _ = services.create_user(
            email=f"{new_id()}@alpha.test",
            name="",
            role=Role.CLUB_STAFF,
            password=PASSWORD,
            now=clock.now(),
        )
        link = services.renew_password_link(user_id=user.pk, roles=[*Role], now=clock.now())
        checked, was_set = threading.Event(), threading.Event()
        check = signing_in.check_password

        def check_and_dawdle(*args: Any, **options: Any) -> bool:
            right = check(*args, **options)
            checked.set()
            was_set.wait(timeout=10)
            return right

        monkeypatch.setattr(signing_in, "check_password", check_and_dawdle)

        def sign_in_late() -> str:
            services.sign_in(email=user.email, password=PASSWORD, now=clock.now())
            return "signed in"

        def set_password() -> str:
            assert checked.wait(timeout=10)
            services.set_password_by_link(
                secret=secret_of(link), password="quite-another-horse", now=clock.now()
            )
            was_set.set()
            return "set"

        def meet() -> tuple[list[str], int]:
            outcome = race(club.ref, sign_in_late, set_password)
            return outcome, Session.objects.filter(user=user, revoked_at=None).count()

        return meet

    def test_opens_no_session(self, sessions_left: Callable[[], tuple[list[str], int]]) -> None:
        assert sessions_left() == (["InvalidCredentials", "set"], 0)

    def test_would_open_one_if_the_account_were_not_looked_at_again(
        self,
        sessions_left: Callable[[], tuple[list[str], int]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # As it was when the password was checked.
        stale: dict[UUID, User] = {}
        find, lock = selectors.find_by_email, selectors.lock_user

        def remember(email: str) -> User | None:
            found = find(email)
            if found is not None:
                stale[found.pk] = found
            return found

        monkeypatch.setattr(selectors, "find_by_email", remember)
        monkeypatch.setattr(
            selectors, "lock_user", lambda pk, *roles: stale.get(pk) or lock(pk, *roles)
        )
        assert sessions_left() == (["signed in", "set"], 1)
