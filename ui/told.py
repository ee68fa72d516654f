"""What other processes count, for `/metrics`: of the line as it tells it live, of all by the supervisor's roster.

What is told says nothing any more after `OLD_AFTER_S`: a number that stands still looks like one that lives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from core.clock import Clock, Instant
from ui.hub import Hub
from verticals.runtime.live import LiveMessage
from verticals.runtime.measures import MOST_BYTES
from verticals.runtime.roster import Roster

log = logging.getLogger(__name__)

OLD_AFTER_S = 5.0
_LINE = "line"
#: By its name in the line's beat: the metric, what it says, whether it only grows.
_OF_LINE = {
    "depth": ("edge_record_waiting_entries", "Entries not on the disk yet", False),
    "held": ("edge_record_held_entries", "Entries that wait for the end of a trouble with the store", False),
    "lost": ("edge_record_lost_entries", "Entries that could not be recorded", True),
    "evidence_lost": ("edge_evidence_lost_pieces", "Pictures that could not be kept", True),
    "unrouted": ("edge_samples_unrouted", "Samples that are nobody's", True),
    "restarts": ("edge_device_restarts", "Devices of the line that were started again", True),
    "clients_lost": ("edge_live_lost_messages", "Live values that slow readers lost", True),
}


class Told(Collector):
    """What processes tell over the live line. `hear` belongs to the hub's event loop; a scrape may come meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._page: tuple[str, bytes, Instant] | None = None

    def hear(self, message: LiveMessage | None) -> None:
        """None: who told it is gone."""
        if message is None:
            self._page = None
            return
        process = message.data.get("process")
        if isinstance(process, str) and process and len(message.payload) <= MOST_BYTES:
            self._page = (process, message.payload, self._clock.now())

    def collect(self) -> Iterable[Metric]:
        page = self._page
        if page is None or self._clock.now().since(page[2]) > OLD_AFTER_S:
            return []
        try:
            return [_labelled(metric, page[0]) for metric in text_string_to_metric_families(page[1].decode())]
        except ValueError as error:
            log.warning("the metrics that '%s' tells cannot be read: %s", page[0], error)
            return []


def _labelled(metric: Metric, process: str) -> Metric:
    metric.samples = [sample._replace(labels={**sample.labels, "process": process}) for sample in metric.samples]
    return metric


class LineMoment(Collector):
    """The numbers of the line's last beat; none once that is old. `app` is the label that goes with each."""

    def __init__(self, app: str, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        if self._hub.stale:
            return
        live = self._hub.live()
        for name, (metric, says, grows) in _OF_LINE.items():
            if _is_number(live["line"].get(name)):
                yield self._family(metric, says, [], [((), live["line"][name])], grows=grows)
        stations: Mapping[str, Any] = live["stations"]
        told = [((station, what), n) for station, one in stations.items() for what, n in _counts(one).items()]
        yield self._family("edge_station", "What became of samples", ["station", "what"], told, grows=True)
        depths = [((station,), one["depth"]) for station, one in stations.items() if _is_number(one.get("depth"))]
        yield self._family("edge_station_waiting_samples", "Samples that wait", ["station"], depths)
        faults = [((station,), float(len(one.get("faults") or ()))) for station, one in stations.items()]
        yield self._family("edge_station_faults", "What is wrong at a station now", ["station"], faults)
        devices = live["line"].get("devices")
        ups = [((name,), float(bool(one.get("ok")))) for name, one in (devices or {}).items()]
        yield self._family("edge_device_up", "1 while a device of the line is well, else 0", ["device"], ups)

    def _family(
        self, name: str, says: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]],
        *, grows: bool = False,
    ) -> Metric:  # fmt: skip
        family = (CounterMetricFamily if grows else GaugeMetricFamily)(name, says, labels=["app", "process", *labels])
        for own, value in values:
            family.add_metric([self._app, _LINE, *own], value)
        return family


def _counts(station: Mapping[str, Any]) -> dict[str, float]:
    counts = station.get("counts")
    return {str(what): n for what, n in counts.items() if _is_number(n)} if isinstance(counts, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Processes(Collector):
    """Every process of the box, cameras and jobs too, as the supervisor knows it; nothing where there is none."""

    def __init__(self, read: Callable[[], Roster | None]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        roster = self._read()
        running = GaugeMetricFamily("edge_process_running", "1 while it runs, else 0", labels=["process"])
        restarts = CounterMetricFamily("edge_process_restarts", "How often it was started again", labels=["process"])
        for name, standing in (roster.processes if roster else {}).items():
            running.add_metric([name], float(standing.state == "running"))
            restarts.add_metric([name], standing.restarts)
        return [running, restarts]
