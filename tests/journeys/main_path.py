"""The main path, over real HTTP against a running platform: ``make journey``.

It speaks through the generated Python client, as a program of somebody else's would.

Reads ``JOURNEY_BASE_PORT``. Each step prints what it did and how long it took; the first that does
not hold ends the journey with exit status 1.
"""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import zxingcpp
from PIL import Image
from qr_checkin_club.api.authentication import get_password_link, set_password
from qr_checkin_club.api.check_ins import annul_check_in, get_check_in, list_check_ins
from qr_checkin_club.api.club import change_club_settings
from qr_checkin_club.api.customers import (
    create_customer,
    get_customer,
    invite_customer,
    list_customers,
)
from qr_checkin_club.api.door import record_scan
from qr_checkin_club.api.locations import create_location
from qr_checkin_club.api.me import (
    get_me,
    list_my_check_ins,
    list_my_invoices,
    list_my_qr_codes,
    list_my_subscriptions,
)
from qr_checkin_club.api.packages import create_package
from qr_checkin_club.api.payments import confirm_payment, list_payments
from qr_checkin_club.api.qr_codes import get_qr_code_image
from qr_checkin_club.api.reports import get_overview
from qr_checkin_club.api.sales import create_sale
from qr_checkin_club.api.staff import create_staff
from qr_checkin_club.api.subscriptions import get_subscription
from qr_checkin_club.models import (
    Annul,
    ChangeClubSettings,
    CheckInMethod,
    Customer,
    Duration,
    DurationUnit,
    ImageFormat,
    InvoiceStatus,
    Money,
    NewCustomer,
    NewLocation,
    NewPackage,
    NewSale,
    NewStaff,
    Package,
    PackageType,
    PaymentMethod,
    PaymentStatus,
    Sale,
    Scan,
    ScanAnswer,
    ScanKind,
    ScanReason,
    ScanResult,
    SetPassword,
    StaffRole,
    SubscriptionStatus,
)
from qr_checkin_club.types import UNSET, Unset
from qr_checkin_platform.api.clubs import change_club, create_club, open_support_session
from qr_checkin_platform.api.plans import list_plans
from qr_checkin_platform.models import (
    ChangeClub,
    ClubStatus,
    ClubStatusChange,
    FirstAdmin,
    NewClub,
    NewSupportSession,
)

from tests.journeys.clients import PASSWORD, Host, done, ok, refused
from tests.journeys.everyday import Everyday

PATIENCE = 40.0  # seconds to wait for what happens in the background


class Journey:
    """The steps, in order; what one finds, the next ones use."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.platform = Host(port, "platform")
        self.admin, self.staff, self.member = (Host(port, "north") for _ in range(3))
        self.other = Host(port, "south")

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("the platform is ready", self.ready),
            ("an operator makes a system admin and a club on the command line", self.operator),
            ("a system admin provisions a club over the API", self.provision),
            ("the club's admin sets a password by the one-time link", self.first_admin),
            ("the admin sets up location, packages, staff, customer", self.set_up),
            ("the desk sells a package for cash", self.sell),
            ("the QR image is decoded and opens the door", self.open_the_door),
            ("the same scan again gets the same answer and charges nothing", self.repeat),
            ("the door refuses whom it should", self.refusals),
            ("an annulment gives the credit back", self.annul),
            ("staff check somebody in without a code", self.manual),
            ("a transfer is confirmed and starts the subscription", self.transfer),
            ("log and overview show it all", self.log_and_overview),
            ("the customer signs in and sees their own", self.own_data),
            ("the other club's door, tokens and ids stay shut", self.walls),
            *Everyday(self).steps(),
            ("what has ended expires by itself, with its ledger line", self.expiry),
            ("support enters by a session; a suspended club answers so", self.support),
        ]

    def ready(self) -> str:
        checks = self.platform.client.get_httpx_client().get("/health/ready")
        assert checks.status_code == 200, checks.text
        return json.dumps(checks.json()["checks"])

    def operator(self) -> str:
        manage("create_system_admin", "--email", "root@journey.test", "--password", PASSWORD)
        made = json.loads(
            manage(
                *("provision_club", "--json", "--name", "South Studio", "--slug", "south"),
                *("--plan", "starter", "--time-zone", "Europe/Lisbon", "--currency", "EUR"),
                *("--admin-email", "admin@south.test", "--admin-password", PASSWORD),
            )
        )
        assert made["status"] == "active", made
        self.other.sign_in("admin@south.test")
        return f"club south is {made['status']}"

    def provision(self) -> str:
        self.platform.sign_in("root@journey.test")
        platform = self.platform.platform
        plans = [plan.code for plan in ok(list_plans.sync_detailed(client=platform)).results]
        new = NewClub(
            name="North Gym",
            slug="north",
            plan="unlimited",
            time_zone="Europe/Berlin",
            currency="EUR",
            admin=FirstAdmin(email="admin@north.test"),
        )
        self.club = ok(create_club.sync_detailed(client=platform, body=new), 201)
        assert self.club.status == ClubStatus.ACTIVE, self.club
        return f"plans {', '.join(plans)}; club north at {self.club.hosts[0]}"

    def first_admin(self) -> str:
        assert self.club.password_link is not None, self.club
        token, client = token_in(self.club.password_link), self.admin.client
        shown = ok(get_password_link.sync_detailed(client=client, token=token))
        body = SetPassword(token=token, password=PASSWORD)
        done(set_password.sync_detailed(client=client, body=body))
        refused(set_password.sync_detailed(client=client, body=body), 404)
        self.admin.sign_in(shown.email)
        me = ok(get_me.sync_detailed(client=self.admin.client))
        return f"{me.email} is {me.role} with {len(me.permissions)} permissions"

    def set_up(self) -> str:
        admin = self.admin.client
        entrance = NewLocation(name="Main entrance")
        self.location = ok(create_location.sync_detailed(client=admin, body=entrance), 201)
        two = NewPackage(
            name="Two visits",
            type_=PackageType.CREDITS,
            price=Money(amount=2500, currency="EUR"),
            tax_rate="19.00",
            credits_=2,
            duration=Duration(unit=DurationUnit.MONTH, count=3),
        )
        self.package = ok(create_package.sync_detailed(client=admin, body=two), 201)
        day = NewPackage(
            name="Day of five",
            type_=PackageType.CREDITS,
            price=Money(amount=2500, currency="EUR"),
            credits_=5,
            duration=Duration(unit=DurationUnit.DAY, count=1),
        )
        self.day_pass = ok(create_package.sync_detailed(client=admin, body=day), 201)
        desk = NewStaff(email="desk@north.test", role=StaffRole.CLUB_STAFF, password=PASSWORD)
        ok(create_staff.sync_detailed(client=admin, body=desk), 201)
        self.staff.sign_in("desk@north.test")
        self.customer = self.new_customer("Carla Customer", email="Carla@north.test")
        refused(create_package.sync_detailed(client=self.staff.client, body=two), 403)
        return f"customer {self.customer.email}"

    def sell(self) -> str:
        self.sale = self.sale_of(self.package, self.customer)
        assert self.sale.subscription.status == SubscriptionStatus.ACTIVE, self.sale
        assert self.sale.invoice.status == InvoiceStatus.PAID, self.sale
        buyer = self.new_customer("Second Buyer")
        again = self.sale_of(self.package, buyer, PaymentMethod.CARD_TERMINAL)
        numbers = self.sale.invoice.number, again.invoice.number
        assert [int(n.split("-")[1]) for n in numbers] == [1, 2], numbers
        return f"invoices {numbers[0]} and {numbers[1]}"

    def new_customer(
        self, name: str, *, email: str | Unset = UNSET, phone: str | Unset = UNSET
    ) -> Customer:
        new = NewCustomer(name=name, email=email, phone=phone)
        return ok(create_customer.sync_detailed(client=self.staff.client, body=new), 201)

    def sale_of(
        self,
        package: Package,
        customer: Customer,
        method: PaymentMethod = PaymentMethod.CASH,
        *,
        starts_at: datetime | Unset = UNSET,
    ) -> Sale:
        new = NewSale(customer=customer.id, package=package.id, method=method, starts_at=starts_at)
        return ok(create_sale.sync_detailed(client=self.staff.client, body=new), 201)

    def scan_of(
        self,
        code: str | Unset = UNSET,
        *,
        customer: UUID | Unset = UNSET,
        kind: ScanKind = ScanKind.ENTRY,
    ) -> ScanAnswer:
        scan = Scan(scan_id=uuid4(), kind=kind, code=code, customer=customer)
        return ok(record_scan.sync_detailed(client=self.staff.client, body=scan), 201)

    def open_the_door(self) -> str:
        code, client = self.sale.qr_code, self.staff.client
        png = ok(get_qr_code_image.sync_detailed(code.id, client=client)).payload.read()
        (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
        assert read.text == code.code, read.text
        image = get_qr_code_image.sync_detailed(code.id, client=client, format_=ImageFormat.SVG)
        svg = ok(image).payload.read()
        assert svg.lstrip().startswith(b"<"), svg[:40]
        self.code = str(read.text)
        self.scan = Scan(
            scan_id=uuid4(), code=self.code, kind=ScanKind.ENTRY, location=self.location.id
        )
        self.entry = ok(record_scan.sync_detailed(client=client, body=self.scan), 201)
        said = self.entry.result, self.entry.reason
        assert said == (ScanResult.ACCEPTED, ScanReason.OK), self.entry
        assert self.entry.subscription is not None, self.entry
        assert self.entry.customer is not None, self.entry
        assert self.entry.subscription.credits_left == 1, self.entry
        return f"{len(png)} bytes of PNG; {self.entry.customer.name} is in, 1 credit left"

    def repeat(self) -> str:
        again = ok(record_scan.sync_detailed(client=self.staff.client, body=self.scan))
        assert again == self.entry, again
        other = Scan.from_dict({**self.scan.to_dict(), "kind": "exit"})
        return refused(record_scan.sync_detailed(client=self.staff.client, body=other), 422).code

    def refusals(self) -> str:
        found = [self.scan_of(self.code).reason]
        self.scan_of(self.code, kind=ScanKind.EXIT)
        off = ChangeClubSettings(reentry_seconds=0)
        ok(change_club_settings.sync_detailed(client=self.admin.client, body=off))
        found.append(self.scan_of(self.code).reason)
        found.append(self.scan_of(self.code).reason)
        found.append(self.scan_of("QC1:NOT A CODE").reason)
        # Two characters of Base45 are the signature's last byte.
        forged = self.code[:-2] + ("00" if self.code[-2:] != "00" else "10")
        found.append(self.scan_of(forged).reason)
        expected = ["already_inside", "ok", "no_credits", "unknown_code", "bad_signature"]
        assert found == expected, found
        return ", ".join(found)

    def annul(self) -> str:
        client, entry, why = self.staff.client, self.entry.id, Annul(reason="wrong person")
        annulment = ok(annul_check_in.sync_detailed(entry, client=client, body=why), 201)
        assert annulment.credit_returned, annulment
        refused(annul_check_in.sync_detailed(entry, client=client, body=Annul()), 409)
        after = self.scan_of(self.code)
        assert after.reason == ScanReason.OK, after
        return f"annulled by {annulment.annulled_by.label}; the credit was used again"

    def manual(self) -> str:
        guest = self.new_customer("No Phone")
        self.sale_of(self.package, guest)
        answer = self.scan_of(customer=guest.id)
        assert answer.result == ScanResult.ACCEPTED, answer
        row = ok(get_check_in.sync_detailed(answer.id, client=self.staff.client))
        assert row.method == CheckInMethod.MANUAL, row
        return f"logged as {row.method} by {row.scanned_by.label}"

    def transfer(self) -> str:
        payer, client = self.new_customer("Bank Customer"), self.staff.client
        sale = self.sale_of(self.package, payer, PaymentMethod.TRANSFER)
        assert sale.invoice.status == InvoiceStatus.OPEN, sale.invoice
        before = self.scan_of(sale.qr_code.code).reason
        # Days later, with nothing but the bank's statement, which names the invoice.
        pending = list_payments.sync_detailed(client=client, status=PaymentStatus.PENDING)
        number = sale.invoice.number
        (payment,) = [row for row in ok(pending).results if row.invoice_number == number]
        ok(confirm_payment.sync_detailed(payment.id, client=client))
        after = self.scan_of(sale.qr_code.code).reason
        assert (before, after) == (ScanReason.NO_SUBSCRIPTION, ScanReason.OK), (before, after)
        return f"{before}, then {after}"

    def log_and_overview(self) -> str:
        rows = ok(list_check_ins.sync_detailed(client=self.staff.client, page_size=200)).results
        accepted = [r for r in rows if (r.result, r.kind) == ("accepted", "entry")]
        counted = [r for r in accepted if r.annulled_at is None]
        today = datetime.now(UTC).date()
        figures = ok(
            get_overview.sync_detailed(
                client=self.admin.client,
                from_=today - timedelta(days=2),
                to=today + timedelta(days=3),
            )
        )
        assert figures.check_ins == len(counted), (figures.check_ins, len(counted))
        assert figures.revenue.amount == 4 * 2500, figures.revenue
        assert sum(day.check_ins for day in figures.by_day) == len(counted)
        return f"{len(rows)} rows, {len(counted)} visits, revenue {figures.revenue.amount}"

    def own_data(self) -> str:
        invitation = invite_customer.sync_detailed(self.customer.id, client=self.staff.client)
        token = token_in(ok(invitation, 201).password_link)
        body = SetPassword(token=token, password=PASSWORD)
        done(set_password.sync_detailed(client=self.member.client, body=body))
        self.member.sign_in("carla@NORTH.test")
        client = self.member.client
        counts = {
            "subscriptions": len(ok(list_my_subscriptions.sync_detailed(client=client)).results),
            "qr-codes": len(ok(list_my_qr_codes.sync_detailed(client=client)).results),
            "invoices": len(ok(list_my_invoices.sync_detailed(client=client)).results),
        }
        assert set(counts.values()) == {1}, counts
        counts["check-ins"] = len(ok(list_my_check_ins.sync_detailed(client=client)).results)
        refused(list_customers.sync_detailed(client=client), 403)
        return json.dumps(counts)

    def walls(self) -> str:
        scan = Scan(scan_id=uuid4(), code=self.code, kind=ScanKind.ENTRY)
        foreign = ok(record_scan.sync_detailed(client=self.other.client, body=scan), 201)
        assert foreign.reason == ScanReason.UNKNOWN_CODE, foreign
        assert foreign.customer is None, foreign
        refused(get_customer.sync_detailed(self.customer.id, client=self.other.client), 404)
        stranger = Host(self.port, "south", self.admin.token)
        unknown = refused(list_customers.sync_detailed(client=stranger.client), 401)
        nobody = refused(get_me.sync_detailed(client=Host(self.port, "nowhere").client), 404)
        return f"{foreign.reason}, {unknown.code}, {nobody.code}"

    def expiry(self) -> str:
        leaver = self.new_customer("Leaving Soon")
        starts_at = datetime.now(UTC) - timedelta(days=1) + timedelta(seconds=4)
        sale = self.sale_of(self.day_pass, leaver, starts_at=starts_at)
        code, bought = sale.qr_code.code, sale.subscription.id
        assert self.scan_of(code).reason == ScanReason.OK
        give_up = time.monotonic() + PATIENCE
        while True:
            row = ok(get_subscription.sync_detailed(bought, client=self.staff.client))
            if row.status == SubscriptionStatus.EXPIRED:
                break
            assert time.monotonic() < give_up, row
            time.sleep(0.5)
        assert (row.credits_, row.used_credits, row.credits_left) == (1, 1, 0), row
        assert self.scan_of(code).reason == ScanReason.SUBSCRIPTION_EXPIRED
        return "5 credits sold, 1 used, 4 written off"

    def support(self) -> str:
        club, platform = self.club.id, self.platform.platform
        door = Host(self.port, "north", self.platform.token)
        closed = refused(list_customers.sync_detailed(client=door.client), 403)
        assert closed.code == "support_session_required", closed
        wanted = NewSupportSession(reason="journey", minutes=5)
        opened = open_support_session.sync_detailed(club, client=platform, body=wanted)
        session = ok(opened, 201)
        suspend = ChangeClub(status=ClubStatusChange.SUSPENDED)
        ok(change_club.sync_detailed(club, client=platform, body=suspend))
        give_up = time.monotonic() + PATIENCE
        while list_customers.sync_detailed(client=self.staff.client).status_code != 403:
            assert time.monotonic() < give_up, "the suspension did not reach every process"
            time.sleep(0.05)
        suspended = refused(list_customers.sync_detailed(client=self.staff.client), 403)
        assert suspended.code == "club_suspended", suspended
        ok(get_me.sync_detailed(client=self.staff.client))
        door.use(session.access)
        ok(list_customers.sync_detailed(client=door.client))
        resume = ChangeClub(status=ClubStatusChange.ACTIVE)
        ok(change_club.sync_detailed(club, client=platform, body=resume))
        return f"{closed.code}; {suspended.code}"


def token_in(link: str) -> str:
    """Return the token that a one-time link carries."""
    return parse_qs(urlsplit(link).query)["token"][0]


def manage(*arguments: str) -> str:
    """Run ``manage.py`` and return what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> int:
    """Walk the journey; return 0 when every step held."""
    journey = Journey(int(os.environ["JOURNEY_BASE_PORT"]))
    began = time.perf_counter()
    for number, (title, step) in enumerate(journey.steps(), start=1):
        started = time.perf_counter()
        try:
            found = step()
        except Exception as error:  # the step's name is what a reader needs first
            print(f"✗ {number:2d} {title}\n     {type(error).__name__}: {error}")
            return 1
        print(f"✓ {number:2d} {title}  ({(time.perf_counter() - started) * 1000:.0f} ms)")
        print(f"     {found}")
    print(f"The whole path held, in {time.perf_counter() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
