"""Scans and annulments.

A scan takes three round trips: begin, bind, lock and load; write; commit. The decision between
the first two is ``decision.decide``.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import locks
from platform_shared.kit.errors import missing_reference
from platform_shared.kit.principal import Actor, stamp
from platform_shared.tenancy import binding, pipeline
from tenant_apps.checkins import decision, explanation, occupancy, selectors
from tenant_apps.checkins.enums import Kind, Method, Reason, Result
from tenant_apps.checkins.errors import AlreadyAnnulled, NotAnnullable, ScanIdReused
from tenant_apps.checkins.models import Annulment, CheckIn
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.locations import selectors as location_selectors
from tenant_apps.qr_codes import kinds, tokens
from tenant_apps.qr_codes import selectors as code_selectors
from tenant_apps.qr_codes.enums import CodeKind
from tenant_apps.subscriptions import selectors as subscription_selectors
from tenant_apps.subscriptions import services as subscription_services

if TYPE_CHECKING:
    from tenant_apps.customers.models import Customer
    from tenant_apps.qr_codes.models import QRCode
    from tenant_apps.subscriptions.models import CreditLot, Subscription

NOBODY = UUID(int=0)


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


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What one round trip brought, all of it read under the locks."""

    earlier: CheckIn | None
    customer: "Customer | None"
    code_id: UUID | None
    code: decision.CodeFacts | None
    location_exists: bool
    policy: decision.Policy
    inside_since: datetime | None
    is_full: bool
    subscriptions: "list[Subscription]"
    lots: "list[CreditLot]"


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
    while True:
        with suppress(_Moved):
            return _record(scan, token, now, actor)


class _Moved(Exception):
    """What was looked at is not theirs whose locks are held: it waited for a merge or a transfer
    that has given the code, or a subscription, to somebody else."""


def _record(scan: Scan, token: tokens.StaticToken | None, now: datetime, actor: Actor) -> Answer:
    with transaction.atomic(durable=True):
        loaded = _lock_and_load(scan, token, now)
        if loaded.earlier is not None:
            if bytes(loaded.earlier.request_hash) != scan.request_hash:
                raise ScanIdReused
            return Answer(loaded.earlier, is_new=False)
        _check_references(scan, loaded)
        verdict = decision.decide(
            kind=scan.kind,
            code=loaded.code,
            customer=_facts_of(loaded),
            policy=loaded.policy,
            now=now,
            location_id=scan.location_id,
            is_full=loaded.is_full,
        )
        return Answer(_write(scan, loaded, verdict, now, actor), is_new=True)


def _decode(code: str | None) -> tokens.StaticToken | None:
    try:
        return None if code is None else tokens.decode(code)
    except tokens.UndecodableCode:
        return None


def _lock_and_load(scan: Scan, token: tokens.StaticToken | None, now: datetime) -> _Loaded:
    club = binding.current_club()
    code_id = token.code_id if token else NOBODY
    night = occupancy.last_night(now)
    customers: QuerySet[Any, Any]
    if scan.code is None:
        customers = customer_selectors.ids_of(scan.customer_id or NOBODY)
    else:
        customers = code_selectors.customers_of(code_id)
    with pipeline.batch() as batch:
        batch.execute(locks.SQL, (locks.number(str(club.id), "scan", str(scan.scan_id)),))
        people = batch.fetch(
            customer_selectors.lock_rows_of(subscription_selectors.payers_of(customers))
        )
        if scan.kind == Kind.ENTRY:
            batch.execute(occupancy.LOCK_SQL, occupancy.lock_params(scan.location_id))
        # Each statement from here on sees what was committed before the locks were granted.
        earlier = batch.fetch(selectors.by_scan_id(scan.scan_id))
        policy = batch.fetch(club_selectors.policy_rows(club.id))
        code = batch.fetch(code_selectors.door_rows(code_id))
        key = batch.fetch(code_selectors.verifying_keys(token.key_id if token else b""))
        location = batch.fetch(location_selectors.ids_of(scan.location_id or NOBODY))
        last_move = batch.fetch(selectors.last_moves(customers))
        places = batch.fetch(occupancy.capacity_rows(scan.location_id, night))
        running = batch.fetch(subscription_selectors.door_rows(customers))
        expired = batch.fetch(subscription_selectors.expired_rows(customers))
        lots = batch.fetch(subscription_selectors.door_lots(customers))
    row, public_key = code.one(), key.one()
    settings, room = policy.one(), places.one()
    assert settings is not None  # the bound club has a row
    assert room is not None
    reentry_seconds, enforce_presence, accepts_static = settings
    move, moved_at, moved_to = last_move.one() or (Kind.EXIT, now, None)
    inside_since = moved_at if move == Kind.ENTRY else None
    is_inside = inside_since is not None and inside_since >= night
    customer_id = scan.customer_id if scan.code is None else row and row.customer_id
    subscriptions = [*running.all(), *expired.all()]
    locked = {person.id for person in people.all()}
    _require_locks(locked, subscriptions, row)
    facts = None
    if scan.code is not None:
        facts = decision.CodeFacts(Reason.UNKNOWN_CODE)
        if token is not None:
            judged = tokens.judge_static(
                token,
                verifying_key=None if public_key is None else bytes(public_key),
                code_is_known=row is not None,
                now=now,
            )
            revoked = row is not None and row.revoked_at is not None
            accepted = kinds.accepted(accepts_static_codes=accepts_static)
            facts = decision.CodeFacts(Reason(judged), revoked, CodeKind.STATIC in accepted)
    return _Loaded(
        earlier=earlier.one(),
        customer=next((p for p in people.all() if p.id == customer_id), None),
        code_id=None if row is None else row.id,
        code=facts,
        location_exists=location.one() is not None,
        policy=decision.Policy(
            reentry_seconds, enforce_presence, time_zone=club.time_zone, night_at=club.night_at
        ),
        inside_since=inside_since,
        is_full=occupancy.is_full(
            room,
            is_inside=is_inside,
            is_at_location=is_inside and moved_to == scan.location_id,
        ),
        subscriptions=subscriptions,
        lots=lots.all(),
    )


def _require_locks(
    locked: set[UUID], subscriptions: "list[Subscription]", code: "QRCode | None"
) -> None:
    """Have the scan begin again unless the locks of all whose things it looks at are held."""
    concerned = {subscription.customer_id for subscription in subscriptions}
    if code is not None:
        concerned.add(code.customer_id)
    if not locked.issuperset(concerned):
        raise _Moved


def _check_references(scan: Scan, loaded: _Loaded) -> None:
    if scan.location_id is not None and not loaded.location_exists:
        raise missing_reference("location")
    if scan.code is None and loaded.customer is None:
        raise missing_reference("customer")


def _facts_of(loaded: _Loaded) -> decision.CustomerFacts | None:
    if loaded.customer is None:
        return None
    return decision.CustomerFacts(
        is_active=loaded.customer.is_active,
        inside_since=loaded.inside_since,
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
                    decision.LotFacts(lot.id, lot.ends_at)
                    for lot in loaded.lots
                    if lot.subscription_id == row.id
                ),
            )
            for row in loaded.subscriptions
        ],
    )


# Until the code is known to be genuine, nothing may be said of whom it names.
_NAMES_NOBODY = (Reason.UNKNOWN_CODE, Reason.BAD_SIGNATURE)


def _write(
    scan: Scan, loaded: _Loaded, verdict: decision.Decision, now: datetime, actor: Actor
) -> CheckIn:
    named = verdict.reason not in _NAMES_NOBODY
    inside_since = loaded.inside_since if named else None
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
        customer=loaded.customer if named else None,
        location_id=scan.location_id,
        qr_code_id=loaded.code_id if named else None,
        subscription=subscription,
        lot_id=verdict.lot_id,
        judgement=explanation.judgement(verdict, inside_since, loaded.policy),
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
