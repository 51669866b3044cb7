"""What a club does every day, after the main path: steps of the same journey."""

import os
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from tests.journeys.main_path import Journey

PASSWORD = "journey-password-1"
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

    # -- what the steps share ----------------------------------------------------------------------

    def staff(self, method: str, path: str, status: int, body: Any = None, **params: Any) -> Any:
        return self.journey.staff.call(method, path, status, body, **params)

    def admin(self, method: str, path: str, status: int, body: Any = None, **params: Any) -> Any:
        return self.journey.admin.call(method, path, status, body, **params)

    def customer(self, name: str, **fields: Any) -> Any:
        return self.staff("POST", "customers", 201, {"name": name, **fields})

    def sell(self, customer: Any, package: Any) -> Any:
        body = {"customer": customer["id"], "package": package["id"], "method": "cash"}
        return self.staff("POST", "sales", 201, body)

    def scan(self, **body: Any) -> Any:
        scan = {"scan_id": str(uuid.uuid4()), "kind": "entry", **body}
        return self.staff("POST", "door/scans", 201, scan)

    # -- the steps -------------------------------------------------------------------------------

    def freeze(self) -> str:
        sale = self.sell(self.customer("Ida Injured"), self.journey.package)
        code, path = sale["qr_code"]["code"], f"subscriptions/{sale['subscription']['id']}"
        until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
        frozen = self.staff("POST", f"{path}/freeze", 200, {"ends_at": until, "reason": "Injury"})
        assert frozen["status"] == "frozen", frozen
        assert frozen["ends_at"] > sale["subscription"]["ends_at"], frozen
        refused = self.scan(code=code)["reason"]
        self.staff("POST", f"{path}/unfreeze", 200, {})
        accepted = self.scan(code=code)
        assert (refused, accepted["reason"]) == ("subscription_frozen", "ok")
        story = self.staff("GET", f"check-ins/{accepted['id']}/explanation", 200)
        assert [rule["outcome"] for rule in story["rules"]] == ["passed"] * len(story["rules"])
        assert story["balance_before"] - story["balance_after"] == 1, story
        changes = self.staff("GET", f"{path}/changes", 200)["results"]
        return ", then ".join(row["action"] for row in reversed(changes))

    def family(self) -> str:
        package = {
            "name": "Family of three",
            "type": "credits",
            "credits": 2,
            "price": {"amount": 5000, "currency": "EUR"},
            "duration": {"unit": "month", "count": 1},
            "max_members": 2,
        }
        family = self.admin("POST", "packages", 201, package)
        parent, child = self.customer("Petra Parent"), self.customer("Kim Parent")
        sale = self.sell(parent, family)
        path = f"subscriptions/{sale['subscription']['id']}/members"
        self.staff("POST", path, 201, {"customer": child["id"]})
        theirs = self.scan(customer=child["id"])
        assert theirs["customer"]["id"] == child["id"], theirs
        assert self.scan(customer=parent["id"])["subscription"]["credits_left"] == 0
        assert self.scan(customer=child["id"])["reason"] == "no_credits"
        self.staff("DELETE", f"{path}/{child['id']}", 204)
        return "one visit each, and none is left for a third"

    def find_and_merge(self) -> str:
        first = self.customer("Zoë van der Berg", phone="+49 30 5550188")
        twin = self.staff("POST", "customers", 409, {"name": "Z. Berg", "phone": "030 5550188"})
        assert (twin["code"], twin["customer"]) == ("possible_duplicate", first["id"]), twin
        second = self.customer("Berg Zoe", email="zoe@north.test")
        sale = self.sell(second, self.journey.package)
        for words in ("zoe", "BERG", "der ber", "030 5550188"):
            found = self.staff("GET", "customers", 200, search=words)["results"]
            assert first["id"] in [row["id"] for row in found], words
        self.staff("POST", f"customers/{first['id']}/merge", 200, {"duplicate": second["id"]})
        said = self.scan(code=sale["qr_code"]["code"])
        assert (said["reason"], said["customer"]["id"]) == ("ok", first["id"]), said
        return f"{said['customer']['name']} comes in by the other record's code"

    def files(self) -> str:
        sheet = "name,email\nNina New,nina@north.test\n,nobody@north.test\nCarla,carla@north.test\n"
        http = self.journey.admin.http
        sent = http.post(
            "/api/v1/customers/imports", content=sheet, headers={"Content-Type": "text/csv"}
        )
        assert sent.status_code == 202, sent.text
        path = f"customers/imports/{sent.json()['id']}"
        give_up = time.monotonic() + PATIENCE
        while (report := self.admin("GET", path, 200))["status"] != "done":
            assert time.monotonic() < give_up, report
            time.sleep(0.2)
        rows = self.admin("GET", f"{path}/rows", 200)["results"]
        fates = [row["fate"] for row in rows]
        exported = http.get("/api/v1/customers/export")
        assert exported.status_code == 200, exported.text
        assert exported.text.count("nina@north.test") == 1, exported.text
        return ", ".join(fates)

    def register(self) -> str:
        self.admin("PATCH", "club", 200, {"self_registration": True})
        guest = type(self.journey.staff)(self.journey.port, "north")
        form = {"name": "Rosa Register", "email": "rosa@north.test"}
        guest.call("POST", "registrations", 202, form)
        token = self._mailed_token("rosa@north.test")
        guest.call("POST", "registrations/confirm", 201, {"token": token, "password": PASSWORD})
        guest.sign_in("rosa@north.test")
        assert guest.call("GET", "me", 200)["role"] == "customer"
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
                    return parse_qs(urlsplit(link.replace("=3D", "=")).query)["token"][0]
            time.sleep(0.2)
        raise AssertionError(f"no mail to {to}")

    def cards_and_feed(self) -> str:
        start = self.staff("GET", "door/feed", 200)["next"]
        codes = self.staff("GET", "qr-codes", 200, is_active="true")["results"]
        sheet = self.staff(
            "POST", "qr-codes/sheets", 200, {"codes": [code["id"] for code in codes], "paper": "a4"}
        )
        assert sheet.startswith(b"%PDF"), sheet[:20]
        scans = [self.scan(code=code["code"])["id"] for code in codes[:3]]
        give_up = time.monotonic() + PATIENCE
        told: list[str] = []
        while len(told) < len(scans):
            assert time.monotonic() < give_up, (told, scans)
            page = self.staff("GET", "door/feed", 200, after=start)
            told += [event["id"] for event in page["events"]]
            start = page["next"]
        assert told == scans, (told, scans)
        return f"{len(codes)} cards in {len(sheet)} bytes of PDF; {len(told)} scans in order"
