"""A club's sealed signing key opens in that club alone."""

import pytest

from platform_shared.kit import vault
from platform_shared.kit.access import Role
from platform_shared.kit.vault import VaultError
from platform_shared.tenancy import binding
from tenant_apps.qr_codes import keys
from tenant_apps.qr_codes.models import SigningKey
from tests.support import api
from tests.support.world import BORN, ClubWorld


def bring_key(to: ClubWorld, come_from: ClubWorld) -> SigningKey:
    """Put B's whole key into A's row, as whoever can write to the database might."""
    with binding.club(come_from.ref):
        theirs = SigningKey.objects.get()
    with binding.club(to.ref):
        mine = SigningKey.objects.get()
        mine.key_id = bytes(theirs.key_id)
        mine.public_key = bytes(theirs.public_key)
        mine.sealed_private_key = bytes(theirs.sealed_private_key)
        mine.save()
        return SigningKey.objects.get()


class TestSealedKeyOfAnotherClub:
    def test_cannot_be_opened(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        brought = bring_key(club_a, club_b)
        with binding.club(club_a.ref), pytest.raises(VaultError):
            keys.private_key_of(brought)
        with binding.club(club_b.ref):  # the very bytes, at home
            assert keys.private_key_of(brought).public_key().public_bytes_raw() == bytes(
                brought.public_key
            )

    def test_signs_nothing_here(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        bring_key(club_a, club_b)
        staff = api.as_role(club_a, Role.CLUB_STAFF)
        answer = staff.get(f"qr-codes/{club_a.qr_code}")
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal_error"
        assert "QC1:" not in answer.content.decode()

    def test_is_not_sealed_anew_here(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        brought = bring_key(club_a, club_b)
        context = f"club:{club_a.ref.id}/signing-key/{bytes(brought.key_id).hex()}"
        with pytest.raises(VaultError):
            vault.configured().reseal(bytes(brought.sealed_private_key), context=context)

    def test_would_open_if_the_context_did_not_name_the_club(
        self, club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys, "_context", lambda key_id: f"signing-key/{key_id.hex()}")
        with binding.club(club_b.ref):
            made = keys.rotate(now=BORN)
        with binding.club(club_a.ref):
            assert keys.private_key_of(made)


class TestKeysOfTwoClubs:
    def test_are_two(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        found = []
        for club in (club_a, club_b):
            with binding.club(club.ref):
                found.append(bytes(SigningKey.objects.get().public_key))
        assert found[0] != found[1]
