"""A crowd at the door: over real HTTP, and in threads with the guards taken away one by one."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from django.db import connection

from platform_shared.clubs import services as club_services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding, process
from tenant_apps.checkins import loading, services
from tenant_apps.checkins.enums import Kind
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers.models import Customer
from tenant_apps.qr_codes import services as code_services
from tenant_apps.subscriptions.models import CreditEntry, Subscription
from tests.concurrency.crowd import crowd, meeting, race, statuses
from tests.conftest import LiveDatabase
from tests.platform_shared.kit.waiting import eventually
from tests.support import api, statements
from tests.support.live import WebServer
from tests.support.world import ClubWorld
from tests.tenant_apps.checkins.door import scan
from tests.tenant_apps.sales.desk import new_customer, new_package, new_pass, sell
from tests.tenant_apps.subscriptions.ledger import assert_balanced

CLIENTS = 64
ROUNDS = 50
REPEATS = 50


def entry(code: str) -> dict[str, str]:
    """Return the body of a new scan."""
    return {"scan_id": str(uuid4()), "kind": "entry", "code": code}


def assert_one_got_in(reasons: Sequence[str]) -> None:
    """Fail unless one of the crowd was let in and all others were told why not."""
    assert Counter(reasons) == {"ok": 1, "no_credits": len(reasons) - 1}


def assert_one_answer(answers: Sequence[httpx.Response]) -> None:
    """Fail unless one scan was recorded and everybody was told the same."""
    assert statuses(answers) == {201: 1, 200: len(answers) - 1}
    assert len({answer.text for answer in answers}) == 1


class TestOneCredit:
    def test_lets_exactly_one_of_many_in(
        self,
        web: WebServer,
        club: ClubWorld,
        record_testsuite_property: Callable[[str, object], None],
    ) -> None:
        package = new_package(visits=1)
        sales = [sell(package, new_customer(), at=clock.now()) for _ in range(ROUNDS)]
        codes = [code_services.draw(sale.qr_code) for sale in sales]
        access = api.access_token(club, Role.CLUB_STAFF)
        with crowd(web, club.host, access, CLIENTS) as people:
            started = time.perf_counter()
            rounds = [
                people.post("door/scans", *[entry(code) for _ in range(CLIENTS)]) for code in codes
            ]
            seconds = time.perf_counter() - started
        record_testsuite_property("scans_per_second", round(CLIENTS * ROUNDS / seconds))
        for sale, answers in zip(sales, rounds, strict=True):
            assert statuses(answers) == {201: CLIENTS}
            said = [answer.json() for answer in answers]
            assert_one_got_in([row["reason"] for row in said])
            assert {row["subscription"]["credits_left"] for row in said} == {0}
            rows = CheckIn.objects.filter(customer_id=sale.subscription.customer_id)
            assert rows.count() == CLIENTS
            (accepted,) = rows.filter(result="accepted")
            line = CreditEntry.objects.get(subscription=sale.subscription, kind="check_in")
            assert (line.check_in_id, line.lot_id) == (accepted.id, accepted.lot_id)
            assert_balanced(sale.subscription.id)


class TestSameScan:
    @pytest.fixture
    def repeated(
        self, web: WebServer, club: ClubWorld
    ) -> Callable[[dict[str, str]], list[httpx.Response]]:
        """Send one body many times at once."""

        def send(body: dict[str, str]) -> list[httpx.Response]:
            access = api.access_token(club, Role.CLUB_STAFF)
            with crowd(web, club.host, access, REPEATS) as people:
                return people.post("door/scans", body)

        return send

    def test_is_charged_once(
        self, club: ClubWorld, repeated: Callable[[dict[str, str]], list[httpx.Response]]
    ) -> None:
        member = new_pass(visits=REPEATS, at=clock.now())
        body = entry(member.code)
        answers = repeated(body)
        assert_one_answer(answers)
        assert answers[0].json()["reason"] == "ok"
        assert CheckIn.objects.filter(scan_id=body["scan_id"]).count() == 1
        assert Subscription.objects.get(pk=member.subscription).used_credits == 1
        assert_balanced(member.subscription)

    def test_is_recorded_once_for_a_code_that_nobody_knows(
        self, club: ClubWorld, repeated: Callable[[dict[str, str]], list[httpx.Response]]
    ) -> None:
        # There is no customer to lock: the scan's own lock is all there is.
        body = entry("nonsense")
        answers = repeated(body)
        assert_one_answer(answers)
        assert answers[0].json()["reason"] == "unknown_code"
        assert CheckIn.objects.filter(scan_id=body["scan_id"]).count() == 1


class TestAnnulments:
    def test_give_one_credit_back(self, web: WebServer, club: ClubWorld) -> None:
        member = new_pass(visits=3, at=clock.now())
        check_in = scan(member.code, at=clock.now()).check_in
        access = api.access_token(club, Role.CLUB_STAFF)
        with crowd(web, club.host, access, 20) as people:
            answers = people.post(f"check-ins/{check_in.id}/annul", {})
        assert statuses(answers) == {201: 1, 409: 19}
        codes = {a.json()["code"] for a in answers if a.status_code == 409}
        assert codes == {"already_annulled"}
        assert Subscription.objects.get(pk=member.subscription).used_credits == 0
        assert_balanced(member.subscription)


class TestWithoutGuards:
    """Negative controls: two threads meet where the guard would have kept them apart."""

    @pytest.fixture(autouse=True)
    def _meet_before_deciding(self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        meet, decide = meeting(2), services.decision.decide

        def together(**facts: object) -> object:
            meet()
            return decide(**facts)  # type: ignore[arg-type]

        monkeypatch.setattr(services.decision, "decide", together)

    @staticmethod
    def scan_twice(club: ClubWorld, code: str, *scan_ids: object) -> list[str]:
        """Scan in two threads at once; return reasons, or the names of errors."""

        def one(scan_id: object) -> Callable[[], str]:
            asked = services.Scan(scan_id=scan_id, kind=Kind.ENTRY, code=code)  # type: ignore[arg-type]
            return lambda: (
                services.record_scan(
                    scan=asked, now=clock.now(), actor=services.Actor("system", None, "system")
                ).check_in.reason
            )

        return race(club.ref, *(one(scan_id) for scan_id in scan_ids or (new_id(), new_id())))

    @staticmethod
    def unlock_customers(monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the customer's row lock away."""
        statements.replace(
            monkeypatch,
            services.customer_selectors,
            "lock_rows_of",
            lambda customers: Customer.objects.filter(pk__in=customers),
        )

    @staticmethod
    def unlock_scans(monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the scan's own lock away."""
        monkeypatch.setattr(loading.locks, "SQL", "SELECT %s::bigint")

    def test_one_credit_lets_one_in(self, club: ClubWorld) -> None:
        member = new_pass(visits=1, at=clock.now())
        assert_one_got_in(self.scan_twice(club, member.code))

    def test_the_database_has_to_refuse_without_the_customers_lock(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.unlock_customers(monkeypatch)
        member = new_pass(visits=1, at=clock.now())
        reasons = self.scan_twice(club, member.code)
        assert sorted(reasons) == ["IntegrityError", "ok"]
        with pytest.raises(AssertionError):
            assert_one_got_in(reasons)
        assert_balanced(member.subscription)

    def test_the_reentry_window_lets_one_in(self, club: ClubWorld) -> None:
        member = self.with_window(club)
        assert sorted(self.scan_twice(club, member)) == ["already_inside", "ok"]

    def test_both_get_in_without_the_customers_lock(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.unlock_customers(monkeypatch)
        member = self.with_window(club)
        assert self.scan_twice(club, member) == ["ok", "ok"]

    @staticmethod
    def with_window(club: ClubWorld) -> str:
        """Turn the re-entry window on; return a code with a period, which nothing else limits."""
        club_services.change_settings(club_id=club.ref.id, changes={"reentry_seconds": 120})
        return new_pass(at=clock.now()).code

    def test_one_scan_is_one_row(self, club: ClubWorld) -> None:
        scan_id = new_id()
        assert self.scan_twice(club, "nonsense", scan_id, scan_id) == ["unknown_code"] * 2
        assert CheckIn.objects.filter(scan_id=scan_id).count() == 1

    def test_the_database_has_to_refuse_without_the_scans_lock(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.unlock_scans(monkeypatch)
        scan_id = new_id()
        reasons = self.scan_twice(club, "nonsense", scan_id, scan_id)
        assert sorted(reasons) == ["IntegrityError", "unknown_code"]
        assert CheckIn.objects.filter(scan_id=scan_id).count() == 1


class TestAnnulmentsWithoutGuards:
    """Negative controls: two annulments meet after both have looked for an earlier one."""

    @staticmethod
    def annul_twice(club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        member = new_pass(visits=1, at=clock.now())
        check_in = scan(member.code, at=clock.now()).check_in
        meet, take_back = meeting(2), services.subscription_services.take_back_visit

        def together(**asked: object) -> None:
            meet()
            take_back(**asked)  # type: ignore[arg-type]

        monkeypatch.setattr(services.subscription_services, "take_back_visit", together)

        def one() -> str:
            services.annul_check_in(
                check_in_id=check_in.id,
                reason="",
                now=clock.now(),
                actor=services.Actor("system", None, "system"),
            )
            return "annulled"

        said = race(club.ref, one, one)
        assert_balanced(member.subscription)
        assert Subscription.objects.get(pk=member.subscription).used_credits == 0
        return sorted(said)

    def test_one_check_in_is_annulled_once(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.annul_twice(club, monkeypatch) == ["AlreadyAnnulled", "annulled"]

    def test_the_database_has_to_refuse_without_the_customers_lock(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            services.subscription_selectors,
            "lock_with_owner",
            lambda subscription_id, *_: Subscription.objects.get(pk=subscription_id),
        )
        assert self.annul_twice(club, monkeypatch) == ["IntegrityError", "annulled"]


@contextmanager
def held(url: str, club: ClubWorld, customer: UUID) -> Iterator[psycopg.Connection[Any]]:
    """Hold the customer's lock as long as the block lasts."""
    with psycopg.connect(url) as other:
        other.execute(
            f'SELECT FROM "{club.ref.schema_name}".customers_customer WHERE id = %s FOR UPDATE',
            [customer],
        )
        yield other


class TestAnotherOnesLock:
    def test_is_waited_for_only_so_long(
        self, club: ClubWorld, live_database: LiveDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        member = new_pass(visits=3, at=clock.now())
        staff = api.as_role(club, Role.CLUB_STAFF)
        body = entry(member.code)
        monkeypatch.setattr(process, "limits", {"lock_timeout": "100ms"})
        with held(live_database.url, club, member.customer):
            answer = staff.post("door/scans", body)
        assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
        assert answer["Retry-After"]
        with binding.club(club.ref):
            assert not CheckIn.objects.filter(customer_id=member.customer).exists()
            assert_balanced(member.subscription)
        # The door's second try finds the same connection in order.
        answer = staff.post("door/scans", body)
        assert (answer.status_code, answer.json()["reason"]) == (201, "ok")
        assert answer.json()["subscription"]["credits_left"] == 2

    def test_would_be_waited_for_without_limits(
        self, club: ClubWorld, live_database: LiveDatabase
    ) -> None:
        member = new_pass(visits=3, at=clock.now())
        staff = api.as_role(club, Role.CLUB_STAFF)
        answers = []

        def scan() -> None:
            answers.append(staff.post("door/scans", entry(member.code)))
            connection.close()

        door = threading.Thread(target=scan)
        with held(live_database.url, club, member.customer) as other:
            door.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            assert eventually(lambda: other.execute(waiting).fetchone() == (1,))
            door.join(1)
            assert not answers
        door.join()
        assert [answer.status_code for answer in answers] == [201]
