"""What the door says, and why: the order of judgement as a table.

No database: `decide` is a pure function, and the code's own part of the answer comes from real
tokens. A situation starts as a customer in good standing at an open door; each trouble spoils one
thing about it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tenant_apps.checkins import decision
from tenant_apps.checkins.decision import (
    CodeFacts,
    CustomerFacts,
    Decision,
    LotFacts,
    Policy,
    SubscriptionFacts,
)
from tenant_apps.checkins.enums import Kind, Reason
from tenant_apps.packages.terms import AccessRule
from tenant_apps.qr_codes import tokens

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # a Monday, 12:00 in Berlin
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
FORGERS_PUBLIC = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
MONDAY_MORNING = AccessRule(weekdays=(1,), since=time(8), until=time(12))
ALWAYS = Policy(reentry_seconds=120, enforce_presence=False, time_zone="Europe/Berlin")


def uid(number: int) -> UUID:
    """Return an id that reads well when a test fails."""
    return UUID(int=number)


def period(number: int = 1, **changes: object) -> SubscriptionFacts:
    """Return a running period subscription."""
    facts = SubscriptionFacts(
        id=uid(number),
        status="active",
        starts_at=NOW - DAY,
        ends_at=NOW + DAY,
        rules=(),
        lots=None,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def visits(number: int = 1, *lots: LotFacts, **changes: object) -> SubscriptionFacts:
    """Return a running credits subscription with these lots, or with one that never ends."""
    full = {"lots": lots or (LotFacts(uid(100 + number), None),)}
    return period(number, **{**full, **changes})


# One subscription with exactly one thing wrong; the reasons stand nearest to usable first.
UNUSABLE: dict[Reason, SubscriptionFacts] = {
    Reason.OUTSIDE_HOURS: visits(rules=(MONDAY_MORNING,)),
    Reason.NO_CREDITS: visits(lots=()),
    Reason.SUBSCRIPTION_FROZEN: visits(status="frozen"),
    Reason.NOT_STARTED: visits(starts_at=NOW + MOMENT),
    Reason.SUBSCRIPTION_EXPIRED: visits(ends_at=NOW),
    Reason.NO_SUBSCRIPTION: visits(status="pending"),
}


@dataclass(frozen=True)
class Situation:
    """Everything the door looks at; as it stands, the answer is yes."""

    verifying_key: bytes | None = PUBLIC
    code_expires_at: datetime | None = None
    revoked: bool = False
    customer_active: bool = True
    inside_since: datetime | None = None
    policy: Policy = ALWAYS
    subscriptions: tuple[SubscriptionFacts, ...] = field(default_factory=lambda: (visits(),))
    kind: Kind = Kind.ENTRY
    by_code: bool = True
    is_full: bool = False
    location: UUID | None = None

    def judge(self) -> Decision:
        """Return what a door answers."""
        code = None
        if self.by_code:
            text = tokens.issue_static(
                private_key=KEY, code_id=uid(7), expires_at=self.code_expires_at
            )
            code = CodeFacts(
                Reason(
                    tokens.judge_static(
                        tokens.decode(text),
                        verifying_key=self.verifying_key,
                        code_is_known=self.verifying_key is not None,
                        now=NOW,
                    )
                ),
                self.revoked,
            )
        return decision.decide(
            kind=self.kind,
            code=code,
            customer=CustomerFacts(self.customer_active, self.inside_since, self.subscriptions),
            policy=self.policy,
            now=NOW,
            location_id=self.location,
            is_full=self.is_full,
        )


GOOD = Situation()
Trouble = Callable[[Situation], Situation]

# The order of judgement, first to last: whoever stands higher is what the door says.
BEFORE_SUBSCRIPTIONS: dict[Reason, Trouble] = {
    Reason.UNKNOWN_CODE: lambda s: replace(s, verifying_key=None),
    Reason.BAD_SIGNATURE: lambda s: replace(
        s, verifying_key=FORGERS_PUBLIC if s.verifying_key else None
    ),
    Reason.CODE_EXPIRED: lambda s: replace(s, code_expires_at=NOW),
    Reason.CODE_REVOKED: lambda s: replace(s, revoked=True),
    Reason.CUSTOMER_INACTIVE: lambda s: replace(s, customer_active=False),
    Reason.ALREADY_INSIDE: lambda s: replace(s, inside_since=NOW - timedelta(seconds=119)),
}


def only(facts: SubscriptionFacts) -> Trouble:
    """Return the trouble of having no subscription but this."""
    return lambda s: replace(s, subscriptions=(facts,))


ORDER: dict[Reason, Trouble] = {
    **BEFORE_SUBSCRIPTIONS,
    **{reason: only(facts) for reason, facts in UNUSABLE.items()},
    Reason.LOCATION_FULL: lambda situation: replace(situation, is_full=True),
}
LATER = {Reason.CODE_REPLAYED, Reason.EVENT_NOT_OPEN, Reason.EVENT_FULL, Reason.NOT_BOOKED}
PAIRS = [
    (first, second)
    for first, second in itertools.combinations(ORDER, 2)
    if not {first, second} <= set(UNUSABLE)
]


class TestEveryReason:
    def test_is_ok_when_nothing_is_wrong(self) -> None:
        assert GOOD.judge() == Decision(Reason.OK, uid(1), uid(101))
        assert GOOD.judge().accepted

    @pytest.mark.parametrize("reason", ORDER, ids=str)
    def test_is_given_for_its_trouble_alone(self, reason: Reason) -> None:
        answer = ORDER[reason](GOOD).judge()
        assert answer.reason is reason
        assert not answer.accepted
        assert answer.lot_id is None

    def test_stands_in_the_table(self) -> None:
        assert set(ORDER) | {Reason.OK} | LATER == set(Reason)

    @pytest.mark.parametrize("reason", UNUSABLE, ids=str)
    def test_names_the_subscription_it_is_about(self, reason: Reason) -> None:
        named = None if reason is Reason.NO_SUBSCRIPTION else uid(1)
        assert ORDER[reason](GOOD).judge().subscription_id == named

    @pytest.mark.parametrize("reason", BEFORE_SUBSCRIPTIONS, ids=str)
    def test_names_no_subscription_before_they_are_looked_at(self, reason: Reason) -> None:
        assert ORDER[reason](GOOD).judge().subscription_id is None

    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            (visits(status="pending"), Reason.NO_SUBSCRIPTION),
            (visits(status="cancelled"), Reason.NO_SUBSCRIPTION),
            (visits(status="expired"), Reason.SUBSCRIPTION_EXPIRED),
            (period(ends_at=NOW + MOMENT), Reason.OK),
            (period(ends_at=NOW), Reason.SUBSCRIPTION_EXPIRED),
            (period(ends_at=None), Reason.OK),
            (period(starts_at=NOW), Reason.OK),
            (period(starts_at=NOW + MOMENT), Reason.NOT_STARTED),
            (period(rules=(MONDAY_MORNING,)), Reason.OUTSIDE_HOURS),
            (period(rules=(replace(MONDAY_MORNING, until=time(12, 0, 1)),)), Reason.OK),
            (period(rules=(replace(MONDAY_MORNING, until=None),)), Reason.OK),
            (period(rules=(replace(MONDAY_MORNING, weekdays=(2,)),)), Reason.OUTSIDE_HOURS),
            (period(rules=(MONDAY_MORNING, AccessRule((1,), time(12), None))), Reason.OK),
        ],
    )
    def test_holds_to_the_moment(self, facts: SubscriptionFacts, reason: Reason) -> None:
        assert only(facts)(GOOD).judge().reason is reason

    def test_counts_hours_in_the_clubs_zone(self) -> None:
        # 11:00 in London is within the morning, 12:00 in Berlin is not.
        london = replace(ALWAYS, time_zone="Europe/London")
        spoiled = ORDER[Reason.OUTSIDE_HOURS](GOOD)
        assert spoiled.judge().reason is Reason.OUTSIDE_HOURS
        assert replace(spoiled, policy=london).judge().reason is Reason.OK

    def test_is_no_subscription_for_a_customer_without_any(self) -> None:
        answer = replace(GOOD, subscriptions=()).judge()
        assert answer == Decision(Reason.NO_SUBSCRIPTION)

    def test_is_unknown_when_the_code_names_nobody(self) -> None:
        answer = decision.decide(
            kind=Kind.EXIT, code=CodeFacts(Reason.OK), customer=None, policy=ALWAYS, now=NOW
        )
        assert answer == Decision(Reason.UNKNOWN_CODE)


class TestPrecedence:
    @pytest.mark.parametrize(("first", "second"), PAIRS, ids=str)
    def test_names_what_is_judged_first(self, first: Reason, second: Reason) -> None:
        assert ORDER[second](ORDER[first](GOOD)).judge().reason is first
        assert ORDER[first](ORDER[second](GOOD)).judge().reason is first

    @pytest.mark.parametrize(
        ("nearer", "further"), list(itertools.combinations(UNUSABLE, 2)), ids=str
    )
    def test_names_the_subscription_nearest_to_usable(
        self, nearer: Reason, further: Reason
    ) -> None:
        near, far = UNUSABLE[nearer], replace(UNUSABLE[further], id=uid(2))
        for subscriptions in ((near, far), (far, near)):
            answer = replace(GOOD, subscriptions=subscriptions).judge()
            assert answer == Decision(nearer, uid(1))

    def test_names_the_first_of_two_that_are_equally_near(self) -> None:
        both = (visits(3, lots=()), visits(2, lots=()))
        assert replace(GOOD, subscriptions=both).judge() == Decision(Reason.NO_CREDITS, uid(3))

    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            (visits(status="pending", ends_at=NOW), Reason.NO_SUBSCRIPTION),
            (visits(status="frozen", ends_at=NOW), Reason.SUBSCRIPTION_FROZEN),
            (visits(status="frozen", starts_at=NOW + DAY, ends_at=None), Reason.NOT_STARTED),
            (visits(status="frozen", lots=()), Reason.SUBSCRIPTION_FROZEN),
            (visits(lots=(), rules=(MONDAY_MORNING,)), Reason.NO_CREDITS),
        ],
    )
    def test_names_what_keeps_one_subscription_furthest_from_usable(
        self, facts: SubscriptionFacts, reason: Reason
    ) -> None:
        assert only(facts)(GOOD).judge().reason is reason

    @pytest.mark.parametrize(
        ("since", "until", "ends_at", "reason"),
        [
            (NOW, None, NOW + DAY, Reason.SUBSCRIPTION_FROZEN),
            (NOW + MOMENT, None, NOW + DAY, Reason.OK),
            (NOW - DAY, NOW + MOMENT, NOW + DAY, Reason.SUBSCRIPTION_FROZEN),
            (NOW - DAY, NOW, NOW + DAY, Reason.OK),
            (NOW - DAY, NOW, NOW, Reason.SUBSCRIPTION_EXPIRED),
            (NOW - DAY, None, NOW, Reason.SUBSCRIPTION_FROZEN),
            (NOW - DAY, None, None, Reason.SUBSCRIPTION_FROZEN),
            # A first visit has set the end before the freeze that was planned.
            (NOW - DAY, NOW + DAY, NOW - DAY, Reason.SUBSCRIPTION_EXPIRED),
            (NOW - DAY, None, NOW - 2 * DAY, Reason.SUBSCRIPTION_EXPIRED),
        ],
    )
    @pytest.mark.parametrize("status", ["active", "frozen"])
    def test_goes_by_the_times_of_a_freeze_and_not_by_the_status(
        self,
        status: str,
        since: datetime,
        until: datetime | None,
        ends_at: datetime | None,
        reason: Reason,
    ) -> None:
        facts = visits(
            status=status,
            starts_at=NOW - 9 * DAY,
            ends_at=ends_at,
            frozen_from=since,
            frozen_until=until,
        )
        assert only(facts)(GOOD).judge().reason is reason

    @pytest.mark.parametrize("reason", UNUSABLE, ids=str)
    def test_lets_in_by_a_usable_one_whatever_else_there_is(self, reason: Reason) -> None:
        useless, useful = UNUSABLE[reason], visits(2)
        for subscriptions in ((useless, useful), (useful, useless)):
            answer = replace(GOOD, subscriptions=subscriptions).judge()
            assert answer == Decision(Reason.OK, uid(2), uid(102))


class TestCharging:
    def test_takes_the_first_usable_in_the_order_given(self) -> None:
        answer = replace(GOOD, subscriptions=(visits(2), visits(1), period(3))).judge()
        assert answer == Decision(Reason.OK, uid(2), uid(102))

    def test_costs_nothing_by_a_period(self) -> None:
        answer = replace(GOOD, subscriptions=(period(3), visits(1))).judge()
        assert answer == Decision(Reason.OK, uid(3), None)

    def test_passes_over_the_useless_ones_before(self) -> None:
        line = (period(1, ends_at=NOW), visits(2, lots=()), period(3, status="frozen"), visits(4))
        answer = replace(GOOD, subscriptions=line).judge()
        assert answer == Decision(Reason.OK, uid(4), uid(104))

    def test_draws_the_lot_that_stands_first(self) -> None:
        lots = (LotFacts(uid(11), NOW + DAY), LotFacts(uid(12), None))
        assert only(visits(1, *lots))(GOOD).judge().lot_id == uid(11)

    def test_draws_no_lot_that_has_ended(self) -> None:
        lots = (
            LotFacts(uid(11), NOW - DAY),
            LotFacts(uid(12), NOW),
            LotFacts(uid(13), NOW + MOMENT),
        )
        assert only(visits(1, *lots))(GOOD).judge().lot_id == uid(13)

    def test_has_no_credits_when_every_lot_has_ended(self) -> None:
        ended = visits(1, LotFacts(uid(11), NOW), LotFacts(uid(12), NOW - DAY))
        assert only(ended)(GOOD).judge() == Decision(Reason.NO_CREDITS, uid(1))


class TestExit:
    @pytest.mark.parametrize("reason", ORDER, ids=str)
    def test_is_refused_by_reasons_of_the_code_alone(self, reason: Reason) -> None:
        of_the_code = {
            Reason.UNKNOWN_CODE,
            Reason.BAD_SIGNATURE,
            Reason.CODE_EXPIRED,
            Reason.CODE_REVOKED,
        }
        answer = replace(ORDER[reason](GOOD), kind=Kind.EXIT).judge()
        assert answer == Decision(reason if reason in of_the_code else Reason.OK)

    def test_never_charges(self) -> None:
        assert replace(GOOD, kind=Kind.EXIT).judge() == Decision(Reason.OK, None, None)


class TestWithoutACode:
    @pytest.mark.parametrize("reason", ORDER, ids=str)
    def test_is_judged_by_everything_but_the_code(self, reason: Reason) -> None:
        answer = replace(ORDER[reason](GOOD), by_code=False).judge()
        of_the_code = reason in list(BEFORE_SUBSCRIPTIONS)[:4]
        assert answer.reason is (Reason.OK if of_the_code else reason)

    def test_charges_like_any_other(self) -> None:
        assert replace(GOOD, by_code=False).judge() == GOOD.judge()


class TestReentry:
    @staticmethod
    def entering(after: timedelta, **policy: object) -> Reason:
        """Return the answer to an entry ``after`` the last one."""
        situation = replace(
            GOOD,
            inside_since=NOW - after,
            policy=replace(ALWAYS, **policy),  # type: ignore[arg-type]
        )
        return situation.judge().reason

    @pytest.mark.parametrize(
        ("after", "reason"),
        [
            (timedelta(0), Reason.ALREADY_INSIDE),
            (timedelta(seconds=120) - MOMENT, Reason.ALREADY_INSIDE),
            (timedelta(seconds=120), Reason.OK),
            (timedelta(seconds=120) + MOMENT, Reason.OK),
        ],
    )
    def test_opens_exactly_when_the_seconds_are_over(
        self, after: timedelta, reason: Reason
    ) -> None:
        assert self.entering(after) is reason

    def test_is_off_at_zero_seconds(self) -> None:
        assert self.entering(timedelta(0), reentry_seconds=0) is Reason.OK

    @given(st.integers(0, 86_400), st.integers(0, 100_000_000_000))
    def test_depends_on_nothing_but_the_time_since(self, seconds: int, microseconds: int) -> None:
        inside = microseconds < seconds * 1_000_000
        answer = self.entering(timedelta(microseconds=microseconds), reentry_seconds=seconds)
        assert answer is (Reason.ALREADY_INSIDE if inside else Reason.OK)

    def test_charges_nothing_within_the_window(self) -> None:
        assert ORDER[Reason.ALREADY_INSIDE](GOOD).judge() == Decision(Reason.ALREADY_INSIDE)

    @pytest.mark.parametrize("seconds", [0, 120])
    def test_never_opens_where_presence_is_enforced(self, seconds: int) -> None:
        # 12:00 in Berlin is eight hours after the night.
        policy = {"enforce_presence": True, "reentry_seconds": seconds}
        assert self.entering(timedelta(hours=8), **policy) is Reason.ALREADY_INSIDE
        assert self.entering(timedelta(hours=8) + MOMENT, **policy) is Reason.OK

    def test_opens_after_an_exit_even_where_presence_is_enforced(self) -> None:
        outside = replace(GOOD, policy=replace(ALWAYS, enforce_presence=True))
        assert outside.judge().reason is Reason.OK


class TestGuards:
    """Negative controls: with a guard taken away, the door opens where it must not."""

    @pytest.mark.parametrize(
        ("guard", "without", "reason"),
        [
            ("_is_inside", lambda *_: False, Reason.ALREADY_INSIDE),
            ("is_open", lambda *_: True, Reason.OUTSIDE_HOURS),
        ],
    )
    def test_are_what_refuses(
        self,
        monkeypatch: pytest.MonkeyPatch,
        guard: str,
        without: Callable[..., bool],
        reason: Reason,
    ) -> None:
        assert ORDER[reason](GOOD).judge().reason is reason
        monkeypatch.setattr(decision, guard, without)
        assert ORDER[reason](GOOD).judge().reason is Reason.OK

    def test_are_needed_for_forged_codes_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tokens, "signature_is_valid", lambda token, public_key: True)
        assert ORDER[Reason.BAD_SIGNATURE](GOOD).judge().reason is Reason.OK

    def test_rank_the_reasons(self, monkeypatch: pytest.MonkeyPatch) -> None:
        both = replace(
            GOOD,
            subscriptions=(
                UNUSABLE[Reason.SUBSCRIPTION_EXPIRED],
                UNUSABLE[Reason.NO_CREDITS],
            ),
        )
        assert both.judge().reason is Reason.NO_CREDITS
        monkeypatch.setattr(decision, "NEAREST_FIRST", tuple(reversed(decision.NEAREST_FIRST)))
        assert both.judge().reason is Reason.SUBSCRIPTION_EXPIRED
