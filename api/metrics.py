"""Figures for Prometheus; none is told apart by tenant, path or query."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from api.tracing import Served
from search.errors import ConfigError, StoreError
from search.service_settings import MetricsSettings
from search.stores.base import Store

INDEX_SECONDS = 15
"""How long the size of the index is remembered between scrapes."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Reading = float | dict[str, float]
"""A figure, or one for each value of a label."""


class Metrics:
    """The figures of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "semsearch_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "semsearch_request_seconds",
            "How long answers took.",
            ("method", "route"),
            registry=self._registry,
            buckets=SECONDS,
        )
        self._stages = Histogram(
            "semsearch_stage_seconds",
            "How long the stages of requests took.",
            ("stage",),
            registry=self._registry,
            buckets=SECONDS,
        )
        self._under_way = Gauge(
            "semsearch_requests_in_flight", "Requests under way.", registry=self._registry
        )

    def began(self) -> None:
        """Count a request that is under way."""
        self._under_way.inc()

    def served(self, served: Served) -> None:
        """Count a request that was answered, and its stages."""
        self._under_way.dec()
        self._requests.labels(served.method, served.route, str(served.status)).inc()
        self._seconds.labels(served.method, served.route).observe(served.elapsed_ns / 1e9)
        for stage, ms in served.trace.timings_ms.items():
            self._stages.labels(stage).observe(ms / 1000)

    def watch(
        self,
        name: str,
        meaning: str,
        read: Callable[[], Reading],
        *,
        kind: Literal["gauge", "counter"] = "gauge",
        label: str | None = None,
    ) -> None:
        """Ask for a figure at every scrape.

        Args:
            name: e.g. `semsearch_query_cache_hits`.
            meaning: one sentence.
            read: returns the figure, or one for each value of `label`; a store that fails
                leaves the figure out.
            kind: whether it goes up and down, or only up.
            label: what tells several figures of that name apart; never a tenant or a path.
        """
        self._registry.register(_Watched(name, meaning, read, kind, label))

    def watch_index(self, store: Store) -> None:
        """Tell the size of an index."""
        index = _IndexSize(store)
        for what in ("chunks", "documents", "bytes"):
            meaning = f"How many {what} the index holds, all tenants together."
            self.watch(f"semsearch_index_{what}", meaning, partial(index.read, what))

    def exposition(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    @contextmanager
    def listening(self, settings: MetricsSettings) -> Iterator[None]:
        """Answer scrapes on an address of their own while the context is open, if so set.

        Raises:
            ConfigError: the address is taken, or is not this machine's.
        """
        if settings.mode != "port":
            yield
            return
        try:
            server, thread = start_http_server(settings.port, settings.host, self._registry)
        except OSError as error:
            raise ConfigError(
                f"The metrics cannot be served on {settings.host}:{settings.port} "
                f"({error.strerror}): set SEMSEARCH_METRICS__PORT to another."
            ) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Watched(Collector):
    def __init__(
        self,
        name: str,
        meaning: str,
        read: Callable[[], Reading],
        kind: Literal["gauge", "counter"],
        label: str | None,
    ) -> None:
        self._read = read
        self._family = GaugeMetricFamily if kind == "gauge" else CounterMetricFamily
        self._name, self._meaning = name, meaning
        self._labels = [label] if label else []

    def describe(self) -> Iterator[Metric]:
        """Tell the name without reading the figure, which the registry would do otherwise."""
        yield self._family(self._name, self._meaning, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        """Read the figure."""
        family = self._family(self._name, self._meaning, labels=self._labels)
        try:
            reading = self._read()
        except StoreError:
            return  # a gap says more than a made-up figure
        if not isinstance(reading, dict):
            family.add_metric([], reading)
        else:
            for value, figure in reading.items():
                family.add_metric([value], figure)
        yield family


class _IndexSize:
    """The size of an index, looked up at most every few seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._figures: dict[str, float] = {}

    def read(self, what: str) -> Reading:
        """Return the `chunks`, `documents` or `bytes`; nothing where they cannot be told."""
        with self._lock:
            if time.monotonic() - self._read_at > INDEX_SECONDS:
                state = self._store.state()
                figures: dict[str, float] = {"chunks": state.chunks, "documents": state.documents}
                size = self._store.size_bytes()
                self._figures = figures if size is None else figures | {"bytes": size}
                self._read_at = time.monotonic()
            return self._figures.get(what, {})
