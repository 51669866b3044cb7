"""Customers who are added and changed at once: nobody comes twice, and nobody guards themselves."""

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.core.files.base import ContentFile
from django.db import transaction

from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.customers import imports, selectors, services
from tenant_apps.customers.models import Customer
from tests.concurrency.crowd import meeting, race
from tests.support import api
from tests.support.live import WebServer
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_customer


def adding(phone: str) -> Callable[[], str]:
    def job() -> str:
        services.create_customer(name="Twin", phone=phone, now=clock.now())
        return "added"

    return job


def importing(phone: str) -> Callable[[], str]:
    """Return a job that works off a file with one row; it says the row's fate."""
    file = ContentFile(f"name,phone\nTwin,{phone}\n".encode())
    import_id = imports.start_import(file=file, dry_run=False, now=clock.now(), actor=SYSTEM).id

    def job() -> str:
        with transaction.atomic():
            imports.work_on(import_id, clock.now())
        return str(selectors.list_import_rows(import_id).get().fate)

    return job


@pytest.fixture
def _meet_before_adding(club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two meet after each has seen that nobody is there yet, unless a lock keeps them apart."""
    meet, added, known = meeting(2), services._require_room, imports._known

    def before_adding() -> None:
        meet()
        added()

    def before_judging(*asked: Any) -> Any:
        found = known(*asked)
        meet()
        return found

    monkeypatch.setattr(services, "_require_room", before_adding)
    monkeypatch.setattr(imports, "_known", before_judging)


@pytest.mark.usefixtures("_meet_before_adding")
class TestTwins:
    def test_are_told_apart_at_two_desks(self, club: ClubWorld) -> None:
        said = race(club.ref, adding("030 2000001"), adding("+49 30 2000001"))
        assert sorted(said) == ["PossibleDuplicate", "added"]

    def test_would_not_be_without_the_locks(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services.locks, "take", lambda *names: None)
        assert race(club.ref, adding("030 2000002"), adding("030 2000002")) == ["added", "added"]

    def test_are_told_apart_by_an_import(self, club: ClubWorld) -> None:
        said = race(club.ref, importing("030 2000003"), adding("030 2000003"))
        assert said in (["created", "PossibleDuplicate"], ["duplicate", "added"])

    def test_would_not_be_if_it_locked_nobody_out(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "lock_everybody", lambda: None)
        said = race(club.ref, importing("030 2000004"), adding("030 2000004"))
        assert said == ["created", "added"]

    def test_may_be_two_imports_of_one_file(self, club: ClubWorld) -> None:
        said = race(club.ref, importing("030 2000005"), importing("030 2000005"))
        assert sorted(said) == ["created", "duplicate"]


class TestExports:
    def test_are_each_the_clubs_own(
        self, web: WebServer, club: ClubWorld, world: SimpleNamespace
    ) -> None:
        """Answers in parts, on the threads of a real server, of two clubs at once."""
        clients = []
        for each in (club, world.b):
            with binding.club(each.ref):
                Customer.objects.bulk_create(
                    Customer(name=f"One of {each.ref.slug}", created_at=BORN) for _ in range(3_500)
                )
            access = api.access_token(each, Role.CLUB_ADMIN)
            clients += [(each, web.client(each.host, access)) for _ in range(3)]

        def names(asking: tuple[ClubWorld, httpx.Client]) -> set[str]:
            answer = asking[1].get("customers/export")
            assert answer.status_code == 200
            assert answer.text.count("\r\n") > 3_500
            return {row["name"] for row in csv.DictReader(answer.text.splitlines())}

        with ThreadPoolExecutor(len(clients)) as pool:
            for (each, client), found in zip(clients, pool.map(names, clients), strict=True):
                client.close()
                assert f"One of {each.ref.slug}" in found
                other = world.b if each is club else club
                assert not [name for name in found if other.ref.slug in name]


class TestGuardians:
    @pytest.fixture
    def pair(self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], str]]:
        """Two jobs, each of which makes one of two the guardian of the other."""
        meet, guards = meeting(2), services.guards_of

        def before_saving(customer: Any) -> list[UUID]:
            found = guards(customer)
            meet()
            return found

        monkeypatch.setattr(services, "guards_of", before_saving)
        a, b = new_customer("A").id, new_customer("B").id

        def guarding(ward: UUID, guardian: UUID) -> Callable[[], str]:
            def job() -> str:
                services.change_customer(
                    customer_id=ward, changes={"guardian_id": guardian}, now=clock.now()
                )
                return "guarded"

            return job

        return [guarding(a, b), guarding(b, a)]

    def test_never_guard_each_other(self, club: ClubWorld, pair: list[Callable[[], str]]) -> None:
        assert sorted(race(club.ref, *pair)) == ["InvalidInput", "guarded"]

    def test_would_without_the_lock(
        self,
        club: ClubWorld,
        pair: list[Callable[[], str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(services, "lock_ties", lambda: None)
        said = race(club.ref, *pair)
        # The second waits for the first one's row by the foreign key, or they for each other.
        assert said.count("guarded") == 2 or "OperationalError" in said
