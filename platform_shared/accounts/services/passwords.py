"""Passwords: judged, set, and what the old one opened ended."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from platform_shared.accounts import selectors
from platform_shared.accounts.models import PasswordLink, User
from platform_shared.accounts.services import revoking
from platform_shared.kit.access import Role
from platform_shared.kit.errors import FieldError, InvalidInput


def set_password(user: User, password: str | None, field: str = "password") -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        problems = (FieldError(field, "weak_password", text) for text in error.messages)
        raise InvalidInput(*problems) from error
    user.password = make_password(password)


def change_password(
    *, user_id: UUID, session_id: UUID, current: str, new: str, now: datetime
) -> None:
    """Set the password of one who knows it; every other session and every link ends.

    The current one is checked before anything is locked, as ``sign_in`` does.

    Locks: the account.

    Raises:
        NotFound: no such account here: a system admin has none at a club.
        InvalidInput: the current password is wrong, or the new one too weak.
    """
    checked = selectors.get_user(user_id, *Role).password
    _require_password(current, checked)
    with transaction.atomic():
        user = selectors.lock_user(user_id, *Role)
        if user.password != checked:
            _require_password(current, user.password)
        set_password(user, new, "new_password")
        end_what_it_opened(user, now, but=session_id)


def _require_password(password: str, encoded: str) -> None:
    if not check_password(password, encoded):
        raise InvalidInput(
            FieldError("current_password", "wrong_password", "This is not the current password.")
        )


def end_what_it_opened(user: User, now: datetime, but: UUID | None = None) -> None:
    """Save the new password; end the links and the sessions of the account but one."""
    user.save(update_fields=["password"])
    PasswordLink.objects.filter(user=user, used_at=None).update(used_at=now)
    revoking.revoke_sessions(user, "password_set", now, but=but)
