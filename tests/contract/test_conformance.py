"""The server keeps to its documents: schemathesis asks, as every kind of caller, on both hosts.

Requests of all phases (examples, the edges of every field, random ones, chains that go on with what
an answer gave), well-formed and malformed. Whatever comes back must be documented: its status, its
content type, its headers and its body; and nothing may be a 5xx.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import yaml
from django.core.files.base import ContentFile

from platform_shared.accounts import services as account_services
from platform_shared.kit import clock
from platform_shared.kit.access import PROGRAMMABLE, Role
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.customers import imports
from tests.conftest import LiveDatabase
from tests.contract import schemathesis
from tests.contract.schemathesis import Caller
from tests.support import api
from tests.support.live import ROOT, WebServer, live_url, serving
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.api_keys import programs
from tests.tenant_apps.checkins.door import scan

DOCUMENTS = ROOT / "docs/openapi"
CASES = 5000  # of each document, at least


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A server of its own, whose lines nobody counts."""
    away = {name: "" for name in os.environ if name.startswith("COVERAGE_")}
    with serving(live_url(), tmp_path_factory.mktemp("conformance"), **away) as server:
        yield server


@pytest.fixture
def ids(live_database: LiveDatabase, world: SimpleNamespace) -> dict[str, UUID]:
    """Things of club a, by the names of the parameters that ask for them."""
    club: ClubWorld = world.a
    now = clock.now()
    with binding.club(club.ref):
        colleague, _ = account_services.create_user(
            email=f"{new_id()}@alpha.test",
            name="Colleague",
            role=Role.CLUB_STAFF,
            password=None,
            now=BORN,
        )
        visit = scan(at=now, customer=club.customer)
        key, _ = programs.make(*PROGRAMMABLE)
        begun = imports.start_import(
            file=ContentFile(b"name\nXenia\n"), dry_run=True, now=now, actor=SYSTEM
        )
    return {
        "club_id": club.ref.id,
        "user_id": colleague.id,
        "customer_id": club.customer,
        "location_id": club.location,
        "package_id": club.credits_package,
        "subscription_id": club.subscription,
        "code_id": club.qr_code,
        "invoice_id": club.invoice,
        "payment_id": club.payment,
        "check_in_id": visit.check_in.id,
        "import_id": begun.id,
        "key_id": key.id,
    }


def _program(club: ClubWorld) -> str:
    """Return the text of a key that may do all that a key may."""
    with binding.club(club.ref):
        return programs.make(*PROGRAMMABLE)[1]


class TestConformance:
    def test_holds_at_a_club(
        self, web: WebServer, world: SimpleNamespace, ids: dict[str, UUID], tmp_path: Path
    ) -> None:
        club: ClubWorld = world.a
        tokens = {
            "nobody": None,
            **{role: api.access_token(club, role) for role in Role if role != "system_admin"},
            "support": api.support_token(club),
            "program": _program(club),
        }
        cases = 0
        for who, access in tokens.items():
            folder = tmp_path / who
            folder.mkdir()
            outcome = schemathesis.run(
                DOCUMENTS / "club.yaml",
                Caller(web.port, club.host, access),
                folder,
                each=5,
                ids=ids,
            )
            assert outcome.failures == [], f"{who}: {outcome.output}"
            cases += outcome.cases
        assert cases >= CASES

    def test_holds_at_the_platform(
        self, web: WebServer, ids: dict[str, UUID], tmp_path: Path
    ) -> None:
        cases = 0
        for who, access in (
            ("nobody", None),
            ("system_admin", api.access_token(None, Role.SYSTEM_ADMIN)),
        ):
            folder = tmp_path / who
            folder.mkdir()
            outcome = schemathesis.run(
                DOCUMENTS / "platform.yaml",
                Caller(web.port, api.PLATFORM_HOST, access),
                folder,
                each=100,
                ids=ids,
            )
            assert outcome.failures == [], f"{who}: {outcome.output}"
            cases += outcome.cases
        assert cases >= CASES


def _without_a_status(operation: Any) -> None:
    del operation["responses"]["200"]


def _with_another_content_type(operation: Any) -> None:
    content = operation["responses"]["200"]["content"]
    content["text/plain"] = content.pop("application/json")


def _with_another_body(operation: Any) -> None:
    content = operation["responses"]["200"]["content"]
    content["application/json"]["schema"] = {"type": "array"}


class TestControls:
    """A document that says something else than the server does is found out."""

    @pytest.mark.parametrize(
        ("change", "title"),
        [
            (_without_a_status, "Undocumented status code"),
            (_with_another_content_type, "Undocumented Content-Type"),
            (_with_another_body, "Response violates schema"),
        ],
    )
    def test_what_is_not_documented_fails(
        self,
        web: WebServer,
        world: SimpleNamespace,
        live_database: LiveDatabase,
        tmp_path: Path,
        change: Callable[[Any], None],
        title: str,
    ) -> None:
        club: ClubWorld = world.a
        document = yaml.safe_load((DOCUMENTS / "club.yaml").read_text())
        change(document["paths"]["/api/v1/catalogue"]["get"])
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(document))
        caller = Caller(web.port, club.host)
        outcome = schemathesis.run(path, caller, tmp_path, each=3, ids={}, only="listCatalogue")
        assert f"{title}: GET /api/v1/catalogue" in outcome.failures
