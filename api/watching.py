"""Everybody who is told of requests: the log, the figures, the collector, the memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.admission import Admission
from api.logs import AccessLog
from api.memory import SearchMemory
from api.metrics import Metrics
from api.tracing import Observer
from ingest.job_queue import JobQueue
from search.embedders.cached import CachedQueries
from search.errors import ConfigError
from search.pipeline import Pipeline
from search.settings import Settings
from search.state.database import Database
from search.state.feedback import FeedbackLog

if TYPE_CHECKING:
    from api.telemetry import Spans


class Watching:
    """What one service lets be known of its requests, as the settings ask."""

    def __init__(self, settings: Settings) -> None:
        """Prepare it.

        Raises:
            ConfigError: traces should be sent, but the packages for that are missing.
        """
        self._settings = settings
        self.metrics = Metrics()
        self.feedback = FeedbackLog(Database(settings.data_dir), settings.feedback)
        self.memory = SearchMemory(self.feedback)
        self._spans = _spans(settings)

    @property
    def observers(self) -> Sequence[Observer]:
        """Return all who are told."""
        first: tuple[Observer, ...] = (AccessLog(self._settings.logging), self.metrics)
        return (*first, self.memory, *([self._spans] if self._spans else []))

    @contextmanager
    def started(self, pipeline: Pipeline, admission: Admission, jobs: JobQueue) -> Iterator[None]:
        """Measure what is served, while the context is open; then send and write what is left."""
        self._watch(pipeline, admission, jobs)
        with self.metrics.listening(self._settings.metrics):
            yield
        self.memory.close()
        if self._spans:
            self._spans.close()

    def _watch(self, pipeline: Pipeline, admission: Admission, jobs: JobQueue) -> None:
        watch, cache = self.metrics.watch, pipeline.embedder
        self.metrics.watch_index(pipeline.store)
        watch("semsearch_requests_at_work", "Requests that hold a turn.", lambda: admission.running)
        watch("semsearch_requests_waiting", "Requests that wait for a turn.",
              lambda: admission.waiting)  # fmt: skip
        watch("semsearch_jobs_waiting", "Uploads and syncs that wait.", lambda: jobs.waiting)
        if isinstance(cache, CachedQueries):
            watch("semsearch_query_cache_hits", "Queries whose vector was remembered.",
                  lambda: cache.hits, kind="counter")  # fmt: skip
            watch("semsearch_query_cache_misses", "Queries that were embedded.",
                  lambda: cache.misses, kind="counter")  # fmt: skip


def _spans(settings: Settings) -> "Spans | None":
    endpoint = settings.telemetry.otlp_endpoint
    if endpoint is None:
        return None
    try:
        from api.telemetry import spans_to

        return spans_to(endpoint, queries=settings.telemetry.queries)
    except ImportError as error:
        raise ConfigError(
            "SEMSEARCH_TELEMETRY__OTLP_ENDPOINT is set, but OpenTelemetry is not installed "
            f"({error.name}): `pip install 'semsearch[otel]'`, or unset it."
        ) from error
