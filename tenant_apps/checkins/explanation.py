"""Why a scan was answered as it was: the rules in the order in which they were judged.

The order is fixed (``decision.decide``), so the reason alone tells which rules were passed. Kept
with the check-in is what it does not tell, since it changes afterwards: what was found of each
subscription, and since when the customer was inside.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from platform_shared.tenancy import binding
from tenant_apps.checkins.decision import NEAREST_FIRST, Decision, Policy
from tenant_apps.checkins.enums import Kind, Method, Reason
from tenant_apps.checkins.models import CheckIn
from tenant_apps.subscriptions import selectors as subscription_selectors


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not_judged"
    NOT_ASKED = "not_asked"


# The rules in the order of judgement, and the reasons by which a scan fails each of them.
RULES: tuple[tuple[str, tuple[Reason, ...]], ...] = (
    ("code_is_known", (Reason.UNKNOWN_CODE,)),
    ("signature_is_genuine", (Reason.BAD_SIGNATURE,)),
    ("code_has_not_expired", (Reason.CODE_EXPIRED,)),
    ("code_is_not_revoked", (Reason.CODE_REVOKED,)),
    ("customer_is_active", (Reason.CUSTOMER_INACTIVE,)),
    ("customer_is_not_inside", (Reason.ALREADY_INSIDE,)),
    ("a_subscription_is_usable", (*NEAREST_FIRST, Reason.NO_SUBSCRIPTION)),
    ("there_is_room", (Reason.LOCATION_FULL,)),
)
OF_THE_CODE = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and what came of it; an exit, or a scan without a code, is not asked them all."""

    name: str
    outcome: Outcome


def judgement(verdict: Decision, inside_since: datetime | None, policy: Policy) -> dict[str, Any]:
    """Return what is kept with a check-in, as JSON."""
    return {
        "subscriptions": [[str(id_), str(reason)] for id_, reason in verdict.judged],
        "inside_since": inside_since and inside_since.isoformat(),
        "reentry_seconds": policy.reentry_seconds,
        "enforce_presence": policy.enforce_presence,
    }


def rules_of(check_in: CheckIn) -> list[Rule]:
    """Return every rule with its outcome for this scan, in the order of judgement."""
    found, failed = [], False
    for number, (name, reasons) in enumerate(RULES):
        of_code = number < OF_THE_CODE
        skipped = (check_in.method == Method.MANUAL) if of_code else check_in.kind == Kind.EXIT
        if skipped:
            outcome = Outcome.NOT_ASKED
        elif failed:
            outcome = Outcome.NOT_JUDGED
        else:
            failed = check_in.reason in reasons
            outcome = Outcome.FAILED if failed else Outcome.PASSED
        found.append(Rule(name, outcome))
    return found


def explain(check_in: CheckIn) -> "Explanation":
    """Return the whole story of a scan; one query for the subscriptions that were looked at."""
    kept = check_in.judgement or {}
    judged = [(UUID(id_), Reason(reason)) for id_, reason in kept.get("subscriptions", [])]
    rows = {row.id: row for row in subscription_selectors.by_ids([id_ for id_, _ in judged])}
    inside_since = kept.get("inside_since")
    return Explanation(
        check_in=check_in,
        rules=rules_of(check_in),
        subscriptions=[
            JudgedSubscription(id_, rows[id_].package_name, rows[id_].customer_id, reason)
            for id_, reason in judged
        ],
        inside_since=inside_since and datetime.fromisoformat(inside_since),
        time_zone=binding.current_club().time_zone,
    )


@dataclass(frozen=True, slots=True)
class JudgedSubscription:
    """A subscription that was looked at, whose it was and what was found of it."""

    id: UUID
    package: str
    customer: UUID
    reason: Reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that can be said of an answer; balances are null where no credits were asked."""

    check_in: CheckIn
    rules: list[Rule]
    subscriptions: list[JudgedSubscription]
    inside_since: datetime | None
    time_zone: str

    @property
    def balance_after(self) -> int | None:
        return self.check_in.credits_left

    @property
    def balance_before(self) -> int | None:
        after = self.check_in.credits_left
        return after if after is None or self.check_in.lot_id is None else after + 1

    @property
    def local_time(self) -> datetime:
        return self.check_in.scanned_at.astimezone(ZoneInfo(self.time_zone))
