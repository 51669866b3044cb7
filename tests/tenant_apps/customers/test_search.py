"""Finding customers by what they are called, written to and rung up by."""

import pytest

from platform_shared.clubs import services as club_services
from tenant_apps.customers import selectors, services
from tenant_apps.customers.models import SearchTerm
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.sales.desk import new_customer


@pytest.fixture
def people(bound_a: ClubWorld) -> None:
    new_customer("Anne-Marie O'Neil", email="am.oneil@alpha.test", phone="030 1234567")
    new_customer("Åsa Straße", phone="+44 20 7946 0958", tags=["VIP", "Früh aufsteher"])
    new_customer("Maria Schmidt")
    new_customer("Maria Meyer", email="maria@schmidt.test")


def found(text: str) -> list[str]:
    rows = selectors.list_customers().filter(pk__in=selectors.found_by(text).values("pk"))
    return sorted(row.name for row in rows)


class TestFoundBy:
    @pytest.mark.parametrize(
        ("text", "who"),
        [
            ("anne", ["Anne-Marie O'Neil"]),
            ("MARIE", ["Anne-Marie O'Neil"]),
            ("annema", ["Anne-Marie O'Neil"]),
            ("Anne-Mar", ["Anne-Marie O'Neil"]),
            ("o'neil", ["Anne-Marie O'Neil"]),
            ("oneil anne", ["Anne-Marie O'Neil"]),
            ("mari", ["Anne-Marie O'Neil", "Maria Meyer", "Maria Schmidt"]),
            ("maria schm", ["Maria Schmidt"]),
            ("schmidt, maria", ["Maria Schmidt"]),
            ("asa", ["Åsa Straße"]),
            ("ÅSA STRASSE", ["Åsa Straße"]),
            ("maria nobody", []),
            ("eil", []),
            ("am.one", ["Anne-Marie O'Neil"]),
            ("AM.oneil@alpha", ["Anne-Marie O'Neil"]),
            ("maria@", ["Maria Meyer"]),
            ("@alpha", []),
            ("030 123", ["Anne-Marie O'Neil"]),
            ("+49 30", ["Anne-Marie O'Neil"]),
            ("0049 (0)30/123-4567", ["Anne-Marie O'Neil"]),
            ("020 7946", ["Åsa Straße"]),
            ("+44 20 7946 0958", ["Åsa Straße"]),
            ("123", []),
            ("--", []),
            ("\U0010ffff", []),
            ("%", []),
        ],
    )
    def test_finds_whom_every_word_begins(self, people: None, text: str, who: list[str]) -> None:
        assert found(text) == who

    def test_follows_every_change(self, bound_a: ClubWorld) -> None:
        customer = new_customer("Dora", phone="030 1234567")
        changes = {"name": "Theodora", "phone": "", "email": "dora@alpha.test"}
        services.change_customer(customer_id=customer.id, changes=changes, now=BORN)
        assert found("theo") == found("dora@") == ["Theodora"]
        assert found("dora ") == ["Theodora"]  # by the e-mail
        assert found("030") == []
        terms = SearchTerm.objects.filter(owner=customer).values_list("term", flat=True)
        assert set(terms) == {"theodora", "dora@alpha.test"}

    def test_takes_numbers_for_those_of_the_clubs_country(self, bound_a: ClubWorld) -> None:
        club_services.change_settings(club_id=bound_a.ref.id, changes={"country": "GB"})
        customer = new_customer("Dora", phone="020 7946 0958")
        assert customer.phone_e164 == "+442079460958"
        assert found("0044 20 7946 0958") == ["Dora"]


class TestWithTag:
    @pytest.mark.parametrize("tag", ["VIP", "vip", "fruh  AUFSTEHER"])
    def test_finds_whatever_the_case(self, people: None, tag: str) -> None:
        (row,) = selectors.list_customers().filter(pk__in=selectors.with_tag(tag))
        assert row.name == "Åsa Straße"

    def test_wants_the_whole_of_it(self, people: None) -> None:
        assert not selectors.list_customers().filter(pk__in=selectors.with_tag("vi"))


class TestIndexAll:
    def test_fills_in_what_was_not_kept_before(
        self, people: None, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = sorted(SearchTerm.objects.values_list("owner_id", "term"))
        numbers = sorted(selectors.list_customers().values_list("phone_e164", "name_key"))
        SearchTerm.objects.all().delete()
        selectors.list_customers().update(phone_e164="", name_key="")
        assert found("asa") == []
        monkeypatch.setattr(services, "INDEXED_AT_ONCE", 4)
        assert services.index_all() == services.index_all() == 6
        assert sorted(SearchTerm.objects.values_list("owner_id", "term")) == kept
        rows = selectors.list_customers().values_list("phone_e164", "name_key")
        assert sorted(rows) == numbers

    def test_leaves_a_number_that_is_none(self, bound_a: ClubWorld) -> None:
        selectors.list_customers().filter(pk=bound_a.customer).update(phone="call me")
        services.index_all()
        customer = selectors.get_customer(bound_a.customer)
        assert (customer.phone, customer.phone_e164) == ("call me", "")
