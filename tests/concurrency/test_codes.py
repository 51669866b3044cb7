"""A lost code replaced at two tills at once: one new code, and one clear refusal."""

from types import SimpleNamespace

import pytest

from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.principal import SYSTEM
from tenant_apps.customers.models import Customer
from tenant_apps.qr_codes import selectors, services
from tenant_apps.qr_codes.models import QRCode
from tests.concurrency.crowd import crowd, meeting, race, statuses
from tests.support import api
from tests.support.live import WebServer
from tests.support.world import ClubWorld
from tests.tenant_apps.sales.desk import new_pass


class TestReissues:
    def test_one_of_twenty_replaces(self, web: WebServer, club: ClubWorld) -> None:
        lost = new_pass(visits=1, at=clock.now()).sale.qr_code
        access = api.access_token(club, Role.CLUB_STAFF)
        with crowd(web, club.host, access, 20) as people:
            answers = people.post(f"qr-codes/{lost.id}/reissue", {})
        assert statuses(answers) == {201: 1, 409: 19}
        assert {a.json()["code"] for a in answers if a.status_code == 409} == {"code_revoked"}
        assert selectors.list_of_customer(lost.customer_id).count() == 2


class TestReissuesWithoutGuards:
    """Negative controls: two tills meet after both have looked at the code."""

    @staticmethod
    def reissue_twice(club: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        lost = new_pass(visits=1, at=clock.now()).sale.qr_code
        meet, issue = meeting(2), services.issue_code

        def together(**asked: object) -> QRCode:
            meet()
            return issue(**asked)  # type: ignore[arg-type]

        monkeypatch.setattr(services, "issue_code", together)

        def one() -> str:
            services.reissue_code(code_id=lost.id, now=clock.now(), actor=SYSTEM)
            return "reissued"

        return sorted(race(club.ref, one, one))

    def test_with_them_one_is_refused(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.reissue_twice(club, monkeypatch) == ["CodeRevoked", "reissued"]

    def test_without_the_locks_both_replace(
        self, club: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customers = SimpleNamespace(
            lock_customer=lambda customer_id: Customer.objects.get(pk=customer_id),
            lock_named=lambda customer_id: Customer.objects.get(pk=customer_id),
        )
        monkeypatch.setattr(services, "customer_selectors", customers)
        monkeypatch.setattr(selectors, "lock_code", lambda code_id: selectors.get_code(code_id))
        assert self.reissue_twice(club, monkeypatch) == ["reissued", "reissued"]
