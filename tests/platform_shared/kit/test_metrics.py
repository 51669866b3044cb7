"""What is counted, by which names, and that nothing is without being told to."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry

from platform_shared.kit import metrics, shared_cache
from platform_shared.kit.middleware import RequestContextMiddleware
from platform_shared.tenancy import binding, hosts
from platform_shared.tenancy.tasks import PlatformTask
from tests.support.api import Caller
from tests.support.world import ClubWorld

Value = Any


@pytest.fixture
def value(monkeypatch: pytest.MonkeyPatch) -> Value:
    """Count in this process; return what a sample's value is asked by: name, labels."""
    registry = CollectorRegistry()
    monkeypatch.setattr(metrics, "_recorder", metrics.Recorder(registry))

    def of(name: str, **labels: str) -> float:
        return registry.get_sample_value(f"qr_checkin_{name}", labels) or 0.0

    return of


def answered(request: HttpRequest, status: int = 200) -> HttpResponse:
    """Have a request answered through the measuring handler, by the middleware."""
    middleware = RequestContextMiddleware(lambda _: HttpResponse(status=status))
    return middleware(request)


def request_of(method: str = "GET", path: str = "/x", route: str | None = "x") -> HttpRequest:
    request = HttpRequest()
    request.method, request.path = method, path
    match: Any = None if route is None else SimpleNamespace(route=route)
    request.resolver_match = match
    return request


class TestRequests:
    def test_are_counted_by_route_and_not_by_address(self, value: Value) -> None:
        for number in range(3):
            answered(request_of(path=f"/api/v1/x/{number}", route="api/v1/x/<uuid:x_id>"))
        labels = {"method": "GET", "route": "/api/v1/x/<uuid:x_id>", "status": "200"}
        assert value("http_request_seconds_count", **labels) == 3
        assert value("http_request_seconds_bucket", le="10.0", **labels) == 3

    def test_that_lead_nowhere_share_one_label(self, value: Value) -> None:
        answered(request_of(method="PURGE", path="/anything", route=None), 404)
        labels = {"method": "other", "route": "none", "status": "404"}
        assert value("http_request_seconds_count", **labels) == 1

    def test_for_health_are_not_counted(self, value: Value) -> None:
        answered(request_of(path="/health/live", route=None))
        labels = {"method": "GET", "route": "none", "status": "200"}
        assert value("http_request_seconds_count", **labels) == 0

    def test_are_measured_by_nothing_unless_told(self) -> None:
        def handler(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        assert metrics.measured(handler) is handler


class TestScans:
    def test_are_counted_once_however_often_they_are_sent(
        self, value: Value, club_a: ClubWorld, staff_a: Caller
    ) -> None:
        scan = {"scan_id": str(club_a.invoice), "kind": "entry", "customer": str(club_a.customer)}
        for status in (201, 200):
            assert staff_a.post("door/scans", scan).status_code == status
        scan |= {"scan_id": str(club_a.payment)}
        assert staff_a.post("door/scans", scan).json()["reason"] == "already_inside"
        found = [
            value("scans_total", kind="entry", result=result, reason=reason)
            for result, reason in (("accepted", "ok"), ("refused", "already_inside"))
        ]
        assert found == [1, 1]


class TestTasks:
    def test_are_counted_by_name_and_outcome(self, value: Value, db: None) -> None:
        app = Celery("tests", broker="memory://", set_as_current=False)
        app.conf.task_always_eager = True

        @app.task(base=PlatformTask, name="tests.half", shared=False)
        def half(number: int) -> None:
            if number % 2:
                raise ValueError

        for number in range(3):
            half.delay(number)
        found = {
            outcome: value("task_seconds_count", task="tests.half", outcome=outcome)
            for outcome in ("done", "failed")
        }
        assert found == {"done": 2, "failed": 1}


class TestLookups:
    def test_are_counted_by_where_the_value_was(self, value: Value, club_a: ClubWorld) -> None:
        assert shared_cache._listener.ensure() in (True, False)
        with binding.platform():
            for _ in range(2):
                hosts.find(club_a.host)
            hosts.find("nobody.localhost")
            hosts.find("nobody.localhost")
        found = {
            where: value("cache_lookups_total", cache="host", found=where)
            for where in ("process", "valkey", "database")
        }
        assert sum(found.values()) == 4
        assert found["database"] == 2  # once for each name
        assert found["valkey"] >= 1  # that there is none is kept there alone


class TestStart:
    def test_counts_nothing_without_a_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metrics, "_recorder", None)
        metrics.start(None)
        assert metrics._recorder is None

    def test_makes_the_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metrics, "_recorder", None)
        metrics.start(tmp_path / "deep" / "metrics")
        assert (tmp_path / "deep" / "metrics").is_dir()
        assert metrics._recorder is not None
