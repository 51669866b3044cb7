"""Clubs: making them, their settings, their status, support sessions, and their plan's limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from platform_shared.clubs import selectors, settings_checks
from platform_shared.clubs.enums import ClubStatus
from platform_shared.clubs.errors import ClubNotActive, SlugTaken
from platform_shared.clubs.models import Club, Host, SupportAction, SupportSession
from platform_shared.kit import locks
from platform_shared.kit.errors import FieldError, InvalidInput
from platform_shared.kit.ids import new_id
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.kit.principal import Principal
from platform_shared.plans import selectors as plan_selectors
from platform_shared.plans.enums import Limit
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.tenancy import binding, hosts, provisioning, schema
from platform_shared.tenancy.club_ref import ClubRef

RESERVED_SLUGS = frozenset({"platform", "www", "api", "admin", "mail", "static", "app", "public"})


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A club that is ready to serve; ``extras`` is what the steps say once (a password link)."""

    club: Club
    created: bool
    extras: dict[str, Any] = field(default_factory=dict)


def provision_club(
    *,
    name: str,
    slug: str,
    plan: str,
    time_zone: str,
    currency: str,
    admin_email: str,
    admin_password: str | None,
    now: datetime,
    progress: Callable[[str], None] = lambda message: None,
    repeatable: bool = False,
) -> Provisioned:
    """Make a club: its row, host, schema, keys and first admin, in one transaction.

    That is the caller's, where it has one: of a request with a key the answer is kept in it.

    A failure at any point, ``kill -9`` included, leaves nothing. The club is visible, and active,
    only when all of it is there.

    Locks: the slug (advisory), so two at once give one club and one ``SlugTaken``.
    Idempotent by: slug, when ``repeatable``: a second call returns the club as it is.

    Raises:
        SlugTaken: the slug is in use (and not ``repeatable``).
        InvalidInput: the plan is unknown or the slug is reserved.
    """
    host = f"{slug}.{settings.BASE_DOMAIN}"
    if slug in RESERVED_SLUGS or hosts.is_platform(host):
        raise InvalidInput(FieldError("slug", "reserved", "This slug is reserved."))
    chosen = plan_selectors.find_by_code(plan)
    if chosen is None:
        raise InvalidInput(FieldError("plan", "does_not_exist", "No plan has this code."))
    club_id = new_id()
    extras: dict[str, Any] = {}
    with transaction.atomic():
        locks.take("provision", slug)
        if existing := selectors.find_by_slug(slug):
            if repeatable:
                return Provisioned(existing, created=False)
            raise SlugTaken(f"A club with the slug {slug!r} exists.")
        club = Club.objects.create(
            id=club_id,
            schema_name=schema.name_for(club_id),
            name=name,
            slug=slug,
            plan=chosen,
            status=ClubStatus.ACTIVE,
            time_zone=time_zone,
            currency=currency,
            created_at=now,
        )
        Host.objects.create(domain=host, tenant=club, is_primary=True)
        ref = ClubRef.of(club)
        progress(f"creating the schema of {slug}")
        schema.create(ref, progress)
        new = provisioning.NewClub(ref, name, admin_email, admin_password, now)
        with binding.schema_under_construction(ref):
            for step_name, step in provisioning.steps().items():
                progress(step_name)
                extras.update(step(new) or {})
        transaction.on_commit(lambda: hosts.forget(host))
    return Provisioned(selectors.get_club(club_id), created=True, extras=extras)


def change_settings(
    *, club_id: UUID, changes: dict[str, Any], precondition: Precondition = UNCONDITIONAL
) -> Club:
    """Change a club's own settings; every process sees them at its next request.

    Locks: the club's row.

    Raises:
        PreconditionFailed: they are no longer those that the caller has seen.
        DomainError: an app refuses them.
    """
    settings_checks.run(changes)
    with transaction.atomic():
        club = Club.objects.select_for_update(of=("self",)).get(pk=club_id)
        precondition.require(club)
        for name, value in changes.items():
            setattr(club, name, value)
        if changes:
            club.save(update_fields=list(changes))
        _forget_after_commit(club_id)
    return selectors.get_club(club_id)


def replace_origins(*, club_id: UUID, origins: list[str], precondition: Precondition) -> Club:
    """Say anew which sites' pages may call the club's API from a browser.

    Locks: the club's row. Idempotent by: the list itself.

    Raises:
        PreconditionFailed: the list is no longer the one that the caller has seen.
    """
    with transaction.atomic():
        club: Club = Club.objects.select_for_update(of=("self",)).get(pk=club_id)
        precondition.require(club)
        club.origins = origins
        club.save(update_fields=["origins"])
        _forget_after_commit(club_id)
    return club


def set_status(
    *, club_id: UUID, status: ClubStatus, precondition: Precondition = UNCONDITIONAL
) -> Club:
    """Suspend or reactivate a club.

    Locks: the club's row. Idempotent by: the status itself.

    Raises:
        PreconditionFailed: the club is no longer as the caller has seen it.
        ClubNotActive: the club is closed, which is final.
    """
    with transaction.atomic():
        selectors.get_club(club_id)
        club = Club.objects.select_for_update(of=("self",)).get(pk=club_id)
        precondition.require(club)
        if club.status == ClubStatus.CLOSED:
            raise ClubNotActive("The club is closed.")
        club.status = status
        club.save(update_fields=["status"])
        _forget_after_commit(club_id)
    return selectors.get_club(club_id)


def _forget_after_commit(club_id: UUID) -> None:
    names = list(Host.objects.filter(tenant_id=club_id).values_list("domain", flat=True))
    transaction.on_commit(lambda: hosts.forget(*names))


def require_room(limit: Limit, existing: QuerySet[Any], *, adding: int = 1) -> None:
    """Refuse when the bound club's plan has no room for ``adding`` more of ``existing``.

    Locks: this limit of this club (advisory) until the caller's transaction ends, so that two at
    once cannot both take the last place.

    Raises:
        PlanLimitReached: with ``limit`` and ``allowed``.
    """
    club = binding.current_club()
    allowed = selectors.limit_of(club.id, limit)
    if allowed is None:
        return
    locks.take("plan-limit", str(club.id), limit)
    taken = existing[: allowed + 1].count()  # never counts further than it must
    if taken + adding > allowed:
        raise PlanLimitReached(
            f"The plan allows {allowed}.", limit=limit.removeprefix("max_"), allowed=allowed
        )


def room_left(limit: Limit, existing: QuerySet[Any]) -> int | None:
    """Return how many more of ``existing`` the bound club's plan allows; None: any number.

    Locks: this limit of this club, as ``require_room`` does.
    """
    club = binding.current_club()
    allowed = selectors.limit_of(club.id, limit)
    if allowed is None:
        return None
    locks.take("plan-limit", str(club.id), limit)
    return max(allowed - existing[:allowed].count(), 0)


def open_support_session(
    *, club_id: UUID, admin: Principal, reason: str, minutes: int, now: datetime
) -> SupportSession:
    """Let a system admin into one club for ``minutes``.

    Raises:
        NotFound: no such club.
        ClubNotActive: the club is closed.
    """
    club = selectors.get_club(club_id)
    if club.status == ClubStatus.CLOSED:
        raise ClubNotActive("The club is closed.")
    return SupportSession.objects.create(
        club=club,
        admin_id=admin.user_id,
        admin_email=admin.email,
        reason=reason,
        created_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )


def end_support_sessions(*, admin_id: UUID, now: datetime) -> dict[UUID, UUID]:
    """End the open support sessions of a system admin; return the club of each by its id.

    Locks: the sessions.
    """
    ended = SupportSession.objects.select_for_update().filter(admin_id=admin_id, expires_at__gt=now)
    clubs = dict(ended.values_list("id", "club_id"))
    SupportSession.objects.filter(pk__in=clubs).update(expires_at=now)
    return clubs


def record_support_action(
    *, session_id: UUID, method: str, path: str, request_id: str, now: datetime
) -> None:
    """Record a write of a support session before it is carried out, so that none escapes."""
    SupportAction.objects.create(
        session_id=session_id,
        method=method,
        path=path[:500],
        request_id=request_id,
        occurred_at=now,
    )
