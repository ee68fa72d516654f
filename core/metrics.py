"""What the box counts, in the text format of Prometheus: base units, one registry per process.

No label names a person, a part, a patient or a serial number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Upper bounds in seconds; the last is open. Fine at the fast end: an ECG model answers in under a millisecond.
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Spread:
    """How long something took, in buckets. `add` belongs to one thread at a time, or under the owner's lock."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum_s += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """`(upper bound as text, how many took no longer)`, as Prometheus wants them."""
        total = 0
        buckets = []
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), self.counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets


class ModelCounts:
    """What one version of a model did. The engine adds under its own lock; a scrape may see it a moment old.

    `loaded` holds (sha256, provider) of every copy that answers now; `fallen` the provider that was asked and the
    one that it runs on instead; `hangs` how often a run never came back.
    """

    __slots__ = ("fallen", "hangs", "labels", "loaded", "outcomes", "queued", "ran")

    def __init__(self, model: str, version: str, outcomes: Sequence[str]) -> None:
        self.labels = (model, version)
        self.loaded: list[tuple[str, str]] = []
        self.outcomes = dict.fromkeys(outcomes, 0)
        self.queued = Spread()
        self.ran = Spread()
        self.hangs = 0
        self.fallen: tuple[str, str] | None = None


class Metrics:
    """The numbers of one process. `text` is what `/metrics` shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._models = _ModelCollector()
        self.registry.register(self._models)
        self.decisions = Counter(
            "edge_decision", "Decisions by verdict", ["station", "verdict"], registry=self.registry
        )
        self.decisions_late = Counter(
            "edge_decision_late", "Decisions without an answer in time", ["station"], registry=self.registry
        )
        self.alarms_active = Gauge("edge_alarm_active", "Alarms by priority", ["priority"], registry=self.registry)
        self.source_last_seen = Gauge(
            "edge_source_last_seen_timestamp_seconds", "Last sample of a source", ["source"], registry=self.registry
        )
        self.inference_share = Gauge(
            "edge_inference_share",
            "Share of the box's cores that the models need at what is asked",
            registry=self.registry,
        )
        self.inference_fits = Gauge(
            "edge_inference_fits", "1 when what is asked fits into the box, else 0", registry=self.registry
        )
        self.clock_offset = Gauge(
            "edge_clock_offset_seconds", "This box's clock against its time server", registry=self.registry
        )

    def model(self, model: str, version: str, outcomes: Sequence[str]) -> ModelCounts:
        """The counts to add to; a version that is loaded again goes on counting."""
        return self._models.counts_of(model, version, outcomes)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _ModelCollector(Collector):
    """Shows the engine's plain numbers when asked; counting through the library's own objects costs four times more."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], ModelCounts] = {}

    def counts_of(self, model: str, version: str, outcomes: Sequence[str]) -> ModelCounts:
        return self._counts.setdefault((model, version), ModelCounts(model, version, outcomes))

    def collect(self) -> Iterable[Metric]:
        names = ["model", "version"]
        requests = CounterMetricFamily("edge_inference_requests", "Asks by outcome", labels=[*names, "code"])
        ran = HistogramMetricFamily("edge_inference_duration_seconds", "Time in the model", labels=names)
        queued = HistogramMetricFamily("edge_inference_queue_seconds", "Time before the model began", labels=names)
        info = GaugeMetricFamily("edge_model_info", "Models loaded", labels=[*names, "sha256", "ep"])
        fallen = GaugeMetricFamily(
            "edge_inference_fallback", "Models that run elsewhere than asked", labels=[*names, "asked", "ep"]
        )
        hangs = CounterMetricFamily("edge_inference_hangs", "Runs that never came back", labels=names)
        for counts in list(self._counts.values()):
            hangs.add_metric(counts.labels, counts.hangs)
            if counts.fallen is not None:
                fallen.add_metric([*counts.labels, *counts.fallen], 1)
            for outcome, count in counts.outcomes.items():
                requests.add_metric([*counts.labels, outcome], count)
            ran.add_metric(counts.labels, counts.ran.cumulative(), counts.ran.sum_s)
            queued.add_metric(counts.labels, counts.queued.cumulative(), counts.queued.sum_s)
            for sha256, provider in set(counts.loaded):
                info.add_metric([*counts.labels, sha256, provider], 1)
        return [requests, ran, queued, info, fallen, hangs]
