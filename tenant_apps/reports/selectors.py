"""The overview: a period's figures, in total and by the club's local day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate

from platform_shared.kit import clock
from platform_shared.kit.money import Money
from platform_shared.tenancy import binding
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.payments import selectors as payment_selectors
from tenant_apps.subscriptions import selectors as subscription_selectors


@dataclass(frozen=True, slots=True)
class Figures:
    """One day's figures, or the whole period's.

    ``active_subscriptions`` is the number at the end; it moves by ``new`` less ``lost``.
    """

    check_ins: int
    unique_visitors: int
    revenue: Money
    active_subscriptions: int
    new_subscriptions: int
    lost_subscriptions: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of the local days from ``first`` up to, and without, ``end``."""

    first: date
    end: date
    total: Figures
    by_day: list[tuple[date, Figures]]


def overview(first: date, end: date) -> Overview:
    """Return the club's figures for a half-open range of local dates; seven queries.

    Counted are accepted entries that were not annulled. Revenue is payments received. A
    subscription is new on the day it starts and lost on the day it ends, whether or not its
    status has been brought up to date yet.
    """
    club = binding.current_club()
    since, until = clock.start_of(first, club.time_zone), clock.start_of(end, club.time_zone)
    zone = ZoneInfo(club.time_zone)
    visits = checkin_selectors.visits(since, until)
    visits_by_day = _by_day(
        visits, "scanned_at", zone, n=Count("id"), who=Count("visitor", distinct=True)
    )
    received = payment_selectors.received(since, until)
    revenue_by_day = _by_day(received, "paid_at", zone, n=Sum("amount"))
    started = subscription_selectors.started(since, until)
    new_by_day = _by_day(started, "starts_at", zone, n=Count("id"))
    ended = subscription_selectors.ended(since, until)
    lost_by_day = _by_day(ended, "over_at", zone, n=Count("id"))
    active_before = subscription_selectors.active_at(since).count()

    days, running = [], active_before
    for offset in range((end - first).days):
        day = first + timedelta(days=offset)
        new, lost = new_by_day.get(day, {}).get("n", 0), lost_by_day.get(day, {}).get("n", 0)
        running += new - lost
        seen = visits_by_day.get(day, {})
        revenue = revenue_by_day.get(day, {}).get("n", 0)
        figures = Figures(
            check_ins=seen.get("n", 0),
            unique_visitors=seen.get("who", 0),
            revenue=Money(revenue, club.currency),
            active_subscriptions=running,
            new_subscriptions=new,
            lost_subscriptions=lost,
        )
        days.append((day, figures))
    total = Figures(
        check_ins=sum(figures.check_ins for _, figures in days),
        unique_visitors=visits.values("visitor").distinct().count(),
        revenue=Money(sum(figures.revenue.amount for _, figures in days), club.currency),
        active_subscriptions=running,
        new_subscriptions=sum(figures.new_subscriptions for _, figures in days),
        lost_subscriptions=sum(figures.lost_subscriptions for _, figures in days),
    )
    return Overview(first, end, total, days)


def _by_day(
    rows: QuerySet[Any, Any], moment: str, zone: ZoneInfo, **aggregates: Any
) -> dict[date, dict[str, int]]:
    grouped = (
        rows.order_by()
        .values(day=TruncDate(F(moment), tzinfo=zone))
        .annotate(**aggregates)
        .values("day", *aggregates)
    )
    return {row["day"]: row for row in grouped}
