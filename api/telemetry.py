"""Requests and their stages as OpenTelemetry spans; sent nowhere unless a collector is named."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode

from api.tracing import Served, TraceParent


class Spans:
    """Turns requests into spans: one for the request, one for each of its stages inside it."""

    def __init__(self, processor: SpanProcessor, *, queries: bool) -> None:
        """Take where finished spans go, and whether the text of queries goes along."""
        self._ids = _TraceIds()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "semsearch"}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("semsearch")
        self._queries = queries

    def began(self) -> None:
        """Do nothing: spans are made when all is known."""

    def served(self, served: Served) -> None:
        """Make the spans of a request."""
        trace = served.trace
        told = {f"semsearch.{name}": value for name, value in trace.attributes.items()}
        if self._queries and trace.query:
            told["semsearch.query"] = trace.query
        with self._ids.within(trace.id):
            request = self._tracer.start_span(
                f"{served.method} {served.route}",
                context=_context(served.parent),
                kind=SpanKind.SERVER,
                start_time=served.start_ns,
                attributes={
                    "http.request.method": served.method,
                    "http.route": served.route,
                    "http.response.status_code": served.status,
                    **told,
                },
            )
        stages: list[Span] = []
        for stage in trace.stages:
            around = request if stage.parent is None else stages[stage.parent]
            stages.append(
                self._tracer.start_span(
                    stage.name,
                    context=otel.set_span_in_context(around),
                    start_time=stage.start_ns,
                )
            )
        for stage, span in zip(trace.stages, stages, strict=True):
            span.end(stage.start_ns + stage.elapsed_ns)
        if served.status >= 500:
            request.set_status(Status(StatusCode.ERROR))
        request.end(served.start_ns + served.elapsed_ns)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def spans_to(endpoint: str, *, queries: bool) -> Spans:
    """Return spans that go to a collector, in batches, from a thread of their own.

    Headers that the collector wants (a token) come from `OTEL_EXPORTER_OTLP_HEADERS`.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    url = endpoint.rstrip("/")
    url = url if url.endswith("/v1/traces") else f"{url}/v1/traces"
    return Spans(BatchSpanProcessor(OTLPSpanExporter(url)), queries=queries)


class _TraceIds(IdGenerator):
    """Gives a trace that begins here the id that the answer and the log name."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self._given: int | None = None

    @contextmanager
    def within(self, trace_id: str) -> Iterator[None]:
        """Use this id while the context is open; only the event loop makes spans."""
        self._given = int(trace_id, 16)
        try:
            yield
        finally:
            self._given = None

    def generate_trace_id(self) -> int:
        """Return the id of the trace at hand."""
        return self._given or self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        """Return a random id."""
        return self._random.generate_span_id()


def _context(parent: TraceParent | None) -> Context:
    """Return the context of the caller's span; an empty one where it sent none."""
    if parent is None:
        return Context()
    flags = otel.TraceFlags(otel.TraceFlags.SAMPLED if parent.sampled else 0)
    span = SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, flags)
    return otel.set_span_in_context(NonRecordingSpan(span), Context())
