"""How many statements a reading route sends, and more rows for it to read."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from platform_shared.accounts import services as account_services
from platform_shared.clubs.models import Club, Host
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.principal import SYSTEM, stamp
from platform_shared.plans.models import Plan
from platform_shared.tenancy import binding
from tenant_apps.api_keys import services as key_services
from tenant_apps.api_keys.models import ApiKey
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import CustomerImport, ImportRow
from tenant_apps.locations import services as location_services
from tenant_apps.packages.models import Package
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.qr_codes import services as code_services
from tenant_apps.sales import services as sale_services
from tenant_apps.subscriptions import services as subscription_services
from tenant_apps.subscriptions.models import SubscriptionMember
from tests.permissions import scene as scenery
from tests.permissions import table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import log

READING = [row for row in table.rows() if row.method == "GET"]
# Who asks: the first of these who is allowed to; a customer for what is a customer's own.
ASKING = ("anonymous", "admin", "customer", "platform", "key")
# What can be expanded, all at once; where there is no list of it, of one thing.
EXPANDED = {
    "check-ins": "customer,subscription,location",
    "check-ins/<uuid:check_in_id>": "customer,subscription,location",
    "subscriptions": "customer,package",
    "subscriptions/<uuid:subscription_id>": "customer,package",
    "subscriptions/<uuid:subscription_id>/members": "customer",
    "qr-codes": "customer,subscription",
    "qr-codes/<uuid:code_id>": "customer,subscription",
    "invoices": "customer",
    "invoices/<uuid:invoice_id>": "customer",
    "payments": "invoice",
    "payments/<uuid:payment_id>": "invoice",
}
LISTS = {
    "club": (
        "staff",
        "api-keys",
        "api-keys/<uuid:key_id>/changes",
        "locations",
        "customers",
        "customers/imports/<uuid:import_id>/rows",
        "packages",
        "catalogue",
        "subscriptions",
        "subscriptions/<uuid:subscription_id>/members",
        "subscriptions/<uuid:subscription_id>/entries",
        "subscriptions/<uuid:subscription_id>/changes",
        "qr-codes",
        "invoices",
        "payments",
        "check-ins",
        "door/inside",
        "me/subscriptions",
        "me/subscriptions/<uuid:subscription_id>/entries",
        "me/qr-codes",
        "me/check-ins",
        "me/invoices",
        "me/payments",
    ),
    "platform": ("plans", "clubs", "system-users"),
}


def caller_of(row: Row) -> str:
    return next(caller for caller in ASKING if row.statuses[caller] < 400)


def asked(scene: Scene, row: Row) -> tuple[int, Any]:
    """Return how many statements the answer takes, and the answer.

    It is asked for twice and the second time counts: the caches know host and session by then.
    Binding the club is not counted; it is no query of a route's.
    """
    caller = caller_of(row)
    assert scene.ask(row, caller).status_code == 200
    with CaptureQueriesContext(connection) as queries:
        answer = scene.ask(row, caller)
    assert answer.status_code == 200
    return len(queries), answer


def whole_list(host: str, path: str) -> Row:
    """Return the row of a list's route, all on one page."""
    return _asking(host, path, "page_size=200")


def expanded(path: str) -> Row:
    """Return the row of a club's route, with everything in it that can be expanded."""
    return _asking("club", path, f"expand={EXPANDED[path]}")


def _asking(host: str, path: str, query: str) -> Row:
    row = next(r for r in READING if (r.host, r.route) == (host, f"/api/v1/{path}"))
    return Row(host, "GET", f"{row.route}?{query}", row.statuses)


def add_rows(club: ClubWorld, count: int) -> None:
    """Give the club ``count`` more of everything that a list shows, and the platform too.

    All of the customer's own things are those of the customer who has a login.
    """
    with binding.club(club.ref):
        for number in range(count):
            _account(f"staff{number}", Role.CLUB_STAFF)
            location = location_services.create_location(name=f"Door {number}", now=BORN)
            customer = customer_services.create_customer(
                name=f"Customer {number}", location_ids=[location.id], now=BORN
            )
            _share(club.subscription, customer.id)
            subscription_services.adjust_credits(
                subscription_id=club.subscription, amount=1, reason="", now=BORN, actor=SYSTEM
            )
            # Tomorrow, so that no night ends it while we look.
            log(customer.id, "entry", at=clock.now() + timedelta(days=1), location=location.id)
            sale_services.sell_at_desk(
                customer_id=club.customer,
                package_id=_package(club),
                method=PaymentMethod.CASH,
                starts_at=None,
                now=BORN,
                actor=SYSTEM,
            )
            theirs = subscription_services.grant_subscription(
                customer_id=customer.id,
                package_id=club.credits_package,
                starts_at=None,
                now=BORN,
                actor=SYSTEM,
            )
            _share(theirs.id, club.customer)
            code_services.issue_code(
                customer_id=club.customer, expires_at=None, now=BORN, actor=SYSTEM
            )
            check_in = checkin_services.record_scan(
                scan=checkin_services.Scan(
                    uuid4(), Kind.ENTRY, customer_id=club.customer, location_id=location.id
                ),
                now=BORN + timedelta(days=10, hours=number),
                actor=SYSTEM,
            ).check_in
            checkin_services.annul_check_in(
                check_in_id=check_in.id, reason="", now=BORN, actor=SYSTEM
            )
            scenery.api_key(f"Program {number}")
        for key in ApiKey.objects.all():
            for number in range(count):
                key_services.rename_key(
                    key_id=key.pk, name=f"Name {number}", now=BORN, actor=SYSTEM
                )
        for customer_import in CustomerImport.objects.all():
            ImportRow.objects.bulk_create(
                ImportRow(
                    customer_import=customer_import, number=100 + n, fate="invalid", digest=b""
                )
                for n in range(count)
            )
    with binding.platform():
        for number in range(count):
            _account(f"admin{number}", Role.SYSTEM_ADMIN)
            _club(f"more-{number}")


def _account(name: str, role: Role) -> None:
    email = f"{name}@accounts.test"
    account_services.create_user(email=email, name="", role=role, password=None, now=BORN)


def _share(subscription_id: UUID, customer_id: UUID) -> None:
    """Let a customer share a subscription, whatever its terms say."""
    SubscriptionMember.objects.create(
        subscription_id=subscription_id, customer_id=customer_id, added_at=BORN, **stamp(SYSTEM)
    )


def _package(club: ClubWorld) -> Any:
    """Return another package like the first."""
    package = Package.objects.get(pk=club.credits_package)
    package.pk = uuid4()
    package.save(force_insert=True)
    return package.pk


def _club(slug: str) -> None:
    """Make a club's row, its host and a plan of its own; nobody looks into its schema."""
    plan = Plan.objects.create(code=slug, name=slug, price_amount=0, price_currency="EUR")
    club = Club.objects.create(
        schema_name=f"c_{uuid4().hex}",
        name=slug,
        slug=slug,
        plan=plan,
        status="active",
        time_zone="UTC",
        currency="EUR",
        created_at=BORN,
    )
    Host.objects.create(domain=f"{slug}.localhost", tenant=club, is_primary=True)
