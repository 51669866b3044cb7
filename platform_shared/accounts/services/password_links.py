"""Links that set a password once: made, mailed, followed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from platform_shared.accounts import selectors
from platform_shared.accounts.errors import AccountInactive, InvalidPasswordLink
from platform_shared.accounts.models import PasswordLink, User
from platform_shared.accounts.services import passwords
from platform_shared.kit import emails, locks, one_time
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.mail import services as mail
from platform_shared.tenancy import binding, hosts

PASSWORD_LINK_LIFETIME = timedelta(days=3)
PASSWORD_LINK_PAUSE = timedelta(minutes=1)
PASSWORD_LINK_ASKED = "accounts.password_link_asked"  # noqa: S105 - a kind of mail


def create_password_link(*, user: User, now: datetime, others_end: bool = True) -> str:
    """Return a link that sets the account's password once; it lives three days.

    Older links of the account end, unless anybody could have asked for this one: otherwise a
    stranger could end the link that somebody was invited by. The secret is only in the link: the
    database keeps its SHA-256. Runs in the caller's transaction, which has made the account or
    holds its lock.
    """
    older = PasswordLink.objects.filter(user=user, used_at=None)
    (older if others_end else older.filter(expires_at__lte=now)).delete()
    secret = one_time.new_secret()
    PasswordLink.objects.create(
        user=user, token_hash=one_time.digest(secret), expires_at=now + PASSWORD_LINK_LIFETIME
    )
    return hosts.external_url(f"/api/v1/auth/password?token={secret}")


def ask_for_password_link(*, email: str, now: datetime) -> None:
    """Have a link mailed to the active account with this e-mail, if there is one.

    Whether there is one shows nowhere: the work is the same, and about nobody no mail is made.
    The link is made when the mail is sent; the first that is used ends the others.

    Locks: the e-mail (advisory). Idempotent by: the account, while a mail is on its way and for a
    minute after its link was made, so that nobody fills a mailbox.
    """
    with transaction.atomic():
        locks.take("password-link", binding.scope(), emails.normalise(email))
        user = selectors.find_by_email(email)
        subject_id = user.pk if user is not None and user.is_active else new_id()
        on_its_way = mail.is_waiting(kind=PASSWORD_LINK_ASKED, subject_id=subject_id)
        just_made = _fresh_links(subject_id, now).exists()
        if on_its_way or just_made:
            subject_id = new_id()  # nobody's: the same work again
        mail.send(kind=PASSWORD_LINK_ASKED, subject_id=subject_id, now=now)


def _fresh_links(user_id: UUID, now: datetime) -> QuerySet[PasswordLink]:
    made_after = now - PASSWORD_LINK_PAUSE
    return PasswordLink.objects.filter(
        user_id=user_id, used_at=None, expires_at__gt=made_after + PASSWORD_LINK_LIFETIME
    )


def renew_password_link(
    *, user_id: UUID, roles: Iterable[Role], now: datetime, others_end: bool = True
) -> str:
    """Return a fresh link for somebody whose link, or whose password, is lost.

    The password that there is goes on working until the link is used; ``others_end`` is as in
    ``create_password_link``.

    Locks: the account.

    Raises:
        NotFound: no such account with one of ``roles``.
        AccountInactive: its link would open nothing.
    """
    with transaction.atomic():
        user = selectors.lock_user(user_id, *roles)
        if not user.is_active:
            raise AccountInactive
        return create_password_link(user=user, now=now, others_end=others_end)


def _open_links(secret: str, now: datetime) -> Any:
    return PasswordLink.objects.filter(
        token_hash=one_time.digest(secret), used_at=None, expires_at__gt=now, user__is_active=True
    )


def get_password_link(*, secret: str, now: datetime) -> PasswordLink:
    """Return the link that this secret opens.

    Raises:
        InvalidPasswordLink: unknown, used, expired, or the account is deactivated.
    """
    link: PasswordLink | None = _open_links(secret, now).select_related("user").first()
    if link is None:
        raise InvalidPasswordLink
    return link


def set_password_by_link(*, secret: str, password: str, now: datetime) -> User:
    """Set the password, end the link and every session of the account, and return it.

    Locks: the account. Idempotent by: the link, which works once.

    Raises:
        InvalidPasswordLink: see ``get_password_link``.
        InvalidInput: the password is too weak; the link stays usable.
    """
    with transaction.atomic():
        user = selectors.lock_user(get_password_link(secret=secret, now=now).user_id, *Role)
        get_password_link(secret=secret, now=now)  # it may have ended while we waited
        passwords.set_password(user, password)
        passwords.end_what_it_opened(user, now)
        return user
