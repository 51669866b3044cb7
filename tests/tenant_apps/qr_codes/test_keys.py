"""The clubs' signing keys: rotated, retired, and sealed anew under another master key."""

import io
import os
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from platform_shared.kit.errors import NotFound
from platform_shared.kit.vault import VaultError
from platform_shared.tenancy import binding
from tenant_apps.qr_codes import keys, selectors, services, tokens
from tenant_apps.qr_codes.enums import KeyStatus
from tenant_apps.qr_codes.errors import SigningKeyInUse
from tenant_apps.qr_codes.models import SigningKey
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import reason
from tests.tenant_apps.sales.desk import new_pass


def statuses() -> list[str]:
    """Return the statuses of the bound club's keys, oldest first."""
    return list(SigningKey.objects.order_by("id").values_list("status", flat=True))


def command(*words: str) -> str:
    """Run ``signing_keys`` and return what it printed."""
    out = io.StringIO()
    call_command("signing_keys", *words, stdout=out)
    return out.getvalue()


class TestList:
    def test_shows_the_keys_newest_first(self, bound_a: ClubWorld) -> None:
        old = keys.signing_key()
        new = keys.rotate(now=BORN)
        lines = command("list", "--club", "alpha").splitlines()
        assert [line.split(",")[0] for line in lines] == [f"{new}: signing", f"{old}: verifying"]


class TestRotate:
    def test_signs_new_codes_with_the_new_key(self, bound_a: ClubWorld) -> None:
        old = keys.signing_key()
        before = new_pass()
        new = keys.rotate(now=BORN)
        after = new_pass()
        assert statuses() == [KeyStatus.VERIFYING, KeyStatus.SIGNING]
        assert keys.signing_key() == new
        assert tokens.decode(before.code).key_id == bytes(old.key_id)
        assert tokens.decode(after.code).key_id == bytes(new.key_id)

    def test_keeps_the_old_codes_open(self, bound_a: ClubWorld) -> None:
        before = new_pass()
        for _ in range(3):
            keys.rotate(now=BORN)
        assert reason(before.code, at=BORN) == "ok"

    def test_leaves_one_that_signs(self, bound_a: ClubWorld) -> None:
        keys.rotate(now=BORN)
        with pytest.raises(IntegrityError, match="one_signing_key"), transaction.atomic():
            SigningKey.objects.update(status=KeyStatus.SIGNING)


class TestRetire:
    def test_shuts_the_door_to_what_it_signed(self, bound_a: ClubWorld) -> None:
        member = new_pass()
        old = keys.signing_key()
        keys.rotate(now=BORN)
        assert reason(member.code, at=BORN) == "ok"
        keys.retire(key_id=bytes(old.key_id), now=BORN)
        assert reason(member.code, at=BORN) == "unknown_code"
        code = selectors.get_code(member.sale.qr_code.id)
        assert not code.is_active_at(BORN)
        assert services.draw(code) == member.code  # still drawn for whoever holds the paper

    def test_is_refused_for_the_key_that_signs(self, bound_a: ClubWorld) -> None:
        with pytest.raises(SigningKeyInUse):
            keys.retire(key_id=bytes(keys.signing_key().key_id), now=BORN)
        assert statuses() == [KeyStatus.SIGNING]

    def test_keeps_its_moment_the_second_time(self, bound_a: ClubWorld) -> None:
        old = keys.signing_key()
        keys.rotate(now=BORN)
        first = keys.retire(key_id=bytes(old.key_id), now=BORN)
        again = keys.retire(key_id=bytes(old.key_id), now=BORN.replace(year=2027))
        assert (first.retired_at, again.retired_at) == (BORN, BORN)

    def test_knows_no_key_of_another_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            theirs = bytes(keys.signing_key().key_id)
        with pytest.raises(NotFound):
            keys.retire(key_id=theirs, now=BORN)


class TestReseal:
    @pytest.fixture
    def new_master(self, settings: Any) -> bytes:
        """A new master key that stands before the one the world was made with."""
        fresh = os.urandom(32)
        settings.MASTER_KEYS = (fresh, *settings.MASTER_KEYS)
        return fresh

    def test_lets_the_old_master_key_go(
        self, bound_a: ClubWorld, new_master: bytes, settings: Any
    ) -> None:
        member = new_pass()
        keys.rotate(now=BORN)  # this one is sealed under the new key already
        assert keys.reseal_all() == 1
        assert keys.reseal_all() == 0
        settings.MASTER_KEYS = (new_master,)
        assert services.draw(selectors.get_code(member.sale.qr_code.id)) == member.code
        assert reason(new_pass().code, at=BORN) == "ok"

    def test_is_what_lets_it_go(self, bound_a: ClubWorld, new_master: bytes, settings: Any) -> None:
        # Negative control.
        settings.MASTER_KEYS = (new_master,)
        with pytest.raises(VaultError):
            services.draw(selectors.get_code(bound_a.qr_code))

    def test_is_bound_to_the_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref):
            ours = keys.signing_key()
        with binding.club(club_b.ref), pytest.raises(VaultError):
            keys.private_key_of(ours)


class TestCommand:
    def test_rotates_and_retires(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with binding.club(club_a.ref):
            old = str(keys.signing_key())
        assert command("rotate", "--club", "alpha").endswith(": signing\n")
        assert command("retire", "--club", "alpha", "--key", old) == f"{old}: retired\n"
        with binding.club(club_a.ref):
            assert statuses() == [KeyStatus.RETIRED, KeyStatus.SIGNING]
        with binding.club(club_b.ref):
            assert statuses() == [KeyStatus.SIGNING]

    def test_reseals_every_club(self, club_a: ClubWorld, club_b: ClubWorld, settings: Any) -> None:
        old, new = settings.MASTER_KEYS, os.urandom(32)
        settings.MASTER_KEYS = (new, *old)
        assert set(command("reseal").splitlines()) == {
            "alpha: 1 keys sealed anew",
            "beta: 1 keys sealed anew",
        }
        settings.MASTER_KEYS = (new,)
        for club in (club_a, club_b):
            with binding.club(club.ref):
                keys.private_key_of(keys.signing_key())

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (("rotate", "--club", "gamma"), "gamma"),
            (("retire", "--club", "alpha", "--key", "nonsense"), "not a key id"),
            (("retire", "--club", "alpha", "--key", "00000000"), "not_found"),
        ],
    )
    def test_says_what_is_wrong(
        self, club_a: ClubWorld, words: tuple[str, ...], complaint: str
    ) -> None:
        with pytest.raises(CommandError, match=complaint):
            command(*words)

    def test_does_not_retire_the_key_that_signs(self, club_a: ClubWorld) -> None:
        with binding.club(club_a.ref):
            signing = str(keys.signing_key())
        with pytest.raises(CommandError, match="signing_key_in_use"):
            command("retire", "--club", "alpha", "--key", signing)
