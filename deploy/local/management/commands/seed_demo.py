"""Sample data for a developer's machine: the clubs `demo` and `second`, with a bit of history.

Only local and test settings know this command. Repeating it changes nothing.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand

from deploy.local.demo_data import CUSTOMERS, LOCATIONS, PACKAGES, PASSWORD, SALES
from platform_shared.accounts import selectors as account_selectors
from platform_shared.accounts import services as account_services
from platform_shared.clubs import services as club_services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import services as customer_services
from tenant_apps.locations import services as location_services
from tenant_apps.packages import services as package_services
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.sales import services as sale_services


class Command(BaseCommand):
    help = "Create the system admin and the clubs demo and second with sample data."

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if account_selectors.find_by_email("root@platform.test") is None:
            account_services.create_user(
                email="root@platform.test",
                name="Root",
                role=Role.SYSTEM_ADMIN,
                password=PASSWORD,
                now=now,
            )
        for slug, name, zone in (
            ("demo", "Demo Sports Club", "Europe/Berlin"),
            ("second", "Second Studio", "Europe/Lisbon"),
        ):
            made = club_services.provision_club(
                name=name,
                slug=slug,
                plan="unlimited",
                time_zone=zone,
                currency="EUR",
                admin_email=f"admin@{slug}.test",
                admin_password=PASSWORD,
                now=now,
                repeatable=True,
            )
            with binding.club(ClubRef.of(made.club)):
                if account_selectors.find_by_email(f"staff@{slug}.test") is None:
                    self._fill(slug, now)
            self.stdout.write(f"club {slug} is there")

    def _fill(self, slug: str, now: datetime) -> None:
        locations = [location_services.create_location(name=name, now=now) for name in LOCATIONS]
        packages = [package_services.create_package(now=now, fields=p) for p in PACKAGES]
        customers = []
        for name, email, phone, birth_date in CUSTOMERS:
            fields: dict[str, Any] = {
                "name": name,
                "phone": phone,
                "birth_date": date.fromisoformat(birth_date),
            }
            if email is not None:
                fields["email"] = f"{email}@{slug}.test"
            customers.append(customer_services.create_customer(now=now, **fields))
        for who, what, method, days_ago, visits in SALES:
            sold_at = now - timedelta(days=days_ago)
            sale_services.sell_at_desk(
                customer_id=customers[who].id,
                package_id=packages[what].id,
                method=PaymentMethod(method),
                starts_at=None,
                now=sold_at,
                actor=SYSTEM,
            )
            for visit in range(visits):
                scan = checkin_services.Scan(
                    scan_id=new_id(),
                    kind=Kind.ENTRY,
                    customer_id=customers[who].id,
                    location_id=locations[0].id,
                )
                at = sold_at + timedelta(days=visit * 2, hours=1)
                checkin_services.record_scan(scan=scan, now=min(at, now), actor=SYSTEM)
        customer_services.invite_customer(customer_id=customers[0].id, password=PASSWORD, now=now)
        # Last: its presence is what tells a second run that the club is filled.
        account_services.create_user(
            email=f"staff@{slug}.test",
            name="Front Desk",
            role=Role.CLUB_STAFF,
            password=PASSWORD,
            now=now,
        )
