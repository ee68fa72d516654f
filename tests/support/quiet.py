"""How busy everybody else keeps the machine while something is measured: a figure taken then says little."""

from __future__ import annotations

import os
import threading
import time
from typing import Self

import psutil


class Neighbours:
    """`with Neighbours(pid) as neighbours`: samples in a thread what runs beside `pid`, its children and this test."""

    def __init__(self, pid: int, every_s: float = 0.5) -> None:
        self._pid = pid
        self._every_s = every_s
        self._samples: list[tuple[float, float, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="neighbours")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def cores(self, mono_s: float) -> float:
        """How many cores the others used in the half second around that moment; 0 where nothing was measured."""
        return max((cores for begin_s, end_s, cores in self._samples if begin_s <= mono_s <= end_s), default=0.0)

    def mean_cores(self) -> float:
        return sum(cores for _, _, cores in self._samples) / max(1, len(self._samples))

    def _sample(self) -> None:
        before_s, before = time.monotonic(), self._counted()
        while not self._stop.wait(self._every_s):
            now_s, now = time.monotonic(), self._counted()
            own = sum(used - before[1].get(pid, 0.0) for pid, used in now[1].items())
            others = (now[0] - before[0] - own) / (now_s - before_s)
            self._samples.append((before_s, now_s, max(0.0, others)))
            before_s, before = now_s, now

    def _counted(self) -> tuple[float, dict[int, float]]:
        """CPU seconds of the machine, and of each process of ours."""
        times = psutil.cpu_times()
        busy_s = times.user + times.nice + times.system + times.irq + times.softirq
        own: dict[int, float] = {}
        try:
            mine = [psutil.Process(self._pid), *psutil.Process(self._pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            mine = []
        for process in (*mine, psutil.Process(os.getpid())):
            try:
                used = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            own[process.pid] = used.user + used.system
        return busy_s, own
