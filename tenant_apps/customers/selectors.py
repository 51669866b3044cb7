from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from platform_shared.clubs import selectors as club_selectors
from platform_shared.kit import emails
from platform_shared.kit.errors import NotFound, missing_reference
from platform_shared.kit.ordering import Sort
from platform_shared.tenancy import binding
from platform_shared.tenancy.pipeline import Given
from tenant_apps.customers import names, phones
from tenant_apps.customers.errors import CustomerMerged
from tenant_apps.customers.models import (
    Customer,
    CustomerImport,
    HomeLocation,
    ImportRow,
    Merge,
    SearchTerm,
)

ORDERINGS = (Sort("name", ("sort_name",)), Sort("created_at", ("created_at",)))
# A text compares below its prefix and the last of all signs.
LAST = "\U0010ffff"
TAG = "#"


def list_customers() -> QuerySet[Customer]:
    """Return the club's customers; those who were merged into another are that other."""
    return Customer.objects.filter(merged_into=None).prefetch_related("home_locations")


def list_active() -> QuerySet[Customer]:
    """Return the customers who count towards the club's plan."""
    return Customer.objects.filter(is_active=True)


def list_records() -> QuerySet[Customer]:
    """Return everybody the club has ever written down, merged or not."""
    return Customer.objects.select_related("merge").prefetch_related("home_locations")


def at_home_in(location_id: UUID) -> QuerySet[Any, Any]:
    """Return the ids of those who call the location home."""
    return HomeLocation.objects.filter(location_id=location_id).values("customer_id")


def get_customer(customer_id: UUID) -> Customer:
    """Return the customer, merged or not.

    Raises:
        NotFound: the club has none with this id.
    """
    customer = list_records().filter(pk=customer_id).first()
    if customer is None:
        raise NotFound("No such customer.")
    return customer


def find_customer(customer_id: UUID) -> Customer | None:
    """Return the customer, or None."""
    return Customer.objects.filter(pk=customer_id).first()


def get_by_user(user_id: UUID) -> Customer:
    """Return the customer that this login belongs to.

    Raises:
        NotFound: the account is no customer's.
    """
    customer = Customer.objects.filter(user_id=user_id).first()
    if customer is None:
        raise NotFound("This account is not a customer's.")
    return customer


def ids_of(customer_id: Given[UUID]) -> QuerySet[Customer, Any]:
    """Return the id if the club has such a customer, as a subquery."""
    return Customer.objects.filter(pk=customer_id).values("pk")


def by_ids(customers: QuerySet[Any, Any]) -> QuerySet[Customer]:
    """Return those whose ids the subquery gives."""
    return Customer.objects.filter(pk__in=customers)


def with_merged(customers: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Return ``customers`` (ids) and whoever was merged into them, as a subquery.

    For rows that may not be changed and so keep the id of a customer who was merged.
    """
    merged = Merge.objects.filter(survivor__in=customers).values("duplicate_id")
    return customers.union(merged, all=True)


def any_is_merged() -> bool:
    """Return whether any of the club's customers was merged into another."""
    return Merge.objects.exists()


# --- finding ----------------------------------------------------------------------------------


def region() -> str | None:
    """Return where the bound club's phone numbers are at home; one query."""
    club = binding.current_club()
    return phones.region_of(club_selectors.country_of(club.id), club.time_zone)


def found_by(text: str) -> QuerySet[Customer]:
    """Return the customers that a search finds: by name, e-mail or phone; the region's query.

    Each word must begin a word of the name, or the e-mail; or all of it is the beginning of a
    phone number in any spelling. Names of those who were merged into a customer find that one.
    """
    numbers = phones.prefixes(text, region())
    if numbers:
        return _owners_of_any(Customer.objects.all(), numbers)
    found, asked = Customer.objects.all(), 0
    for part in text.split():
        wanted = [{part.casefold()}] if "@" in part else [{w} for w in names.words(part)]
        if len(wanted) == 1:  # a dot may stand in an address as well as in a name
            wanted[0].add(part.casefold())
        for prefixes in wanted:
            found, asked = _owners_of_any(found, prefixes), asked + 1
    return found if asked else found.none()


def _owners_of_any(customers: QuerySet[Customer], prefixes: Iterable[str]) -> QuerySet[Customer]:
    ranges = Q()
    for prefix in sorted(prefixes):
        ranges |= Q(term__gte=prefix, term__lt=prefix + LAST)
    return customers.filter(pk__in=SearchTerm.objects.filter(ranges).values("customer_id"))


def with_email(address: str) -> QuerySet[Any, Any]:
    """Return the id of who has the e-mail; of the survivor, if they were merged."""
    address = emails.normalise(address)
    former = SearchTerm.objects.filter(term=address).values("customer_id")
    return Customer.objects.filter(email=address).values("pk").union(former, all=True)


def with_tag(tag: str) -> QuerySet[Any, Any]:
    """Return the ids of those who have the tag, whatever its case and accents."""
    return SearchTerm.objects.filter(term=tag_term(tag)).values("customer_id")


def tag_term(tag: str) -> str:
    return TAG + " ".join(names.fold(tag).split())[: names.LONGEST_TERM - 1]


# --- locking ----------------------------------------------------------------------------------


def lock_rows_of(customers: QuerySet[Any, Any]) -> QuerySet[Customer]:
    """Return the queryset that locks those whose ids the subquery gives, in the ids' order.

    Not against rows that come to refer to them: their keys never change, and those who write such
    rows may hold what the one who locks waits for.
    """
    rows = Customer.objects.filter(pk__in=customers).order_by("pk")
    return rows.select_for_update(of=("self",), no_key=True)


def lock_rows(customer_id: UUID) -> QuerySet[Customer]:
    """Return the queryset that locks one customer; the first lock of every change of credits."""
    return lock_rows_of(Customer.objects.filter(pk=customer_id).values("pk"))


def lock_customers(*customer_ids: UUID) -> list[Customer]:
    """Lock several customers, in the order of their ids, so that no two callers wait in a ring.

    Raises:
        NotFound: the club has not all of them.
    """
    locked = list(lock_rows_of(Customer.objects.filter(pk__in=customer_ids).values("pk")))
    if len(locked) != len(set(customer_ids)):
        raise NotFound("No such customer.")
    return locked


def lock_customer(customer_id: UUID) -> Customer:
    """Return the customer, or whom they were merged into, locked until the transaction ends.

    For callers that hold the id of a customer whose things may have moved meanwhile.

    Raises:
        NotFound: the club has none with this id.
    """
    customer = lock_rows(customer_id).first()
    if customer is None:
        raise NotFound("No such customer.")
    if customer.merged_into_id is not None:
        return lock_customer(customer.merged_into_id)
    return customer


def lock_unmerged(customer_id: UUID) -> Customer:
    """Return the customer, locked until the transaction ends.

    Raises:
        NotFound: the club has none with this id.
        CustomerMerged: with ``merged_into``.
    """
    customer = lock_rows(customer_id).first()
    if customer is None:
        raise NotFound("No such customer.")
    require_unmerged(customer)
    return customer


def lock_named(customer_id: UUID) -> Customer:
    """Return the customer whom the field ``customer`` of a payload names, locked.

    Raises:
        InvalidInput: the club has none with this id.
        CustomerMerged: with ``merged_into``.
    """
    customer = lock_rows(customer_id).first()
    if customer is None:
        raise missing_reference("customer")
    require_unmerged(customer)
    return customer


def require_unmerged(customer: Customer) -> None:
    """Refuse a customer who was merged into another.

    Raises:
        CustomerMerged: with ``merged_into``, the one at the end.
    """
    if customer.merged_into_id is not None:
        survivor = Merge.objects.values_list("survivor_id", flat=True).get(pk=customer.pk)
        raise CustomerMerged(merged_into=str(survivor))


# --- imports ----------------------------------------------------------------------------------


def get_import(import_id: UUID) -> CustomerImport:
    """Return the import.

    Raises:
        NotFound: the club has none with this id.
    """
    found = CustomerImport.objects.filter(pk=import_id).first()
    if found is None:
        raise NotFound("No such import.")
    return found


def list_all_import_rows() -> QuerySet[ImportRow]:
    """Return the rows of every import."""
    return ImportRow.objects.all()


def list_import_rows(import_id: UUID) -> QuerySet[ImportRow]:
    """Return what became of the import's rows.

    Raises:
        NotFound: the club has no such import.
    """
    return list_all_import_rows().filter(customer_import=get_import(import_id))
