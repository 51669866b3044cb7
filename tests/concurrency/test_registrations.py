"""Two who confirm the same e-mail at once: one customer."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from platform_shared.accounts.models import User
from platform_shared.kit import clock
from tenant_apps.customers.models import Customer
from tenant_apps.registrations import selectors, services
from tenant_apps.registrations.models import Registration
from tests.concurrency.crowd import meeting, race
from tests.support.world import ClubWorld
from tests.tenant_apps.registrations.form import EMAIL, confirm, customers, let_register, register


@pytest.fixture
def secrets(club: ClubWorld) -> Iterator[list[str]]:
    """The secrets of two links to confirm one e-mail."""
    let_register(club)
    found = []
    for minutes in (0, 1):
        register(now=clock.now() + timedelta(minutes=minutes))
        newest = Registration.objects.order_by("created_at").last()
        assert newest is not None
        found.append(services.create_link(registration=newest).partition("?token=")[2])
    yield found
    Customer.objects.filter(email=EMAIL).delete()
    User.objects.filter(email=EMAIL).delete()
    Registration.objects.all().delete()


@pytest.fixture
def at_once(club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], list[str]]:
    """Two confirmations that meet after both have found their link."""
    meet, find = meeting(2), selectors.get_by_secret

    def together(secret: str, now: object) -> Registration:
        found = find(secret, now)
        meet()
        return found

    monkeypatch.setattr(selectors, "get_by_secret", together)

    def run(*secrets: str) -> list[str]:
        jobs = [lambda secret=secret: confirm(secret).name for secret in secrets]
        return sorted(race(club.ref, *jobs))

    return run


class TestConfirmingAtOnce:
    def test_by_one_link_makes_one_customer(
        self, secrets: list[str], at_once: Callable[[str, str], list[str]]
    ) -> None:
        assert at_once(secrets[0], secrets[0]) == ["InvalidRegistrationLink", "Rita"]
        assert customers() == 1

    def test_by_two_links_makes_one_customer(
        self, secrets: list[str], at_once: Callable[[str, str], list[str]]
    ) -> None:
        assert at_once(*secrets) == ["InvalidRegistrationLink", "Rita"]
        assert customers() == 1
        assert not Registration.objects.exists()

    def test_would_tell_one_of_a_customer_who_is_in_the_way_without_the_lock(
        self,
        secrets: list[str],
        at_once: Callable[[str, str], list[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control: behind it stand the customers' own lock and constraint.
        monkeypatch.setattr(services, "_lock_email", lambda email: None)
        assert at_once(*secrets) == ["EmailTaken", "Rita"]
        assert customers() == 1
