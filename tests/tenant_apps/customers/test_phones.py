"""Phone numbers are read in any spelling and kept in one."""

import pytest

from platform_shared.kit.errors import InvalidInput
from tenant_apps.customers import phones


class TestRegionOf:
    @pytest.mark.parametrize(
        ("country", "time_zone", "region"),
        [
            ("AT", "Europe/Berlin", "AT"),
            ("", "Europe/Berlin", "DE"),
            ("", "America/New_York", "US"),
            ("", "US/Eastern", "US"),
            ("", "Asia/Kolkata", "IN"),
            ("", "UTC", None),
            ("", "Etc/GMT+5", None),
            ("", "CET", "BE"),
        ],
    )
    def test_is_the_clubs_country_or_that_of_its_zone(
        self, country: str, time_zone: str, region: str | None
    ) -> None:
        assert phones.region_of(country, time_zone) == region


class TestNormalise:
    @pytest.mark.parametrize(
        "text",
        [
            "+49 30 1234567",
            "+49 (0)30 123-45.6/7",
            "0049301234567",
            "030 / 123 45 67",
            "(030) 1234567",
            "tel:+49-30-1234567",
            "030 1234567 ext. 5",
            "٠٣٠ ١٢٣٤٥٦٧",
        ],
    )
    def test_gives_one_number_for_every_spelling(self, text: str) -> None:
        assert phones.normalise(text, "DE") == "+49301234567"

    def test_takes_it_for_one_of_the_region(self) -> None:
        assert phones.normalise("020 7946 0958", "GB") == "+442079460958"
        assert phones.normalise("+44 20 7946 0958", "DE") == "+442079460958"

    def test_needs_the_country_where_no_region_is_known(self) -> None:
        assert phones.normalise("+49 30 1234567", None) == "+49301234567"
        with pytest.raises(InvalidInput) as refused:
            phones.normalise("030 1234567", None)
        assert refused.value.errors == (phones.INVALID,)

    @pytest.mark.parametrize("text", ["call me", "12345", "+49", "+999 123456", "0"])
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            phones.normalise(text, "DE")

    def test_has_nothing_for_nothing(self) -> None:
        assert phones.normalise("", "DE") == ""


class TestTerms:
    def test_are_the_digits_as_dialled_from_anywhere(self) -> None:
        assert phones.terms("+49301234567") == {"49301234567", "0301234567", "301234567"}
        assert phones.terms("") == set()


class TestPrefixes:
    @pytest.mark.parametrize("text", ["+49 30 12", "0049 (0)30 12", "030/12", "(030) 1234567"])
    def test_begin_a_term_of_the_number_meant(self, text: str) -> None:
        terms = phones.terms("+49301234567")
        assert any(term.startswith(p) for term in terms for p in phones.prefixes(text, "DE"))

    @pytest.mark.parametrize("text", ["Dora", "a1", "()", "+"])
    def test_are_none_for_what_is_no_number(self, text: str) -> None:
        assert phones.prefixes(text, "DE") == set()
