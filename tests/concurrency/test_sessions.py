"""A refresh token spent by two at once has been copied: one gets new tokens, then all end."""

from collections.abc import Callable

import pytest

from platform_shared.accounts import services
from platform_shared.accounts.models import Session
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from tests.concurrency.crowd import crowd, meeting, race, statuses
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
        meet, tokens_for = meeting(2), services._tokens_for

        def together(*args: object) -> services.SignedIn:
            meet()
            return tokens_for(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(services, "_tokens_for", together)

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
