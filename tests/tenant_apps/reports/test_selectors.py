"""The overview's figures against a small model in Python, over generated data.

The model knows nothing of SQL: it reads every row and asks on which local date it falls.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.kit.money import Money
from platform_shared.kit.principal import stamp
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers.models import Customer
from tenant_apps.packages.models import Package
from tenant_apps.packages.terms import copy_of
from tenant_apps.payments.models import Payment
from tenant_apps.reports import selectors
from tenant_apps.reports.selectors import Figures, Overview
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import Subscription
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, scan
from tests.tenant_apps.sales.desk import STAFF, new_pass

DAY = timedelta(days=1)
# Each with the clock change that falls into the span; Cairo's and Havana's are at midnight.
SPANS = [
    ("Europe/Berlin", date(2027, 3, 22), date(2027, 4, 5)),
    ("Europe/Berlin", date(2027, 10, 25), date(2027, 11, 8)),
    ("America/New_York", date(2027, 3, 8), date(2027, 3, 22)),
    ("Africa/Cairo", date(2027, 4, 26), date(2027, 5, 3)),
    ("America/Havana", date(2027, 3, 10), date(2027, 3, 18)),
    ("America/Havana", date(2027, 11, 3), date(2027, 11, 11)),
    ("Asia/Kolkata", date(2026, 12, 28), date(2027, 1, 6)),
    ("Pacific/Kiritimati", date(2027, 2, 24), date(2027, 3, 3)),
]


def in_zone(club: ClubWorld, zone: str) -> ClubRef:
    """Return the club's reference as if it stood in another zone."""
    return ClubRef.from_json({**club.ref.to_json(), "time_zone": zone})


def moments(rng: random.Random, zone: str, first: date, end: date) -> Iterator[datetime]:
    """Yield moments around the span for ever, every other one at the very edge of a local day."""
    days = (end - first).days
    while True:
        midnight = clock.start_of(first + DAY * rng.randint(-2, days + 2), zone)
        yield midnight + rng.choice([-1, 0, 1]) * timedelta(microseconds=1)
        yield midnight + timedelta(seconds=rng.randint(0, 86_400))


def fill(club: ClubWorld, zone: str, first: date, end: date, *, seed: int) -> None:
    """Fill the bound club with visits, payments and subscriptions of every kind."""
    rng = random.Random(seed)
    when = moments(rng, zone, first, end)
    names = [f"Visitor {n}" for n in range(5)]
    customers = Customer.objects.bulk_create(Customer(name=n, created_at=BORN) for n in names)
    made_by: dict[str, Any] = stamp(STAFF)
    for _ in range(120):
        accepted = rng.random() < 0.8
        check_in = CheckIn.objects.create(
            scan_id=new_id(),
            request_hash=b"",
            kind=rng.choice(["entry", "entry", "exit"]),
            method="manual",
            result="accepted" if accepted else "refused",
            reason="ok" if accepted else "no_credits",
            scanned_at=next(when),
            customer=rng.choice(customers),
            **made_by,
        )
        if accepted and rng.random() < 0.2:
            Annulment.objects.create(
                check_in=check_in, credit_returned=False, annulled_at=next(when), **made_by
            )
    for _ in range(40):
        paid = rng.random() < 0.7
        Payment.objects.create(
            invoice_id=club.invoice,
            method="transfer",
            status="succeeded" if paid else "pending",
            amount=rng.randint(0, 10_000),
            currency="EUR",
            created_at=next(when),
            paid_at=next(when) if paid else None,
            **made_by,
        )
    terms = copy_of(Package.objects.get(pk=club.period_package))
    for _ in range(60):
        starts, ends = sorted((next(when), next(when) + timedelta(seconds=1)))
        status = rng.choice(["pending", "active", "active", "expired", "frozen", "cancelled"])
        ended = None
        if status == "cancelled":  # before its end
            ended = starts + (ends - starts) * rng.random()
        elif status == "expired":
            ended = ends
        activated = status != "pending" and (status != "cancelled" or rng.random() < 0.7)
        Subscription.objects.create(
            **terms,
            customer=rng.choice(customers),
            package_id=club.period_package,
            package_name="Monthly",
            status=status,
            starts_at=starts,
            ends_at=None if rng.random() < 0.1 and not ended else ends,
            ended_at=ended,
            activated_at=starts if activated else None,
            created_at=BORN,
            **made_by,
        )


def model(zone: str, first: date, end: date) -> tuple[Figures, list[tuple[date, Figures]]]:
    """Return what the overview should say, in total and by day."""
    place = ZoneInfo(zone)

    def local(moment: datetime | None) -> date:
        return date.max if moment is None else moment.astimezone(place).date()

    annulled = set(Annulment.objects.values_list("check_in_id", flat=True))
    visits = [
        (local(row.scanned_at), row.customer_id)
        for row in CheckIn.objects.all()
        if (row.kind, row.result) == ("entry", "accepted") and row.id not in annulled
    ]
    paid = [(local(row.paid_at), row.amount) for row in Payment.objects.all() if row.paid_at]
    spans = [
        (local(row.starts_at), local(row.ended_at or row.ends_at))
        for row in Subscription.objects.all()
        if row.activated_at is not None
    ]

    def figures(since: date, until: date) -> Figures:
        seen = [who for day, who in visits if since <= day < until]
        return Figures(
            check_ins=len(seen),
            unique_visitors=len(set(seen)),
            revenue=Money(sum(amount for day, amount in paid if since <= day < until), "EUR"),
            active_subscriptions=sum(start < until <= over for start, over in spans),
            new_subscriptions=sum(since <= start < until for start, _ in spans),
            lost_subscriptions=sum(since <= over < until for _, over in spans),
        )

    days = [first + DAY * n for n in range((end - first).days)]
    return figures(first, end), [(day, figures(day, day + DAY)) for day in days]


@pytest.fixture(params=SPANS, ids=lambda span: f"{span[0]} {span[1]}")
def filled(request: pytest.FixtureRequest, club_a: ClubWorld) -> Iterator[Overview]:
    """The overview of a club full of data, in each zone and span."""
    zone, first, end = request.param
    with binding.club(in_zone(club_a, zone)):
        fill(club_a, zone, first, end, seed=SPANS.index(request.param))
        yield selectors.overview(first, end)


class TestOverview:
    def test_says_what_the_model_says(self, filled: Overview) -> None:
        zone = binding.current_club().time_zone
        total, by_day = model(zone, filled.first, filled.end)
        assert filled.by_day == by_day
        assert filled.total == total
        assert total.check_ins > 10  # the data are not too thin to mean anything
        assert total.new_subscriptions > 5
        assert total.lost_subscriptions > 5
        assert total.revenue.amount > 0
        assert total.unique_visitors < total.check_ins

    def test_adds_up_from_day_to_day(self, filled: Overview) -> None:
        for (_, before), (_, after) in zip(filled.by_day, filled.by_day[1:], strict=False):
            assert after.active_subscriptions == (
                before.active_subscriptions + after.new_subscriptions - after.lost_subscriptions
            )
        last = filled.by_day[-1][1]
        assert filled.total.active_subscriptions == last.active_subscriptions
        for name in ("check_ins", "new_subscriptions", "lost_subscriptions"):
            of_days = sum(getattr(figures, name) for _, figures in filled.by_day)
            assert getattr(filled.total, name) == of_days
        assert filled.total.revenue.amount == sum(f.revenue.amount for _, f in filled.by_day)

    def test_goes_on_where_the_overview_before_it_ended(self, filled: Overview) -> None:
        middle = filled.first + DAY * ((filled.end - filled.first).days // 2)
        earlier = selectors.overview(filled.first, middle)
        later = selectors.overview(middle, filled.end)
        assert earlier.by_day + later.by_day == filled.by_day
        assert later.total.active_subscriptions == filled.total.active_subscriptions

    def test_would_differ_by_days_of_utc(
        self, filled: Overview, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the model notices days that are cut elsewhere.
        monkeypatch.setattr(selectors, "ZoneInfo", lambda _: UTC)
        wrong = selectors.overview(filled.first, filled.end)
        assert wrong.by_day != filled.by_day

    def test_takes_seven_queries_however_long(
        self, bound_a: ClubWorld, django_assert_num_queries: Any
    ) -> None:
        for end in (date(2026, 3, 3), date(2027, 3, 2)):
            with django_assert_num_queries(7):
                selectors.overview(date(2026, 3, 2), end)

    def test_is_empty_where_nothing_happened(self, bound_a: ClubWorld) -> None:
        nothing = Figures(0, 0, Money(0, "EUR"), 0, 0, 0)
        report = selectors.overview(date(2020, 1, 1), date(2020, 1, 3))
        assert report.total == nothing
        assert report.by_day == [
            (date(2020, 1, 1), nothing),
            (date(2020, 1, 2), nothing),
        ]


@pytest.mark.usefixtures("bound_a")
class TestFigures:
    """The same by services, on the day the world was made: 2 March 2026."""

    @staticmethod
    def on(day: date) -> Figures:
        """Return one day's figures."""
        return selectors.overview(day, day + DAY).total

    def test_count_accepted_entries_that_stand(self) -> None:
        day = BORN.date()
        member = new_pass(visits=5)
        assert self.on(day).check_ins == 0
        row = scan(member.code, at=BORN).check_in
        assert scan(member.code, at=BORN).check_in.reason == "already_inside"
        assert self.on(day).check_ins == 1
        annul(row.id, at=BORN + DAY)
        assert self.on(day).check_ins == 0
        for hour in (1, 2):
            scan(member.code, at=BORN + timedelta(hours=hour))
        assert (self.on(day).check_ins, self.on(day).unique_visitors) == (2, 1)

    def test_know_nothing_of_what_was_cancelled_before_it_started(self) -> None:
        days = [BORN.date() + offset * DAY for offset in range(8)]
        before = [self.on(day) for day in days]
        member = new_pass(starts_at=BORN + 5 * DAY)
        subscription_services.cancel_subscription(
            subscription_id=member.subscription, reason="", now=BORN + 2 * DAY, actor=STAFF
        )
        paid = Money(4900, "EUR")
        first = replace(before[0], revenue=before[0].revenue + paid)
        assert [self.on(day) for day in days] == [first, *before[1:]]

    def test_lose_a_subscription_on_the_day_it_ends(self) -> None:
        day = BORN.date()
        before = self.on(day)
        new_pass(duration=("day", 1))
        assert self.on(day).new_subscriptions == before.new_subscriptions + 1
        assert self.on(day).active_subscriptions == before.active_subscriptions + 1
        assert self.on(day + DAY).lost_subscriptions == 1
        assert self.on(day + DAY).active_subscriptions == before.active_subscriptions
