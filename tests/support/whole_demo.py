"""`edgewise demo` with all three apps on free ports, and whether each of them is live."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import psutil

from tests.support.cells import Cell
from tests.support.store_demo import StoreDemo
from tests.support.ward_box import WardBox

_HEART_RATES = re.compile(r"\bHR\b[^0-9]{0,40}[0-9]{2,3}\b")


class WholeDemo(Cell):
    """`with WholeDemo(folder) as demo`: one box with a line, a ward and a store, and their simulators."""

    apps = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ward, self.store = WardBox(folder), StoreDemo(folder)
        self._words += [*self.ward.ports, *self.store.ports]

    @property
    def live(self) -> Mapping[str, Callable[[], bool]]:
        """By app: whether its screen is served and something that was measured has come to it."""
        return {
            "manufacturing": lambda: self.judged_after(self.started_mono_s) is not None and self._serves(self.url),
            "healthcare": lambda: self.ward.answers() and self._heart_rates() >= 10,
            "retail": lambda: self.store.is_live() and self.store.answers(),
        }

    def pss_mib(self) -> float:
        """Of every process of the box and of the world outside it; what they share is counted once."""
        supervisor = psutil.Process(self.supervisor)
        whole = [supervisor, *supervisor.children(recursive=True)]
        return float(sum(process.memory_full_info().pss for process in whole)) / 2**20

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds so far, by process; `prepared`: of what was done before the box began, and is over."""
        supervisor = psutil.Process(self.supervisor)
        spent = supervisor.cpu_times()
        found = {"supervisor": spent.user + spent.system, "prepared": spent.children_user + spent.children_system}
        for name, standing in self.standings().items():
            if standing.pid and psutil.pid_exists(standing.pid):
                times = psutil.Process(standing.pid).cpu_times()
                found[name] = times.user + times.system + times.children_user + times.children_system
        return found

    def _heart_rates(self) -> int:
        return len(_HEART_RATES.findall(re.sub(r"<[^>]*>", " ", self.ward.page())))

    @staticmethod
    def _serves(url: str) -> bool:
        try:
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False
