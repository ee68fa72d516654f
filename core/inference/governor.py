"""How the box is shared out: runners, threads, niceness, memory; from what the models really take and are asked.

The kernel's scheduler is the arbiter; what it is told stands here and nowhere else. A run has one thread: two runs
side by side are worth more than one run on two threads. Only a model that alone outlasts its deadline gets more.
Spinning is off and the arena is shared by all sessions of a process (`session`, `providers`). Where what is asked
does not fit, the plan says so, and the line goes on: late is a value.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

#: More than this share of the cores is not planned for: screens, jobs and the kernel need some, and bursts wait.
FULL_SHARE = 0.8
#: What a run on several threads takes beyond its share, in all.
_SPLITTING = 1.1
#: Of the memory; what a run needs beyond it makes the run fail, not the box.
_ARENA_SHARE = 0.5
_CGROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the kernel and the libraries are told about one kind of process; `prompt`: a machine waits for it."""

    nice: int = 0
    prompt: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


_ONE_THREAD = MappingProxyType({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
SHOWS = Terms(nice=5)
#: Teaching and retraining: as long as it takes, on one thread, behind everybody else.
WORKS = Terms(nice=15, environment=_ONE_THREAD)
#: What a process steps forward that a machine waits for within its cycle: three times the weight of an ordinary one.
FIRST_BY = 5
#: What each further app of the box steps back, the most urgent one first.
_STEP_BACK = 2


def decides(rank: int) -> Terms:
    """Of the line and the cameras of the app with that rank among those of the box, from 0."""
    return Terms(nice=min(_STEP_BACK * rank, SHOWS.nice - 1), prompt=True)


@dataclass(frozen=True, slots=True)
class Box:
    """What there is to share: the cores that this process may use, and the memory."""

    cores: int
    memory_bytes: int

    @property
    def arena_bytes(self) -> int:
        """The ceiling of the arena that the sessions of one process share."""
        return int(self.memory_bytes * _ARENA_SHARE)


def this_box() -> Box:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # there is no such group, or it says "max"
        memory_bytes = min(memory_bytes, int(_CGROUP_MEMORY.read_text("ascii")))
    return Box(len(os.sched_getaffinity(0)), memory_bytes)


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of one model: `per_s` runs of `cost_s` on one thread, each answered within `within_s`."""

    model: str
    cost_s: float
    per_s: float
    within_s: float

    @property
    def cores(self) -> float:
        """How many cores it keeps busy."""
        return self.cost_s * self.per_s

    @property
    def words(self) -> str:
        """`5 a second at 212 ms`."""
        return f"{self.per_s:.3g} a second at {_ms(self.cost_s)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """`threads` by model. `share` of all cores is busy; `words` is a sentence for each model, then for them all."""

    runners: int
    threads: Mapping[str, int]
    share: float
    fits: bool
    words: Sequence[str]


def plan(box: Box, demands: Sequence[Demand]) -> Plan:
    """Never fewer than one runner, whatever is asked."""
    threads = {demand.model: _threads(demand, box.cores) for demand in demands}
    share = sum(demand.cores for demand in demands) / box.cores
    troubles = {demand.model: _trouble(demand, threads[demand.model]) for demand in demands}
    full = share > FULL_SHARE
    fits = not full and not any(troubles.values())
    words = [_sentence(demand, threads[demand.model], box.cores, troubles[demand.model], full) for demand in demands]
    if full:
        words.append(
            f"all models together need {share * box.cores:.1f} of {box.cores} cores, {_percent(FULL_SHARE)} is full"
        )
    return Plan(max(1, box.cores // max([1, *threads.values()])), threads, share, fits, words)


def _threads(demand: Demand, cores: int) -> int:
    if demand.cost_s <= demand.within_s:
        return 1
    return max(1, min(cores, math.ceil(demand.cost_s * _SPLITTING / demand.within_s)))


def _trouble(demand: Demand, threads: int) -> str:
    takes_s = demand.cost_s * (_SPLITTING / threads if threads > 1 else 1.0)
    if takes_s <= demand.within_s:
        return ""
    return f"a run takes {_ms(takes_s)}, which is more than the {_ms(demand.within_s)} it has"


def _sentence(demand: Demand, threads: int, cores: int, trouble: str, full: bool) -> str:
    on = f"{cores} core{'s' if cores > 1 else ''}" + (f", {threads} threads a run" if threads > 1 else "")
    share = _percent(demand.cores / cores)
    asked = f"{demand.model}: {demand.words} on {on}: {share}"
    return f"{asked}; " + (f"does not fit: {trouble}" if trouble else "does not fit" if full else "fits")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds * 1000:.0f} ms"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
