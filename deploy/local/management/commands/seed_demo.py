"""Sample data for a developer's machine: the clubs `demo` and `second`, with a bit of history.

Only local and test settings know this command. It may be interrupted anywhere: repeating it adds
what is missing and changes nothing that is there.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid5

from django.core.management.base import BaseCommand
from django.db import transaction

from deploy.local.demo_data import CUSTOMERS, LOCATIONS, PACKAGES, PASSWORD, SALES
from platform_shared.accounts import selectors as account_selectors
from platform_shared.accounts import services as account_services
from platform_shared.clubs import services as club_services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.checkins import selectors as checkin_selectors
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import selectors as customer_selectors
from tenant_apps.customers import services as customer_services
from tenant_apps.locations import selectors as location_selectors
from tenant_apps.locations import services as location_services
from tenant_apps.packages import services as package_services
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.sales import services as sale_services
from tenant_apps.subscriptions import selectors as subscription_selectors


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
            club = ClubRef.of(made.club)
            with binding.club(club):
                # All or nothing, so that one account tells of the rest.
                if account_selectors.find_by_email(f"staff@{slug}.test") is None:
                    with transaction.atomic():
                        self._fill(slug, now)
                self._visit(club, now)
            self.stdout.write(f"club {slug} is there")

    def _fill(self, slug: str, now: datetime) -> None:
        for name in LOCATIONS:
            location_services.create_location(name=name, now=now)
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
        for who, what, method, days_ago, _ in SALES:
            sale_services.sell_at_desk(
                customer_id=customers[who].id,
                package_id=packages[what].id,
                method=PaymentMethod(method),
                starts_at=None,
                now=now - timedelta(days=days_ago),
                actor=SYSTEM,
            )
        customer_services.invite_customer(customer_id=customers[0].id, password=PASSWORD, now=now)
        account_services.create_user(
            email=f"staff@{slug}.test",
            name="Front Desk",
            role=Role.CLUB_STAFF,
            password=PASSWORD,
            now=now,
        )

    def _visit(self, club: ClubRef, now: datetime) -> None:
        """Add the visits that are missing. Each is a transaction of its own, as every scan is."""
        planned = {
            uuid5(club.id, f"sale {sale}, visit {visit}"): (who, visit)
            for sale, (who, _, _, _, visits) in enumerate(SALES)
            for visit in range(visits)
        }
        made = set(
            checkin_selectors.list_check_ins()
            .filter(scan_id__in=planned)
            .values_list("scan_id", flat=True)
        )
        for scan_id, (who, visit) in planned.items():
            if scan_id in made:
                continue
            customer = customer_selectors.list_customers().get(name=CUSTOMERS[who][0])
            bought = subscription_selectors.list_of_customer(customer.id).earliest("created_at")
            scan = checkin_services.Scan(
                scan_id=scan_id,
                kind=Kind.ENTRY,
                customer_id=customer.id,
                location_id=location_selectors.list_locations().get(name=LOCATIONS[0]).id,
            )
            at = bought.starts_at + timedelta(days=visit * 2, hours=1)
            checkin_services.record_scan(scan=scan, now=min(at, now), actor=SYSTEM)
