"""QR codes over the API: issued, shown, drawn, read back by a decoder, and let through the door."""

import io
import xml.etree.ElementTree as ET
from typing import Any
from uuid import uuid4

import pytest
import zxingcpp
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from platform_shared.kit.access import Role
from platform_shared.tenancy import binding
from tenant_apps.qr_codes import keys
from tests.support import api
from tests.support.api import Caller
from tests.support.world import ClubWorld
from tests.tenant_apps.qr_codes import paper
from tests.tenant_apps.subscriptions.books import Watch


@pytest.fixture
def desk(watch: Watch, club_a: ClubWorld) -> Caller:
    """The staff of club a, with the clock stopped."""
    return api.as_role(club_a, Role.CLUB_STAFF)


def scan(desk: Caller, code: str) -> dict[str, Any]:
    """Present a code at the door."""
    body = {"scan_id": str(uuid4()), "kind": "entry", "code": code}
    answer: dict[str, Any] = desk.post("door/scans", body).json()
    return answer


def ids(answer: Any) -> list[str]:
    """Return the ids of a list, in its order."""
    return [row["id"] for row in answer.json()["results"]]


def read(png: bytes) -> zxingcpp.Barcode:
    """Decode the one code in a picture."""
    (barcode,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return barcode


class TestCodes:
    def test_are_issued_and_shown(self, desk: Caller, club_a: ClubWorld, watch: Watch) -> None:
        body = {
            "customer": str(club_a.customer),
            "expires_at": "2026-04-01T00:00:00+02:00",
            "label": "spare key",
        }
        answer = desk.post("qr-codes", body)
        assert answer.status_code == 201
        made = answer.json()
        assert made == {
            "id": made["id"],
            "code": made["code"],
            "kind": "static",
            "label": "spare key",
            "customer": str(club_a.customer),
            "subscription": None,
            "is_active": True,
            "expires_at": "2026-03-31T22:00:00Z",
            "printed_at": None,
            "created_at": watch.now.isoformat().replace("+00:00", "Z"),
        }
        assert len(made["code"]) == 138
        assert desk.get(f"qr-codes/{made['id']}").json() == made
        listed = desk.get(f"qr-codes?customer={club_a.customer}").json()["results"]
        assert [row["id"] for row in listed] == [made["id"], str(club_a.qr_code)]
        assert desk.get(f"qr-codes?customer={club_a.other_customer}").json()["results"] == []

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"customer": str(uuid4())}, "customer", "does_not_exist"),
            ({"customer": ""}, "customer", "invalid"),
            ({"expires_at": "2026-03-02T10:00:00Z"}, "expires_at", "out_of_range"),
            ({"expires_at": "2106-02-07T06:28:16Z"}, "expires_at", "out_of_range"),
            ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at", "overflow"),
            ({"expires_at": "tonight"}, "expires_at", "invalid"),
            ({"kind": "rotating"}, "kind", "unknown_field"),
        ],
    )
    def test_name_what_is_wrong(
        self, desk: Caller, club_a: ClubWorld, change: dict[str, str], field: str, code: str
    ) -> None:
        answer = desk.post("qr-codes", {"customer": str(club_a.customer)} | change)
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]

    def test_expire_by_the_clock(self, desk: Caller, club_a: ClubWorld, watch: Watch) -> None:
        soon = watch.now.replace(microsecond=0, hour=23)
        body = {"customer": str(club_a.customer), "expires_at": soon.isoformat()}
        made = desk.post("qr-codes", body).json()
        watch.now = soon
        assert not desk.get(f"qr-codes/{made['id']}").json()["is_active"]
        assert scan(desk, made["code"])["reason"] == "code_expired"

    def test_are_found_by_whether_doors_accept_them(
        self, desk: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        soon = watch.now.replace(microsecond=0, hour=23).isoformat()
        body = {"customer": str(club_a.customer), "expires_at": soon}
        weekly = desk.post("qr-codes", body).json()["id"]
        path = f"qr-codes?customer={club_a.customer}&is_active="
        assert ids(desk.get(f"{path}true")) == [weekly, str(club_a.qr_code)]
        assert ids(desk.get(f"{path}false")) == []
        watch.forward(days=1)
        assert ids(desk.get(f"{path}true")) == [str(club_a.qr_code)]
        assert ids(desk.get(f"{path}false")) == [weekly]
        assert desk.get(f"{path}perhaps").status_code == 400

    def test_carry_their_expiry_and_are_reissued_with_another(
        self, desk: Caller, club_a: ClubWorld
    ) -> None:
        path = f"qr-codes/{club_a.qr_code}"
        refused = desk.patch(path, {"expires_at": "2026-12-31T23:00:00Z"})
        assert (refused.status_code, refused.json()["code"]) == (409, "expiry_is_signed")
        assert f"{path}/reissue" in refused.json()["detail"]
        assert desk.get(path).json()["expires_at"] is None
        change = {"expires_at": "2026-12-31T23:00:00Z", "label": "2026"}
        new = desk.post(f"{path}/reissue", change)
        assert new.status_code == 201
        assert new.json() | change == new.json()
        assert not desk.get(path).json()["is_active"]
        past = desk.post(f"qr-codes/{new.json()['id']}/reissue", {"expires_at": "2020-01-01"})
        assert [e["field"] for e in past.json()["errors"]] == ["expires_at"]

    def test_are_revoked_for_good(self, desk: Caller, club_a: ClubWorld) -> None:
        path = f"qr-codes/{club_a.qr_code}"
        code = desk.get(path).json()["code"]
        answer = desk.patch(path, {"is_active": False})
        assert (answer.status_code, answer.json()["is_active"]) == (200, False)
        assert scan(desk, code)["reason"] == "code_revoked"
        assert desk.patch(path, {"is_active": False}).status_code == 200
        again = desk.patch(path, {"is_active": True})
        assert (again.status_code, again.json()["code"]) == (409, "code_revoked")
        assert not desk.get(path).json()["is_active"]

    def test_stop_with_their_key_and_are_issued_anew(
        self, desk: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        old = desk.get(f"qr-codes/{club_a.qr_code}").json()["code"]
        with binding.club(club_a.ref):
            signing = bytes(keys.signing_key().key_id)
            keys.rotate(now=watch.now)
            keys.retire(key_id=signing, now=watch.now)
        assert scan(desk, old)["reason"] == "unknown_code"
        assert not desk.get(f"qr-codes/{club_a.qr_code}").json()["is_active"]
        order = {
            "customer": str(club_a.customer),
            "package": str(club_a.period_package),
            "method": "cash",
        }
        new = desk.post("sales", order).json()["qr_code"]
        assert new["id"] != str(club_a.qr_code)
        assert scan(desk, new["code"])["reason"] == "ok"

    def test_are_404_when_another_club_has_them(self, desk: Caller, club_b: ClubWorld) -> None:
        for path in (f"qr-codes/{club_b.qr_code}", f"qr-codes/{club_b.qr_code}/image"):
            assert desk.get(path).status_code == 404
        answer = desk.patch(f"qr-codes/{club_b.qr_code}", {"is_active": False})
        assert answer.status_code == 404


class TestSheets:
    def test_carry_the_codes_that_open_the_door(
        self, desk: Caller, club_a: ClubWorld, watch: Watch
    ) -> None:
        made = [
            desk.post("qr-codes", {"customer": customer, "label": "Πέμπτη"}).json()
            for customer in (str(club_a.customer), str(club_a.other_customer))
        ]
        answer = desk.post("qr-codes/sheets", {"codes": [code["id"] for code in made]})
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Content-Disposition"] == 'inline; filename="cards.pdf"'
        assert paper.sizes(answer.content) == [(210.0, 297.0)]
        read_back = paper.codes(answer.content)
        assert read_back == [desk.get(f"qr-codes/{code['id']}").json()["code"] for code in made]
        assert scan(desk, read_back[0])["reason"] == "ok"
        (text,) = paper.texts(answer.content)
        for written in ("Club alpha", "Carla of alpha", "Otto of alpha", "Πέμπτη"):
            assert written in text

    @pytest.mark.parametrize(("on", "width"), [("letter", 215.9), ("card", 85.6)])
    def test_come_in_other_sizes(
        self, desk: Caller, club_a: ClubWorld, on: str, width: float
    ) -> None:
        body = {"codes": [str(club_a.qr_code)], "paper": on}
        ((found, _),) = paper.sizes(desk.post("qr-codes/sheets", body).content)
        assert found == width

    def test_print_what_has_not_been_printed(self, desk: Caller, club_a: ClubWorld) -> None:
        assert ids(desk.get("qr-codes?is_printed=false")) == [str(club_a.qr_code)]
        assert desk.post("qr-codes/sheets", {"codes": [club_a.qr_code]}).status_code == 200
        assert ids(desk.get("qr-codes?is_printed=false")) == []
        assert ids(desk.get("qr-codes?is_printed=true")) == [str(club_a.qr_code)]

    def test_name_every_code_that_is_wrong(self, desk: Caller, club_a: ClubWorld) -> None:
        revoked = desk.post("qr-codes", {"customer": str(club_a.customer)}).json()["id"]
        desk.patch(f"qr-codes/{revoked}", {"is_active": False})
        asked = [club_a.qr_code, revoked, uuid4()]
        answer = desk.post("qr-codes/sheets", {"codes": asked})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            ("codes.1", "code_not_active"),
            ("codes.2", "does_not_exist"),
        ]
        assert desk.get(f"qr-codes/{club_a.qr_code}").json()["printed_at"] is None

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "codes"),
            ({"codes": []}, "codes"),
            ({"codes": [str(uuid4())] * 201}, "codes"),
            ({"codes": ["x"]}, "codes.0"),
            ({"codes": [str(uuid4())], "paper": "a5"}, "paper"),
            ({"codes": [str(uuid4())], "format": "a4"}, "format"),
        ],
    )
    def test_name_what_is_wrong(self, desk: Caller, body: dict[str, Any], field: str) -> None:
        answer = desk.post("qr-codes/sheets", body)
        assert answer.status_code == 400
        assert [e["field"] for e in answer.json()["errors"]] == [field]

    def test_take_no_more_queries_for_more_cards(self, desk: Caller, club_a: ClubWorld) -> None:
        made = [
            desk.post("qr-codes", {"customer": str(club_a.other_customer)}).json()["id"]
            for _ in range(5)
        ]
        counts = []
        for codes in (made[:1], made):
            with CaptureQueriesContext(connection) as queries:
                desk.post("qr-codes/sheets", {"codes": codes})
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestOwnCard:
    def test_is_printed_at_home(self, desk: Caller, club_a: ClubWorld) -> None:
        carla = api.as_role(club_a, Role.CUSTOMER)
        (own,) = carla.get("me/qr-codes").json()["results"]
        answer = carla.get(f"me/qr-codes/{own['id']}/card")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer["Cache-Control"] == "private, no-store"
        assert paper.codes(answer.content) == [own["code"]]

    def test_is_refused_when_the_code_opens_nothing(self, desk: Caller, club_a: ClubWorld) -> None:
        carla = api.as_role(club_a, Role.CUSTOMER)
        desk.patch(f"qr-codes/{club_a.qr_code}", {"is_active": False})
        answer = carla.get(f"me/qr-codes/{club_a.qr_code}/card")
        assert (answer.status_code, answer.json()["code"]) == (409, "code_not_active")


class TestImage:
    @pytest.mark.parametrize("query", ["", "?format=png"])
    def test_is_a_picture_that_opens_the_door(
        self, desk: Caller, club_a: ClubWorld, query: str
    ) -> None:
        answer = desk.get(f"qr-codes/{club_a.qr_code}/image{query}")
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/png"
        assert answer["Cache-Control"] == "private, no-store"
        barcode = read(answer.content)
        assert barcode.ec_level == "M"
        assert barcode.text == desk.get(f"qr-codes/{club_a.qr_code}").json()["code"]
        said = scan(desk, barcode.text)
        assert (said["result"], said["reason"]) == ("accepted", "ok")
        assert said["customer"]["id"] == str(club_a.customer)

    def test_is_drawn_as_svg_too(self, desk: Caller, club_a: ClubWorld) -> None:
        answer = desk.get(f"qr-codes/{club_a.qr_code}/image?format=svg")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
        root = ET.fromstring(answer.content)  # noqa: S314 - our own output
        assert root.tag == "{http://www.w3.org/2000/svg}svg"

    def test_is_refused_in_other_formats(self, desk: Caller, club_a: ClubWorld) -> None:
        answer = desk.get(f"qr-codes/{club_a.qr_code}/image?format=gif")
        assert answer.status_code == 400
        assert [e["field"] for e in answer.json()["errors"]] == ["format"]

    def test_is_shown_to_its_customer_alone(self, desk: Caller, club_a: ClubWorld) -> None:
        carla = api.as_role(club_a, Role.CUSTOMER)
        (own,) = carla.get("me/qr-codes").json()["results"]
        answer = carla.get(f"me/qr-codes/{own['id']}/image")
        assert read(answer.content).text == own["code"]
        other = desk.post("qr-codes", {"customer": str(club_a.other_customer)}).json()
        assert carla.get(f"me/qr-codes/{other['id']}/image").status_code == 404
        assert carla.get(f"qr-codes/{own['id']}/image").status_code == 403
