"""The text of a key says that it is one, whose, and whether it was mistyped."""

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_shared.kit.ids import new_id
from tenant_apps.api_keys import key_texts


class TestNewText:
    def test_has_a_prefix_and_is_of_one_length(self) -> None:
        text = key_texts.new_text(new_id())
        assert text.startswith("qck_")
        assert len(text) == 64
        assert set(text[4:]) <= set(string.ascii_letters + string.digits)

    def test_is_another_each_time(self) -> None:
        key_id = new_id()
        texts = {key_texts.new_text(key_id) for _ in range(100)}
        assert len(texts) == 100
        assert {key_texts.id_in(text) for text in texts} == {key_id}

    def test_has_160_random_bits_at_least(self) -> None:
        assert len(key_texts.ALPHABET) ** key_texts.SECRET_LENGTH >= 2**160

    def test_begins_with_what_is_shown_of_it(self) -> None:
        key_id = new_id()
        assert key_texts.new_text(key_id).startswith(key_texts.prefix_of(key_id))


class TestIdIn:
    @given(st.uuids())
    def test_reads_what_was_written(self, key_id: UUID) -> None:
        assert key_texts.id_in(key_texts.new_text(key_id)) == key_id

    @given(st.integers(4, 63), st.sampled_from(key_texts.ALPHABET))
    def test_notices_every_character_that_is_another(self, place: int, other: str) -> None:
        text = key_texts.new_text(UUID(int=7))
        wrong = text[:place] + other + text[place + 1 :]
        assert key_texts.id_in(wrong) == (UUID(int=7) if wrong == text else None)

    @pytest.mark.parametrize("cut", [slice(0, 63), slice(4, 64), slice(0, 4), slice(0, 0)])
    def test_notices_a_part(self, cut: slice) -> None:
        assert key_texts.id_in(key_texts.new_text(new_id())[cut]) is None

    @pytest.mark.parametrize("more", ["\n", " ", "0"])
    def test_notices_what_follows(self, more: str) -> None:
        assert key_texts.id_in(key_texts.new_text(new_id()) + more) is None

    def test_takes_no_number_that_is_no_uuid(self) -> None:
        body = key_texts.PREFIX + "z" * (key_texts.ID_LENGTH + key_texts.SECRET_LENGTH)
        assert key_texts.id_in(body + key_texts._checksum(body)) is None

    def test_takes_digits_of_other_scripts_for_no_key(self) -> None:
        assert key_texts.id_in("qck_" + "٣" * 60) is None
