"""A real server's spans arrive at a receiver that speaks OTLP."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

from django.conf import settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from deploy.local import ports, servers
from deploy.local.supervisor import Supervisor
from platform_shared.outbox import tasks
from tests.conftest import LiveDatabase
from tests.platform_shared.kit.waiting import eventually
from tests.support.live import ROOT, TEST_SETTINGS, serving


@contextmanager
def collector() -> Iterator[tuple[str, list[Span]]]:
    """Receive spans on loopback; yield the endpoint, and what has come so far."""
    received: list[Span] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    received.extend(scope.spans)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer((ports.LOOPBACK, 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{ports.LOOPBACK}:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def test_spans_arrive(live_database: LiveDatabase, world: SimpleNamespace, tmp_path: Path) -> None:
    with collector() as (endpoint, received):
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with serving(live_database.url, tmp_path, **told) as web:
            with web.client(world.a.host) as client:
                answer = client.get("catalogue?kind=gym")
            assert eventually(lambda: any(span.kind == Span.SPAN_KIND_SERVER for span in received))
    (request,) = [span for span in received if span.kind == Span.SPAN_KIND_SERVER]
    about = {one.key: one.value.string_value for one in request.attributes}
    assert request.name == "GET /api/v1/catalogue"
    assert about["qr_checkin.club_id"] == str(world.a.ref.id)
    assert about["qr_checkin.request_id"] == answer.headers["X-Request-Id"]
    statements = [span for span in received if span.parent_span_id == request.span_id]
    assert statements
    assert {span.kind for span in statements} == {Span.SPAN_KIND_CLIENT}
    assert not any("gym" in str(span) for span in received)


def test_spans_of_a_workers_children_arrive(live_database: LiveDatabase, tmp_path: Path) -> None:
    """They are forked after the worker has begun to trace."""
    with collector() as (endpoint, received), Supervisor(tmp_path) as supervisor:
        env = {
            **os.environ,
            "DATABASE_URL": live_database.url,
            "REDIS_URL": settings.REDIS_URL,
            "DJANGO_SETTINGS_MODULE": TEST_SETTINGS,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        supervisor.start("worker", servers.worker_command(), env=env, cwd=ROOT)
        tasks.relay.delay()
        supervisor.wait_until(
            lambda: any(span.kind == Span.SPAN_KIND_CONSUMER for span in received),
            timeout=60,
            what="the task's span",
        )
    (task,) = [span for span in received if span.kind == Span.SPAN_KIND_CONSUMER]
    assert task.name == "outbox.relay"
    assert [span for span in received if span.parent_span_id == task.span_id]
