"""Accounts: made, changed, renamed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from platform_shared.accounts import selectors
from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.errors import EmailTaken, LastAdmin
from platform_shared.accounts.models import PasswordLink, User
from platform_shared.accounts.services import password_links, passwords, revoking
from platform_shared.clubs import services as club_services
from platform_shared.kit import emails, locks
from platform_shared.kit.access import Role
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.plans.enums import Limit
from platform_shared.tenancy import binding
from platform_shared.tenancy.provisioning import NewClub


def create_user(
    *, email: str, name: str, role: Role, password: str | None, now: datetime
) -> tuple[User, str | None]:
    """Make an account in the bound schema; return it and, without a password, a link to set one.

    Raises:
        EmailTaken: whatever the case of the e-mail.
        InvalidInput: the password is too weak.
        PlanLimitReached: the club's plan has no room for another member of staff.
    """
    email = emails.normalise(email)
    with transaction.atomic():
        claim_email(email)
        if role in CLUB_ROLES:
            club_services.require_room(Limit.STAFF, selectors.list_active_staff())
        user = User(email=email, name=name, role=role, created_at=now)
        passwords.set_password(user, password)
        user.save(force_insert=True)
        return user, None if password else password_links.create_password_link(user=user, now=now)


def claim_email(email: str) -> None:
    locks.take("account-email", binding.scope(), email)
    if selectors.find_by_email(email) is not None:
        raise EmailTaken


def change_user(
    *,
    user_id: UUID,
    roles: Iterable[Role],
    changes: dict[str, Any],
    now: datetime,
    precondition: Precondition = UNCONDITIONAL,
) -> User:
    """Change an account's name, role or activity; who is deactivated or demoted is signed out.

    Locks: the account, and for demotions and deactivations the set of admins (advisory).

    Raises:
        NotFound: no such account with one of ``roles``.
        PreconditionFailed: it is no longer as the caller has seen it.
        LastAdmin: nobody would be left who may manage accounts.
        PlanLimitReached: reactivating would exceed the plan.
    """
    with transaction.atomic():
        locks.take("admins", binding.scope())
        user = selectors.lock_user(user_id, *roles)
        precondition.require(user)
        was_admin = user.is_active and user.role in (Role.CLUB_ADMIN, Role.SYSTEM_ADMIN)
        if changes.get("is_active") and not user.is_active and user.role in CLUB_ROLES:
            club_services.require_room(Limit.STAFF, selectors.list_active_staff())
        demoted = changes.get("role", user.role) != user.role
        silenced = not changes.get("is_active", user.is_active)
        if was_admin and (demoted or silenced):
            others = selectors.list_users(Role(user.role)).filter(is_active=True)
            if not others.exclude(pk=user.pk).exists():
                raise LastAdmin
        for field, value in changes.items():
            setattr(user, field, value)
        user.save(update_fields=list(changes) or ["name"])
        if silenced or demoted:
            revoking.revoke_sessions(user, "account_changed", now)
        elif "name" in changes:
            revoking.forget_after_commit(*revoking.open_sessions(user).values_list("pk", flat=True))
        return user


def create_first_admin(new: NewClub) -> dict[str, Any]:
    """Make a new club's first admin (a provisioning step)."""
    _, link = create_user(
        email=new.admin_email,
        name="",
        role=Role.CLUB_ADMIN,
        password=new.admin_password,
        now=new.now,
    )
    return {"password_link": link}


def change_email(*, user: User, email: str, now: datetime) -> None:
    """Have a login go by another e-mail; its links and sessions end.

    Runs in the caller's transaction.

    Locks: the e-mail (advisory), the account.

    Raises:
        EmailTaken: another account has it.
    """
    user = selectors.lock_user(user.pk, *Role)
    if user.email == email:
        return
    claim_email(email)
    user.email = email
    user.save(update_fields=["email"])
    PasswordLink.objects.filter(user=user, used_at=None).delete()
    revoking.revoke_sessions(user, "account_changed", now)


def renew_invitation(*, user: User, email: str, name: str, now: datetime) -> str:
    """Return a fresh link for an account that was never used, under its owner's name of today.

    Runs in the caller's transaction, which holds the account's lock.

    Raises:
        EmailTaken: another account has the e-mail.
    """
    if email != user.email:
        claim_email(email)
    user.email, user.name = email, name
    user.save(update_fields=["email", "name"])
    return password_links.create_password_link(user=user, now=now)


def rename(*, user: User, name: str) -> None:
    """Call an account by its owner's name of today; every session says it at its next request.

    Runs in the caller's transaction, which holds the account's lock.
    """
    if name == user.name:
        return
    user.name = name
    user.save(update_fields=["name"])
    revoking.forget_after_commit(*revoking.open_sessions(user).values_list("pk", flat=True))


def discard_unused(*, user: User) -> None:
    """Remove an account that has never had a password, and its links; its e-mail is free again.

    Runs in the caller's transaction, which holds the account's lock.
    """
    assert not user.has_usable_password()
    user.delete()
