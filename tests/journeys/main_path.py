"""The main path, over real HTTP against a running platform: ``make journey``.

Reads ``JOURNEY_BASE_PORT``. Each step prints what it did and how long it took; the first that does
not hold ends the journey with exit status 1.
"""

import io
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import zxingcpp
from PIL import Image

from tests.journeys.everyday import Everyday

PASSWORD = "journey-password-1"
PATIENCE = 40.0  # seconds to wait for what happens in the background


class Host:
    """An HTTP client of one host, with a token once somebody has signed in."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": f"{name}.localhost:{port}"},
            timeout=30,
        )

    def call(self, method: str, path: str, status: int, /, body: Any = None, **params: Any) -> Any:
        """Make a request below ``/api/v1/`` and return its JSON; the status must be the one."""
        reply = self.http.request(method, f"/api/v1/{path}", json=body, params=params)
        what = f"{method} {path} at {self.name}: {reply.status_code} {reply.text[:400]}"
        assert reply.status_code == status, what
        return reply.json() if "json" in reply.headers.get("content-type", "") else reply.content

    def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        answer: dict[str, Any] = self.call(
            "POST", "auth/token", 200, {"email": email, "password": password}
        )
        self.http.headers["Authorization"] = f"Bearer {answer['access']}"
        return answer


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
        checks = self.platform.http.get("/health/ready")
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
        plans = [p["code"] for p in self.platform.call("GET", "plans", 200)["results"]]
        self.club = self.platform.call(
            "POST",
            "clubs",
            201,
            {
                "name": "North Gym",
                "slug": "north",
                "plan": "unlimited",
                "time_zone": "Europe/Berlin",
                "currency": "EUR",
                "admin": {"email": "admin@north.test"},
            },
        )
        assert self.club["status"] == "active", self.club
        return f"plans {', '.join(plans)}; club north at {self.club['hosts'][0]}"

    def first_admin(self) -> str:
        link = urlsplit(self.club["password_link"])
        token = parse_qs(link.query)["token"][0]
        shown = self.admin.call("GET", "auth/password", 200, token=token)
        body = {"token": token, "password": PASSWORD}
        self.admin.call("POST", "auth/password", 204, body)
        self.admin.call("POST", "auth/password", 404, body)
        self.admin.sign_in(shown["email"])
        me = self.admin.call("GET", "me", 200)
        return f"{me['email']} is {me['role']} with {len(me['permissions'])} permissions"

    def set_up(self) -> str:
        call = self.admin.call
        self.location = call("POST", "locations", 201, {"name": "Main entrance"})
        price = {"amount": 2500, "currency": "EUR"}
        self.package = call(
            "POST",
            "packages",
            201,
            {
                "name": "Two visits",
                "type": "credits",
                "price": price,
                "tax_rate": "19.00",
                "credits": 2,
                "duration": {"unit": "month", "count": 3},
            },
        )
        self.day_pass = call(
            "POST",
            "packages",
            201,
            {
                "name": "Day of five",
                "type": "credits",
                "price": price,
                "credits": 5,
                "duration": {"unit": "day", "count": 1},
            },
        )
        staff = {"email": "desk@north.test", "role": "club_staff", "password": PASSWORD}
        call("POST", "staff", 201, staff)
        self.staff.sign_in("desk@north.test")
        customer = {"name": "Carla Customer", "email": "Carla@north.test"}
        self.customer = self.staff.call("POST", "customers", 201, customer)
        self.staff.call("POST", "packages", 403, {})
        return f"customer {self.customer['email']}"

    def sell(self) -> str:
        self.sale = self._sale(self.customer, self.package, "cash")
        assert self.sale["subscription"]["status"] == "active"
        assert self.sale["invoice"]["status"] == "paid"
        again = self._sale(self._new_customer("Second Buyer"), self.package, "card_terminal")
        numbers = self.sale["invoice"]["number"], again["invoice"]["number"]
        assert [int(n.split("-")[1]) for n in numbers] == [1, 2], numbers
        return f"invoices {numbers[0]} and {numbers[1]}"

    def _new_customer(self, name: str) -> Any:
        return self.staff.call("POST", "customers", 201, {"name": name})

    def _sale(self, customer: Any, package: Any, method: str, **more: Any) -> Any:
        body = {"customer": customer["id"], "package": package["id"], "method": method, **more}
        return self.staff.call("POST", "sales", 201, body)

    def _scan(self, status: int = 201, **body: Any) -> Any:
        scan = {"scan_id": str(uuid.uuid4()), "kind": "entry", **body}
        return self.staff.call("POST", "door/scans", status, scan)

    def open_the_door(self) -> str:
        code = self.sale["qr_code"]
        png = self.staff.call("GET", f"qr-codes/{code['id']}/image", 200, format="png")
        (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
        assert read.text == code["code"], read.text
        svg = self.staff.call("GET", f"qr-codes/{code['id']}/image", 200, format="svg")
        assert svg.lstrip().startswith(b"<"), svg[:40]
        self.code = read.text
        self.scan = {
            "scan_id": str(uuid.uuid4()),
            "code": self.code,
            "kind": "entry",
            "location": self.location["id"],
        }
        self.entry = self.staff.call("POST", "door/scans", 201, self.scan)
        assert (self.entry["result"], self.entry["reason"]) == ("accepted", "ok"), self.entry
        assert self.entry["subscription"]["credits_left"] == 1, self.entry
        return f"{len(png)} bytes of PNG; {self.entry['customer']['name']} is in, 1 credit left"

    def repeat(self) -> str:
        again = self.staff.call("POST", "door/scans", 200, self.scan)
        assert again == self.entry, again
        other = self.staff.call("POST", "door/scans", 422, {**self.scan, "kind": "exit"})
        return other["code"]

    def refusals(self) -> str:
        found = [self._scan(code=self.code)["reason"]]
        self._scan(code=self.code, kind="exit")
        self.admin.call("PATCH", "club", 200, {"reentry_seconds": 0})
        found.append(self._scan(code=self.code)["reason"])
        found.append(self._scan(code=self.code)["reason"])
        found.append(self._scan(code="QC1:NOT A CODE")["reason"])
        # Two characters of Base45 are the signature's last byte.
        forged = self.code[:-2] + ("00" if self.code[-2:] != "00" else "10")
        found.append(self._scan(code=forged)["reason"])
        expected = ["already_inside", "ok", "no_credits", "unknown_code", "bad_signature"]
        assert found == expected, found
        return ", ".join(found)

    def annul(self) -> str:
        path = f"check-ins/{self.entry['id']}/annul"
        annulment = self.staff.call("POST", path, 201, {"reason": "wrong person"})
        assert annulment["credit_returned"], annulment
        self.staff.call("POST", path, 409, {})
        after = self._scan(code=self.code)
        assert after["reason"] == "ok", after
        return f"annulled by {annulment['annulled_by']['label']}; the credit was used again"

    def manual(self) -> str:
        guest = self._new_customer("No Phone")
        self._sale(guest, self.package, "cash")
        answer = self._scan(customer=guest["id"])
        assert answer["result"] == "accepted", answer
        row = self.staff.call("GET", f"check-ins/{answer['id']}", 200)
        assert row["method"] == "manual", row
        return f"logged as {row['method']} by {row['scanned_by']['label']}"

    def transfer(self) -> str:
        payer = self._new_customer("Bank Customer")
        sale = self._sale(payer, self.package, "transfer")
        assert sale["invoice"]["status"] == "open", sale["invoice"]
        before = self._scan(code=sale["qr_code"]["code"])["reason"]
        # Days later, with nothing but the bank's statement, which names the invoice.
        waiting = self.staff.call("GET", "payments", 200, status="pending")["results"]
        number = sale["invoice"]["number"]
        (payment,) = [row for row in waiting if row["invoice_number"] == number]
        self.staff.call("POST", f"payments/{payment['id']}/confirm", 200)
        after = self._scan(code=sale["qr_code"]["code"])["reason"]
        assert (before, after) == ("no_subscription", "ok"), (before, after)
        return f"{before}, then {after}"

    def log_and_overview(self) -> str:
        rows = self.staff.call("GET", "check-ins", 200, page_size=200)["results"]
        accepted = [r for r in rows if r["result"] == "accepted" and r["kind"] == "entry"]
        counted = [r for r in accepted if r["annulled_at"] is None]
        today = datetime.now(UTC).date()
        span = {"from": today - timedelta(days=2), "to": today + timedelta(days=3)}
        figures = self.admin.call("GET", "reports/overview", 200, **span)
        assert figures["check_ins"] == len(counted), (figures["check_ins"], len(counted))
        assert figures["revenue"]["amount"] == 4 * 2500, figures["revenue"]
        assert sum(d["check_ins"] for d in figures["by_day"]) == len(counted)
        return f"{len(rows)} rows, {len(counted)} visits, revenue {figures['revenue']['amount']}"

    def own_data(self) -> str:
        link = self.staff.call("POST", f"customers/{self.customer['id']}/invitation", 201)
        token = parse_qs(urlsplit(link["password_link"]).query)["token"][0]
        body = {"token": token, "password": PASSWORD}
        self.member.call("POST", "auth/password", 204, body)
        self.member.sign_in("carla@NORTH.test")
        counts = {}
        for path in ("subscriptions", "qr-codes", "check-ins", "invoices"):
            counts[path] = len(self.member.call("GET", f"me/{path}", 200)["results"])
        assert counts["subscriptions"] == counts["qr-codes"] == counts["invoices"] == 1, counts
        self.member.call("GET", "customers", 403)
        return json.dumps(counts)

    def walls(self) -> str:
        scan = {"scan_id": str(uuid.uuid4()), "code": self.code, "kind": "entry"}
        foreign = self.other.call("POST", "door/scans", 201, scan)
        assert foreign["reason"] == "unknown_code", foreign
        assert foreign["customer"] is None, foreign
        self.other.call("GET", f"customers/{self.customer['id']}", 404)
        stranger = Host(self.port, "south")
        stranger.http.headers["Authorization"] = self.admin.http.headers["Authorization"]
        refused = stranger.call("GET", "customers", 401)
        nobody = Host(self.port, "nowhere").call("GET", "me", 404)
        return f"{foreign['reason']}, {refused['code']}, {nobody['code']}"

    def expiry(self) -> str:
        leaver = self._new_customer("Leaving Soon")
        starts_at = datetime.now(UTC) - timedelta(days=1) + timedelta(seconds=4)
        sale = self._sale(leaver, self.day_pass, "cash", starts_at=starts_at.isoformat())
        assert self._scan(code=sale["qr_code"]["code"])["reason"] == "ok"
        path = f"subscriptions/{sale['subscription']['id']}"
        give_up = time.monotonic() + PATIENCE
        while (row := self.staff.call("GET", path, 200))["status"] != "expired":
            assert time.monotonic() < give_up, row
            time.sleep(0.5)
        assert (row["credits"], row["used_credits"], row["credits_left"]) == (1, 1, 0), row
        assert self._scan(code=sale["qr_code"]["code"])["reason"] == "subscription_expired"
        return "5 credits sold, 1 used, 4 written off"

    def support(self) -> str:
        club_id = self.club["id"]
        door = Host(self.port, "north")
        door.http.headers["Authorization"] = self.platform.http.headers["Authorization"]
        refused = door.call("GET", "customers", 403)
        assert refused["code"] == "support_session_required", refused
        session = self.platform.call(
            "POST", f"clubs/{club_id}/support-sessions", 201, {"reason": "journey", "minutes": 5}
        )
        self.platform.call("PATCH", f"clubs/{club_id}", 200, {"status": "suspended"})
        give_up = time.monotonic() + PATIENCE
        while self.staff.http.get("/api/v1/customers").status_code != 403:
            assert time.monotonic() < give_up, "the suspension did not reach every process"
            time.sleep(0.05)
        suspended = self.staff.call("GET", "customers", 403)
        assert suspended["code"] == "club_suspended", suspended
        self.staff.call("GET", "me", 200)
        door.http.headers["Authorization"] = f"Bearer {session['access']}"
        door.call("GET", "customers", 200)
        self.platform.call("PATCH", f"clubs/{club_id}", 200, {"status": "active"})
        return f"{refused['code']}; {suspended['code']}"


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
