"""Clubs on small plans."""

from platform_shared.clubs.models import Club
from platform_shared.plans.models import Plan
from tests.support.world import ClubWorld


def limit(club: ClubWorld, **limits: int | None) -> None:
    """Put the club on a plan with these limits and no others."""
    plan, _ = Plan.objects.update_or_create(
        code="small",
        defaults={
            "name": "Small",
            "price_amount": 1,
            "price_currency": "EUR",
            **dict.fromkeys(("max_customers", "max_staff", "max_locations")),
            **limits,
        },
    )
    Club.objects.filter(pk=club.ref.id).update(plan=plan)
