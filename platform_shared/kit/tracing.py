"""Spans for OpenTelemetry; nothing is imported and nothing wrapped unless ``start`` was told where
to send them.

A span tells of a request by its route, of a statement by its text without values and of a task by
its name. Addresses, parameters and messages of errors stay out: they name people and hold secrets.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

from platform_shared.kit import context, metrics

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanKind, Tracer

Handler = Callable[[HttpRequest], HttpResponse]
HEADER = "traceparent"  # W3C Trace Context
LONGEST_STATEMENT = 4_000

_tracer: "Tracer | None" = None


def start(endpoint: str | None) -> None:
    """Send spans to the OTLP receiver at ``endpoint``, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` names it.

    The SDK reads its other variables (``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``,
    ``OTEL_EXPORTER_OTLP_HEADERS`` ...) by itself.
    """
    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    start_with(BatchSpanProcessor(exporter))


def start_with(processor: "SpanProcessor") -> None:
    """Hand spans to ``processor`` from now on."""
    global _tracer
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("qr_checkin")
    connection_created.connect(_trace_statements, dispatch_uid="tracing")


@contextmanager
def _span(tracer: "Tracer", name: str, kind: "SpanKind", **options: Any) -> Iterator[Any]:
    """Open a span that says that something failed, and not with which words."""
    from opentelemetry.trace import StatusCode

    with tracer.start_as_current_span(
        name, kind=kind, record_exception=False, set_status_on_exception=False, **options
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            raise


def span(name: str) -> AbstractContextManager[Any]:
    """Return a block that is a span of its own, where spans are made."""
    if _tracer is None:
        return nullcontext()
    from opentelemetry.trace import SpanKind

    return _span(_tracer, name, SpanKind.INTERNAL)


def traced(handler: Handler) -> Handler:
    """Return a handler of requests that makes a span of each, or just ``handler``.

    What a client says of its own trace is not taken: it would decide what we record.
    """
    tracer = _tracer
    if tracer is None:
        return handler
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, StatusCode

    def trace(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/health/"):
            return handler(request)
        with _span(tracer, "request", SpanKind.SERVER, context=Context()) as current:
            response = handler(request)
            method, route = metrics.operation_of(request)
            current.update_name(f"{method} {route}")
            current.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": response.status_code,
                    **_identity(),
                }
            )
            if response.status_code >= 500:
                current.set_status(StatusCode.ERROR)
            return response

    return trace


def task(name: str, parent: str | None) -> AbstractContextManager[Any]:
    """Return a block that is the span of a task; ``parent`` came with its message."""
    if _tracer is None:
        return nullcontext()
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {HEADER: parent} if parent else {}
    above = TraceContextTextMapPropagator().extract(carrier)
    return _span(_tracer, name, SpanKind.CONSUMER, context=above, attributes=_identity())


def parent() -> str:
    """Return the span that is open, as text to go with a message or a row; empty without one."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(HEADER, "")


def link(parent: str) -> None:
    """Say that the span that is open comes of another one, whose ``parent()`` this was."""
    if _tracer is None or not parent:
        return
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    above = TraceContextTextMapPropagator().extract({HEADER: parent})
    get_current_span().add_link(get_current_span(above).get_span_context())


def _identity() -> dict[str, str]:
    """Return what the log lines of the same work say, too."""
    known = {
        "qr_checkin.club": context.club_slug.get(),
        "qr_checkin.club_id": context.club_id.get(),
        "qr_checkin.request_id": context.request_id.get(),
    }
    return {name: value for name, value in known.items() if value is not None}


def _trace_statements(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have each statement of a connection make a span; it is told of every reconnect."""
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


def _statement(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, wrapped: dict[str, Any]
) -> Any:
    from opentelemetry.trace import SpanKind, get_current_span

    if _tracer is None or not get_current_span().is_recording():
        return execute(sql, params, many, wrapped)  # of what is not sampled, or of a health check
    text = sql if isinstance(sql, str) else ""  # composed text may hold values
    name = (text.split(None, 1) or ["SQL"])[0].upper()
    about = {"db.system.name": "postgresql", "db.query.text": text[:LONGEST_STATEMENT]}
    with _span(_tracer, name, SpanKind.CLIENT, attributes=about):
        return execute(sql, params, many, wrapped)
