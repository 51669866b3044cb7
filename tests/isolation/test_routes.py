"""As club A, ask for club B's things on every route: in the path, the body and the query."""

import csv
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from platform_shared.documents.management.commands.export_openapi import document
from platform_shared.kit import clock
from platform_shared.tenancy import binding, hosts
from platform_shared.tenancy.club_ref import ClubRef
from tenant_apps.checkins.models import CheckIn
from tests.permissions import checker, state, table
from tests.permissions.scene import Scene
from tests.permissions.table import Row
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.checkins.door import log

ROWS = [row for row in table.rows() if row.host == "club"]
CROSSABLE = [row for row in ROWS if "<uuid:" in row.route]
INSIDERS = ("customer", "staff", "admin", "support", "key")
API = "/api/v1/"

# Every field of a payload that names a thing: what is sent with it, and the answer when the thing
# is the other club's. Events and devices do not exist yet, so whatever is named is unknown.
FIELDS = {
    "POST subscriptions customer": (("customer", "package"), 400),
    "POST subscriptions package": (("customer", "package"), 400),
    "POST subscriptions/{subscription_id}/transfer customer": (("customer",), 400),
    "POST subscriptions/{subscription_id}/members customer": (("customer",), 400),
    "POST sales customer": (("customer", "package", "method"), 400),
    "POST sales package": (("customer", "package", "method"), 400),
    "POST qr-codes customer": (("customer",), 400),
    "POST qr-codes/sheets codes": (("codes",), 400),
    "POST door/scans customer": (("scan_id", "kind", "customer"), 400),
    "POST door/scans location": (("scan_id", "kind", "customer", "location"), 400),
    "POST door/scans event": (("scan_id", "kind", "customer", "event"), 400),
    "POST door/scans device": (("scan_id", "kind", "customer", "device"), 400),
    "POST customers guardian": (("name", "guardian"), 400),
    "POST customers locations": (("name", "locations"), 400),
    "PATCH customers/{customer_id} guardian": (("guardian",), 400),
    "PATCH customers/{customer_id} locations": (("locations",), 400),
    "POST customers/{customer_id}/merge duplicate": (("duplicate",), 400),
    "POST door/scans scan_id": (("scan_id", "kind", "customer"), 201),  # a club's scans alone
}

UNKNOWN = ("event", "device")

# Every filter that takes an id.
FILTERS = {
    "check-ins": ("customer", "subscription", "location", "scan_id"),
    "customers": ("guardian", "location"),
    "customers/export": ("guardian", "location"),
    "door/inside": ("location",),
    "invoices": ("customer",),
    "payments": ("customer", "invoice"),
    "qr-codes": ("customer", "subscription"),
    "subscriptions": ("customer", "package"),
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Return (METHOD, path below the API's root, operation) of a club host's document."""
    found = []
    for path, methods in _document()["paths"].items():
        for method, operation in methods.items():
            found.append((method.upper(), path.removeprefix(API), operation))
    return found


def _document() -> dict[str, Any]:
    return document("platform_shared.project.urls_club")


def _properties(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _properties(components[schema["$ref"].rpartition("/")[2]], components)
    found = dict(schema.get("properties", {}))
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ())):
        found |= _properties(part, components)
    return found


def values(club: ClubWorld, path: str = "") -> dict[str, Any]:
    """Return a valid value for every field of ``FIELDS``, at ``club``."""
    return {
        # What is the first one's already is given to the other.
        "customer": club.other_customer if "{" in path else club.customer,
        "codes": [club.qr_code],
        "package": club.period_package,
        "location": club.location,
        "invoice": club.invoice,
        "event": uuid4(),
        "device": uuid4(),
        "name": "Dora",
        "guardian": club.customer,
        "locations": [club.location],
        "duplicate": club.other_customer,
        "scan_id": club.invoice,  # any UUID that only this club knows
        "kind": "exit",
        "method": "cash",
    }


def named(club: ClubWorld, path: str) -> dict[str, Any]:
    """Return what each filter can name at ``club``."""
    with binding.club(club.ref):
        check_in = CheckIn.objects.exclude(subscription=None).latest("id")
    return {
        **values(club),
        "package": club.credits_package,
        "subscription": check_in.subscription_id if path == "check-ins" else club.subscription,
        "scan_id": check_in.scan_id,
    }


def path_in(scene: Scene, method: str, path: str) -> str:
    """Return a path of the document with the scene's ids in it."""
    route = API + path.replace("{", "<uuid:").replace("}", ">")
    return scene.path(Row("club", method, route, {}))


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200
    if answer.headers["Content-Type"].startswith("text/csv"):
        return [row["id"] for row in csv.DictReader(answer.content.decode().splitlines())]
    return [row.get("id") or row["check_in"] for row in answer.json()["results"]]


class TestPaths:
    @pytest.mark.parametrize("row", CROSSABLE, ids=str)
    def test_do_not_lead_to_the_other_clubs_things(
        self, row: Row, scene_a: Scene, scene_b: Scene
    ) -> None:
        crossed = replace(scene_a, ids=scene_b.ids, ids_of_rows=scene_b.ids_of_rows)
        before = state.contents()
        answers = {caller: crossed.ask(row, caller) for caller in INSIDERS}
        answers = {c: a for c, a in answers.items() if row.statuses[c] < 400}
        assert answers
        given = {(answer.status_code, answer.json()["code"]) for answer in answers.values()}
        assert given == {(404, "not_found")}
        changed = set(state.changed(before, state.contents()))
        assert changed <= {"public.clubs_supportaction"}  # that support asked is on record

    @pytest.mark.parametrize("row", [r for r in CROSSABLE if r.statuses["admin"] < 400], ids=str)
    def test_would_lead_there_on_the_other_clubs_schema(
        self,
        row: Row,
        scene_a: Scene,
        scene_b: Scene,
        club_a: ClubWorld,
        club_b: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The same question is no 404 when only the schema behind A's host is B's."""
        crossed = replace(
            scene_a, ids=scene_b.ids, ids_of_rows=scene_b.ids_of_rows, bodies=scene_b.bodies
        )
        assert Caller(club_a.host, scene_a.tokens["admin"]).get("me").status_code == 200
        misroute(club_a, club_b, monkeypatch)
        drawn = row.route.startswith("/api/v1/qr-codes/")
        # Behind the schema stands one more wall: B's signing key does not open for A.
        expected = 500 if drawn else row.statuses["admin"]
        assert crossed.ask(row, "admin").status_code == expected


class TestBodies:
    def test_are_all_written_down(self) -> None:
        spec = _document()
        components = spec["components"]["schemas"]
        found = set()
        for method, path, operation in operations():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                for name, field in _properties(media["schema"], components).items():
                    if "uuid" in (field.get("format"), field.get("items", {}).get("format")):
                        found.add(f"{method} {path} {name}")
        assert found == set(FIELDS)

    @pytest.mark.parametrize("field", FIELDS)
    @pytest.mark.parametrize("caller", ["admin", "support"])
    def test_cannot_name_the_other_clubs_things(
        self, field: str, caller: str, scene_a: Scene, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        method, path, name = field.split()
        sent, status = FIELDS[field]
        asking = Caller(club_a.host, scene_a.tokens[caller])
        mine, theirs = values(club_a, path), values(club_b, path)
        body = {key: mine[key] for key in sent} | {name: theirs[name]}
        before = state.contents()
        answer = asking.request(method, path_in(scene_a, method, path), body)
        assert answer.status_code == status, answer.content
        changed = set(state.changed(before, state.contents())) - {"public.clubs_supportaction"}
        if status == 400:
            (error,) = answer.json()["errors"]
            listed = f"{name}.0" if isinstance(body[name], list) else name
            assert (error["field"], error["code"]) == (listed, "does_not_exist")
            assert changed == set()
        else:
            assert changed == {f"{club_a.ref.schema_name}.checkins_checkin"}

    @pytest.mark.parametrize(
        "field", [f for f in FIELDS if f.split()[2] not in ("event", "device")]
    )
    def test_can_name_the_clubs_own(self, field: str, scene_a: Scene, club_a: ClubWorld) -> None:
        method, path, _ = field.split()
        body = {key: values(club_a, path)[key] for key in FIELDS[field][0]}
        asking = Caller(club_a.host, scene_a.tokens["admin"])
        answer = asking.request(method, path_in(scene_a, method, path), body)
        assert answer.status_code in (200, 201)


class TestFilters:
    def test_are_all_written_down(self) -> None:
        found: dict[str, set[str]] = {}
        for method, path, operation in operations():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query" and parameter["schema"].get("format") == "uuid":
                    assert method == "GET"
                    found.setdefault(path, set()).add(parameter["name"])
        assert found == {path: set(names) for path, names in FILTERS.items()}

    @pytest.mark.parametrize(
        ("path", "name"), [(path, name) for path, names in FILTERS.items() for name in names]
    )
    def test_find_nothing_by_the_other_clubs_ids(
        self,
        path: str,
        name: str,
        scene_a: Scene,
        scene_b: Scene,
        club_a: ClubWorld,
        club_b: ClubWorld,
    ) -> None:
        asking = Caller(club_a.host, scene_a.tokens["admin"])
        if name == "location":  # the scene's own check-in has none
            tomorrow = clock.now() + timedelta(days=1)  # no night ends it while we look
            with binding.club(club_a.ref):
                log(club_a.customer, "entry", at=tomorrow, location=club_a.location)
        if name == "guardian":
            ward = {"guardian": club_a.customer}
            assert asking.patch(f"customers/{club_a.other_customer}", ward).status_code == 200
        if name == "location" and path.startswith("customers"):
            home = {"locations": [club_a.location]}
            assert asking.patch(f"customers/{club_a.customer}", home).status_code == 200
        mine, theirs = (named(club, path)[name] for club in (club_a, club_b))
        assert ids(asking.get(f"{path}?{name}={mine}"))
        assert ids(asking.get(f"{path}?{name}={theirs}")) == []

    def test_find_nobody_by_the_other_clubs_email(self, scene_a: Scene, club_a: ClubWorld) -> None:
        asking = Caller(club_a.host, scene_a.tokens["admin"])
        assert ids(asking.get("customers?email=customer@alpha.test"))
        assert ids(asking.get("customers?email=customer@beta.test")) == []


class TestCursors:
    def test_of_the_other_club_turn_pages_of_ones_own(
        self, scene_a: Scene, scene_b: Scene, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        mine = Caller(club_a.host, scene_a.tokens["admin"])
        theirs = Caller(club_b.host, scene_b.tokens["admin"])
        foreign = theirs.get("customers?page_size=1").json()["next"].partition("cursor=")[2]
        own = set(ids(mine.get("customers?page_size=200")))
        assert set(ids(mine.get(f"customers?cursor={foreign}"))) <= own

    def test_lead_to_the_host_they_were_asked_on(self, scene_a: Scene, club_a: ClubWorld) -> None:
        asking = Caller(club_a.host, scene_a.tokens["admin"])
        headers = {"X-Forwarded-Host": "beta.localhost", "Forwarded": "host=beta.localhost"}
        page = asking.request("GET", "customers?page_size=1", **headers).json()
        assert page["next"].startswith("http://alpha.localhost/api/v1/customers?")


class TestAnswers:
    """Nothing that is B's is in any answer to anybody of A, whatever was asked."""

    def test_never_contain_the_other_clubs_marks(
        self, scene_a: Scene, scene_b: Scene, club_b: ClubWorld
    ) -> None:
        assert leaks(scene_a, scene_b, club_b) == []

    @pytest.mark.usefixtures("undocumented")
    def test_would_be_caught_containing_them(
        self,
        scene_a: Scene,
        scene_b: Scene,
        club_a: ClubWorld,
        club_b: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        assert Caller(club_a.host, scene_a.tokens["admin"]).get("me").status_code == 200
        misroute(club_a, club_b, monkeypatch)
        assert "admin: GET /api/v1/customers" in leaks(scene_a, scene_b, club_b)


def misroute(club_a: ClubWorld, club_b: ClubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have A's host lead to B's schema: the guard that everything else stands on taken away.

    The session of a caller who was here before is in the cache, under A's id.
    """
    wrong = replace(club_a.ref, schema_name=club_b.ref.schema_name)

    def find(host: str) -> ClubRef:
        assert host == club_a.host
        return wrong

    monkeypatch.setattr(hosts, "find", find)


def leaks(scene_a: Scene, scene_b: Scene, club_b: ClubWorld) -> list[str]:
    """Return the operations whose answer to somebody of A contains a name or an id of B's."""
    marks = [club_b.ref.slug, club_b.ref.id, club_b.ref.id.hex, *scene_b.ids.values()]
    found = []
    for caller in INSIDERS:
        for row in ROWS:
            with checker.undone():
                answer = scene_a.ask(row, caller)
            text = answer.content.decode("latin-1")
            if any(str(mark) in text for mark in marks):
                found.append(f"{caller}: {row.method} {row.route}")
    return found
