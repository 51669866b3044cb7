"""What a club sells and to whom: the bound club's customers, packages and sales, for tests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from platform_shared.kit.money import Money
from platform_shared.kit.principal import Actor
from platform_shared.tenancy import binding
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.models import Customer
from tenant_apps.packages import services as package_services
from tenant_apps.packages.models import Package
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.qr_codes import services as code_services
from tenant_apps.sales import services as sale_services
from tenant_apps.sales.services import Sale
from tests.support.world import BORN

STAFF = Actor(kind="club_staff", id=UUID(int=5), label="staff@alpha.test")


def new_customer(name: str = "Dora", **fields: Any) -> Customer:
    """Return a new customer of the bound club."""
    return customer_services.create_customer(name=name, now=BORN, **fields)


def new_package(
    *,
    visits: int | None = None,
    duration: tuple[str, int] | None = ("month", 1),
    price: int = 4900,
    **fields: Any,
) -> Package:
    """Return a new package: of so many visits, or (None) a period; money in the club's currency."""
    return package_services.create_package(
        now=BORN,
        fields={
            "name": f"{visits} visits" if visits else "Unlimited",
            "type": "credits" if visits else "period",
            "credits": visits,
            "price": Money(price, binding.current_club().currency),
            "duration": {"unit": duration[0], "count": duration[1]} if duration else None,
            **fields,
        },
    )


def sell(
    package: Package | UUID,
    customer: Customer | UUID,
    *,
    at: datetime = BORN,
    method: PaymentMethod = PaymentMethod.CASH,
    starts_at: datetime | None = None,
) -> Sale:
    """Sell at the desk."""
    return sale_services.sell_at_desk(
        customer_id=customer if isinstance(customer, UUID) else customer.id,
        package_id=package if isinstance(package, UUID) else package.id,
        method=method,
        starts_at=starts_at,
        now=at,
        actor=STAFF,
    )


@dataclass(frozen=True)
class Pass:
    """A customer who has bought something, and the text of their code."""

    customer: UUID
    subscription: UUID
    code: str
    sale: Sale


def new_pass(
    *,
    visits: int | None = None,
    at: datetime = BORN,
    name: str = "Dora",
    starts_at: datetime | None = None,
    **package: Any,
) -> Pass:
    """Sell a new package to a new customer."""
    customer = new_customer(name)
    sale = sell(new_package(visits=visits, **package), customer, at=at, starts_at=starts_at)
    return Pass(customer.id, sale.subscription.id, code_services.draw(sale.qr_code), sale)
