"""What a scrape is told of what waits, and what it makes of files that nobody can read."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from prometheus_client import CollectorRegistry

from platform_shared.due_work.models import DueWork
from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.observability import exposition, selectors
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _keep_the_tests_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection of a test is in its transaction; closing it would be its end."""
    from django.db import connection

    monkeypatch.setattr(connection, "close", lambda: None)


def waiting() -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(exposition.Waiting())
    return {
        sample.name.removeprefix("qr_checkin_"): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.labels
    }


class TestWaiting:
    def test_tells_what_has_not_been_sent_and_for_how_long(self, db: None) -> None:
        now = clock.now()
        with binding.platform():
            Event.objects.all().delete()
            DueWork.objects.all().delete()
        assert waiting()["outbox_events"] == waiting()["due_work_overdue"] == 0
        assert waiting()["outbox_oldest_seconds"] == waiting()["due_work_oldest_seconds"] == 0
        with binding.platform():
            for hours in (1, 2):
                Event.objects.create(
                    kind="tests.happened",
                    subject_id=new_id(),
                    occurred_at=now - hours * HOUR,
                    due_at=now,
                )
            for hours in (-1, 3):  # one whose time has not come
                DueWork.objects.create(
                    club_id=new_id(), kind="x", subject_id=new_id(), due_at=now - hours * HOUR
                )
        found = waiting()
        assert found["database_up"] == 1
        assert (found["outbox_events"], found["due_work_overdue"]) == (2, 1)
        assert found["outbox_oldest_seconds"] == pytest.approx(7200, abs=60)
        assert found["due_work_oldest_seconds"] == pytest.approx(3 * 3600, abs=60)
        assert found["database_connections_max"] > 0

    def test_says_so_when_the_database_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away() -> selectors.Backlog:
            raise OperationalError

        monkeypatch.setattr(selectors, "get_backlog", away)
        assert waiting() == {"database_up": 0}


class TestCounted:
    @pytest.mark.parametrize("torn", [b"", b"\x01", b"\xff\xff\x00\x00" + b"\x09" * 100])
    def test_leaves_out_a_file_that_was_cut_short(self, torn: bytes, tmp_path: Path) -> None:
        (tmp_path / "counter_1.db").write_bytes(torn)
        assert list(exposition.Counted(None, path=str(tmp_path)).collect()) == []

    def test_would_tell_of_nothing_if_it_were_not_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "counter_1.db").write_bytes(b"")
        monkeypatch.setattr(exposition, "TORN", ())
        with pytest.raises(Exception, match="buffer"):
            list(exposition.Counted(None, path=str(tmp_path)).collect())
