"""Accounts: making and changing them, signing in and out, and links that set a password."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from platform_shared.accounts import selectors, sessions, tokens
from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.errors import (
    AccountInactive,
    EmailTaken,
    InvalidCredentials,
    InvalidPasswordLink,
    InvalidToken,
    LastAdmin,
)
from platform_shared.accounts.models import PasswordLink, RefreshToken, Session, User
from platform_shared.clubs import services as club_services
from platform_shared.kit import emails, locks, one_time
from platform_shared.kit.access import Role
from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.ids import new_id
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import Principal
from platform_shared.mail import services as mail
from platform_shared.plans.enums import Limit
from platform_shared.tenancy import binding, hosts
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.provisioning import NewClub

PASSWORD_LINK_LIFETIME = timedelta(days=3)
PASSWORD_LINK_PAUSE = timedelta(minutes=1)
PASSWORD_LINK_ASKED = "accounts.password_link_asked"  # noqa: S105 - a kind of mail


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client gets for credentials or a refresh token."""

    access: str
    refresh: str
    user: User


# --- accounts ---------------------------------------------------------------------------------


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
        _claim_email(email)
        if role in CLUB_ROLES:
            club_services.require_room(Limit.STAFF, selectors.list_active_staff())
        user = User(email=email, name=name, role=role, created_at=now)
        _set_password(user, password)
        user.save(force_insert=True)
        return user, None if password else create_password_link(user=user, now=now)


def _claim_email(email: str) -> None:
    locks.take("account-email", binding.scope(), email)
    if selectors.find_by_email(email) is not None:
        raise EmailTaken


def _set_password(user: User, password: str | None, field: str = "password") -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        problems = (FieldError(field, "weak_password", text) for text in error.messages)
        raise InvalidInput(*problems) from error
    user.password = make_password(password)


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
            _revoke_sessions(user, "account_changed", now)
        elif "name" in changes:
            _forget_after_commit(*_open_sessions(user).values_list("pk", flat=True))
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
    _claim_email(email)
    user.email = email
    user.save(update_fields=["email"])
    PasswordLink.objects.filter(user=user, used_at=None).delete()
    _revoke_sessions(user, "account_changed", now)


# --- password links ---------------------------------------------------------------------------


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


def renew_invitation(*, user: User, email: str, name: str, now: datetime) -> str:
    """Return a fresh link for an account that was never used, under its owner's name of today.

    Runs in the caller's transaction, which holds the account's lock.

    Raises:
        EmailTaken: another account has the e-mail.
    """
    if email != user.email:
        _claim_email(email)
    user.email, user.name = email, name
    user.save(update_fields=["email", "name"])
    return create_password_link(user=user, now=now)


def rename(*, user: User, name: str) -> None:
    """Call an account by its owner's name of today; every session says it at its next request.

    Runs in the caller's transaction, which holds the account's lock.
    """
    if name == user.name:
        return
    user.name = name
    user.save(update_fields=["name"])
    _forget_after_commit(*_open_sessions(user).values_list("pk", flat=True))


def discard_unused(*, user: User) -> None:
    """Remove an account that has never had a password, and its links; its e-mail is free again.

    Runs in the caller's transaction, which holds the account's lock.
    """
    assert not user.has_usable_password()
    user.delete()


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


def set_password_by_link(*, secret: str, password: str, now: datetime) -> None:
    """Set the password and end the link and every session of the account.

    Locks: the account. Idempotent by: the link, which works once.

    Raises:
        InvalidPasswordLink: see ``get_password_link``.
        InvalidInput: the password is too weak; the link stays usable.
    """
    with transaction.atomic():
        user = selectors.lock_user(get_password_link(secret=secret, now=now).user_id, *Role)
        get_password_link(secret=secret, now=now)  # it may have ended while we waited
        _set_password(user, password)
        _end_what_the_old_password_opened(user, now)


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
        _set_password(user, new, "new_password")
        _end_what_the_old_password_opened(user, now, but=session_id)


def _require_password(password: str, encoded: str) -> None:
    if not check_password(password, encoded):
        raise InvalidInput(
            FieldError("current_password", "wrong_password", "This is not the current password.")
        )


def _end_what_the_old_password_opened(user: User, now: datetime, but: UUID | None = None) -> None:
    """Save the new password; end the links and the sessions of the account but one."""
    user.save(update_fields=["password"])
    PasswordLink.objects.filter(user=user, used_at=None).update(used_at=now)
    _revoke_sessions(user, "password_set", now, but=but)


# --- sessions ---------------------------------------------------------------------------------


def sign_in(*, email: str, password: str, now: datetime) -> SignedIn:
    """Open a session.

    The password is checked before anything is locked, which takes long on purpose; what was true
    then is looked at again under the lock, so that no session outlives a password set meanwhile.

    Locks: the account.

    Raises:
        InvalidCredentials: the same, and as slow, for every reason.
    """
    user = selectors.find_by_email(email)
    if user is None:
        make_password(password)  # as slow as a check, so that e-mails cannot be probed by time
        raise InvalidCredentials
    upgraded: list[str] = []
    if not check_password(password, user.password, setter=upgraded.append) or not user.is_active:
        raise InvalidCredentials
    with transaction.atomic():
        checked, user = user.password, selectors.lock_user(user.pk, *Role)
        if not user.is_active:
            raise InvalidCredentials
        if user.password != checked:  # set anew, or upgraded by another sign-in
            if not check_password(password, user.password):
                raise InvalidCredentials
        elif upgraded:
            user.password = make_password(password)
            user.save(update_fields=["password"])
        session = Session.objects.create(
            user=user,
            created_at=now,
            expires_at=now + tokens.RefreshToken.lifetime,
        )
        return _tokens_for(session, user, now)


def _tokens_for(session: Session, user: User, now: datetime) -> SignedIn:
    bound = binding.current()
    principal = Principal(
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=Role(user.role),
        club_id=bound.id if isinstance(bound, ClubRef) else None,
        session_id=session.id,
    )
    refresh = str(tokens.refresh_for(principal))
    RefreshToken.objects.create(session=session, token_hash=one_time.digest(refresh), issued_at=now)
    return SignedIn(str(tokens.access_for(principal)), refresh, user)


def refresh(*, raw: str, now: datetime) -> SignedIn:
    """Spend a refresh token for new tokens of the same session.

    A token that comes twice has been copied: the whole session ends (RFC 9700, 4.14.2).

    Locks: the session, so of two at once one is the reuse.

    Raises:
        InvalidToken: unknown, spent, another club's, or the session is over.
    """
    session_id = _session_of(raw)
    with transaction.atomic():
        session = (
            Session.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=session_id, revoked_at=None, expires_at__gt=now, user__is_active=True)
            .first()
        )
        token = RefreshToken.objects.filter(
            session=session, token_hash=one_time.digest(raw)
        ).first()
        if session is not None and token is not None and token.spent_at is None:
            token.spent_at = now
            token.save(update_fields=["spent_at"])
            return _tokens_for(session, session.user, now)
        if session is not None and token is not None:
            _revoke([session], "reuse", now)
    raise InvalidToken


def sign_out(*, raw: str, now: datetime) -> None:
    """End the session of a refresh token; one that is over already stays so.

    Raises:
        InvalidToken: not one of ours, or another club's.
    """
    session_id = _session_of(raw)
    with transaction.atomic():
        open_sessions = Session.objects.select_for_update().filter(pk=session_id, revoked_at=None)
        _revoke(list(open_sessions), "sign_out", now)


def _session_of(raw: str) -> UUID:
    bound = binding.current()
    club_id = bound.id if isinstance(bound, ClubRef) else None
    try:
        return UUID(tokens.read(tokens.RefreshToken, raw, club_id)["sid"])
    except ValueError as error:
        raise InvalidToken from error


def _revoke_sessions(user: User, reason: str, now: datetime, but: UUID | None = None) -> None:
    others = [row for row in _open_sessions(user).select_for_update() if row.pk != but]
    _revoke(others, reason, now)
    if user.role == Role.SYSTEM_ADMIN:
        ended = club_services.end_support_sessions(admin_id=user.pk, now=now)
        for session_id, club_id in ended.items():
            transaction.on_commit(partial(sessions.forget, session_id, scope=str(club_id)))


def _open_sessions(user: User) -> QuerySet[Session]:
    return Session.objects.filter(user=user, revoked_at=None)


def _revoke(revoked: list[Session], reason: str, now: datetime) -> None:
    ids = [session.pk for session in revoked]
    Session.objects.filter(pk__in=ids).update(revoked_at=now, revoke_reason=reason)
    _forget_after_commit(*ids)


def _forget_after_commit(*session_ids: UUID) -> None:
    """Have every process ask the database again whose sessions these are."""
    scope = binding.scope()
    transaction.on_commit(lambda: sessions.forget(*session_ids, scope=scope))


def open_support_session(
    *, club_id: UUID, admin: Principal, reason: str, minutes: int, now: datetime
) -> tuple[str, datetime]:
    """Let a system admin into one club; return the access token for it and when it ends.

    Raises:
        NotFound: no such club.
        ClubNotActive: the club is closed.
    """
    session = club_services.open_support_session(
        club_id=club_id, admin=admin, reason=reason, minutes=minutes, now=now
    )
    principal = Principal(
        user_id=admin.user_id,
        email=admin.email,
        name=admin.name,
        role=Role.SYSTEM_ADMIN,
        club_id=club_id,
        session_id=session.id,
        support=True,
    )
    token = tokens.access_for(principal)
    token.set_exp(from_time=now, lifetime=timedelta(minutes=minutes))
    return str(token), session.expires_at
