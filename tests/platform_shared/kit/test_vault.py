"""Secrets open only where they belong, and master keys can be rotated."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_shared.kit import vault
from platform_shared.kit.vault import Vault, VaultError, parse_keys

OLD = bytes(range(32))
NEW = bytes(range(32, 64))
CONTEXT = "club:01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01/signing-key/5a40c0de"
OTHER_CLUB = "club:01979c6e-5a40-7c3e-8d21-4f6b0a9e1c02/signing-key/5a40c0de"
SECRET = b"a signing seed of thirty-two byt"
# SECRET under OLD in CONTEXT, sealed once and kept: the layout and derivation must not drift.
SEALED_EARLIER = bytes.fromhex(
    "012a98d49ffe0df3a5b3b1d8db2f75261953a94aeb54cbed5a5b99ea6f4fb3bbdcdbefaf95efdf26"
    "b497b900a902831a0c57a2733f9f5a71ce17d0edcf817868e9"
)


def text_of(*keys: bytes) -> str:
    """Write keys as the environment holds them."""
    return ",".join(base64.urlsafe_b64encode(key).rstrip(b"=").decode() for key in keys)


class TestSealing:
    @settings(deadline=None)
    @given(plaintext=st.binary(max_size=512), context=st.text("abc:/-0é", min_size=1))
    def test_opens_to_what_was_sealed(self, plaintext: bytes, context: str) -> None:
        box = Vault([OLD])
        assert box.open(box.seal(plaintext, context=context), context=context) == plaintext

    def test_follows_the_published_layout(self) -> None:
        sealed = Vault([OLD]).seal(SECRET, context=CONTEXT)
        assert sealed[:1] == b"\x01"
        assert sealed[1:5] == Vault([OLD, NEW]).seal(b"", context="other")[1:5]
        assert len(sealed) == 1 + 4 + 12 + len(SECRET) + 16

    def test_differs_each_time(self) -> None:
        box = Vault([OLD])
        assert len({box.seal(SECRET, context=CONTEXT) for _ in range(50)}) == 50

    def test_shows_neither_the_secret_nor_the_master_key(self) -> None:
        box = Vault([OLD])
        sealed = box.seal(SECRET, context=CONTEXT)
        assert SECRET not in sealed
        assert OLD[:4] not in sealed
        assert OLD.hex() not in repr(box)

    def test_needs_a_context(self) -> None:
        with pytest.raises(ValueError, match="context"):
            Vault([OLD]).seal(SECRET, context="")

    def test_still_opens_what_an_earlier_release_sealed(self) -> None:
        assert Vault([NEW, OLD]).open(SEALED_EARLIER, context=CONTEXT) == SECRET


class TestOpening:
    def test_fails_in_another_club(self) -> None:
        box = Vault([OLD])
        sealed = box.seal(SECRET, context=CONTEXT)
        with pytest.raises(VaultError, match="another context"):
            box.open(sealed, context=OTHER_CLUB)

    def test_would_not_fail_in_another_club_if_contexts_shared_a_key(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the derived key is what the test above rests on.
        monkeypatch.setattr(vault, "_subkey", lambda master, context: master)
        box = Vault([OLD])
        assert box.open(box.seal(SECRET, context=CONTEXT), context=OTHER_CLUB) == SECRET

    def test_fails_for_any_changed_byte(self) -> None:
        box = Vault([OLD, NEW])
        sealed = box.seal(SECRET, context=CONTEXT)
        for index in range(len(sealed)):
            changed = bytearray(sealed)
            changed[index] ^= 0x01
            with pytest.raises(VaultError):
                box.open(bytes(changed), context=CONTEXT)

    def test_fails_when_the_key_id_names_another_master_key(self) -> None:
        box = Vault([OLD, NEW])
        sealed = box.seal(SECRET, context=CONTEXT)
        other_id = Vault([NEW]).seal(b"", context=CONTEXT)[1:5]
        with pytest.raises(VaultError):
            box.open(sealed[:1] + other_id + sealed[5:], context=CONTEXT)

    @pytest.mark.parametrize("length", [0, 1, 5, 17, 32])
    def test_fails_for_a_stump(self, length: int) -> None:
        box = Vault([OLD])
        with pytest.raises(VaultError, match="not a sealed secret"):
            box.open(box.seal(b"", context=CONTEXT)[:length], context=CONTEXT)

    def test_says_which_master_key_is_missing(self) -> None:
        sealed = Vault([OLD]).seal(SECRET, context=CONTEXT)
        with pytest.raises(VaultError, match=sealed[1:5].hex()):
            Vault([NEW]).open(sealed, context=CONTEXT)


class TestRotation:
    def test_opens_what_older_keys_sealed(self) -> None:
        sealed = Vault([OLD]).seal(SECRET, context=CONTEXT)
        assert Vault([NEW, OLD]).open(sealed, context=CONTEXT) == SECRET

    def test_reseals_under_the_first_key_so_the_old_one_can_go(self) -> None:
        sealed = Vault([OLD]).seal(SECRET, context=CONTEXT)
        both = Vault([NEW, OLD])
        assert both.needs_resealing(sealed)
        resealed = both.reseal(sealed, context=CONTEXT)
        assert not both.needs_resealing(resealed)
        assert Vault([NEW]).open(resealed, context=CONTEXT) == SECRET

    def test_does_not_reseal_into_another_context(self) -> None:
        both = Vault([NEW, OLD])
        sealed = Vault([OLD]).seal(SECRET, context=CONTEXT)
        with pytest.raises(VaultError):
            both.reseal(sealed, context=OTHER_CLUB)

    def test_refuses_to_judge_foreign_bytes(self) -> None:
        with pytest.raises(VaultError):
            Vault([OLD]).needs_resealing(b"\x02" + bytes(60))


class TestMasterKeys:
    @pytest.mark.parametrize("keys", [[], [OLD[:31]], [OLD, NEW + b"\x00"], [OLD, OLD]])
    def test_must_be_some_of_32_bytes_and_distinct(self, keys: list[bytes]) -> None:
        with pytest.raises(ValueError, match="key"):
            Vault(keys)

    def test_are_read_in_order(self) -> None:
        assert parse_keys(text_of(NEW, OLD)) == [NEW, OLD]

    def test_may_have_blanks_around_them(self) -> None:
        assert parse_keys(f" {text_of(NEW)} , {text_of(OLD)}\n") == [NEW, OLD]

    @given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4, unique=True))
    def test_survive_being_written_and_read(self, keys: list[bytes]) -> None:
        assert parse_keys(text_of(*keys)) == keys

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("", "no master keys"),
            (" \n", "no master keys"),
            (text_of(OLD) + ",", "master key 2 of 2 is empty"),
            (text_of(OLD) + "=", "master key 1 of 1 has padding"),
            (text_of(OLD[:31]), "master key 1 of 1 has 31 bytes instead of 32"),
            (text_of(OLD, NEW + b"\x00"), "master key 2 of 2 has 33 bytes instead of 32"),
            (text_of(OLD)[:-1] + "!", "is not url-safe base64"),
            (text_of(OLD)[:-1] + "é", "is not url-safe base64"),
            (text_of(OLD)[:-2], "is not url-safe base64"),
            (text_of(OLD)[:20] + " " + text_of(OLD)[20:], "is not url-safe base64"),
            (text_of(b"\xff" * 32).replace("_", "/"), "is not canonical"),
            (text_of(OLD)[:-1] + "9", "is not canonical"),
            (text_of(OLD, NEW, OLD), "given twice"),
        ],
    )
    def test_are_refused_without_being_shown(self, text: str, complaint: str) -> None:
        with pytest.raises(ValueError, match=complaint) as caught:
            parse_keys(text)
        pieces = [piece for entry in text.split(",") if (piece := entry.strip()[:8])]
        assert not any(piece in str(caught.value) for piece in pieces)
        # A chained error would be printed with its own message.
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
