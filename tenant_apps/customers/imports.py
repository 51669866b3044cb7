"""Customers from a file: taken in at once, worked off in the background, row by row told.

A step looks at a number of rows; rows, what became of them and the place in the file commit
together, so a step that dies leaves nothing and is taken again from where it began.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import IO, Any
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from rest_framework.exceptions import ValidationError

from platform_shared.clubs import services as club_services
from platform_shared.due_work import services as due_work
from platform_shared.kit import problem
from platform_shared.kit.errors import InvalidInput
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import Actor, stamp
from platform_shared.plans.enums import Limit
from tenant_apps.customers import selectors, services, sheets
from tenant_apps.customers.enums import ImportStatus, RowFate
from tenant_apps.customers.models import (
    Customer,
    CustomerImport,
    ImportKey,
    ImportRow,
    Merge,
    SearchTerm,
)

STEP = "customers.import"
ROWS_A_STEP = 2_000
PLAN_IS_FULL = {"field": "body", "code": "plan_limit_reached", "detail": "The plan has no room."}
TOO_MANY_CELLS = {"field": "body", "code": "too_many_cells", "detail": "More than the header has."}

# What tells one person: ("id", of an export), ("email", address), ("phone", number),
# ("person", name and birth date), ("row", digest of the row).
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Match:
    """Who is there already: a customer, or (in a dry run) the row that would make one."""

    customer_id: UUID | None = None
    number: int | None = None


@dataclass(slots=True)
class _Row:
    """A row on its way: its columns, or what is wrong with it."""

    number: int
    digest: bytes
    id: str
    columns: dict[str, Any] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)

    @property
    def keys(self) -> list[Key]:
        """What tells the row's person, the strongest first."""
        said = self.columns
        person = ""
        if said.get("birth_date") and said.get("name_key"):
            person = f"{said['birth_date']} {said['name_key']}"
        keys = {
            "id": self.id,
            "email": said.get("email"),
            "phone": said.get("phone_e164"),
            "person": person,
            "row": self.digest.hex(),
        }
        return [(kind, str(what)) for kind, what in keys.items() if what]


def start_import(
    *, file: "File[bytes]", dry_run: bool, now: datetime, actor: Actor
) -> CustomerImport:
    """Take in a file of customers, to be worked off from now on; a dry run adds nobody.

    Raises:
        InvalidInput: no CSV of customers.
    """
    sheet = sheets.inspect(file.open("rb"))
    import_id = new_id()
    name = default_storage.save(f"imports/{import_id}.csv", file)
    with transaction.atomic():
        made = CustomerImport.objects.create(
            id=import_id,
            file=name,
            dry_run=dry_run,
            status=ImportStatus.PENDING,
            columns=sheet.columns,
            delimiter=sheet.delimiter,
            offset=sheet.offset,
            total=sheet.rows,
            created_at=now,
            **stamp(actor),
        )
        due_work.schedule(kind=STEP, subject_id=import_id, due_at=now)
        return made


def work_on(import_id: UUID, now: datetime) -> None:
    """Look at the import's next rows and come back for the rest; at its end the file goes.

    The handler of due work; runs in its transaction.

    Locks: the import, all adding of customers (advisory), the plan's limit (advisory).
    Idempotent by: the place in the file, which the rows' transaction moves.
    """
    rows = CustomerImport.objects.select_for_update(of=("self",))
    job = rows.exclude(status=ImportStatus.DONE).filter(pk=import_id).first()
    if job is None:
        return
    with default_storage.open(job.file) as file:
        read = _read(job, file)
    _judge(job, read, now)
    job.rows += len(read)
    job.status = ImportStatus.RUNNING if read and job.rows < job.total else ImportStatus.DONE
    if job.status == ImportStatus.DONE:
        job.finished_at = now
        ImportKey.objects.filter(customer_import=job).delete()
        transaction.on_commit(lambda: default_storage.delete(job.file))
    else:
        due_work.schedule(kind=STEP, subject_id=import_id, due_at=now)
    job.save()


def _read(job: CustomerImport, file: IO[bytes]) -> list[_Row]:
    """Return the next rows of the file, each looked at by itself; the import's place moves on."""
    found = []
    region = lru_cache(maxsize=1)(selectors.region)
    serializer = sheets.RowSerializer()
    rows = sheets.rows_of(file, job.delimiter, job.offset)
    for number, (cells, end) in enumerate(islice(rows, ROWS_A_STEP), job.rows + 1):
        job.offset = end
        payload = sheets.payload_of(job.columns, cells)
        said = json.dumps(payload, sort_keys=True)
        digest = hashlib.sha256(said.encode()).digest()
        row = _Row(number, digest, sheets.id_of(job.columns, cells))
        found.append(row)
        if len(cells) > len(job.columns):
            row.errors.append(TOO_MANY_CELLS)
            continue
        try:
            row.columns = services.columns_of(serializer.run_validation(payload), region)
        except ValidationError as error:
            row.errors = problem.field_errors(error)
        except InvalidInput as error:
            row.errors = [
                {"field": e.field, "code": e.code, "detail": e.detail} for e in error.errors
            ]
    return found


def _judge(job: CustomerImport, rows: list[_Row], now: datetime) -> None:
    """Decide the fate of each row, and carry it out unless the run is a dry one."""
    services.lock_everybody()
    known = _known(job, rows)
    room = club_services.room_left(Limit.CUSTOMERS, Customer.objects.filter(is_active=True))
    if room is not None and job.dry_run:
        room = max(room - job.created, 0)
    customers, fates = [], []
    for row in rows:
        fate = ImportRow(customer_import=job, number=row.number, digest=row.digest)
        fates.append(fate)
        match = next((known[key] for key in row.keys if key in known), None)
        if not row.errors and match is None and room == 0:
            row.errors.append(PLAN_IS_FULL)
        if row.errors:
            fate.fate, fate.errors = RowFate.INVALID, row.errors
            job.invalid += 1
        elif match is not None:
            fate.fate, fate.customer_id = RowFate.DUPLICATE, match.customer_id
            fate.duplicate_of = match.number
            job.duplicates += 1
        else:
            fate.fate = RowFate.CREATED
            job.created += 1
            room = None if room is None else room - 1
            made = _Match(number=row.number)
            if not job.dry_run:
                customer = Customer(**row.columns, created_at=now)
                customers.append(customer)
                fate.customer = customer
                made = _Match(customer_id=customer.pk)
            known |= dict.fromkeys(row.keys, made)
    _write(job, customers, fates, known)


def _write(
    job: CustomerImport,
    customers: list[Customer],
    fates: list[ImportRow],
    known: dict[Key, _Match],
) -> None:
    Customer.objects.bulk_create(customers)
    SearchTerm.objects.bulk_create(
        SearchTerm(owner=customer, customer=customer, term=term)
        for customer in customers
        for term in services.terms_of(customer)
    )
    ImportRow.objects.bulk_create(fates)
    if job.dry_run:
        ImportKey.objects.bulk_create(
            (
                ImportKey(customer_import=job, key=_hashed(key), number=match.number)
                for key, match in known.items()
                if match.number is not None
            ),
            ignore_conflicts=True,
        )


def _hashed(key: Key) -> bytes:
    return hashlib.sha256("\x1f".join(key).encode()).digest()


# --- who is there already ---------------------------------------------------------------------


def _known(job: CustomerImport, rows: list[_Row]) -> dict[Key, _Match]:
    """Return who is told by any of the rows' keys; a constant number of queries."""
    kinds = ("id", "email", "phone", "person", "row")
    wanted: dict[str, set[str]] = {kind: set() for kind in kinds}
    for row in rows:
        for kind, what in row.keys:
            wanted[kind].add(what)
    found = dict(_customers(rows, wanted))
    merged = Merge.objects.filter(pk__in=set(found.values())).values_list(
        "duplicate_id", "survivor_id"
    )
    survivors = dict(merged)
    known = {key: _Match(survivors.get(customer, customer)) for key, customer in found.items()}
    if job.dry_run:
        by_hash = {_hashed((kind, what)): (kind, what) for kind in wanted for what in wanted[kind]}
        keys = ImportKey.objects.filter(customer_import=job, key__in=list(by_hash))
        for key, number in keys.values_list("key", "number"):
            known.setdefault(by_hash[bytes(key)], _Match(number=number))
    return known


def _customers(rows: list[_Row], wanted: dict[str, set[str]]) -> Iterable[tuple[Key, UUID]]:
    """Yield (key, customer) of every customer who has one of the wanted; the oldest last."""
    people = Customer.objects.order_by("-id")
    imported = ImportRow.objects.filter(
        fate=RowFate.CREATED,
        customer__isnull=False,
        digest__in=[bytes.fromhex(digest) for digest in wanted["row"]],
    )
    for digest, customer in imported.values_list("digest", "customer_id"):
        assert customer is not None
        yield ("row", bytes(digest).hex()), customer
    terms = SearchTerm.objects.filter(term__in=wanted["email"])
    for email, customer in terms.values_list("term", "customer_id"):
        yield ("email", email), customer
    with_email = people.filter(email__in=wanted["email"])
    for address, customer in with_email.values_list("email", "id"):
        yield ("email", address or ""), customer
    with_phone = people.filter(phone_e164__in=wanted["phone"])
    for number, customer in with_phone.values_list("phone_e164", "id"):
        yield ("phone", number), customer
    days = {row.columns["birth_date"] for row in rows if row.columns.get("birth_date")}
    names = {row.columns["name_key"] for row in rows if row.columns.get("name_key")}
    born = people.filter(birth_date__in=days, name_key__in=names)
    for day, name, customer in born.values_list("birth_date", "name_key", "id"):
        yield ("person", f"{day} {name}"), customer
    for customer in people.filter(pk__in=wanted["id"]).values_list("id", flat=True):
        yield ("id", str(customer)), customer
