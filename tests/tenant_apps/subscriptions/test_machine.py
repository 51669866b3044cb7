"""The services against the model: 500 lives of 30 steps, compared after every step."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from platform_shared.clubs import services as club_services
from platform_shared.kit.errors import DomainError
from tenant_apps.subscriptions import services
from tenant_apps.subscriptions.models import CreditEntry, CreditLot, Subscription
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import annul, scan
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_package
from tests.tenant_apps.subscriptions import ledger
from tests.tenant_apps.subscriptions.model import Lot, Refused, Sub

RUNS, STEPS = 500, 30
# size, days, counted from the first visit
PACKAGES = ((3, 10, False), (2, None, False), (None, 7, False), (4, 5, True), (1, 30, False))
ANY = st.integers(0, 99)


@dataclass
class Visit:
    """An accepted entry that was not annulled, and what the model charged for it."""

    check_in: UUID
    sub: int
    lot: int | None
    at: datetime


class Machine(RuleBasedStateMachine):
    """Three customers, whose subscriptions the services and the model keep side by side."""

    people: ClassVar[list[UUID]]
    packages: ClassVar[list[UUID]]

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint_create()
        self.now = BORN
        self.ids: list[UUID] = []
        self.subs: list[Sub] = []
        self.visits: list[Visit] = []

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    # -- both at once ------------------------------------------------------------------------------

    def change(self, which: int, ask: Callable[[UUID], Any], do: Callable[[Sub], None]) -> None:
        """Ask the services and the model for the same: both do it, or refuse with the same code."""
        index = which % len(self.subs)
        # A refusal takes back what has been brought up to date on the way.
        attempt = copy.deepcopy(self.subs[index])
        attempt.catch_up(self.now)
        expected = None
        try:
            do(attempt)
        except Refused as refused:
            expected = str(refused)
        else:
            self.subs[index] = attempt
        said = None
        try:
            with transaction.atomic():
                ask(self.ids[index])
        except DomainError as error:
            said = error.code
        assert said == expected

    def by(self) -> dict[str, Any]:
        return {"now": self.now, "actor": STAFF}

    # -- the steps ---------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 7, 24, 50, 170]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: len(self.subs) < 6)
    @rule(who=ANY, what=ANY)
    def sell(self, who: int, what: int) -> None:
        customer, number = self.people[who % 3], what % len(PACKAGES)
        made = services.grant_subscription(
            customer_id=customer, package_id=self.packages[number], starts_at=None, **self.by()
        )
        self.ids.append(made.id)
        self.subs.append(Sub.bought(customer, *PACKAGES[number], self.now))

    @rule(who=ANY)
    def come(self, who: int) -> None:
        customer = self.people[who % 3]
        row = scan(customer=customer, at=self.now).check_in
        own = [n for n, sub in enumerate(self.subs) if sub.owner == customer]
        never = datetime.max.replace(tzinfo=self.now.tzinfo)
        own.sort(key=lambda n: (self.subs[n].size is not None, self.subs[n].ends_at or never, n))
        reasons = {n: self.subs[n].reason(self.now) for n in own}
        chosen = next((n for n in own if reasons[n] == "ok"), None)
        if chosen is None:
            ranks = ("no_credits", "subscription_frozen", "subscription_expired", "no_subscription")
            assert row.reason == min((*reasons.values(), ranks[-1]), key=ranks.index)
            assert row.lot_id is None
            return
        assert (row.reason, row.subscription_id) == ("ok", self.ids[chosen])
        lot = self.subs[chosen].visit(self.now)
        number = None if lot is None else self._place(self.subs[chosen].lots, lot)
        self.visits.append(Visit(row.id, chosen, number, self.now))
        assert (row.lot_id is None) == (lot is None)

    @staticmethod
    def _place(lots: list[Lot], lot: Lot) -> int:
        return next(n for n, each in enumerate(lots) if each is lot)

    @precondition(lambda self: self.visits)
    @rule(which=ANY)
    def annul(self, which: int) -> None:
        visit = self.visits.pop(which % len(self.visits))
        annul(visit.check_in, at=self.now)
        sub = self.subs[visit.sub]
        sub.take_back(
            None if visit.lot is None else sub.lots[visit.lot],
            only_visit=all(other.sub != visit.sub for other in self.visits),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY, ahead=st.sampled_from([0, 0, 5, 30]), hours=st.sampled_from([None, 5, 60]))
    def freeze(self, which: int, ahead: int, hours: int | None) -> None:
        since = self.now + timedelta(hours=ahead)
        until = None if hours is None else since + timedelta(hours=hours)
        self.change(
            which,
            lambda id_: services.freeze_subscription(
                subscription_id=id_, starts_at=since, ends_at=until, reason="", **self.by()
            ),
            lambda sub: sub.freeze(since, until, self.now),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY)
    def unfreeze(self, which: int) -> None:
        self.change(
            which,
            lambda id_: services.unfreeze_subscription(subscription_id=id_, reason="", **self.by()),
            lambda sub: sub.unfreeze(self.now),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY, amount=st.sampled_from([-5, -2, -1, 1, 3]))
    def adjust(self, which: int, amount: int) -> None:
        self.change(
            which,
            lambda id_: services.adjust_credits(
                subscription_id=id_, amount=amount, reason="x", **self.by()
            ),
            lambda sub: sub.adjust(amount),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY, who=ANY)
    def transfer(self, which: int, who: int) -> None:
        customer = self.people[who % 3]
        self.change(
            which,
            lambda id_: services.transfer_subscription(
                subscription_id=id_, customer_id=customer, reason="", **self.by()
            ),
            lambda sub: sub.transfer(customer),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY)
    def settle(self, which: int) -> None:
        self.change(
            which, lambda id_: services.settle(id_, self.now), lambda sub: sub.catch_up(self.now)
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY)
    def cancel(self, which: int) -> None:
        self.change(
            which,
            lambda id_: services.cancel_subscription(subscription_id=id_, reason="", **self.by()),
            lambda sub: sub.cancel(self.now),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY)
    def renew(self, which: int) -> None:
        self.change(
            which,
            lambda id_: services.renew_subscription(subscription_id=id_, **self.by()),
            lambda sub: sub.renew(),
        )

    @precondition(lambda self: self.subs)
    @rule(which=ANY, days=st.integers(1, 9))
    def extend(self, which: int, days: int) -> None:
        self.change(
            which,
            lambda id_: services.extend_subscription(
                subscription_id=id_, unit="day", count=days, reason="x", **self.by()
            ),
            lambda sub: sub.extend(days),
        )

    # -- after every step --------------------------------------------------------------------------

    @invariant()
    def agrees(self) -> None:
        rows = Subscription.objects.in_bulk(self.ids)
        lots: dict[UUID, list[CreditLot]] = {id_: [] for id_ in self.ids}
        for lot in CreditLot.objects.filter(subscription_id__in=self.ids).order_by("id"):
            lots[lot.subscription_id].append(lot)
        lines: dict[UUID, list[CreditEntry]] = {id_: [] for id_ in self.ids}
        for line in CreditEntry.objects.filter(subscription_id__in=self.ids).order_by("id"):
            lines[line.subscription_id].append(line)
        for id_, sub in zip(self.ids, self.subs, strict=True):
            row = rows[id_]
            assert (row.status, row.customer_id, row.ends_at, row.begun_at) == (
                sub.status,
                sub.owner,
                sub.ends_at,
                sub.begun_at,
            )
            assert (row.frozen_from, row.frozen_until) == (sub.frozen_from, sub.frozen_until)
            counters = (None, None) if sub.size is None else (sub.granted, sub.used)
            assert (row.credits, row.used_credits) == counters
            assert [(lot.remaining, lot.ends_at) for lot in lots[id_]] == [
                (lot.remaining, lot.ends_at) for lot in sub.lots
            ]
            ledger.check(row, lots[id_], lines[id_])


def live(runs: int) -> None:
    """Let so many lives run their course; the first that differs is told as it is."""
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def stage(bound_a: ClubWorld) -> None:
    """Who buys and what there is; nobody has to wait before coming again."""
    club_services.change_settings(club_id=bound_a.ref.id, changes={"reentry_seconds": 0})
    Machine.people = [new_customer().id for _ in range(3)]
    Machine.packages = [
        new_package(
            visits=size,
            duration=None if days is None else ("day", days),
            valid_from="first_visit" if first_visit else "purchase",
        ).id
        for size, days, first_visit in PACKAGES
    ]


@pytest.mark.usefixtures("stage")
class TestMachine:
    def test_agrees_with_the_model(self) -> None:
        live(RUNS)

    @pytest.mark.parametrize(
        ("module", "guard"),
        [("rests", "move_ends"), ("ledger", "expire_credits"), ("ledger", "begin_period")],
    )
    def test_would_notice_a_step_that_is_left_out(
        self, module: str, guard: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        monkeypatch.setattr(f"{services.__name__}.{module}.{guard}", lambda *_, **__: None)
        if guard == "begin_period":
            monkeypatch.setattr(services, guard, lambda **_: None)
        with pytest.raises(AssertionError):
            live(RUNS)
