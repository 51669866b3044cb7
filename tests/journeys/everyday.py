"""What a club does every day, after the main path: steps of the same journey."""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from qr_checkin_club.api.check_ins import explain_check_in
from qr_checkin_club.api.club import change_club_settings
from qr_checkin_club.api.customers import (
    create_customer,
    export_customers,
    get_customer_import,
    import_customers,
    list_customer_import_rows,
    list_customers,
    merge_customer,
)
from qr_checkin_club.api.door import get_door_feed
from qr_checkin_club.api.me import get_me
from qr_checkin_club.api.packages import create_package
from qr_checkin_club.api.qr_codes import list_qr_codes, print_qr_codes
from qr_checkin_club.api.registration import confirm_registration, register
from qr_checkin_club.api.subscriptions import (
    add_subscription_member,
    freeze_subscription,
    list_subscription_changes,
    remove_subscription_member,
    unfreeze_subscription,
)
from qr_checkin_club.models import (
    CardPaper,
    ChangeClubSettings,
    ConfirmRegistration,
    Duration,
    DurationUnit,
    Freeze,
    ImportStatus,
    Merge,
    Money,
    NewCustomer,
    NewMember,
    NewPackage,
    NewRegistration,
    NewSheet,
    PackageType,
    Reason,
    Role,
    RuleOutcome,
    ScanReason,
    SubscriptionStatus,
)
from qr_checkin_club.types import File

from tests.journeys.clients import PASSWORD, Host, done, ok, refused

if TYPE_CHECKING:
    from tests.journeys.main_path import Journey

PATIENCE = 40.0


class Everyday:
    """The steps; they use the club that the main path has made."""

    def __init__(self, journey: "Journey") -> None:
        self.journey = journey

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("a freeze shuts the door, and its end moves the pass's", self.freeze),
            ("a family shares one pass, each visit its own", self.family),
            ("a customer is found by any word, and two records become one", self.find_and_merge),
            ("a list of customers comes in, and goes out again", self.files),
            ("somebody registers, by a link in a mail", self.register),
            ("cards are printed, and the feed has told of every scan", self.cards_and_feed),
        ]

    def freeze(self) -> str:
        journey, client = self.journey, self.journey.staff.client
        sale = journey.sale_of(journey.package, journey.new_customer("Ida Injured"))
        code, bought = sale.qr_code.code, sale.subscription
        rest = Freeze(ends_at=datetime.now(UTC) + timedelta(days=7), reason="Injury")
        frozen = ok(freeze_subscription.sync_detailed(bought.id, client=client, body=rest))
        assert frozen.status == SubscriptionStatus.FROZEN, frozen
        assert frozen.ends_at is not None, frozen
        assert bought.ends_at is not None, bought
        assert frozen.ends_at > bought.ends_at, frozen
        closed = journey.scan_of(code).reason
        ok(unfreeze_subscription.sync_detailed(bought.id, client=client, body=Reason()))
        accepted = journey.scan_of(code)
        said = closed, accepted.reason
        assert said == (ScanReason.SUBSCRIPTION_FROZEN, ScanReason.OK), said
        story = ok(explain_check_in.sync_detailed(accepted.id, client=client))
        assert {rule.outcome for rule in story.rules} == {RuleOutcome.PASSED}, story
        assert story.balance_before is not None, story
        assert story.balance_after == story.balance_before - 1, story
        changes = ok(list_subscription_changes.sync_detailed(bought.id, client=client)).results
        return ", then ".join(row.action for row in reversed(changes))

    def family(self) -> str:
        journey, client = self.journey, self.journey.staff.client
        package = NewPackage(
            name="Family of three",
            type_=PackageType.CREDITS,
            credits_=2,
            price=Money(amount=5000, currency="EUR"),
            duration=Duration(unit=DurationUnit.MONTH, count=1),
            max_members=2,
        )
        family = ok(create_package.sync_detailed(client=journey.admin.client, body=package), 201)
        parent, child = journey.new_customer("Petra Parent"), journey.new_customer("Kim Parent")
        shared = journey.sale_of(family, parent).subscription.id
        member = NewMember(customer=child.id)
        ok(add_subscription_member.sync_detailed(shared, client=client, body=member), 201)
        theirs = journey.scan_of(customer=child.id)
        assert theirs.customer is not None, theirs
        assert theirs.customer.id == child.id, theirs
        last = journey.scan_of(customer=parent.id)
        assert last.subscription is not None, last
        assert last.subscription.credits_left == 0, last
        assert journey.scan_of(customer=child.id).reason == ScanReason.NO_CREDITS
        done(remove_subscription_member.sync_detailed(shared, child.id, client=client))
        return "one visit each, and none is left for a third"

    def find_and_merge(self) -> str:
        journey, client = self.journey, self.journey.staff.client
        first = journey.new_customer("Zoë van der Berg", phone="+49 30 5550188")
        again = NewCustomer(name="Z. Berg", phone="030 5550188")
        twin = refused(create_customer.sync_detailed(client=client, body=again), 409)
        assert (twin.code, twin["customer"]) == ("possible_duplicate", str(first.id)), twin
        second = journey.new_customer("Berg Zoe", email="zoe@north.test")
        sale = journey.sale_of(journey.package, second)
        for words in ("zoe", "BERG", "der ber", "030 5550188"):
            found = ok(list_customers.sync_detailed(client=client, search=words)).results
            assert first.id in [row.id for row in found], words
        merge = Merge(duplicate=second.id)
        ok(merge_customer.sync_detailed(first.id, client=client, body=merge))
        said = journey.scan_of(sale.qr_code.code)
        assert said.customer is not None, said
        assert (said.reason, said.customer.id) == (ScanReason.OK, first.id), said
        return f"{said.customer.name} comes in by the other record's code"

    def files(self) -> str:
        client = self.journey.admin.client
        sheet = "name,email\nNina New,nina@north.test\n,nobody@north.test\nCarla,carla@north.test\n"
        file = File(payload=BytesIO(sheet.encode()))
        sent = ok(import_customers.sync_detailed(client=client, body=file), 202)
        give_up = time.monotonic() + PATIENCE
        while sent.status != ImportStatus.DONE:
            assert time.monotonic() < give_up, sent
            time.sleep(0.2)
            sent = ok(get_customer_import.sync_detailed(sent.id, client=client))
        rows = ok(list_customer_import_rows.sync_detailed(sent.id, client=client)).results
        exported = ok(export_customers.sync_detailed(client=client)).payload.read()
        assert exported.count(b"nina@north.test") == 1, exported
        return ", ".join(row.fate for row in rows)

    def register(self) -> str:
        allow = ChangeClubSettings(self_registration=True)
        ok(change_club_settings.sync_detailed(client=self.journey.admin.client, body=allow))
        guest = Host(self.journey.port, "north")
        form = NewRegistration(name="Rosa Register", email="rosa@north.test")
        done(register.sync_detailed(client=guest.client, body=form), 202)
        confirmed = ConfirmRegistration(
            token=self._mailed_token("rosa@north.test"), password=PASSWORD
        )
        ok(confirm_registration.sync_detailed(client=guest.client, body=confirmed), 201)
        guest.sign_in("rosa@north.test")
        assert ok(get_me.sync_detailed(client=guest.client)).role == Role.CUSTOMER
        return "signed in as a customer"

    def _mailed_token(self, to: str) -> str:
        """Return the token of the link in the mail to somebody, once it has been sent."""
        folder = Path(urlsplit(os.environ["EMAIL_URL"]).path)
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            for file in folder.rglob("*"):
                content = file.read_bytes() if file.is_file() else b""
                if f"To: {to}".encode() in content:
                    text = str(message_from_bytes(content).get_payload())
                    (link,) = re.findall(r"https?://\S+", text.replace("=\n", ""))
                    return parse_qs(urlsplit(str(link).replace("=3D", "=")).query)["token"][0]
            time.sleep(0.2)
        raise AssertionError(f"no mail to {to}")

    def cards_and_feed(self) -> str:
        journey, client = self.journey, self.journey.staff.client
        start = ok(get_door_feed.sync_detailed(client=client)).next_
        codes = ok(list_qr_codes.sync_detailed(client=client, is_active=True)).results
        cards = NewSheet(codes=[code.id for code in codes], paper=CardPaper.A4)
        sheet = ok(print_qr_codes.sync_detailed(client=client, body=cards)).payload.read()
        assert sheet.startswith(b"%PDF"), sheet[:20]
        scans = [journey.scan_of(code.code).id for code in codes[:3]]
        give_up = time.monotonic() + PATIENCE
        told: list[UUID] = []
        while len(told) < len(scans):
            assert time.monotonic() < give_up, (told, scans)
            page = ok(get_door_feed.sync_detailed(client=client, after=start))
            told += [event.id for event in page.events]
            start = page.next_
        assert told == scans, (told, scans)
        return f"{len(codes)} cards in {len(sheet)} bytes of PDF; {len(told)} scans in order"
