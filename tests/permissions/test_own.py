"""A customer sees their own things and not those of the next one."""

from typing import Any
from uuid import UUID

import pytest

from platform_shared.accounts import services as account_services
from platform_shared.kit import clock
from platform_shared.kit.principal import SYSTEM
from platform_shared.kit.views import ApiView
from platform_shared.tenancy import binding
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers import services as customer_services
from tenant_apps.invoices import selectors as invoice_selectors
from tenant_apps.me import selectors as my_selectors
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.qr_codes import selectors as code_selectors
from tenant_apps.sales import services as sale_services
from tests.support.api import Caller
from tests.support.world import BORN, PASSWORD, ClubWorld

LISTS = ("me/subscriptions", "me/qr-codes", "me/check-ins", "me/invoices", "me/payments")
ONE = {
    "me/subscriptions/{}": "me/subscriptions",
    "me/subscriptions/{}/entries": "me/subscriptions",
    "me/check-ins/{}": "me/check-ins",
    "me/invoices/{}": "me/invoices",
}


@pytest.fixture
def neighbour(club_a: ClubWorld) -> dict[str, UUID]:
    """Another customer with a login and one of everything; the ids, ``customer`` among them."""
    with binding.club(club_a.ref):
        customer = customer_services.create_customer(name="Nora", email="nora@alpha.test", now=BORN)
        customer_services.invite_customer(customer_id=customer.id, password=PASSWORD, now=BORN)
        sale = sale_services.sell_at_desk(
            customer_id=customer.id,
            package_id=club_a.credits_package,
            method=PaymentMethod.CASH,
            starts_at=None,
            now=BORN,
            actor=SYSTEM,
        )
        check_in = checkin_services.record_scan(
            scan=checkin_services.Scan(UUID(int=1), Kind.ENTRY, customer_id=customer.id),
            now=BORN,
            actor=SYSTEM,
        ).check_in
    return {
        "customer": customer.id,
        "me/subscriptions": sale.subscription.id,
        "me/qr-codes": sale.qr_code.id,
        "me/check-ins": check_in.id,
        "me/invoices": sale.invoice.id,
        "me/payments": sale.payment.id,
    }


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [row["id"] for row in answer.json()["results"]]


def caller_of(club: ClubWorld, email: str) -> Caller:
    with binding.club(club.ref):
        signed_in = account_services.sign_in(email=email, password=PASSWORD, now=clock.now())
    return Caller(club.host, signed_in.access)


class TestOwnLists:
    @pytest.mark.parametrize("path", LISTS)
    def test_hold_the_callers_rows_alone(
        self, path: str, club_a: ClubWorld, neighbour: dict[str, UUID], customer_a: Caller
    ) -> None:
        nora = caller_of(club_a, "nora@alpha.test")
        assert ids(nora.get(path)) == [str(neighbour[path])]
        assert str(neighbour[path]) not in ids(customer_a.get(path))

    @pytest.mark.parametrize("path", LISTS)
    def test_cannot_be_widened_by_a_filter(
        self, path: str, neighbour: dict[str, UUID], customer_a: Caller
    ) -> None:
        answer = customer_a.get(f"{path}?customer={neighbour['customer']}&page_size=200")
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"]) == ("customer", "unknown_parameter")
        assert str(neighbour[path]) not in answer.content.decode()

    @pytest.mark.parametrize("path", LISTS)
    def test_would_not_be_widened_even_if_the_filter_were_let_through(
        self,
        path: str,
        neighbour: dict[str, UUID],
        customer_a: Caller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        known = {"customer", "page_size"}
        monkeypatch.setattr(ApiView, "names_read", classmethod(lambda cls, method: known))
        widened = ids(customer_a.get(f"{path}?customer={neighbour['customer']}&page_size=200"))
        assert widened == ids(customer_a.get(path))
        assert str(neighbour[path]) not in widened

    @pytest.mark.parametrize("path", LISTS)
    def test_would_hold_the_neighbours_rows_if_the_caller_were_not_asked(
        self,
        path: str,
        neighbour: dict[str, UUID],
        customer_a: Caller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with_id = customer_selectors.get_customer
        monkeypatch.setattr(
            customer_selectors, "get_by_user", lambda user_id: with_id(neighbour["customer"])
        )
        assert ids(customer_a.get(path)) == [str(neighbour[path])]


class TestOwnThings:
    @pytest.mark.parametrize(("path", "of"), ONE.items(), ids=ONE)
    def test_are_there_for_their_owner_alone(
        self,
        path: str,
        of: str,
        club_a: ClubWorld,
        neighbour: dict[str, UUID],
        customer_a: Caller,
    ) -> None:
        nora = caller_of(club_a, "nora@alpha.test")
        assert nora.get(path.format(neighbour[of])).status_code == 200
        answer = customer_a.get(path.format(neighbour[of]))
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    @pytest.mark.parametrize(("path", "of"), ONE.items(), ids=ONE)
    def test_would_be_shown_without_the_narrowing(
        self,
        path: str,
        of: str,
        neighbour: dict[str, UUID],
        customer_a: Caller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        mine, hers = my_selectors.list_subscriptions, neighbour["customer"]
        any_invoice, any_check_in = invoice_selectors.get_invoice, checkin_selectors.get_check_in
        monkeypatch.setattr(my_selectors, "list_subscriptions", lambda _: mine(hers))
        monkeypatch.setattr(invoice_selectors, "get_invoice", lambda one, **_: any_invoice(one))
        monkeypatch.setattr(checkin_selectors, "get_check_in", lambda one, **_: any_check_in(one))
        assert customer_a.get(path.format(neighbour[of])).status_code == 200


@pytest.mark.parametrize("drawn", ["image", "card"])
class TestOwnPictures:
    def test_of_another_customers_code_do_not_exist(
        self, drawn: str, club_a: ClubWorld, neighbour: dict[str, UUID], customer_a: Caller
    ) -> None:
        assert customer_a.get(f"me/qr-codes/{club_a.qr_code}/{drawn}").status_code == 200
        answer = customer_a.get(f"me/qr-codes/{neighbour['me/qr-codes']}/{drawn}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_would_be_drawn_without_the_narrowing(
        self,
        drawn: str,
        neighbour: dict[str, UUID],
        customer_a: Caller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        get_any = code_selectors.get_code
        monkeypatch.setattr(code_selectors, "get_code", lambda code_id, **_: get_any(code_id))
        answer = customer_a.get(f"me/qr-codes/{neighbour['me/qr-codes']}/{drawn}")
        assert answer.status_code == 200


class TestHiddenPackage:
    """What is not on offer does not exist for those who buy; those who sell see it."""

    def test_is_shown_to_those_who_sell_alone(
        self, club_a: ClubWorld, admin_a: Caller, staff_a: Caller, customer_a: Caller
    ) -> None:
        path = f"packages/{club_a.period_package}"
        assert admin_a.patch(path, {"is_public": False}).status_code == 200
        assert staff_a.get(path).status_code == 200
        assert customer_a.get(path).status_code == 404
        assert str(club_a.period_package) in ids(staff_a.get("packages"))
        assert str(club_a.period_package) not in ids(customer_a.get("packages"))


class TestOtherAccounts:
    def test_of_customers_are_no_staff(
        self, club_a: ClubWorld, admin_a: Caller, neighbour: dict[str, UUID]
    ) -> None:
        with binding.club(club_a.ref):
            login = customer_selectors.get_customer(neighbour["customer"]).user_id
        assert admin_a.get(f"staff/{login}").status_code == 404
        assert admin_a.patch(f"staff/{login}", {"role": "club_admin"}).status_code == 404
        assert str(login) not in ids(admin_a.get("staff"))
