"""What is tried at one club is counted there alone, and names nobody."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from platform_shared.kit import throttles, valkey
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tests.support.throttling import HERE, Address, trust_the_test_client
from tests.support.world import PASSWORD, ClubWorld


@pytest.fixture(autouse=True)
def _addresses(settings: Settings) -> None:
    trust_the_test_client(settings)


def keys() -> Iterator[str]:
    return valkey.client().scan_iter(f"{throttles.PREFIX}:*")


class TestBudgets:
    @pytest.fixture
    def same_person(self, club_a: ClubWorld, club_b: ClubWorld) -> tuple[Address, Address]:
        """Somebody at one address, who has used everything up at club a."""
        at_a, at_b = Address(club_a.host, HERE), Address(club_b.host, HERE)
        assert at_a.wrong(club_b.email(Role.CLUB_STAFF), 11)[-1] == 429
        return at_a, at_b

    def test_of_one_club_are_whole_at_the_other(
        self, same_person: tuple[Address, Address], club_b: ClubWorld
    ) -> None:
        _, at_b = same_person
        answer = at_b.sign_in(club_b.email(Role.CLUB_STAFF), "wrong")
        assert answer.status_code == 401
        assert answer["RateLimit"].startswith('"sign-in";r=9;')
        assert at_b.sign_in(club_b.email(Role.CLUB_STAFF), PASSWORD).status_code == 200

    def test_would_be_one_without_the_club_in_their_keys(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(binding, "scope", lambda: "everybody")
        email = club_b.email(Role.CLUB_STAFF)
        assert Address(club_a.host, HERE).wrong(email, 11)[-1] == 429
        assert Address(club_b.host, HERE).sign_in(email, PASSWORD).status_code == 429

    def test_are_kept_under_the_clubs_id_and_nobodys_name(
        self, same_person: tuple[Address, Address], club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        at_a, _ = same_person
        at_a.sign_in(club_a.email(Role.CUSTOMER), PASSWORD)
        at_a.post("auth/password-links", {"email": club_a.email(Role.CUSTOMER)})
        found = list(keys())
        assert len(found) > 8
        for key in found:
            assert str(club_a.ref.id) in key
            assert not any(text in key for text in (HERE, "staff", "customer", ".test"))
