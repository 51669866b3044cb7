"""The door while clubs are migrated: their columns differ, and its statements are prepared."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.db import NotSupportedError, connection

from platform_shared.kit import clock
from platform_shared.tenancy import binding
from tenant_apps.checkins import services
from tests.conftest import LiveDatabase
from tests.tenant_apps.checkins.door import scan
from tests.tenant_apps.sales.desk import new_pass


def widen(length: int) -> None:
    """Change the type of a column that the door reads, at the bound club."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE customers_customer ALTER COLUMN name TYPE varchar({length})")


@pytest.fixture
def migrated(live_database: LiveDatabase, world: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Two clubs, of which one has another type already."""
    with binding.club(world.b.ref):
        widen(300)
    yield world
    with binding.club(world.b.ref):
        widen(160)


def scan_at_both(world: SimpleNamespace) -> list[str]:
    """Scan somebody at each club in turn, over one connection; return what the door says."""
    codes = {}
    for club in (world.a, world.b):
        with binding.club(club.ref):
            codes[club.ref] = new_pass(visits=3, at=clock.now()).code
    said = []
    for ref, code in codes.items():
        with binding.club(ref):
            said.append(scan(code, at=clock.now()).check_in.reason)
    return said


class TestClubsOfDifferentTypes:
    def test_are_scanned_over_one_connection(self, migrated: SimpleNamespace) -> None:
        assert scan_at_both(migrated) == ["ok", "ok"]

    def test_would_fail_if_the_scan_did_not_begin_again(
        self, migrated: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control.
        record = services._record

        def once(*asked: object) -> object:
            try:
                return record(*asked)  # type: ignore[arg-type]
            except NotSupportedError as error:
                raise RuntimeError("the statement was another club's") from error

        monkeypatch.setattr(services, "_record", once)
        with pytest.raises(RuntimeError, match="another club's"):
            scan_at_both(migrated)
