"""Merging: two records turn out to be one person.

Each app registers what it has of a customer; nobody here knows the apps.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from platform_shared.accounts import selectors as account_selectors
from platform_shared.accounts import services as account_services
from platform_shared.accounts.models import User
from platform_shared.kit.access import Role
from platform_shared.kit.errors import FieldError, InvalidInput, missing_reference
from platform_shared.kit.principal import Actor, stamp
from tenant_apps.customers import selectors, services
from tenant_apps.customers.errors import BothHaveLogins, GuardianCycle
from tenant_apps.customers.models import Customer, HomeLocation, Merge, SearchTerm

Mover = Callable[[UUID, UUID], int]
_movers: dict[str, Mover] = {}

# Of what the survivor's record does not say, the duplicate's is kept; what belongs together, whole.
_FILLED = (
    ("email",),
    ("phone", "phone_e164"),
    ("birth_date",),
    ("address",),
    ("emergency_name", "emergency_phone"),
    ("guardian_id", "guardian_relation"),
)


def register(name: str, mover: Mover) -> None:
    """Have ``mover(duplicate, survivor)`` give the survivor what the duplicate has.

    It runs in the merge's transaction, under both customers' locks, and returns how many rows the
    survivor has got by it. Rows that may not be changed stay, and are counted: their readers ask
    ``selectors.with_merged``.
    """
    _movers[name] = mover


def movers() -> dict[str, Mover]:
    """Return the movers by name, in the order of the apps that registered them."""
    return dict(_movers)


def merge_customers(
    *, survivor_id: UUID, duplicate_id: UUID, now: datetime, actor: Actor
) -> Customer:
    """Make one customer of two, for good; return the one that is left.

    The duplicate stays as an inactive row that leads to the survivor and is found by nothing of
    its own; the survivor is found by both names, and has the duplicate's subscriptions, codes,
    invoices and visits.

    Locks: who is whom (advisory), so that merges come one after the other; both customers and
    whose guardian the duplicate is, in the order of their ids; then what the movers lock.
    Idempotent by: the duplicate's ``merged_into``; a second call is refused.

    Raises:
        NotFound: no such survivor.
        InvalidInput: no such duplicate, or it is the survivor itself.
        CustomerMerged: with ``merged_into``; one of the two was merged before.
        BothHaveLogins: and both are in use.
        GuardianCycle: one of the two is, even by others, the other's guardian.
    """
    if survivor_id == duplicate_id:
        raise InvalidInput(FieldError("duplicate", "same_customer", "Must be another customer."))
    with transaction.atomic():
        services.lock_ties()
        survivor, duplicate = _lock_both(survivor_id, duplicate_id)
        guards = services.guards_of(survivor), services.guards_of(duplicate)
        if duplicate_id in guards[0] or survivor_id in guards[1]:
            raise GuardianCycle
        _move_login(survivor, duplicate, now)
        moved = {name: move(duplicate_id, survivor_id) for name, move in movers().items()}
        moved["wards"] = Customer.objects.filter(guardian=duplicate).update(guardian=survivor)
        _fill_record(survivor, duplicate)
        _move_terms(survivor, duplicate)
        Merge.objects.filter(survivor=duplicate).update(survivor=survivor)
        Merge.objects.create(
            duplicate=duplicate, survivor=survivor, moved=moved, merged_at=now, **stamp(actor)
        )
    return selectors.get_customer(survivor_id)


def _lock_both(survivor_id: UUID, duplicate_id: UUID) -> tuple[Customer, Customer]:
    found = {}
    wards = Customer.objects.filter(guardian_id=duplicate_id).values_list("pk", flat=True)
    for customer_id in sorted({survivor_id, duplicate_id, *wards}):
        # Who was merged is not locked: somebody may hold that row and wait for the one it leads
        # to. Nobody is merged meanwhile, since merges come one after the other.
        selectors.require_unmerged(_get(customer_id, survivor_id))
        found[customer_id] = selectors.lock_customer(customer_id)
    return found[survivor_id], found[duplicate_id]


def _get(customer_id: UUID, survivor_id: UUID) -> Customer:
    if customer_id == survivor_id:
        return selectors.get_customer(customer_id)
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise missing_reference("duplicate")
    return customer


def _move_login(survivor: Customer, duplicate: Customer, now: datetime) -> None:
    """Leave the survivor the login that is in use; one that nobody has used yet goes."""
    if duplicate.user_id is None:
        return
    login = account_selectors.lock_user(duplicate.user_id, Role.CUSTOMER)
    duplicate.user = None
    duplicate.save(update_fields=["user"])
    if survivor.user_id is None:
        _give_login(survivor, login)
        return
    own = account_selectors.lock_user(survivor.user_id, Role.CUSTOMER)
    if own.has_usable_password() and login.has_usable_password():
        raise BothHaveLogins
    if login.has_usable_password():
        _give_login(survivor, login)
        login = own
    account_services.discard_unused(user=login)


def _give_login(survivor: Customer, login: User) -> None:
    """Give the survivor a locked login, which goes by the survivor's name from now on."""
    survivor.user = login
    survivor.save(update_fields=["user"])
    account_services.rename(user=login, name=survivor.name)


def _fill_record(survivor: Customer, duplicate: Customer) -> None:
    filled: list[str] = []
    for group in _FILLED:
        if not any(getattr(survivor, column) for column in group):
            for column in group:
                setattr(survivor, column, getattr(duplicate, column))
            filled += group
    tags: dict[str, str] = {}
    for tag in [*survivor.tags, *duplicate.tags]:
        tags.setdefault(selectors.tag_term(tag), tag)
    survivor.tags = list(tags.values())
    survivor.notes = "\n".join(filter(None, [survivor.notes, duplicate.notes]))
    # The address is unique: it is let go of before it is taken.
    duplicate.email, duplicate.is_active, duplicate.merged_into = None, False, survivor
    duplicate.guardian, duplicate.guardian_relation = None, ""
    duplicate.save(
        update_fields=["email", "is_active", "merged_into", "guardian", "guardian_relation"]
    )
    survivor.save(update_fields=[*filled, "tags", "notes"])
    homes = HomeLocation.objects.filter(customer=duplicate).values_list("location_id", flat=True)
    HomeLocation.objects.bulk_create(
        [HomeLocation(customer=survivor, location_id=home) for home in homes],
        ignore_conflicts=True,
    )


def _move_terms(survivor: Customer, duplicate: Customer) -> None:
    """Have the survivor found by what the duplicate was; tags are the survivor's own by now."""
    terms = SearchTerm.objects.filter(customer=duplicate)
    terms.filter(term__gte=selectors.TAG, term__lt=selectors.TAG + selectors.LAST).delete()
    terms.update(customer=survivor)
    services.index(survivor)
