from uuid import UUID

from django.db.models import QuerySet

from platform_shared.clubs.models import Club, SupportSession
from platform_shared.kit.errors import NotFound
from platform_shared.plans.enums import Limit


def list_clubs() -> QuerySet[Club]:
    """Return all clubs with what their listing shows."""
    clubs: QuerySet[Club] = Club.objects.select_related("plan").prefetch_related("domains")
    return clubs


def get_club(club_id: UUID) -> Club:
    """Return the club.

    Raises:
        NotFound: there is none with this id.
    """
    club = list_clubs().filter(pk=club_id).first()
    if club is None:
        raise NotFound("No such club.")
    return club


def find_by_slug(slug: str) -> Club | None:
    """Return the club with this slug, or None."""
    return list_clubs().filter(slug=slug).first()


def limit_of(club_id: UUID, limit: Limit) -> int | None:
    """Return what the club's plan allows of ``limit``; None: any number."""
    value: int | None = Club.objects.values_list(f"plan__{limit}", flat=True).get(pk=club_id)
    return value


def policy_rows(club_id: UUID) -> QuerySet[Club, tuple[int, bool]]:
    """Return the one row of what the door needs: (reentry_seconds, enforce_presence)."""
    rows: QuerySet[Club, tuple[int, bool]] = Club.objects.filter(pk=club_id).values_list(
        "reentry_seconds", "enforce_presence"
    )
    return rows


def country_of(club_id: UUID) -> str:
    """Return the club's country (ISO 3166-1), or an empty text while it has not said."""
    country: str = Club.objects.values_list("country", flat=True).get(pk=club_id)
    return country


def find_support_session(session_id: UUID) -> SupportSession | None:
    """Return the support session, whatever its state, or None."""
    return SupportSession.objects.filter(pk=session_id).first()
