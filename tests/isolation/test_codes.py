"""A code of one club says nothing at another's door, not even whose it is."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.checkins.models import CheckIn
from tenant_apps.qr_codes.models import QRCode, SigningKey
from tests.permissions import state
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld


@pytest.fixture
def code_of_a(club_a: ClubWorld, staff_a: Caller) -> str:
    """The text of the code that A's customer carries."""
    text: str = staff_a.get(f"qr-codes/{club_a.qr_code}").json()["code"]
    return text


def scanned(club: ClubWorld, code: str, scan_id: UUID | None = None) -> Any:
    body = {"scan_id": scan_id or uuid4(), "kind": "exit", "code": code}
    return api.as_role(club, Role.CLUB_STAFF).post("door/scans", body)


def bring_key(to: ClubWorld, come_from: ClubWorld) -> SigningKey:
    """Add A's public key to those that verify at B."""
    with binding.club(come_from.ref):
        key = SigningKey.objects.get()
    with binding.club(to.ref):
        return SigningKey.objects.create(
            key_id=bytes(key.key_id),
            public_key=bytes(key.public_key),
            sealed_private_key=b"",
            status="verifying",
            created_at=BORN,
        )


def bring_code(to: ClubWorld, come_from: ClubWorld, key: SigningKey | None = None) -> None:
    """Give B's customer a code with the id of A's."""
    with binding.club(to.ref):
        QRCode.objects.create(
            id=come_from.qr_code,
            customer_id=to.customer,
            kind="static",
            signing_key=key or SigningKey.objects.get(),
            created_at=BORN,
            actor_kind="system",
            actor_label="system",
        )


class TestCodeOfAnotherClub:
    def test_is_unknown_and_names_nobody(
        self, club_a: ClubWorld, club_b: ClubWorld, code_of_a: str
    ) -> None:
        assert scanned(club_a, code_of_a).json()["customer"]["name"] == "Carla of alpha"
        before = state.contents()
        answer = scanned(club_b, code_of_a)
        assert answer.status_code == 201
        told = answer.json()
        assert (told["result"], told["reason"]) == ("refused", "unknown_code")
        assert told["customer"] is None
        assert told["subscription"] is None
        changed = state.changed(before, state.contents())
        schema = club_b.ref.schema_name
        assert set(changed) == {
            f"{schema}.checkins_checkin",
            f"{schema}.accounts_session",  # the scanner's own signing in
            f"{schema}.accounts_refreshtoken",
        }
        with binding.club(club_b.ref):
            row = CheckIn.objects.get()
            assert (row.customer_id, row.qr_code_id, row.subscription_id) == (None, None, None)

    def test_is_unknown_although_the_key_came_along(
        self, club_a: ClubWorld, club_b: ClubWorld, code_of_a: str
    ) -> None:
        bring_key(club_b, club_a)
        assert scanned(club_b, code_of_a).json()["reason"] == "unknown_code"

    def test_is_unknown_although_a_code_here_has_its_id(
        self, club_a: ClubWorld, club_b: ClubWorld, code_of_a: str
    ) -> None:
        bring_code(club_b, club_a)
        told = scanned(club_b, code_of_a).json()
        assert (told["reason"], told["customer"]) == ("unknown_code", None)

    def test_would_be_taken_for_a_code_of_the_club_with_both(
        self, club_a: ClubWorld, club_b: ClubWorld, code_of_a: str
    ) -> None:
        """What keeps it out is that B has neither the row nor the key, and only that."""
        bring_code(club_b, club_a, bring_key(club_b, club_a))
        told = scanned(club_b, code_of_a).json()
        assert told["reason"] == "ok"
        assert told["customer"]["name"] == "Carla of beta"


class TestScanIds:
    def test_are_each_clubs_own(self, club_a: ClubWorld, club_b: ClubWorld, code_of_a: str) -> None:
        scan_id = uuid4()
        first = scanned(club_a, code_of_a, scan_id)
        second = scanned(club_b, "QC1:NONSENSE", scan_id)
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.json()["reason"] == "unknown_code"
        assert scanned(club_a, code_of_a, scan_id).json() == first.json()
