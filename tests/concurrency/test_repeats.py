"""One key from a crowd of clients, and from a client whose server was killed in the middle."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.idempotency import HEADER, REPLAYED
from tenant_apps.checkins.models import Annulment
from tenant_apps.customers.models import Customer
from tenant_apps.invoices.models import Invoice
from tenant_apps.subscriptions.models import CreditEntry, Subscription, SubscriptionChange
from tests.concurrency.crowd import crowd, statuses
from tests.concurrency.test_clubs import new_slug, order
from tests.support import api
from tests.support.live import WebServer, live_url, serving
from tests.support.world import ClubWorld
from tests.tenant_apps.checkins.door import scan
from tests.tenant_apps.sales.desk import new_customer, new_package, new_pass

CLIENTS = 50
RETRY_SECONDS = 0.05  # sooner than clients are told to, so as to meet more often
# See tests/support/mortal.py.
PLACES = ("before the effect", "after the effect", "before the commit", "after the commit")
Settle = Callable[[str, Any], list[httpx.Response]]


def settled(client: httpx.Client, path: str, body: Any, key: str) -> httpx.Response:
    """Send until there is an answer, as a client does that is told to come again."""
    pause = threading.Event()
    while True:
        answer = client.post(path, json=body, headers={HEADER: key})
        if answer.status_code != 409 or answer.json()["code"] != "idempotency_key_in_progress":
            return answer
        assert answer.headers["Retry-After"] == "1"
        pause.wait(RETRY_SECONDS)


def all_settled(
    web: WebServer, host: str, access: str, path: str, body: Any
) -> list[httpx.Response]:
    """Send one request with one key by a crowd until everybody has an answer."""
    key = str(uuid4())
    with crowd(web, host, access, CLIENTS) as people:
        return people.ask(lambda client: settled(client, path, body, key))


def assert_one_answer(answers: list[httpx.Response], status: int) -> None:
    """Fail unless one request was carried out and everybody has its answer, byte by byte."""
    assert statuses(answers) == {status: CLIENTS}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["Content-Type"] for answer in answers}) == 1
    replayed = Counter(answer.headers.get(REPLAYED) for answer in answers)
    assert replayed == {None: 1, "true": CLIENTS - 1}


class TestCrowd:
    @pytest.fixture
    def settle(self, web: WebServer, club: ClubWorld) -> Settle:
        access = api.access_token(club, Role.CLUB_STAFF)
        return lambda path, body: all_settled(web, club.host, access, path, body)

    def test_buys_once(self, club: ClubWorld, settle: Settle) -> None:
        customer, package = new_customer(), new_package(visits=3)
        body = {"customer": str(customer.id), "package": str(package.id), "method": "cash"}
        assert_one_answer(settle("sales", body), 201)
        assert Invoice.objects.filter(customer_id=customer.id).count() == 1
        assert Subscription.objects.filter(customer_id=customer.id).count() == 1

    def test_makes_one_customer(self, club: ClubWorld, settle: Settle) -> None:
        name = f"Ida {uuid4().hex}"
        assert_one_answer(settle("customers", {"name": name, "allow_duplicate": True}), 201)
        assert Customer.objects.filter(name=name).count() == 1

    def test_would_make_as_many_as_it_is_without_the_key(
        self, web: WebServer, club: ClubWorld
    ) -> None:
        body = {"name": f"Ida {uuid4().hex}", "allow_duplicate": True}
        access = api.access_token(club, Role.CLUB_STAFF)
        with crowd(web, club.host, access, CLIENTS) as people:
            answers = people.post("customers", body)
        assert Customer.objects.filter(name=body["name"]).count() == CLIENTS
        with pytest.raises(AssertionError):
            assert_one_answer(answers, 201)

    def test_cancels_once(self, club: ClubWorld, settle: Settle) -> None:
        subscription = new_pass(visits=3, at=clock.now()).subscription
        answers = settle(f"subscriptions/{subscription}/cancel", {"reason": "Moved away."})
        assert_one_answer(answers, 200)
        done = SubscriptionChange.objects.filter(subscription_id=subscription, action="cancel")
        assert done.count() == 1

    def test_annuls_once(self, club: ClubWorld, settle: Settle) -> None:
        member = new_pass(visits=3, at=clock.now())
        check_in = scan(member.code, at=clock.now()).check_in
        assert_one_answer(settle(f"check-ins/{check_in.id}/annul", {}), 201)
        assert Annulment.objects.filter(check_in=check_in).count() == 1
        assert CreditEntry.objects.filter(check_in_id=check_in.id).count() == 2

    def test_gets_one_refusal(self, club: ClubWorld, settle: Settle) -> None:
        member = new_pass(visits=3, at=clock.now())
        refused = scan("nonsense", at=clock.now()).check_in
        answers = settle(f"check-ins/{refused.id}/annul", {})
        assert_one_answer(answers, 409)
        assert answers[0].json()["code"] == "not_annullable"
        assert member.sale.subscription.status == "active"

    def test_provisions_one_club(self, web: WebServer, club: ClubWorld) -> None:
        slug = new_slug()
        access = api.access_token(None, Role.SYSTEM_ADMIN)
        answers = all_settled(web, api.PLATFORM_HOST, access, "clubs", order(slug))
        assert_one_answer(answers, 201)
        with web.client(f"{slug}.localhost") as client:
            credentials = order(slug)["admin"]
            assert client.post("auth/token", json=credentials).status_code == 200


class TestKilled:
    """The process ends where it stands; another one gets the repeat."""

    @pytest.fixture
    def sell(
        self, web: WebServer, club: ClubWorld, tmp_path: Path
    ) -> Callable[..., tuple[httpx.Response, int]]:
        """Ask a server that dies for a sale, then another; return its answer and the invoices."""
        customer, package = new_customer(), new_package(visits=3)
        body = {"customer": str(customer.id), "package": str(package.id), "method": "cash"}
        access, key = api.access_token(club, Role.CLUB_STAFF), str(uuid4())

        def ask(**told: str) -> tuple[httpx.Response, int]:
            with (
                serving(
                    live_url(), tmp_path, application="tests.support.mortal:application", **told
                ) as dying,
                dying.client(club.host, access) as client,
                pytest.raises(httpx.TransportError),
            ):
                client.post("sales", json=body, headers={HEADER: key})
            with web.client(club.host, access) as client:
                answer = settled(client, "sales", body, key)
                again = settled(client, "sales", body, key)
            assert again.content == answer.content
            assert again.headers[REPLAYED] == "true"
            return answer, Invoice.objects.filter(customer_id=customer.id).count()

        return ask

    @pytest.mark.parametrize("place", PLACES)
    def test_sale_is_made_once(
        self, sell: Callable[..., tuple[httpx.Response, int]], place: str
    ) -> None:
        answer, invoices = sell(DIE=place)
        assert (answer.status_code, invoices) == (201, 1)
        invoice = Invoice.objects.get(pk=answer.json()["invoice"]["id"])
        assert invoice.number == answer.json()["invoice"]["number"]
        # Only what was committed before the end is a repeat.
        assert (REPLAYED in answer.headers) == (place == "after the commit")

    def test_sale_would_be_made_twice_were_answers_kept_apart(
        self, sell: Callable[..., tuple[httpx.Response, int]]
    ) -> None:
        answer, invoices = sell(DIE="after the effect", KEEP_APART="1")
        assert (answer.status_code, invoices) == (201, 2)
