"""Scans and annulments.

A scan takes three round trips: begin, bind, lock and load; write; commit. The decision between
the first two is ``decision.decide``.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import NotSupportedError, transaction

from platform_shared.kit.errors import missing_reference
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding, pipeline
from tenant_apps.checkins import decision, explanation, loading, occupancy, selectors
from tenant_apps.checkins.enums import Kind, Method, Reason, Result
from tenant_apps.checkins.errors import AlreadyAnnulled, NotAnnullable, ScanIdReused
from tenant_apps.checkins.loading import Facts, Loaded
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.qr_codes import kinds, tokens
from tenant_apps.qr_codes.enums import CodeKind
from tenant_apps.subscriptions import selectors as subscription_selectors
from tenant_apps.subscriptions import services as subscription_services

if TYPE_CHECKING:
    from tenant_apps.customers.models import Customer


@dataclass(frozen=True, slots=True)
class Scan:
    """What a door asks: a code, or a customer in its place, never both."""

    scan_id: UUID
    kind: Kind
    code: str | None = None
    customer_id: UUID | None = None
    location_id: UUID | None = None

    @property
    def request_hash(self) -> bytes:
        """SHA-256 of everything but the id; the code's own signature keeps it from guessing."""
        said = [
            self.kind.value,
            self.code,
            str(self.customer_id),
            str(self.location_id),
        ]
        return hashlib.sha256(json.dumps(said).encode()).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """A scan's row, and whether it was made now or is the first answer again."""

    check_in: CheckIn
    is_new: bool


def record_scan(*, scan: Scan, now: datetime, actor: Actor) -> Answer:
    """Judge a scan, record it, and charge a credit if it costs one.

    A refused scan is a normal answer. Three round trips.

    Locks: the scan id (advisory), then the customer and those who share a subscription with them,
    in the order of their ids: scans that could draw on the same credits are judged one after the
    other, each on what the one before left. Last, for an entry, the places of the club and of the
    location, where they are limited (advisory).
    Idempotent by: ``scan.scan_id``; the first answer comes again and nothing is charged.

    Raises:
        ScanIdReused: the scan id belongs to another scan.
        InvalidInput: no such location, or (without a code) no such customer.
    """
    token = _decode(scan.code)
    was_forgotten = False
    while True:
        try:
            return _record(scan, token, now, actor)
        except _Moved:
            continue
        except NotSupportedError:
            # A statement was prepared for a club whose columns are of another type, as while clubs
            # are migrated one after the other. With the rollback it was forgotten.
            if was_forgotten:
                raise
            was_forgotten = True


class _Moved(Exception):
    """What was looked at is not theirs whose locks are held: it waited for a merge or a transfer
    that has given the code, or a subscription, to somebody else."""


def _record(scan: Scan, token: tokens.StaticToken | None, now: datetime, actor: Actor) -> Answer:
    night = occupancy.last_night(now)
    with transaction.atomic(durable=True):
        loaded = loading.lock_and_load(
            scan_id=scan.scan_id,
            kind=scan.kind,
            code_id=token.code_id if token else None,
            key_id=token.key_id if token else b"",
            customer_id=scan.customer_id if scan.code is None else None,
            location_id=scan.location_id,
            night=night,
        )
        if loaded.facts.earlier is not None:
            return _again(scan, loaded.facts.earlier)
        _require_locks(loaded)
        _check_references(scan, loaded)
        customer = _facts_of(scan, loaded)
        policy = _policy_of(loaded.facts)
        verdict = decision.decide(
            kind=scan.kind,
            code=_judge_code(token, loaded.facts, now) if scan.code is not None else None,
            customer=customer,
            policy=policy,
            now=now,
            location_id=scan.location_id,
            is_full=_is_full(scan, customer, loaded, night),
        )
        inside_since = customer.inside_since if customer else None
        return Answer(
            _write(scan, token, loaded, verdict, policy, inside_since, now, actor), is_new=True
        )


def _again(scan: Scan, check_in_id: UUID) -> Answer:
    check_in = selectors.get_check_in(check_in_id)
    if bytes(check_in.request_hash) != scan.request_hash:
        raise ScanIdReused
    return Answer(check_in, is_new=False)


def _decode(code: str | None) -> tokens.StaticToken | None:
    try:
        return None if code is None else tokens.decode(code)
    except tokens.UndecodableCode:
        return None


def _require_locks(loaded: Loaded) -> None:
    """Have the scan begin again unless the locks of all whose things it looks at are held."""
    concerned = {row.customer_id for row in loaded.subscriptions}
    if loaded.facts.code_customer is not None:
        concerned.add(loaded.facts.code_customer)
    if not loaded.locked.keys() >= concerned:
        raise _Moved


def _customer_of(scan: Scan, loaded: Loaded) -> "Customer | None":
    named = scan.customer_id if scan.code is None else loaded.facts.code_customer
    return None if named is None else loaded.locked.get(named)


def _check_references(scan: Scan, loaded: Loaded) -> None:
    if scan.location_id is not None and loaded.facts.location is None:
        raise missing_reference("location")
    if scan.code is None and _customer_of(scan, loaded) is None:
        raise missing_reference("customer")


def _judge_code(
    token: tokens.StaticToken | None, facts: Facts, now: datetime
) -> decision.CodeFacts:
    if token is None:
        return decision.CodeFacts(Reason.UNKNOWN_CODE)
    judged = tokens.judge_static(
        token,
        verifying_key=facts.public_key and bytes(facts.public_key),
        code_is_known=facts.code_customer is not None,
        now=now,
    )
    accepted = kinds.accepted(accepts_static_codes=facts.accepts_static_codes)
    return decision.CodeFacts(
        Reason(judged),
        is_revoked=facts.code_revoked_at is not None,
        is_accepted=CodeKind.STATIC in accepted,
    )


def _policy_of(facts: Facts) -> decision.Policy:
    club = binding.current_club()
    return decision.Policy(
        facts.reentry_seconds,
        facts.enforce_presence,
        time_zone=club.time_zone,
        night_at=club.night_at,
    )


def _facts_of(scan: Scan, loaded: Loaded) -> decision.CustomerFacts | None:
    customer = _customer_of(scan, loaded)
    if customer is None:
        return None
    move, moved_at, _ = loaded.last_move or (None, None, None)
    return decision.CustomerFacts(
        is_active=customer.is_active,
        inside_since=moved_at if move == Kind.ENTRY else None,
        subscriptions=[
            decision.SubscriptionFacts(
                id=row.id,
                status=row.status,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                frozen_from=row.frozen_from,
                frozen_until=row.frozen_until,
                rules=row.rules,
                lots=None
                if row.credits is None
                else tuple(
                    decision.LotFacts(lot_id, ends_at)
                    for subscription_id, lot_id, ends_at in loaded.lots
                    if subscription_id == row.id
                ),
            )
            for row in loaded.subscriptions
        ],
    )


def _is_full(
    scan: Scan, customer: decision.CustomerFacts | None, loaded: Loaded, night: datetime
) -> bool:
    since = customer.inside_since if customer else None
    is_inside = since is not None and since >= night
    return occupancy.is_full(
        loaded.facts.counts,
        is_inside=is_inside,
        is_at_location=is_inside
        and loaded.last_move is not None
        and loaded.last_move[2] == scan.location_id,
    )


# Until the code is known to be genuine, nothing may be said of whom it names.
_NAMES_NOBODY = (Reason.UNKNOWN_CODE, Reason.BAD_SIGNATURE)


def _write(
    scan: Scan,
    token: tokens.StaticToken | None,
    loaded: Loaded,
    verdict: decision.Decision,
    policy: decision.Policy,
    inside_since: datetime | None,
    now: datetime,
    actor: Actor,
) -> CheckIn:
    named = verdict.reason not in _NAMES_NOBODY
    subscription = next(
        (row for row in loaded.subscriptions if row.id == verdict.subscription_id), None
    )
    check_in = CheckIn(
        scan_id=scan.scan_id,
        request_hash=scan.request_hash,
        kind=scan.kind,
        method=Method.MANUAL if scan.code is None else Method.CODE,
        result=Result.ACCEPTED if verdict.accepted else Result.REFUSED,
        reason=verdict.reason,
        scanned_at=now,
        customer=_customer_of(scan, loaded) if named else None,
        location_id=scan.location_id,
        qr_code_id=token.code_id if named and token else None,
        subscription=subscription,
        lot_id=verdict.lot_id,
        judgement=explanation.judgement(verdict, inside_since if named else None, policy),
        **stamp(actor),
    )
    begins = (
        verdict.accepted
        and scan.kind == Kind.ENTRY
        and subscription is not None
        and subscription.waits_for_first_visit
    )
    with pipeline.batch() as batch:
        if subscription is not None and verdict.lot_id is not None:
            subscription_services.charge_visit(
                batch,
                subscription=subscription,
                lot_id=verdict.lot_id,
                check_in_id=check_in.id,
                now=now,
                actor=actor,
            )
        if subscription is not None and begins:
            subscription_services.begin_period(subscription=subscription, now=now)
        if subscription is not None:
            check_in.credits_left = subscription.credits_left
            check_in.subscription_ends_at = subscription.ends_at
        batch.insert(check_in)
    return check_in


def annul_check_in(*, check_in_id: UUID, reason: str, now: datetime, actor: Actor) -> Annulment:
    """Take an accepted check-in back: its credit returns and the re-entry window reopens.

    Locks: the customer and whose subscription it was, by their ids, then the subscription.

    Raises:
        NotFound: no such check-in.
        NotAnnullable: it was refused.
        AlreadyAnnulled: it has been taken back before.
    """
    with transaction.atomic():
        check_in = selectors.get_check_in(check_in_id)
        if check_in.result != Result.ACCEPTED or check_in.customer_id is None:
            raise NotAnnullable
        used = None
        if check_in.subscription_id is None:
            customer_selectors.lock_customer(check_in.customer_id)
        else:
            used = subscription_selectors.lock_with_owner(
                check_in.subscription_id, check_in.customer_id
            )
        if Annulment.objects.filter(check_in_id=check_in_id).exists():
            raise AlreadyAnnulled
        if used is not None:
            subscription_services.take_back_visit(
                subscription=used,
                lot_id=check_in.lot_id,
                check_in_id=check_in.id,
                was_only_visit=not selectors.other_visits(check_in).exists(),
                now=now,
                actor=actor,
            )
        return Annulment.objects.create(
            check_in=check_in,
            reason=reason,
            credit_returned=check_in.lot_id is not None,
            annulled_at=now,
            **stamp(actor),
        )
