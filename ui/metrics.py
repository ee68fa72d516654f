"""What a web process counts, for `/metrics`; no label names a person or a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)

#: Names whose value only grows; everything else is a gauge.
_COUNTED = ("_refused_peers", "_refused_hosts", "_streams_refused", "_streams_dropped", "_wrong_pins")


class WebMetrics:
    """`read` gives the numbers of the moment by name; it is asked at every scrape, and so are `others`."""

    def __init__(self, app: str, read: Callable[[], Mapping[str, float]], others: Sequence[Collector] = ()) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "edge_web_request_seconds", "From request to answer", buckets=_BUCKETS_S, registry=self.registry
        )
        for collector in (_Moment(app, read), *others):
            self.registry.register(collector)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Moment(Collector):
    def __init__(self, app: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._app = app
        self._read = read

    def collect(self) -> Iterable[Metric]:
        for name, value in self._read().items():
            family = CounterMetricFamily if name.endswith(_COUNTED) else GaugeMetricFamily
            metric = family(f"edge_web{name}", name.strip("_").replace("_", " "), labels=["app"])
            metric.add_metric([self._app], value)
            yield metric
