"""Clubs made at once under one name, and the last places of a plan."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from platform_shared.clubs import services
from platform_shared.clubs.models import Club
from platform_shared.kit import clock, locks
from platform_shared.kit.access import Role
from platform_shared.plans.models import Plan
from platform_shared.tenancy import binding
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import Customer
from tests.concurrency.crowd import crowd, meeting, race, statuses
from tests.conftest import LiveDatabase
from tests.support import api
from tests.support.live import WebServer
from tests.support.world import PASSWORD, ClubWorld

ROOM = 5


def new_slug() -> str:
    """Return a slug that no club has."""
    return f"race-{uuid4().hex[:12]}"


def order(slug: str) -> dict[str, Any]:
    """Return the body that makes a club."""
    return {
        "name": "Racers",
        "slug": slug,
        "plan": "unlimited",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "admin": {"email": f"admin@{slug}.test", "password": PASSWORD},
    }


class TestProvisioning:
    def test_makes_one_club_of_a_slug(self, web: WebServer, live_database: LiveDatabase) -> None:
        slug = new_slug()
        access = api.access_token(None, Role.SYSTEM_ADMIN)
        with crowd(web, api.PLATFORM_HOST, access, 2) as people:
            answers = people.post("clubs", order(slug))
        assert statuses(answers) == {201: 1, 409: 1}
        (refused,) = [a for a in answers if a.status_code == 409]
        assert refused.json()["code"] == "slug_taken"
        with binding.platform():
            assert Club.objects.filter(slug=slug).count() == 1
        with web.client(f"{slug}.localhost") as client:
            credentials = {"email": f"admin@{slug}.test", "password": PASSWORD}
            assert client.post("auth/token", json=credentials).status_code == 200


class TestProvisioningWithoutGuards:
    """Negative controls: two meet after both have found the slug free."""

    @pytest.fixture
    def provision_twice(
        self, live_database: LiveDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], list[str]]:
        """Make two clubs of one slug at once; nothing is migrated, as it is not about that."""
        slug = new_slug()
        meet, name_for = meeting(2), services.schema.name_for

        def together(club_id: Any) -> str:
            meet()
            return name_for(club_id)

        monkeypatch.setattr(services.schema, "name_for", together)
        monkeypatch.setattr(services.schema, "create", lambda *_: None)
        monkeypatch.setattr(services.provisioning, "steps", dict)

        def one() -> str:
            services.provision_club(
                name="Racers",
                slug=slug,
                plan="unlimited",
                time_zone="Europe/Berlin",
                currency="EUR",
                admin_email="admin@race.test",
                admin_password=None,
                now=clock.now(),
            )
            return "made"

        def both() -> list[str]:
            said = sorted(race(binding.PLATFORM, one, one))
            with binding.platform():
                assert Club.objects.filter(slug=slug).count() == 1
                Club.objects.filter(slug=slug).delete()
            return said

        return both

    def test_the_second_is_told(self, provision_twice: Callable[[], list[str]]) -> None:
        assert provision_twice() == ["SlugTaken", "made"]

    def test_the_database_has_to_refuse_without_the_lock(
        self, provision_twice: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locks, "take", lambda *names: None)
        assert provision_twice() == ["IntegrityError", "made"]


@pytest.fixture
def room(club: ClubWorld) -> Iterator[ClubWorld]:
    """Club a on a plan that has room for a few more customers."""
    taken = Customer.objects.filter(is_active=True).count()
    tight = Plan.objects.create(
        code=f"tight-{uuid4().hex[:8]}",
        name="Tight",
        price_amount=0,
        price_currency="EUR",
        max_customers=taken + ROOM,
    )
    row = Club.objects.get(pk=club.ref.id)
    before = row.plan_id
    Club.objects.filter(pk=row.pk).update(plan=tight)
    yield club
    Club.objects.filter(pk=row.pk).update(plan=before)
    tight.delete()


class TestPlanLimit:
    def test_holds_against_a_crowd(self, web: WebServer, room: ClubWorld) -> None:
        taken = Customer.objects.filter(is_active=True).count()
        access = api.access_token(room, Role.CLUB_STAFF)
        with crowd(web, room.host, access, 4 * ROOM) as people:
            answers = people.post("customers", {"name": "One of many"})
        assert statuses(answers) == {201: ROOM, 409: 3 * ROOM}
        refused = [answer.json() for answer in answers if answer.status_code == 409]
        assert {(body["code"], body["limit"]) for body in refused} == {
            ("plan_limit_reached", "customers")
        }
        assert Customer.objects.filter(is_active=True).count() == taken + ROOM


class TestPlanLimitWithoutGuards:
    """Negative controls: two meet after both have found the last place free."""

    @pytest.fixture
    def join_twice(
        self, room: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], list[str]]:
        """Fill the plan but for one place, and have two customers join at once."""
        for n in range(ROOM - 1):
            customer_services.create_customer(name=f"Early {n}", now=clock.now())
        meet, require_room = meeting(2), customer_services._require_room

        def together() -> None:
            require_room()
            meet()

        monkeypatch.setattr(customer_services, "_require_room", together)

        def one() -> str:
            return customer_services.create_customer(name="Last", now=clock.now()).name

        return lambda: sorted(race(room.ref, one, one))

    def test_one_gets_the_last_place(self, join_twice: Callable[[], list[str]]) -> None:
        assert join_twice() == ["Last", "PlanLimitReached"]

    def test_both_would_get_it_without_the_lock(
        self, join_twice: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(locks, "take", lambda *names: None)
        assert join_twice() == ["Last", "Last"]
