from uuid import UUID

from django.db.models import QuerySet

from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.models import User
from platform_shared.kit import emails
from platform_shared.kit.access import Role
from platform_shared.kit.errors import NotFound
from platform_shared.kit.ordering import Sort

BY_EMAIL = Sort("email", ("email",))


def list_users(*roles: Role) -> QuerySet[User]:
    """Return the accounts of the bound schema that have one of ``roles``."""
    return User.objects.filter(role__in=roles)


def list_active_staff() -> QuerySet[User]:
    """Return who counts towards the club's plan."""
    return list_users(*CLUB_ROLES).filter(is_active=True)


def get_user(user_id: UUID, *roles: Role) -> User:
    """Return the account, if it has one of ``roles``.

    Raises:
        NotFound: there is none here.
    """
    user = list_users(*roles).filter(pk=user_id).first()
    if user is None:
        raise NotFound("No such account.")
    return user


def find_by_email(email: str) -> User | None:
    """Return the account with this e-mail, whatever its case, or None."""
    return User.objects.filter(email=emails.normalise(email)).first()


def lock_user(user_id: UUID, *roles: Role) -> User:
    """Return the account, locked until the transaction ends.

    Raises:
        NotFound: there is none here.
    """
    user = list_users(*roles).select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound("No such account.")
    return user
