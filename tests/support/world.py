"""Two clubs that look alike, made once per session and rolled back to after each test."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from platform_shared.accounts import services as account_services
from platform_shared.clubs import services as club_services
from platform_shared.kit.access import Role
from platform_shared.kit.money import Money
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.customers import services as customer_services
from tenant_apps.locations import services as location_services
from tenant_apps.packages import services as package_services
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.sales import services as sale_services

PASSWORD = "correct-horse-battery"
BORN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class ClubWorld:
    """A club of the test world: who and what is in it.

    ``customer`` has a login and bought ``credits_package`` (ten visits, a year); ``other_customer``
    has neither a login nor a subscription.
    """

    ref: ClubRef
    location: UUID
    credits_package: UUID
    period_package: UUID
    customer: UUID
    other_customer: UUID
    subscription: UUID
    qr_code: UUID
    invoice: UUID
    payment: UUID

    @property
    def host(self) -> str:
        return f"{self.ref.slug}.localhost"

    def email(self, role: Role) -> str:
        return f"{role.removeprefix('club_')}@{self.ref.slug}.test"


def build_platform() -> None:
    """Make the system admin."""
    account_services.create_user(
        email="root@platform.test", name="Root", role=Role.SYSTEM_ADMIN, password=PASSWORD, now=BORN
    )


def build_club(slug: str) -> ClubWorld:
    """Provision a club and fill it."""
    made = club_services.provision_club(
        name=f"Club {slug}",
        slug=slug,
        plan="unlimited",
        time_zone="Europe/Berlin",
        currency="EUR",
        admin_email=f"admin@{slug}.test",
        admin_password=PASSWORD,
        now=BORN,
    )
    ref = ClubRef.of(made.club)
    with binding.club(ref):
        account_services.create_user(
            email=f"staff@{slug}.test",
            name="Staff",
            role=Role.CLUB_STAFF,
            password=PASSWORD,
            now=BORN,
        )
        location = location_services.create_location(name="Entrance", now=BORN)
        ten_visits = package_services.create_package(
            now=BORN,
            fields={
                "name": "Ten visits",
                "type": "credits",
                "price": Money(9900, "EUR"),
                "tax_rate_basis_points": 1900,
                "credits": 10,
                "duration": {"unit": "year", "count": 1},
            },
        )
        period = package_services.create_package(
            now=BORN,
            fields={
                "name": "Monthly",
                "type": "period",
                "price": Money(4900, "EUR"),
                "duration": {"unit": "month", "count": 1},
            },
        )
        customer = customer_services.create_customer(
            name=f"Carla of {slug}", email=f"customer@{slug}.test", now=BORN
        )
        customer_services.invite_customer(customer_id=customer.id, password=PASSWORD, now=BORN)
        other = customer_services.create_customer(name=f"Otto of {slug}", now=BORN)
        sale = sale_services.sell_at_desk(
            customer_id=customer.id,
            package_id=ten_visits.id,
            method=PaymentMethod.CASH,
            starts_at=None,
            now=BORN,
            actor=SYSTEM,
        )
    return ClubWorld(
        ref=ref,
        location=location.id,
        credits_package=ten_visits.id,
        period_package=period.id,
        customer=customer.id,
        other_customer=other.id,
        subscription=sale.subscription.id,
        qr_code=sale.qr_code.id,
        invoice=sale.invoice.id,
        payment=sale.payment.id,
    )
