"""A small model of subscriptions and their credits, to hold the services against.

Plain objects and plain rules: no database, no ledger, no locks. What it shares with the services is
the calendar (``packages.terms``), which has tests of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tenant_apps.packages.terms import end_of, moved

ZONE = "Europe/Berlin"


class Refused(Exception):
    """The model says no; the message is the error's code, or the scan's reason."""


@dataclass
class Lot:
    remaining: int
    ends_at: datetime | None


@dataclass
class Sub:
    """A subscription: ``size`` credits for ``days`` days; without a size it is a period."""

    owner: UUID
    size: int | None
    days: int | None
    from_first_visit: bool
    starts_at: datetime
    ends_at: datetime | None
    status: str = "active"
    used: int = 0
    granted: int = 0
    lots: list[Lot] = field(default_factory=list)
    begun_at: datetime | None = None
    prolonged: bool = False
    frozen_from: datetime | None = None
    frozen_until: datetime | None = None

    # -- opening -----------------------------------------------------------------------------------

    @classmethod
    def bought(
        cls, owner: UUID, size: int | None, days: int | None, first_visit: bool, now: datetime
    ) -> "Sub":
        ends_at = None if days is None or first_visit else end_of(now, "day", days, ZONE)
        sub = cls(owner, size, days, first_visit, now, ends_at)
        if size is not None:
            sub._grant(size)
        return sub

    def _grant(self, amount: int) -> None:
        self.granted += amount
        self.lots.append(Lot(amount, self.ends_at))

    # -- time --------------------------------------------------------------------------------------

    def catch_up(self, now: datetime) -> None:
        """Do what time has made due."""
        if self.status == "active" and self._is_frozen_from(now):
            self.status = "frozen"
        if self.status == "frozen" and self.frozen_until and self.frozen_until <= now:
            self.status = "active"
            self.frozen_from = self.frozen_until = None
        if self.status != "active":
            return
        for lot in self.lots:
            if lot.ends_at is not None and lot.ends_at <= now:
                self._write_off(lot)
        if self.ends_at is not None and self.ends_at <= now:
            self.frozen_from = self.frozen_until = None
            self._end("expired")

    def _write_off(self, lot: Lot) -> None:
        self.granted -= lot.remaining
        lot.remaining = 0

    def _end(self, status: str) -> None:
        self.status = status
        for lot in self.lots:
            self._write_off(lot)

    def _require(self, *statuses: str) -> None:
        if self.status not in statuses:
            raise Refused("subscription_change_not_allowed")

    # -- at the door -------------------------------------------------------------------------------

    def _is_frozen_from(self, now: datetime) -> bool:
        if self.frozen_from is None or self.frozen_from > now:
            return False
        return self.ends_at is None or self.frozen_from < self.ends_at

    def _is_frozen(self, now: datetime) -> bool:
        return self._is_frozen_from(now) and (self.frozen_until is None or now < self.frozen_until)

    def reason(self, now: datetime) -> str:
        """Return what a door finds."""
        if self.status == "cancelled":
            return "no_subscription"
        frozen = self._is_frozen(now)
        ended = self.ends_at is not None and self.ends_at <= now
        if self.status == "expired" or (ended and not frozen):
            return "subscription_expired"
        if frozen:
            return "subscription_frozen"
        if self.size is not None and self.drawable(now) is None:
            return "no_credits"
        return "ok"

    def drawable(self, now: datetime) -> Lot | None:
        """Return the lot that a visit is charged to: the one that ends first."""
        full = [
            lot for lot in self.lots if lot.remaining and (not lot.ends_at or lot.ends_at > now)
        ]
        never = datetime.max.replace(tzinfo=now.tzinfo)
        return min(full, key=lambda lot: lot.ends_at or never, default=None)

    def visit(self, now: datetime) -> Lot | None:
        """Use it once; return the lot that was charged."""
        lot = self.drawable(now) if self.size is not None else None
        if lot is not None:
            lot.remaining -= 1
            self.used += 1
        if self.from_first_visit and self.begun_at is None:
            self.begun_at = now
            self.ends_at = end_of(now, "day", self.days or 0, ZONE)
            since, until = self.frozen_from, self.frozen_until
            if since and until and now < until and self.ends_at > since:
                self.ends_at = moved(self.ends_at, since, until, ZONE)
            for each in self.lots:
                each.ends_at = self.ends_at
        return lot

    def take_back(self, lot: Lot | None, *, only_visit: bool) -> None:
        if lot is not None:
            lot.remaining += 1
            self.used -= 1
        runs = self.status in ("active", "frozen")
        if self.begun_at and only_visit and runs and not self.prolonged:
            self.begun_at = self.ends_at = None
            for each in self.lots:
                each.ends_at = None
        elif not runs:
            for each in self.lots:
                self._write_off(each)

    # -- changes -----------------------------------------------------------------------------------

    def freeze(self, since: datetime, until: datetime | None, now: datetime) -> None:
        self._require("active")
        if self.frozen_from is not None:
            raise Refused("already_frozen")
        if self.ends_at is not None and since >= self.ends_at:
            raise Refused("invalid_input")
        self.frozen_from, self.frozen_until = since, until
        if until is not None:
            self._move(since, until, beyond=since)
        if since <= now:
            self.status = "frozen"

    def unfreeze(self, now: datetime) -> None:
        if self.frozen_from is None:
            raise Refused("not_frozen")
        self._thaw(max(now, self.frozen_from))
        self.status = "active"

    def _thaw(self, at: datetime) -> None:
        since, until = self.frozen_from, self.frozen_until
        self.frozen_from = self.frozen_until = None
        if since is None:
            return
        if until is None:
            self._move(since, at, beyond=since)
        elif at < until:
            self._move(until, at, beyond=until)

    def _move(self, since: datetime, until: datetime, *, beyond: datetime) -> None:
        if self.ends_at is not None and self.ends_at > beyond:
            self.ends_at = moved(self.ends_at, since, until, ZONE)
        for lot in self.lots:
            if lot.ends_at is not None and lot.ends_at > beyond:
                lot.ends_at = moved(lot.ends_at, since, until, ZONE)

    def adjust(self, amount: int) -> None:
        self._require("active", "frozen")
        if self.size is None:
            raise Refused("subscription_has_no_credits")
        if self.granted - self.used + amount < 0:
            raise Refused("not_enough_credits")
        if amount > 0:
            self._grant(amount)
            return
        far = timedelta(days=36500)
        self.granted += amount
        for lot in sorted(self.lots, key=lambda lot: lot.ends_at or self.starts_at + far):
            part = min(-amount, lot.remaining)
            lot.remaining -= part
            amount += part

    def transfer(self, owner: UUID) -> None:
        self._require("active", "frozen")
        if self.owner == owner:
            raise Refused("same_customer")
        self.owner = owner

    def cancel(self, now: datetime) -> None:
        self._require("active", "frozen")
        self._thaw(max(now, self.frozen_from) if self.frozen_from else now)
        self._end("cancelled")

    def extend(self, days: int) -> None:
        before = self._end_to_move()
        self.ends_at = self._later(before, days)
        for lot in self.lots:
            if lot.ends_at == before:
                lot.ends_at = self.ends_at

    def renew(self) -> None:
        self.ends_at = self._later(self._end_to_move(), self.days or 0)
        if self.size is not None:
            self._grant(self.size)

    def _later(self, before: datetime, days: int) -> datetime:
        after = end_of(before, "day", days, ZONE)
        since, until = self.frozen_from, self.frozen_until
        within = since and until and before <= since < after
        return moved(after, since, until, ZONE) if within and since and until else after

    def _end_to_move(self) -> datetime:
        self._require("active", "frozen")
        if self.ends_at is None:
            raise Refused("subscription_has_no_end")
        self.prolonged = True
        return self.ends_at
