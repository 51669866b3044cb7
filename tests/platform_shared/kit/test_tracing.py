"""Spans tell what happened where, and nothing of whom it happened to."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from platform_shared.kit import tracing
from platform_shared.kit.ids import new_id
from platform_shared.outbox import services as outbox
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from platform_shared.tenancy.tasks import ClubTask, PlatformTask
from tests.platform_shared.outbox.listening import KIND, listener
from tests.support.api import Caller
from tests.support.world import ClubWorld

Spans = InMemorySpanExporter
AT = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    """Make spans in this process, and keep them."""
    monkeypatch.setattr(tracing, "_tracer", None)
    exporter = InMemorySpanExporter()
    before = list(connection.execute_wrappers)
    tracing.start_with(SimpleSpanProcessor(exporter))
    tracing._trace_statements(connection)  # connected already
    yield exporter
    connection.execute_wrappers[:] = before
    tracing.connection_created.disconnect(dispatch_uid="tracing")


def of_kind(spans: Spans, kind: SpanKind) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.kind is kind]


def ids(context: SpanContext | None) -> tuple[int, int]:
    """Return the trace and the span."""
    assert context is not None
    return context.trace_id, context.span_id


def everything(spans: Spans) -> str:
    return "\n".join(span.to_json() for span in spans.get_finished_spans())


def caller(of: Caller) -> Caller:
    """Return the same caller with a client whose middleware is made anew, under tracing."""
    of._client = Client(raise_request_exception=False)
    return of


class TestRequests:
    def test_are_spans_by_route_with_club_and_request(
        self, spans: Spans, club_a: ClubWorld, staff_a: Caller
    ) -> None:
        spans.clear()
        path = f"customers/{club_a.customer}"
        headers = {"X-Request-Id": "request-1234"}
        assert caller(staff_a).get(path, **headers).status_code == 200
        (span,) = of_kind(spans, SpanKind.SERVER)
        assert span.name == "GET /api/v1/customers/<uuid:customer_id>"
        assert dict(span.attributes or {}) == {
            "http.request.method": "GET",
            "http.route": "/api/v1/customers/<uuid:customer_id>",
            "http.response.status_code": 200,
            "qr_checkin.club": club_a.ref.slug,
            "qr_checkin.club_id": str(club_a.ref.id),
            "qr_checkin.request_id": "request-1234",
        }

    def test_hold_their_statements(self, spans: Spans, staff_a: Caller) -> None:
        spans.clear()
        assert caller(staff_a).get("customers").status_code == 200
        (request,) = of_kind(spans, SpanKind.SERVER)
        statements = of_kind(spans, SpanKind.CLIENT)
        assert {span.name for span in statements} == {"SELECT"}
        assert {ids(span.parent) for span in statements} == {ids(request.context)}

    def test_say_nothing_of_whom_they_ask_for(self, spans: Spans, staff_a: Caller) -> None:
        spans.clear()
        assert caller(staff_a).get("customers?email=carla@secrets.test").status_code == 200
        assert caller(staff_a).get("customers?search=Geheim").status_code == 200
        new = {"name": "Verborgen", "email": "customer@alpha.test"}
        assert caller(staff_a).post("customers", new).status_code == 409
        told = everything(spans)
        assert "customers_customer" in told  # the statements are there
        for secret in ("secrets.test", "geheim", "verborgen", "customer@alpha.test"):
            assert secret not in told.lower()

    def test_would_say_it_if_values_were_told(self, spans: Spans, staff_a: Caller) -> None:
        spans.clear()

        def telling(execute: Any, sql: Any, params: Any, many: bool, wrapped: Any) -> Any:
            with tracing.span(f"{sql} {params}"):
                return execute(sql, params, many, wrapped)

        connection.execute_wrappers.append(telling)
        assert caller(staff_a).get("customers?email=carla@secrets.test").status_code == 200
        assert "secrets.test" in everything(spans)

    def test_take_no_trace_from_outside(self, spans: Spans, staff_a: Caller) -> None:
        spans.clear()
        theirs = f"00-{'ab' * 16}-{'cd' * 8}-01"
        assert caller(staff_a).get("club", traceparent=theirs).status_code == 200
        (span,) = of_kind(spans, SpanKind.SERVER)
        assert span.parent is None
        assert "ab" * 16 not in everything(spans)

    @pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
    def test_of_health_are_none(self, path: str, spans: Spans, staff_a: Caller) -> None:
        spans.clear()
        assert caller(staff_a).get(path).status_code == 200
        assert spans.get_finished_spans() == ()

    def test_that_fail_say_so(self, spans: Spans) -> None:
        def broken(request: HttpRequest) -> HttpResponse:
            return HttpResponse(status=500)

        request = HttpRequest()
        request.method, request.path, request.resolver_match = "GET", "/x", None
        tracing.traced(broken)(request)
        (span,) = of_kind(spans, SpanKind.SERVER)
        assert (span.name, span.status.status_code) == ("GET none", StatusCode.ERROR)

    def test_are_wrapped_by_nothing_unless_told(self) -> None:
        def handler(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        assert tracing.traced(handler) is handler


class TestScan:
    def test_shows_what_waits_for_the_database(
        self, spans: Spans, club_a: ClubWorld, staff_a: Caller
    ) -> None:
        spans.clear()
        scan = {"scan_id": str(club_a.invoice), "kind": "exit", "customer": str(club_a.customer)}
        assert caller(staff_a).post("door/scans", scan).status_code == 201
        names = [span.name for span in of_kind(spans, SpanKind.INTERNAL)]
        assert "pipeline" in names


class TestErrors:
    def test_are_named_without_their_words(self, spans: Spans, db: None) -> None:
        with pytest.raises(ValueError, match="carla"), tracing.span("work"):
            raise ValueError("carla@secrets.test is taken")
        (span,) = spans.get_finished_spans()
        assert span.status.status_code is StatusCode.ERROR
        assert dict(span.attributes or {}) == {"error.type": "ValueError"}
        assert "carla" not in everything(spans)


class TestTasks:
    @pytest.fixture
    def app(self) -> Celery:
        ours = Celery("tests", broker="memory://", set_as_current=False)
        ours.conf.task_always_eager = True
        ours.conf.task_eager_propagates = True
        return ours

    def test_belong_to_the_trace_that_sent_them(
        self, spans: Spans, app: Celery, club_a: ClubWorld
    ) -> None:
        @app.task(base=ClubTask, name="tests.club", shared=False)
        def club_task() -> None: ...

        @app.task(base=PlatformTask, name="tests.platform", shared=False)
        def platform_task() -> None: ...

        with tracing.span("request"):
            club_task.send(club_a.ref.id)
            platform_task.delay()
        platform_task.delay()
        one, two, alone = of_kind(spans, SpanKind.CONSUMER)
        (request,) = of_kind(spans, SpanKind.INTERNAL)
        assert (one.name, two.name) == ("tests.club", "tests.platform")
        assert ids(one.parent) == ids(two.parent) == ids(request.context)
        assert alone.parent is None
        assert (one.attributes or {})["qr_checkin.club_id"] == str(club_a.ref.id)


class TestEvents:
    def test_are_linked_to_what_emitted_them(
        self, spans: Spans, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard = listener(monkeypatch)()
        subject = new_id()
        with tracing.span("request"):
            outbox.emit(kind=KIND, subject_id=subject, now=AT)
        event = Event.objects.get(subject_id=subject)
        with tracing.span("delivery"):
            assert outbox.deliver(event_id=event.pk, now=AT)
        request, delivery = of_kind(spans, SpanKind.INTERNAL)
        (link,) = delivery.links
        assert ids(link.context) == ids(request.context)
        assert heard == [subject]

    def test_keep_nothing_where_there_are_no_spans(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener(monkeypatch)()
        subject = new_id()
        outbox.emit(kind=KIND, subject_id=subject, now=AT)
        assert Event.objects.get(subject_id=subject).trace == ""
        with binding.club(bound_a.ref), tracing.span("nothing"):
            tracing.link("00-x")
