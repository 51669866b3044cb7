"""Why a scan was answered as it was, over the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from platform_shared.clubs import services as club_services
from platform_shared.clubs.models import Club
from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.checkins import explanation
from tenant_apps.checkins.enums import Kind, Reason
from tenant_apps.checkins.models import CheckIn
from tenant_apps.customers import services as customer_services
from tenant_apps.qr_codes import services as code_services
from tenant_apps.qr_codes import tokens
from tenant_apps.subscriptions import services as subscription_services
from tests.support import api
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log, scan
from tests.tenant_apps.sales.desk import STAFF, Pass, new_customer, new_package, new_pass, sell
from tests.tenant_apps.subscriptions.books import Watch

NOON = BORN + timedelta(hours=2)
MINUTE = timedelta(minutes=1)
OF_THE_CODE = [
    "code_is_known",
    "signature_is_genuine",
    "code_has_not_expired",
    "code_is_not_revoked",
]
OF_THE_CUSTOMER = [
    "customer_is_active",
    "customer_is_not_inside",
    "a_subscription_is_usable",
    "there_is_room",
]
ALL = OF_THE_CODE + OF_THE_CUSTOMER


def failing(rule: str | None) -> dict[str, str]:
    """Return the outcomes of a scan that passes everything up to ``rule``."""
    if rule is None:
        return dict.fromkeys(ALL, "passed")
    at = ALL.index(rule)
    return {
        name: "passed" if n < at else "failed" if n == at else "not_judged"
        for n, name in enumerate(ALL)
    }


@pytest.fixture
def staff(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


@pytest.fixture
def bound(club_a: ClubWorld) -> Any:
    with binding.club(club_a.ref):
        club_services.change_settings(club_id=club_a.ref.id, changes={"reentry_seconds": 120})
        yield club_a


def told(staff: Caller, check_in: CheckIn) -> dict[str, Any]:
    """Return the explanation; the club is bound again, which the request has let go of."""
    club = binding.current_club()
    answer = staff.get(f"check-ins/{check_in.id}/explanation")
    binding.bind(club)
    assert answer.status_code == 200, answer.content
    said: dict[str, Any] = answer.json()
    return said


def outcomes(said: dict[str, Any]) -> dict[str, str]:
    """Return the rules with what came of them, and see that they stand in their order."""
    assert [rule["name"] for rule in said["rules"]] == ALL
    return {rule["name"]: rule["outcome"] for rule in said["rules"]}


def forged(code: str) -> str:
    """Return the code with another signature."""
    good = tokens.decode(code)
    bad = bytes([good.signature[0] ^ 1]) + good.signature[1:]
    return tokens.encode_static(tokens.StaticToken(good.key_id, good.code_id, good.expires_at, bad))


@pytest.mark.usefixtures("bound")
class TestAccepted:
    def test_passed_every_rule_and_says_what_it_cost(self, staff: Caller) -> None:
        member = new_pass(visits=3)
        row = scan(member.code, at=NOON).check_in
        said = told(staff, row)
        assert outcomes(said) == failing(None)
        assert said["subscriptions"] == [
            {
                "id": str(member.subscription),
                "package": "3 visits",
                "customer": str(member.customer),
                "reason": "ok",
            }
        ]
        assert said["lot"] == str(row.lot_id)
        assert (said["balance_before"], said["balance_after"]) == (3, 2)
        assert said["inside_since"] is None
        assert said["local_time"] == "2026-03-02T12:00:00+01:00"
        assert said["check_in"] == staff.get(f"check-ins/{row.id}").json()

    def test_cost_nothing_with_a_period(self, staff: Caller) -> None:
        said = told(staff, scan(new_pass().code, at=NOON).check_in)
        assert (said["balance_before"], said["balance_after"], said["lot"]) == (None, None, None)

    def test_names_those_that_were_looked_at_before_in_their_order(self, staff: Caller) -> None:
        member = new_pass(visits=5, duration=("year", 1))
        frozen = sell(new_package(), member.customer).subscription.id
        subscription_services.freeze_subscription(
            subscription_id=frozen, starts_at=None, ends_at=None, reason="", now=BORN, actor=STAFF
        )
        later = sell(
            new_package(visits=1, duration=("month", 1)),
            member.customer,
            starts_at=NOON + timedelta(days=1),
        ).subscription.id
        unseen = sell(new_package(visits=1, duration=None), member.customer).subscription.id
        said = told(staff, scan(member.code, at=NOON).check_in)
        assert [(row["id"], row["reason"]) for row in said["subscriptions"]] == [
            (str(frozen), "subscription_frozen"),
            (str(later), "not_started"),
            (str(member.subscription), "ok"),
        ]
        assert str(unseen) not in str(said)

    def test_says_whose_it_was(self, staff: Caller) -> None:
        owner, child = new_pass(visits=3, max_members=1), new_customer("Child").id
        subscription_services.add_member(
            subscription_id=owner.subscription, customer_id=child, now=BORN, actor=STAFF
        )
        said = told(staff, scan(customer=child, at=NOON).check_in)
        assert said["check_in"]["customer"]["id"] == str(child)
        assert said["subscriptions"][0]["customer"] == str(owner.customer)

    def test_stays_as_it_was_found_whatever_happens_later(self, staff: Caller) -> None:
        member = new_pass(visits=3)
        row = scan(member.code, at=NOON).check_in
        before = told(staff, row)
        scan(member.code, at=NOON + timedelta(hours=1))
        subscription_services.cancel_subscription(
            subscription_id=member.subscription, reason="", now=NOON, actor=STAFF
        )
        assert told(staff, row) == before

    def test_without_a_code_was_not_asked_for_one(self, staff: Caller) -> None:
        said = told(staff, scan(customer=new_pass(visits=3).customer, at=NOON).check_in)
        assert outcomes(said) == dict.fromkeys(OF_THE_CODE, "not_asked") | dict.fromkeys(
            OF_THE_CUSTOMER, "passed"
        )

    def test_exit_was_asked_for_a_code_alone(self, staff: Caller) -> None:
        member = new_pass(visits=3)
        scan(member.code, at=NOON)
        said = told(staff, scan(member.code, at=NOON + MINUTE, kind=Kind.EXIT).check_in)
        assert outcomes(said) == dict.fromkeys(OF_THE_CODE, "passed") | dict.fromkeys(
            OF_THE_CUSTOMER, "not_asked"
        )
        assert (said["subscriptions"], said["lot"], said["balance_after"]) == ([], None, None)
        assert said["inside_since"] == "2026-03-02T11:00:00Z"


def expired(member: Pass, club: ClubWorld) -> str:
    code = code_services.issue_code(
        customer_id=member.customer, expires_at=NOON, now=BORN, actor=STAFF
    )
    return code_services.draw(code)


def revoked(member: Pass, club: ClubWorld) -> str:
    code_services.change_code(code_id=member.sale.qr_code.id, is_active=False, now=BORN)
    return member.code


def not_taken(member: Pass, club: ClubWorld) -> str:
    # There is no other kind yet, so the service would refuse.
    Club.objects.filter(pk=club.ref.id).update(accepts_static_codes=False)
    return member.code


def deactivated(member: Pass, club: ClubWorld) -> str:
    customer_services.change_customer(
        customer_id=member.customer, changes={"is_active": False}, now=BORN
    )
    return member.code


def inside(member: Pass, club: ClubWorld) -> str:
    scan(member.code, at=NOON - MINUTE)
    return member.code


def full(member: Pass, club: ClubWorld) -> str:
    club_services.change_settings(club_id=club.ref.id, changes={"capacity": 0})
    return member.code


def cancelled(member: Pass, club: ClubWorld) -> str:
    subscription_services.cancel_subscription(
        subscription_id=member.subscription, reason="", now=BORN, actor=STAFF
    )
    return member.code


def frozen(member: Pass, club: ClubWorld) -> str:
    subscription_services.freeze_subscription(
        subscription_id=member.subscription,
        starts_at=None,
        ends_at=None,
        reason="",
        now=BORN,
        actor=STAFF,
    )
    return member.code


Scene = Callable[[Pass, ClubWorld], str]


class TestRefused:
    @pytest.mark.parametrize(
        ("scene", "reason", "rule"),
        [
            (lambda member, club: "milk", "unknown_code", "code_is_known"),
            (lambda member, club: forged(member.code), "bad_signature", "signature_is_genuine"),
            (expired, "code_expired", "code_has_not_expired"),
            (revoked, "code_revoked", "code_is_not_revoked"),
            (not_taken, "code_revoked", "code_is_not_revoked"),
            (deactivated, "customer_inactive", "customer_is_active"),
            (inside, "already_inside", "customer_is_not_inside"),
            (cancelled, "no_subscription", "a_subscription_is_usable"),
            (frozen, "subscription_frozen", "a_subscription_is_usable"),
            (full, "location_full", "there_is_room"),
        ],
    )
    def test_names_the_rule_that_it_failed_and_judges_no_later_one(
        self, staff: Caller, bound: ClubWorld, scene: Scene, reason: str, rule: str
    ) -> None:
        member = new_pass(visits=3)
        row = scan(scene(member, bound), at=NOON).check_in
        assert row.reason == reason
        said = told(staff, row)
        assert outcomes(said) == failing(rule)
        assert said["lot"] is None
        assert said["balance_before"] == said["balance_after"] == row.credits_left

    def test_says_what_was_found_of_each_subscription(
        self, staff: Caller, bound: ClubWorld
    ) -> None:
        member = new_pass(visits=1, duration=("year", 1))
        scan(member.code, at=NOON - timedelta(hours=1))
        early = [{"weekdays": [1], "from": "06:00", "until": "12:00"}]
        mornings = sell(new_package(access_rules=early), member.customer).subscription.id
        over = sell(new_package(duration=("day", 1)), member.customer).subscription.id
        subscription_services.settle(over, BORN + timedelta(days=1))
        said = told(staff, scan(member.code, at=NOON).check_in)
        assert said["check_in"]["reason"] == "outside_hours"
        assert [(row["id"], row["reason"]) for row in said["subscriptions"]] == [
            (str(mornings), "outside_hours"),
            (str(member.subscription), "no_credits"),
            (str(over), "subscription_expired"),
        ]

    def test_says_since_when_somebody_is_inside(self, staff: Caller, bound: ClubWorld) -> None:
        member = new_pass(visits=3)
        scan(member.code, at=NOON)
        said = told(staff, scan(member.code, at=NOON + MINUTE).check_in)
        assert said["inside_since"] == "2026-03-02T11:00:00Z"
        assert said["subscriptions"] == []

    @pytest.mark.parametrize("reason", ["unknown_code", "bad_signature"])
    def test_tells_nothing_of_whom_a_code_may_have_meant(
        self, staff: Caller, bound: ClubWorld, reason: str
    ) -> None:
        # Somebody real, who is inside: neither the answer nor the row may show that.
        member = new_pass(visits=3)
        scan(member.code, at=NOON - MINUTE)
        code = forged(member.code)
        if reason == "unknown_code":
            good = tokens.decode(code)
            code = tokens.encode_static(
                tokens.StaticToken(b"\0\0\0\0", good.code_id, good.expires_at, good.signature)
            )
        row = scan(code, at=NOON).check_in
        assert row.reason == reason
        said = told(staff, row)
        assert said["check_in"]["customer"] is None
        assert (said["subscriptions"], said["inside_since"]) == ([], None)
        assert (said["lot"], said["balance_before"], said["balance_after"]) == (None, None, None)
        text = str(said) + str(CheckIn.objects.filter(pk=row.pk).values().get())
        for secret in (member.customer, member.subscription, member.sale.qr_code.id):
            assert str(secret) not in text


class TestExplanation:
    def test_is_for_old_rows_what_the_reason_tells(self, staff: Caller, bound: ClubWorld) -> None:
        # Rows of before have no judgement kept with them.
        row = log(bound.customer, "entry", at=NOON, reason="no_credits")
        said = told(staff, row)
        assert outcomes(said) == failing("a_subscription_is_usable")
        assert (said["subscriptions"], said["inside_since"]) == ([], None)

    def test_is_404_for_what_is_not_there(
        self, staff: Caller, bound: ClubWorld, club_b: ClubWorld
    ) -> None:
        with binding.club(club_b.ref):
            theirs = scan(customer=club_b.customer, at=NOON).check_in.id
        for unknown in (theirs, uuid4()):
            answer = staff.get(f"check-ins/{unknown}/explanation")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_has_a_rule_for_every_reason_that_is_answered(self) -> None:
        named = [reason for _, reasons in explanation.RULES for reason in reasons]
        assert len(named) == len(set(named))
        not_yet = {
            Reason.CODE_REPLAYED,
            Reason.EVENT_NOT_OPEN,
            Reason.EVENT_FULL,
            Reason.NOT_BOOKED,
        }
        assert set(named) == set(Reason) - {Reason.OK} - not_yet
