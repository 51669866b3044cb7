from uuid import UUID

from django.db.models import QuerySet

from platform_shared.clubs.models import Club, SupportSession
from platform_shared.kit.errors import NotFound
from platform_shared.plans.enums import Limit
from platform_shared.plans.models import Plan
from platform_shared.tenancy import binding
from platform_shared.tenancy.pipeline import Given

PLATFORM_NAME = "QR Check-in"
# A club's settings that its doors go by.
POLICY = ("reentry_seconds", "enforce_presence", "accepts_static_codes")


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


def name_of_bound() -> str:
    """Return the name of the bound club, or the platform's."""
    if binding.current() == binding.PLATFORM:
        return PLATFORM_NAME
    name: str = Club.objects.values_list("name", flat=True).get(pk=binding.current_club().id)
    return name


def lets_customers_register(club_id: UUID) -> bool:
    """Return whether people may make themselves customers of the club."""
    allowed: bool = Club.objects.values_list("self_registration", flat=True).get(pk=club_id)
    return allowed


def limit_of(club_id: UUID, limit: Limit) -> int | None:
    """Return what the club's plan allows of ``limit``; None: any number."""
    value: int | None = Club.objects.values_list(f"plan__{limit}", flat=True).get(pk=club_id)
    return value


def plan_of(club_id: UUID) -> Plan:
    """Return the plan that the club rents."""
    plan: Plan = Club.objects.select_related("plan").get(pk=club_id).plan
    return plan


def reminder_days(club_id: UUID) -> int:
    """Return how many days before its end a subscription is reminded of; 0: not at all."""
    days: int = Club.objects.values_list("expiry_reminder_days", flat=True).get(pk=club_id)
    return days


def accepts_static_codes(club_id: UUID) -> bool:
    """Return whether the club's doors accept static codes."""
    accepts: bool = Club.objects.values_list("accepts_static_codes", flat=True).get(pk=club_id)
    return accepts


def capacity_rows(club_id: Given[UUID]) -> QuerySet[Club, tuple[int | None]]:
    """Return the one row of how many may be inside the club at once; None: any number."""
    rows: QuerySet[Club, tuple[int | None]] = Club.objects.filter(pk=club_id).values_list(
        "capacity"
    )
    return rows


def country_of(club_id: UUID) -> str:
    """Return the club's country (ISO 3166-1), or an empty text while it has not said."""
    country: str = Club.objects.values_list("country", flat=True).get(pk=club_id)
    return country


def find_support_session(session_id: UUID) -> SupportSession | None:
    """Return the support session, whatever its state, or None."""
    return SupportSession.objects.filter(pk=session_id).first()
