"""The examples of the API documents: what the API is asked, and what it answers to that.

Each operation is asked once, with a valid body, by somebody who may; a few are asked for their
errors, too. What differs from one recording to the next (ids, times, secrets) is written as a
constant of the same form, so that recordings are alike when the API is.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from platform_shared.documents.management.commands.export_openapi import HOSTS
from tests.permissions import checker, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support import contract
from tests.support.api import Caller

# Bodies that show more than the table's, which are as short as may be.
BODIES: dict[str, dict[str, Any]] = {
    "createCustomer": {
        "name": "Ada Nowak",
        "email": "ada.nowak@example.com",
        "phone": "+49 30 901820",
        "birth_date": "1991-05-17",
        "tags": ["morning"],
    },
    "createPackage": {
        "name": "Ten visits",
        "type": "credits",
        "price": {"amount": 9900, "currency": "EUR"},
        "tax_rate": "19.00",
        "credits": 10,
        "duration": {"unit": "year", "count": 1},
        "access_rules": [{"weekdays": [1, 2, 3, 4, 5], "from": "08:00", "until": "16:00"}],
    },
    "createLocation": {"name": "Side door"},
    "freezeSubscription": {"reason": "Broken leg"},
    "cancelSubscription": {"reason": "Moved away"},
    "annulCheckIn": {"reason": "Scanned twice"},
}
# (operation, what of its body is changed, who asks, how many times) for an error worth showing.
ERRORS: dict[str, list[tuple[str, dict[str, Any], str, int]]] = {
    "createCustomer": [
        ("invalid_input", {"name": "", "birth_date": "17.5.1991", "nickname": "A"}, "admin", 1),
        ("email_taken", {"email": "customer@alpha.test"}, "admin", 1),
        ("not_authenticated", {}, "anonymous", 1),
        ("support_session_required", {}, "platform", 1),
    ],
    "createLocation": [("forbidden", {}, "staff", 1), ("location_name_taken", {}, "admin", 2)],
    "createPackage": [("invalid_input", {"credits": None}, "admin", 1)],
    "createSale": [
        ("invalid_input", {"package": "01a20000-0000-7000-8000-0000000000ff"}, "admin", 1)
    ],
    "recordScan": [("invalid_input", {"customer": None}, "admin", 1)],
    "annulCheckIn": [("already_annulled", {}, "admin", 2)],
    "unfreezeSubscription": [("not_frozen", {}, "admin", 2)],
    "signIn": [("invalid_credentials", {"password": "not-my-password"}, "anonymous", 1)],
    "refreshToken": [("invalid_token", {"refresh": "not-a-token"}, "anonymous", 1)],
    "createClub": [("slug_taken", {"slug": "alpha"}, "platform", 1)],
}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_KEY = re.compile(r"qck_[0-9A-Za-z]+")
_CODE = re.compile(r"QC1:[0-9A-Z $%*+\-./:]+")
_LINK = re.compile(r"(token=)[\w-]+")
_CURSOR = re.compile(r"(cursor=)[\w%-]+")
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


def _like(key: str) -> str:
    """Return what has the length of an API key, or of the beginning of one, and is none."""
    return ("qck_" + "7hK2mQ9xT4" * 7)[: len(key)]


@dataclass(frozen=True)
class Recording:
    """One operation: what was sent and what came back, as they were on the wire."""

    operation: str
    request: Any
    status: int
    name: str
    answer: Any


class Constants:
    """Replaces what is another each time by what is always the same."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def of(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self.of(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, key) for inner in value]
        if isinstance(value, UUID):
            return self._id(str(value))
        return self._text(value, key) if isinstance(value, str) else value

    def _id(self, text: str) -> str:
        return self._ids.setdefault(text, f"01a20000-0000-7000-8000-{len(self._ids) + 1:012x}")

    def _text(self, text: str, key: str) -> str:
        if key == "request_id":
            return "01a20000-0000-7000-8000-000000000000"
        if key == "token":
            return "n3VhbG-1c2VkLW9uY2Ut0aGF0LWlzLW1haWxlZA"
        text = _UUID.sub(lambda found: self._id(found[0]), text)
        text = _TIME.sub("2026-03-02T09:00:00Z", text)
        text = _TOKEN.sub("eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiIuLi4ifQ.c2lnbmF0dXJl", text)
        text = _KEY.sub(lambda found: _like(found[0]), text)
        text = _CODE.sub("QC1:6BF+70+8V5JM4K3UT1P8Z8KA6/QDY5GC9EE2T-Q2GW5ITUA2CP:AXY6", text)
        text = _LINK.sub(r"\1n3VhbG-1c2VkLW9uY2Ut0aGF0LWlzLW1haWxlZA", text)
        text = _CURSOR.sub(r"\1cD0wMWEyMDAwMA", text)
        return text if key in ("birth_date", "from", "to", "date") else _DAY.sub("2026-03-02", text)


def operations(host: str) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield the rows of the table that are operations, with their documents."""
    described = contract.documents()[HOSTS[host]]["paths"]
    for row in table.rows():
        path = row.route.replace("<uuid:", "{").replace(">", "}")
        told = described.get(path, {}).get(row.method.lower())
        if row.host == host and told is not None:
            yield row, told


def recordings(host: str, scene: Scene) -> Iterator[Recording]:
    """Ask every operation of a kind of host, and yield what came of it."""
    for row, told in operations(host):
        name = told["operationId"]
        callers = ("anonymous", "admin", "customer", "platform", "key")
        able = [caller for caller in callers if row.statuses[caller] < 300]
        yield _asked(scene, row, name, "recorded", {}, able[0], 1)
        for code, changes, caller, times in ERRORS.get(name, ()):
            yield _asked(scene, row, name, code, changes, caller, times)


def _asked(
    scene: Scene,
    row: Row,
    operation: str,
    name: str,
    changes: dict[str, Any],
    caller: str,
    times: int,
) -> Recording:
    body = scene.bodies.get(f"{row.method} {row.route}")
    if isinstance(body, dict):
        body = {**body, **BODIES.get(operation, {}), **changes}
        if body and "requestBody" not in _told(row):
            body = {}
    asking = Caller(scene.host, scene.tokens[caller])
    headers = scene.headers.get(f"{row.method} {row.route}", {})
    with checker.undone():
        for _ in range(times):
            response = asking.request(row.method, scene.path(row), body, **headers)
    is_json = response.headers.get("Content-Type", "").endswith("json")
    answer = json.loads(response.content) if is_json and response.content else None
    sent = body if row.method != "GET" and "requestBody" in _told(row) else None
    return Recording(operation, sent, response.status_code, name, answer)


def _told(row: Row) -> dict[str, Any]:
    path = row.route.replace("<uuid:", "{").replace(">", "}")
    found: dict[str, Any] = contract.documents()[HOSTS[row.host]]["paths"][path][row.method.lower()]
    return found


def collected(host: str, scene: Scene) -> dict[str, Any]:
    """Return the examples of a kind of host as they are stored."""
    found: dict[str, Any] = {}
    for made in recordings(host, scene):
        constants = Constants()
        entry = found.setdefault(made.operation, {})
        if made.request is not None:
            sent = json.loads(json.dumps(made.request, default=str))
            sent = constants.of(sent)
            if made.name == "recorded":
                entry["request"] = sent
        if made.answer is not None:
            answers = entry.setdefault("responses", {}).setdefault(str(made.status), {})
            answers[made.name] = constants.of(made.answer)
    return {name: entry for name, entry in found.items() if entry}
