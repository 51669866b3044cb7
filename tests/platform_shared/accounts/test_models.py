"""The database keeps what the code promises about accounts."""

import pytest
from django.db import IntegrityError, transaction

from platform_shared.accounts.models import PasswordLink, RefreshToken, Session, User
from tests.support.world import BORN, ClubWorld


def new_user(**fields: str) -> User:
    return User.objects.create(
        **{"email": "new@alpha.test", "role": "club_staff", "created_at": BORN, **fields}
    )


class TestUser:
    def test_is_called_by_the_e_mail(self, bound_a: ClubWorld) -> None:
        assert str(new_user()) == "new@alpha.test"

    @pytest.mark.parametrize(
        "fields",
        [{"email": "New@alpha.test"}, {"role": "owner"}, {"email": "staff@alpha.test"}],
    )
    def test_has_a_lower_case_e_mail_of_its_own_and_a_known_role(
        self, bound_a: ClubWorld, fields: dict[str, str]
    ) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            new_user(**fields)


class TestRecords:
    def test_are_called_by_their_ids(self) -> None:
        for record in (Session(), RefreshToken(), PasswordLink()):
            assert str(record) == str(record.id)
