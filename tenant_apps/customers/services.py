"""Customers: adding, changing and inviting them, and whom they may not be taken for."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction

from platform_shared.accounts import selectors as account_selectors
from platform_shared.accounts import services as account_services
from platform_shared.accounts.errors import EmailTaken
from platform_shared.clubs import services as club_services
from platform_shared.kit import clock, emails, locks
from platform_shared.kit.access import Role
from platform_shared.kit.errors import FieldError, InvalidInput, missing_reference
from platform_shared.kit.preconditions import UNCONDITIONAL, Precondition
from platform_shared.plans.enums import Limit
from platform_shared.tenancy import binding
from tenant_apps.customers import names, phones, selectors
from tenant_apps.customers.errors import AlreadyInvited, CustomerHasNoEmail, PossibleDuplicate
from tenant_apps.customers.models import Customer, HomeLocation, Merge, SearchTerm
from tenant_apps.locations import selectors as location_selectors

NOBODY = UUID(int=0)
ADULT = relativedelta(years=18)
INDEXED_AT_ONCE = 500


def create_customer(*, now: datetime, allow_duplicate: bool = False, **fields: Any) -> Customer:
    """Add a customer; ``fields`` are the model's, ``location_ids`` and ``emergency_contact``.

    Locks: who guards whom (advisory) where there is a guardian, then the e-mail, the number and
    the name (advisory), so that of two alike at once the second sees the first.

    Raises:
        EmailTaken: with ``customer``, the one that has it.
        PossibleDuplicate: with ``customer``, unless ``allow_duplicate``.
        PlanLimitReached: the plan has no room.
        InvalidInput: no phone number, no such location or guardian, or one that cannot be.
    """
    with transaction.atomic():
        if fields.get("guardian_id") is not None:
            lock_ties()
        location_ids = fields.pop("location_ids", ())
        fields = columns_of(fields)
        _claim(fields, None, allow_duplicate=allow_duplicate)
        _check_guardian(fields, None, now)
        _check_locations(location_ids)
        _require_room()
        customer = Customer.objects.create(**fields, created_at=now)
        _set_locations(customer, location_ids)
        index(customer)
        return customer


def change_customer(
    *,
    customer_id: UUID,
    changes: dict[str, Any],
    now: datetime,
    allow_duplicate: bool = False,
    precondition: Precondition = UNCONDITIONAL,
) -> Customer:
    """Change a customer's record; deactivating shuts the club's doors to them at once.

    Their login, if there is one, goes by their new name and, once it is in use, by their new
    e-mail: its sessions and links end, for they were somebody's who may not have that one.

    Locks: who guards whom (advisory) where there is a new guardian, the customer, then the
    e-mail, the number and the name (advisory), then the login where name or e-mail are new.

    Raises:
        NotFound: no such customer.
        CustomerMerged: with ``merged_into``.
        PreconditionFailed: the record is no longer as the caller has seen it.
        EmailTaken, PossibleDuplicate, PlanLimitReached, InvalidInput: as for a new one.
    """
    with transaction.atomic():
        if changes.get("guardian_id") is not None:
            lock_ties()
        customer = selectors.lock_unmerged(customer_id)
        precondition.require(customer)
        changes = dict(changes)
        location_ids = changes.pop("location_ids", None)
        changes = columns_of(changes)
        _claim(changes, customer, allow_duplicate=allow_duplicate)
        _check_guardian(changes, customer, now)
        if location_ids is not None:
            _check_locations(location_ids)
        if changes.get("is_active") and not customer.is_active:
            _require_room()
        for field, value in changes.items():
            setattr(customer, field, value)
        customer.save(update_fields=list(changes) or ["name"])
        if location_ids is not None:
            HomeLocation.objects.filter(customer=customer).delete()
            _set_locations(customer, location_ids)
        if customer.user_id is not None and {"name", "email"} & set(changes):
            _follow(customer, customer.user_id, changes, now)
        index(customer)
        return customer


def _follow(customer: Customer, user_id: UUID, changes: dict[str, Any], now: datetime) -> None:
    """Have the login go by what is new in the record."""
    login = account_selectors.lock_user(user_id, Role.CUSTOMER)
    if "name" in changes:
        account_services.rename(user=login, name=customer.name)
    if changes.get("email") and login.has_usable_password():
        account_services.change_email(user=login, email=changes["email"], now=now)


def invite_customer(*, customer_id: UUID, password: str | None, now: datetime) -> str | None:
    """Give a customer a login; return the link to set its password, unless one is given.

    Who was invited and has set no password yet gets a fresh link, and older ones end.

    Locks: the customer, then the login that there is.

    Raises:
        CustomerHasNoEmail, CustomerMerged, EmailTaken.
        AlreadyInvited: the login is in use.
    """
    with transaction.atomic():
        customer = selectors.lock_unmerged(customer_id)
        if customer.email is None:
            raise CustomerHasNoEmail
        if customer.user_id is not None:
            login = account_selectors.lock_user(customer.user_id, Role.CUSTOMER)
            if login.has_usable_password() or password is not None:
                raise AlreadyInvited
            return account_services.renew_invitation(
                user=login, email=customer.email, name=customer.name, now=now
            )
        user, link = account_services.create_user(
            email=customer.email,
            name=customer.name,
            role=Role.CUSTOMER,
            password=password,
            now=now,
        )
        customer.user = user
        customer.save(update_fields=["user"])
        return link


# --- what a record is made of -----------------------------------------------------------------


def columns_of(fields: dict[str, Any], region: Callable[[], str | None] = selectors.region) -> Any:
    """Return ``fields`` as columns, with the forms that are compared beside what was typed.

    Raises:
        InvalidInput: no phone number.
    """
    columns = dict(fields)
    if "emergency_contact" in columns:
        contact = columns.pop("emergency_contact") or {}
        columns["emergency_name"] = contact.get("name", "")
        columns["emergency_phone"] = contact.get("phone", "")
    if columns.get("email") is not None:
        columns["email"] = emails.normalise(columns["email"])
    if "name" in columns:
        columns["name_key"] = names.key(columns["name"])
    if "phone" in columns:
        number = columns["phone"]
        columns["phone_e164"] = phones.normalise(number, region()) if number else ""
    return columns


def terms_of(customer: Customer) -> set[str]:
    """Return everything that a customer is found by."""
    found = names.terms(customer.name) | phones.terms(customer.phone_e164)
    if customer.email is not None:
        found.add(customer.email)
    return found | {selectors.tag_term(tag) for tag in customer.tags}


def index(customer: Customer) -> None:
    """Bring what a customer is found by up to date, in the caller's transaction."""
    wanted = terms_of(customer)
    kept = set(SearchTerm.objects.filter(owner=customer).values_list("term", flat=True))
    if kept - wanted:
        SearchTerm.objects.filter(owner=customer, term__in=kept - wanted).delete()
    SearchTerm.objects.bulk_create(
        SearchTerm(owner=customer, customer=customer, term=term) for term in wanted - kept
    )


def index_all() -> int:
    """Bring up to date what all of the club's customers are found and told by; return how many.

    A number that was taken before numbers were checked stays as it was typed, and is not found.

    Locks: one customer at a time, so that nobody waits long. Idempotent by: what there is.
    """
    done, last, region = 0, NOBODY, selectors.region()
    people = Customer.objects.order_by("id").values_list("id", flat=True)
    while ids := list(people.filter(pk__gt=last)[:INDEXED_AT_ONCE]):
        for customer_id in ids:
            _index_again(customer_id, region)
        done, last = done + len(ids), ids[-1]
    return done


def _index_again(customer_id: UUID, region: str | None) -> None:
    with transaction.atomic():
        customer = selectors.lock_rows(customer_id).get()
        customer.name_key = names.key(customer.name)
        with suppress(InvalidInput):
            customer.phone_e164 = phones.normalise(customer.phone, region)
        customer.save(update_fields=["name_key", "phone_e164"])
        if customer.merged_into_id is None:
            index(customer)


def _set_locations(customer: Customer, location_ids: Iterable[UUID]) -> None:
    HomeLocation.objects.bulk_create(
        HomeLocation(customer=customer, location_id=location_id)
        for location_id in dict.fromkeys(location_ids)
    )


def _check_locations(location_ids: Iterable[UUID]) -> None:
    """Refuse locations that the club does not have, each by its place in the payload."""
    named = list(location_ids)
    known = location_selectors.known_ids(named)
    unknown = [
        error
        for place, location_id in enumerate(named)
        if location_id not in known
        for error in missing_reference(f"locations.{place}").errors
    ]
    if unknown:
        raise InvalidInput(*unknown)


def lock_ties() -> None:
    """Wait for whoever is changing who guards, or who is, whom; before any customer's lock."""
    locks.take("customer-ties", binding.scope())


def _check_guardian(fields: dict[str, Any], ward: Customer | None, now: datetime) -> None:
    """Refuse a guardian who is not there, no adult, the customer's own self or their ward."""
    guardian_id = fields.get("guardian_id")
    if guardian_id is None:
        return
    guardian = Customer.objects.filter(pk=guardian_id).first()
    if guardian is None:
        raise missing_reference("guardian")
    selectors.require_unmerged(guardian)
    today = clock.local_date(now, binding.current_club().time_zone)
    if guardian.birth_date is not None and guardian.birth_date + ADULT > today:
        raise InvalidInput(FieldError("guardian", "not_an_adult", "Must be an adult."))
    if ward is not None and ward.pk in guards_of(guardian):
        raise InvalidInput(
            FieldError("guardian", "cycle", "Nobody can be, even by others, their own guardian.")
        )


def guards_of(customer: Customer) -> list[UUID]:
    """Return the customer's id and those of who guards them, who guards those, and so on."""
    found = [customer.pk]
    above = customer.guardian_id
    while above is not None and above not in found:
        found.append(above)
        above = Customer.objects.values_list("guardian_id", flat=True).get(pk=above)
    return found


# --- who is who -------------------------------------------------------------------------------


def lock_everybody() -> None:
    """Keep others from adding or changing customers until the transaction ends."""
    locks.take("customers", binding.scope())


def _claim(columns: dict[str, Any], own: Customer | None, *, allow_duplicate: bool) -> None:
    """Make sure that nobody else has this e-mail, number, or name and birth date.

    Looked at is what ``columns`` changes.
    """

    def value(column: str) -> Any:
        return columns.get(column, getattr(own, column, None))

    changed = {c for c in columns if own is None or columns[c] != getattr(own, c)}
    email = columns.get("email")
    number = columns.get("phone_e164") if "phone_e164" in changed else None
    person = None
    if changed & {"name_key", "birth_date"} and value("name_key") and value("birth_date"):
        person = (value("birth_date"), value("name_key"))
    claimed = [("email", email), ("phone", number), ("person", person)]
    scope = binding.scope()
    locks.take_shared("customers", scope)
    # By their numbers, so that two who claim the same things never wait for each other.
    wanted = [(f"customer-{kind}", scope, str(what)) for kind, what in claimed if what]
    for lock in sorted(wanted, key=lambda lock: locks.number(*lock)):
        locks.take(*lock)
    own_id = NOBODY if own is None else own.pk
    if email is not None:
        other = _first_but(own_id, email=email) or _former_owner(own_id, email)
        if other is not None:
            raise EmailTaken("Another customer has this e-mail address.", customer=str(other))
    if allow_duplicate:
        return
    other = _first_but(own_id, phone_e164=number) if number else None
    if other is None and person is not None:
        other = _first_but(own_id, birth_date=person[0], name_key=person[1])
    if other is not None:
        raise PossibleDuplicate(customer=str(other))


def _first_but(own_id: UUID, **same: Any) -> UUID | None:
    """Return the first customer with the ``same`` columns who is not, even merged, ``own_id``."""
    rows = Customer.objects.filter(**same).exclude(pk=own_id).order_by("id")
    for customer_id, merged_into in rows.values_list("id", "merged_into_id"):
        survivor: UUID = customer_id
        if merged_into is not None:
            survivor = Merge.objects.values_list("survivor_id", flat=True).get(pk=customer_id)
        if survivor != own_id:
            return survivor
    return None


def _former_owner(own_id: UUID, email: str) -> UUID | None:
    """Return who somebody with this e-mail was merged into, unless that is ``own_id``."""
    terms = SearchTerm.objects.filter(term=email).exclude(customer=own_id)
    return terms.values_list("customer_id", flat=True).first()


def _require_room() -> None:
    club_services.require_room(Limit.CUSTOMERS, selectors.list_active())
