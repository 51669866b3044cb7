"""Ending sessions, and having every process hear of it."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from platform_shared.accounts import sessions
from platform_shared.accounts.models import Session, User
from platform_shared.clubs import services as club_services
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding


def revoke_sessions(user: User, reason: str, now: datetime, but: UUID | None = None) -> None:
    others = [row for row in open_sessions(user).select_for_update() if row.pk != but]
    revoke(others, reason, now)
    if user.role == Role.SYSTEM_ADMIN:
        ended = club_services.end_support_sessions(admin_id=user.pk, now=now)
        for session_id, club_id in ended.items():
            transaction.on_commit(partial(sessions.forget, session_id, scope=str(club_id)))


def open_sessions(user: User) -> QuerySet[Session]:
    return Session.objects.filter(user=user, revoked_at=None)


def revoke(revoked: list[Session], reason: str, now: datetime) -> None:
    ids = [session.pk for session in revoked]
    Session.objects.filter(pk__in=ids).update(revoked_at=now, revoke_reason=reason)
    forget_after_commit(*ids)


def forget_after_commit(*session_ids: UUID) -> None:
    """Have every process ask the database again whose sessions these are."""
    scope = binding.scope()
    transaction.on_commit(lambda: sessions.forget(*session_ids, scope=scope))
