"""Clubs with many rows, made fast: one customer and what they bought, by the services, then copies.

A copy is made by the database: the row that the services wrote, with other ids. So it has every
column that there is, and what constraints ask for. Triggers and foreign keys are off meanwhile,
which takes a superuser; the references are right by construction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from deploy.bench import numbering
from deploy.bench.site import PASSWORD, Site
from platform_shared.accounts import services as account_services
from platform_shared.clubs import services as club_services
from platform_shared.kit.access import Role
from platform_shared.kit.money import Money
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import services as customer_services
from tenant_apps.locations import services as location_services
from tenant_apps.packages import services as package_services
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.qr_codes import keys, tokens
from tenant_apps.sales import services as sale_services

CREDITS = 1000
ANNULLED_ONE_IN = 200
# Words without a meaning; a name is two of them, of two syllables each.
SYLLABLES = [
    "ba",
    "do",
    "fe",
    "ga",
    "hi",
    "jo",
    "ka",
    "le",
    "mi",
    "no",
    "pa",
    "qui",
    "ro",
    "sa",
    "te",
    "vu",
    "wa",
    "xe",
    "yo",
    "zu",
]
FIRST = "(array[{s}])[1 + abs(hashint4(g)) % {n}] || (array[{s}])[1 + abs(hashint4(g + 7)) % {n}]"
LAST = "(array[{s}])[1 + abs(hashint4(-g)) % {n}] || (array[{s}])[1 + abs(hashint4(9 - g)) % {n}]"
NUMBER = f"({numbering.BASE} + g)"


@dataclass
class FilledClub:
    """A club whose customers have the numbers from 1 to ``customers``."""

    ref: ClubRef
    customers: int
    staff_email: str
    location_id: UUID
    template: dict[str, UUID]
    taken: int = 0
    runs: int = 9  # two digits: see ``numbering``

    def take(self, count: int) -> numbering.Slice:
        """Set the next customers aside; after the last one it begins again."""
        if self.taken + count > self.customers:
            self.taken = 0
        count = min(count, self.customers)
        taken = numbering.Slice(self.taken + 1, count)
        self.taken += count
        return taken

    def next_run(self) -> int:
        """Return the number of a run of scans, which none had before."""
        self.runs += 1
        return self.runs


def make_club(site: Site, slug: str, customers: int, now: datetime) -> FilledClub:
    """Provision a club and give each of its customers credits and a code."""
    began = now - timedelta(days=400)
    made = club_services.provision_club(
        name=slug.title(),
        slug=slug,
        plan="unlimited",
        time_zone="Europe/Berlin",
        currency="EUR",
        admin_email=f"admin@{slug}.test",
        admin_password=PASSWORD,
        now=now,
    )
    club_services.change_settings(club_id=made.club.id, changes={"reentry_seconds": 0})
    ref = ClubRef.of(made.club)
    staff = f"staff@{slug}.test"
    with binding.club(ref):
        account_services.create_user(
            email=staff, name="Door", role=Role.CLUB_STAFF, password=PASSWORD, now=now
        )
        location = location_services.create_location(name="Door", now=began)
        package = package_services.create_package(
            now=began,
            fields={
                "name": "Visits",
                "type": "credits",
                "price": Money(9900, "EUR"),
                "tax_rate_basis_points": 1900,
                "credits": CREDITS,
                "duration": {"unit": "year", "count": 3},
            },
        )
        customer = customer_services.create_customer(
            now=began, name="First Row", birth_date=date(1990, 1, 1)
        )
        sale = sale_services.sell_at_desk(
            customer_id=customer.id,
            package_id=package.id,
            method=PaymentMethod.CASH,
            starts_at=None,
            now=began,
            actor=SYSTEM,
        )
        lot = sale.subscription.lots.get()
        template = {
            "customer": customer.id,
            "subscription": sale.subscription.id,
            "lot": lot.id,
            "grant": lot.entries.get().id,
            "change": sale.subscription.changes.get().id,
            "code": sale.qr_code.id,
            "invoice": sale.invoice.id,
            "payment": sale.payment.id,
        }
    club = FilledClub(ref, customers, staff, location.id, template)
    with site.superuser(ref.schema_name) as connection:
        _copy_customers(connection, club)
    return club


def add_visits(site: Site, club: FilledClub, visits: int, now: datetime) -> None:
    """Write a year of accepted entries up to ``now``, a few of them annulled."""
    with binding.club(club.ref):
        scan = checkin_services.Scan(
            scan_id=uuid4(),
            kind=Kind.ENTRY,
            customer_id=club.template["customer"],
            location_id=club.location_id,
        )
        visit = checkin_services.record_scan(scan=scan, now=now, actor=SYSTEM).check_in
        annulment = checkin_services.annul_check_in(
            check_in_id=visit.id, reason="", now=now, actor=SYSTEM
        )
    who = f"({numbering.BASE} + 1 + abs(hashint4(g)) % {club.customers})"
    at = sql.SQL("({}::timestamptz + g * {}::interval)").format(
        sql.Literal(now - timedelta(days=365)), sql.Literal(timedelta(days=365) / visits)
    )
    with site.superuser(club.ref.schema_name) as connection:
        copies = _Copies(connection, visits)
        copies.make(
            "checkins_checkin",
            visit.id,
            id=numbering.sql_of(numbering.VISIT, NUMBER),
            scan_id=numbering.sql_of(numbering.VISIT, NUMBER),
            scanned_at=at,
            customer_id=numbering.sql_of(numbering.CUSTOMER, who),
            subscription_id=numbering.sql_of(numbering.SUBSCRIPTION, who),
            lot_id=numbering.sql_of(numbering.LOT, who),
            qr_code_id=numbering.sql_of(numbering.CODE, who),
        )
        copies.make(
            "checkins_annulment",
            annulment.id,
            where=f"g % {ANNULLED_ONE_IN} = 0",
            id=numbering.sql_of(numbering.VISIT, NUMBER),
            check_in_id=numbering.sql_of(numbering.VISIT, NUMBER),
            annulled_at=at,
        )
        copies.finish()


def codes_of(club: FilledClub, numbers: list[int]) -> list[str]:
    """Return the texts of the QR codes of these customers."""
    with binding.club(club.ref):
        key = keys.private_key_of(keys.signing_key())
    return [
        tokens.issue_static(
            private_key=key,
            code_id=numbering.uuid_of(numbering.CODE, number),
            expires_at=None,
        )
        for number in numbers
    ]


class _Copies:
    """Copies of template rows: one for each ``g`` from 1 to ``count``."""

    def __init__(self, connection: "psycopg.Connection[Any]", count: int) -> None:
        self._connection = connection
        self._count = count
        self._tables: list[str] = []
        connection.execute("SET session_replication_role = replica")

    def make(
        self,
        table: str,
        template: UUID,
        *,
        where: str = "true",
        **columns: str | sql.Composable,
    ) -> None:
        """Copy the row with the id ``template``; ``columns`` are what differs, as SQL of ``g``."""
        names = [
            row[0]
            for row in self._connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = '' AND attname <> 'recorded_in'",
                [table],
            )
        ]
        unknown = set(columns) - set(names)
        if unknown:
            raise KeyError(f"{table} has no {unknown}")
        values = [
            _as_sql(columns.get(name, sql.SQL("t.") + sql.Identifier(name))) for name in names
        ]
        self._connection.execute(
            sql.SQL(
                "INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS t,"
                " generate_series(1, {count}) AS g WHERE t.id = {template} AND {where}"
            ).format(
                table=sql.Identifier(table),
                names=sql.SQL(", ").join(map(sql.Identifier, names)),
                values=sql.SQL(", ").join(values),
                count=sql.Literal(self._count),
                template=sql.Literal(template),
                where=_as_sql(where),
            )
        )
        self._tables.append(table)

    def execute(self, table: str, statement: str) -> None:
        """Fill a table whose rows have no id of their own."""
        self._connection.execute(statement.encode())
        self._tables.append(table)

    def finish(self) -> None:
        """Have the planner know the new rows, as it does soon after in a club that grew."""
        self._connection.execute("SET session_replication_role = origin")
        for table in self._tables:
            self._connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def _copy_customers(connection: "psycopg.Connection[Any]", club: FilledClub) -> None:
    first, last = (_syllables(word) for word in (FIRST, LAST))
    template = club.template

    def ids(**columns: str) -> Mapping[str, str]:
        return {name: numbering.sql_of(kind, NUMBER) for name, kind in columns.items()}

    customer, subscription = numbering.CUSTOMER, numbering.SUBSCRIPTION
    copies = _Copies(connection, club.customers)
    copies.make(
        "customers_customer",
        template["customer"],
        **ids(id=customer),
        name=f"initcap({first}) || ' ' || initcap({last})",
        name_key=f"least({first}, {last}) || ' ' || greatest({first}, {last})",
        email="'member' || g || '@bench.test'",
    )
    copies.execute(
        "customers_searchterm",
        f"INSERT INTO customers_searchterm (owner_id, customer_id, term) "  # noqa: S608 - constants
        f"SELECT DISTINCT id, id, term FROM (SELECT {numbering.sql_of(customer, NUMBER)} AS id, "
        f"unnest(array[{first}, {last}, 'member' || g || '@bench.test']) AS term "
        f"FROM generate_series(1, {club.customers}) AS g) AS terms",
    )
    copies.make(
        "subscriptions_subscription",
        template["subscription"],
        **ids(id=subscription, customer_id=customer),
        # Some are new in every week of the year that reports look at.
        starts_at="t.starts_at + (g % 390) * interval '1 day'",
    )
    copies.make(
        "subscriptions_subscriptionchange",
        template["change"],
        **ids(id=numbering.CHANGE, subscription_id=subscription),
    )
    copies.make(
        "subscriptions_creditlot",
        template["lot"],
        **ids(id=numbering.LOT, subscription_id=subscription),
    )
    copies.make(
        "subscriptions_creditentry",
        template["grant"],
        **ids(
            id=numbering.GRANT,
            subscription_id=subscription,
            lot_id=numbering.LOT,
            change_id=numbering.CHANGE,
        ),
    )
    copies.make(
        "qr_codes_qrcode",
        template["code"],
        **ids(id=numbering.CODE, customer_id=customer, subscription_id=subscription),
    )
    copies.make(
        "invoices_invoice",
        template["invoice"],
        **ids(id=numbering.INVOICE, customer_id=customer),
        sequence="t.sequence + g",
    )
    copies.make(
        "payments_payment",
        template["payment"],
        **ids(id=numbering.PAYMENT, invoice_id=numbering.INVOICE),
        paid_at="t.paid_at + (g % 390) * interval '1 day'",
    )
    copies.finish()


def _syllables(pattern: str) -> str:
    listed = ", ".join(f"'{syllable}'" for syllable in SYLLABLES)
    return pattern.format(s=listed, n=len(SYLLABLES))


def _as_sql(part: str | sql.Composable) -> sql.Composable:
    return sql.SQL(part) if isinstance(part, str) else part
