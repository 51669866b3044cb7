"""Signing in, going on by refresh tokens, signing out; and a system admin's way into a club."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from platform_shared.accounts import selectors, tokens
from platform_shared.accounts.errors import InvalidCredentials, InvalidToken
from platform_shared.accounts.models import RefreshToken, Session, User
from platform_shared.accounts.services import revoking
from platform_shared.clubs import services as club_services
from platform_shared.kit import one_time
from platform_shared.kit.access import Role
from platform_shared.kit.principal import Principal
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client gets for credentials or a refresh token."""

    access: str
    refresh: str
    user: User


def sign_in(*, email: str, password: str, now: datetime, barred: bool = False) -> SignedIn:
    """Open a session.

    The password is checked before anything is locked, which takes long on purpose; what was true
    then is looked at again under the lock, so that no session outlives a password set meanwhile.
    Who is ``barred`` is not let in whatever they know, nor told so by how long it takes.

    Locks: the account.

    Raises:
        InvalidCredentials: the same, and as slow, for every reason.
    """
    user = selectors.find_by_email(email)
    if user is None or barred:
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
            revoking.revoke([session], "reuse", now)
    raise InvalidToken


def sign_out(*, raw: str, now: datetime) -> None:
    """End the session of a refresh token; one that is over already stays so.

    Raises:
        InvalidToken: not one of ours, or another club's.
    """
    session_id = _session_of(raw)
    with transaction.atomic():
        open_sessions = Session.objects.select_for_update().filter(pk=session_id, revoked_at=None)
        revoking.revoke(list(open_sessions), "sign_out", now)


def _session_of(raw: str) -> UUID:
    bound = binding.current()
    club_id = bound.id if isinstance(bound, ClubRef) else None
    try:
        return UUID(tokens.read(tokens.RefreshToken, raw, club_id)["sid"])
    except ValueError as error:
        raise InvalidToken from error


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
