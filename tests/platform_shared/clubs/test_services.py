"""A club comes into being whole or not at all, and changes are seen at once."""

import uuid
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from platform_shared.accounts import services as account_services
from platform_shared.clubs import selectors, services
from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.errors import ClubNotActive, SlugTaken
from platform_shared.clubs.models import Club, Host
from platform_shared.kit import clock
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from platform_shared.plans.enums import Limit
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.plans.models import Plan
from platform_shared.tenancy import binding, hosts, provisioning
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.customers.models import Customer
from tenant_apps.qr_codes.models import SigningKey
from tests.conftest import LiveDatabase
from tests.platform_shared.clubs.limits import limit
from tests.support.world import PASSWORD, ClubWorld

WANTED = {
    "name": "Gamma",
    "slug": "gamma",
    "plan": "standard",
    "time_zone": "America/Sao_Paulo",
    "currency": "BRL",
    "admin_email": "Admin@Gamma.test",
    "admin_password": PASSWORD,
}


def provision(**changes: Any) -> services.Provisioned:
    """Provision gamma."""
    return services.provision_club(**{**WANTED, "now": clock.now(), **changes})


def schemas() -> set[str]:
    """Return the names of the clubs' schemas that the database has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'c\\_%'")
        return {name for (name,) in cursor.fetchall()}


class TestProvisionClub:
    def test_makes_a_club_that_is_ready(self, platform_bound: None) -> None:
        steps: list[str] = []
        before = schemas()
        made = provision(progress=steps.append)
        club = made.club
        assert made.created
        assert (club.status, club.currency, club.time_zone) == (
            ClubStatus.ACTIVE,
            "BRL",
            "America/Sao_Paulo",
        )
        assert club.plan.code == "standard"
        assert [host.domain for host in club.domains.all()] == ["gamma.localhost"]
        assert club.schema_name == f"c_{club.id.hex}"
        assert schemas() == before | {club.schema_name}
        with binding.club(ClubRef.of(club)):
            signed_in = account_services.sign_in(
                email="admin@gamma.test", password=PASSWORD, now=clock.now()
            )
            assert signed_in.user.role == "club_admin"
            assert SigningKey.objects.exists()
        assert made.extras["password_link"] is None
        assert steps[0] == "creating the schema of gamma"
        assert "migrated customers.0001_initial" in steps
        assert steps[-len(provisioning.steps()) :] == list(provisioning.steps())
        assert not any("plans." in step for step in steps)  # the platform's, not the club's

    def test_gives_a_link_in_place_of_a_password(self, platform_bound: None) -> None:
        made = provision(admin_password=None)
        link = made.extras["password_link"]
        assert link.startswith("http://gamma.localhost/api/v1/auth/password?token=")

    def test_refuses_a_slug_that_is_taken(self, platform_bound: None) -> None:
        before = schemas()
        with pytest.raises(SlugTaken):
            provision(slug="alpha")
        assert schemas() == before

    def test_returns_the_club_that_has_it_when_repeatable(
        self, platform_bound: None, club_a: ClubWorld
    ) -> None:
        before = Club.objects.filter(pk=club_a.ref.id).values().get()
        made = provision(slug="alpha", repeatable=True)
        assert not made.created
        assert made.club.id == club_a.ref.id
        assert made.extras == {}
        assert Club.objects.filter(pk=club_a.ref.id).values().get() == before

    @pytest.mark.parametrize("slug", ["platform", "www", "api"])
    def test_refuses_reserved_slugs(self, platform_bound: None, slug: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            provision(slug=slug)
        assert [(e.field, e.code) for e in refused.value.errors] == [("slug", "reserved")]

    @pytest.mark.parametrize("plan", ["nonsense", "retired"])
    def test_refuses_plans_that_are_not_on_offer(self, platform_bound: None, plan: str) -> None:
        Plan.objects.create(
            code="retired", name="Old", price_amount=1, price_currency="EUR", is_active=False
        )
        with pytest.raises(InvalidInput) as refused:
            provision(plan=plan)
        assert [(e.field, e.code) for e in refused.value.errors] == [("plan", "does_not_exist")]

    def test_leaves_nothing_when_a_step_fails(
        self, platform_bound: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[ClubRef] = []

        def fail(new: provisioning.NewClub) -> None:
            assert new.ref.schema_name in schemas()  # it was there
            made.append(new.ref)
            raise RuntimeError("the last step")

        monkeypatch.setattr(provisioning, "_steps", {**provisioning.steps(), "fails": fail})
        before = schemas()
        with pytest.raises(RuntimeError, match="the last step"):
            provision()
        assert made
        assert schemas() == before
        assert not Club.objects.filter(slug="gamma").exists()
        assert not Host.objects.filter(domain="gamma.localhost").exists()

        monkeypatch.undo()
        assert provision().created  # nothing stands in the way of a second try

    def test_leaves_nothing_in_a_real_database_either(
        self, live_database: LiveDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same without a surrounding transaction: what failed was never visible."""

        def fail(new: provisioning.NewClub) -> None:
            with psycopg.connect(live_database.url) as other:
                rows = other.execute(
                    "SELECT 1 FROM pg_namespace WHERE nspname = %s", (new.ref.schema_name,)
                ).fetchall()
                clubs = other.execute(
                    "SELECT 1 FROM clubs_club WHERE slug = 'gamma'",
                ).fetchall()
            assert rows == clubs == []
            raise RuntimeError("the last step")

        monkeypatch.setattr(provisioning, "_steps", {**provisioning.steps(), "fails": fail})
        with binding.platform():
            before = schemas()
            with pytest.raises(RuntimeError, match="the last step"):
                provision()
            assert schemas() == before
            assert selectors.find_by_slug("gamma") is None

    def test_makes_a_host_known_that_somebody_has_asked_for_in_vain(
        self,
        platform_bound: None,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        assert hosts.find("gamma.localhost") is None
        with django_capture_on_commit_callbacks() as after_commit:
            provision()
        assert hosts.find("gamma.localhost") is None  # kept for a while
        for callback in after_commit:
            callback()
        found = hosts.find("gamma.localhost")
        assert found is not None
        assert found.slug == "gamma"


class TestChangeSettings:
    def test_changes_the_row(self, platform_bound: None, club_a: ClubWorld) -> None:
        club = services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 7})
        assert club.reentry_seconds == 7
        assert selectors.get_club(club_a.ref.id).reentry_seconds == 7

    def test_changes_nothing_when_told_nothing(
        self, platform_bound: None, club_a: ClubWorld
    ) -> None:
        before = Club.objects.filter(pk=club_a.ref.id).values().get()
        services.change_settings(club_id=club_a.ref.id, changes={})
        assert Club.objects.filter(pk=club_a.ref.id).values().get() == before

    def test_is_seen_by_routing_after_the_commit(
        self,
        platform_bound: None,
        club_a: ClubWorld,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        def zone() -> str:
            found = hosts.find(club_a.host)
            assert found is not None
            return found.time_zone

        assert zone() == "Europe/Berlin"
        with django_capture_on_commit_callbacks() as after_commit:
            services.change_settings(club_id=club_a.ref.id, changes={"time_zone": "UTC"})
        assert zone() == "Europe/Berlin"  # cached, so it is the invalidation that counts
        for callback in after_commit:
            callback()
        assert zone() == "UTC"


class TestSetStatus:
    def test_suspends_and_reactivates(self, platform_bound: None, club_a: ClubWorld) -> None:
        for status in (ClubStatus.SUSPENDED, ClubStatus.SUSPENDED, ClubStatus.ACTIVE):
            club = services.set_status(club_id=club_a.ref.id, status=status)
            assert club.status == status

    def test_never_wakes_a_closed_club(self, platform_bound: None, club_a: ClubWorld) -> None:
        Club.objects.filter(pk=club_a.ref.id).update(status=ClubStatus.CLOSED)
        with pytest.raises(ClubNotActive):
            services.set_status(club_id=club_a.ref.id, status=ClubStatus.ACTIVE)
        assert selectors.get_club(club_a.ref.id).status == ClubStatus.CLOSED

    def test_says_that_there_is_no_such_club(self, platform_bound: None) -> None:
        with pytest.raises(NotFound):
            services.set_status(club_id=new_id(), status=ClubStatus.ACTIVE)


class TestRequireRoom:
    def test_counts_what_there_is_and_what_comes(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=4)  # two are there
        services.require_room(Limit.CUSTOMERS, Customer.objects.all())
        services.require_room(Limit.CUSTOMERS, Customer.objects.all(), adding=2)
        with pytest.raises(PlanLimitReached) as refused:
            services.require_room(Limit.CUSTOMERS, Customer.objects.all(), adding=3)
        assert refused.value.extras == {"limit": "customers", "allowed": 4}

    def test_lets_a_club_keep_what_a_smaller_plan_would_not_allow(self, bound_a: ClubWorld) -> None:
        limit(bound_a, max_customers=1)
        with pytest.raises(PlanLimitReached):
            services.require_room(Limit.CUSTOMERS, Customer.objects.all())
        assert Customer.objects.count() == 2

    def test_knows_plans_without_limits(self, bound_a: ClubWorld) -> None:
        limit(bound_a)
        services.require_room(Limit.CUSTOMERS, Customer.objects.all(), adding=10**6)

    def test_is_about_the_bound_club(self, platform_bound: None) -> None:
        with pytest.raises(RuntimeError):
            services.require_room(Limit.CUSTOMERS, Customer.objects.all())


class TestRoomLeft:
    @pytest.mark.parametrize(("allowed", "left"), [(None, None), (7, 5), (2, 0), (1, 0)])
    def test_is_what_the_plan_allows_beyond_what_there_is(
        self, bound_a: ClubWorld, allowed: int | None, left: int | None
    ) -> None:
        limit(bound_a, max_customers=allowed)
        assert services.room_left(Limit.CUSTOMERS, Customer.objects.all()) == left


class TestRecordSupportAction:
    def test_takes_paths_of_any_length(self, platform_bound: None, club_a: ClubWorld) -> None:
        session = services.SupportSession.objects.create(
            club_id=club_a.ref.id,
            admin_id=uuid.uuid4(),
            admin_email="root@platform.test",
            reason="x",
            created_at=clock.now(),
            expires_at=clock.now(),
        )
        services.record_support_action(
            session_id=session.id, method="POST", path="/" * 900, request_id="", now=clock.now()
        )
        assert session.actions.get().path == "/" * 500
