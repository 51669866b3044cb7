"""Words are compared without accents, case and punctuation."""

import pytest

from tenant_apps.customers import names


class TestFold:
    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("Ångström", "angstrom"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("İstanbul", "istanbul"),
            ("ﬁne", "fine"),
            ("Ελένη", "ελενη"),
            ("Ё", "е"),
            ("한", "한".encode().decode()),
        ],
    )
    def test_leaves_neither_accents_nor_case(self, text: str, folded: str) -> None:
        assert names.fold(text) == names.fold(folded)
        assert names.fold(names.fold(text)) == names.fold(text)

    def test_keeps_letters_that_differ_apart(self) -> None:
        assert names.fold("Muller") != names.fold("Mueller")


class TestWords:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Anne-Marie O'Neil", ["anne", "marie", "oneil"]),
            ("  Dr.  J.R. Smith, jun. ", ["dr", "jr", "smith", "jun"]),
            ("山田 太郎", ["山田", "太郎"]),
            ("-- ' --", []),
            ("", []),
        ],
    )
    def test_are_told_by_blanks_and_hyphens(self, text: str, words: list[str]) -> None:
        assert names.words(text) == words

    def test_are_no_longer_than_a_term(self) -> None:
        assert [len(word) for word in names.words("\ufdf2" * 160)] == [names.LONGEST_TERM]


class TestKey:
    def test_is_that_of_the_same_name_written_otherwise(self) -> None:
        assert names.key("Éva Szabó-Nagy") == names.key("SZABO NAGY, eva")
        assert names.key("Eva Szabo") != names.key("Eva Nagy")

    def test_fits_its_column(self) -> None:
        assert len(names.key("\ufdfa " * 80)) == 400


class TestTerms:
    def test_are_the_words_and_what_a_hyphen_joins(self) -> None:
        assert names.terms("Anne-Marie O'Neil") == {"anne", "marie", "annemarie", "oneil"}
        assert names.terms("-") == set()
