"""Setting a password by knowing the old one."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from platform_shared.accounts import selectors, services
from platform_shared.accounts.errors import (
    InvalidCredentials,
    InvalidPasswordLink,
    InvalidToken,
)
from platform_shared.accounts.models import User
from platform_shared.kit.access import Role
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.kit.ids import new_id
from tests.platform_shared.accounts.crew import (
    NEW_PASSWORD,
    claims,
    secret_of,
)
from tests.support.world import PASSWORD, ClubWorld


class TestChangePassword:
    def start(self, now: datetime) -> services.SignedIn:
        return services.sign_in(email="staff@alpha.test", password=PASSWORD, now=now)

    def change(self, signed_in: services.SignedIn, now: datetime, **other: Any) -> None:
        services.change_password(
            **{
                "user_id": signed_in.user.pk,
                "session_id": UUID(claims(signed_in.access)["sid"]),
                "current": PASSWORD,
                "new": NEW_PASSWORD,
                "now": now,
                **other,
            }
        )

    def test_ends_every_other_session_and_keeps_this_one(
        self, bound_a: ClubWorld, now: datetime
    ) -> None:
        here, there = self.start(now), self.start(now)
        self.change(here, now)
        assert services.refresh(raw=here.refresh, now=now)
        with pytest.raises(InvalidToken):
            services.refresh(raw=there.refresh, now=now)
        with pytest.raises(InvalidCredentials):
            self.start(now)

    def test_ends_links_that_are_on_their_way(self, bound_a: ClubWorld, now: datetime) -> None:
        here = self.start(now)
        link = services.renew_password_link(user_id=here.user.pk, roles=Role, now=now)
        self.change(here, now)
        with pytest.raises(InvalidPasswordLink):
            services.get_password_link(secret=secret_of(link), now=now)

    @pytest.mark.parametrize(
        ("other", "field", "code"),
        [
            ({"current": "wrong-password"}, "current_password", "wrong_password"),
            ({"new": "short"}, "new_password", "weak_password"),
            ({"new": "staff@alpha.test"}, "new_password", "weak_password"),
        ],
    )
    def test_changes_nothing_when_it_may_not(
        self, other: dict[str, str], field: str, code: str, bound_a: ClubWorld, now: datetime
    ) -> None:
        here, there = self.start(now), self.start(now)
        with pytest.raises(InvalidInput) as refused:
            self.change(here, now, **other)
        assert {(e.field, e.code) for e in refused.value.errors} == {(field, code)}
        assert services.refresh(raw=there.refresh, now=now)
        assert self.start(now)

    def test_asks_again_when_the_password_has_changed_meanwhile(
        self, bound_a: ClubWorld, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = self.start(now)
        lock = selectors.lock_user

        def changed_meanwhile(user_id: UUID, *roles: Role) -> User:
            user = lock(user_id, *roles)
            user.set_password("set-by-somebody-else")
            return user

        monkeypatch.setattr(selectors, "lock_user", changed_meanwhile)
        with pytest.raises(InvalidInput, match="current password"):
            self.change(here, now)

    def test_knows_no_account_of_support(self, bound_a: ClubWorld, now: datetime) -> None:
        with pytest.raises(NotFound):
            self.change(self.start(now), now, user_id=new_id())
