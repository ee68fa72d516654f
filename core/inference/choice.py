"""Which execution provider a package runs on: found by running it, never by what the library lists.

`auto` takes the provider whose runs are the shortest on this box, of those that give the golden answers, and stays
on the processor for less than a tenth; what was measured is kept per package, and measured again when library or
processor are others. A provider that is asked
by name is taken where it gives the golden answers. Whenever another one than the processor is taken, a session of
the processor stands behind it. What does not work is said, and the processor does the work.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from core.errors import EngineError, GoldenError, PackageError
from core.inference.providers import CPU, Provider, listed, place, provider
from core.inference.session import Session
from core.models.files import write_file
from core.models.gate import require_golden
from core.models.package import Package

log = logging.getLogger(__name__)

AUTO = "auto"
_WARM_UP_RUNS = 3
_MEASURED_RUNS = 7
#: Another provider must be this much faster than the processor to be worth its further way.
_WORTH = 0.9


@dataclass(frozen=True, slots=True)
class Trial:
    """One provider with one package: `run_s` of the middle run, or the `reason` why it cannot be used."""

    provider: str
    run_s: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`spare` is the processor's session where `session` is another's. `fallen` says why it is not what was asked."""

    asked: str
    session: Session
    spare: Session | None = None
    fallen: str = ""


class Chooser:
    """`asked` is "auto" or a provider's name; `kept` the folder where measured times are kept, None for nowhere.

    Raises EngineError for a name that is not known.
    """

    def __init__(self, asked: str = CPU.name, kept: Path | None = None) -> None:
        self.asked = asked
        self._named = None if asked == AUTO else provider(asked)
        self._kept = kept

    def choose(self, package: Package, threads: int = 1) -> Choice:
        """Sessions that are ready. Blocks while they are made. Raises EngineError when not even the processor can."""
        if self._named == CPU:
            return Choice(self.asked, _session(package, CPU, threads))
        order, why = self._order(package, threads)
        for item in order:
            if item == CPU:
                break
            try:
                session = self._golden(package, item, threads)
            except (EngineError, GoldenError) as error:
                why = error.message
                continue
            return Choice(self.asked, session, _session(package, CPU, threads))
        fallen = f"asked {self.asked}, runs on cpu: {why}" if self._named else ""
        if fallen:
            log.error("%s %s: %s", package.card.name, package.card.version, fallen)
        return Choice(self.asked, _session(package, CPU, threads), fallen=fallen)

    def trials(self, package: Package, threads: int = 1) -> Sequence[Trial]:
        """One for each provider that is listed, the fastest first: as kept, or measured now and kept."""
        here = [place(item) for item in listed()]
        known = self._read(package, here, threads)
        if known is not None:
            return known
        found = [self._try(package, item, threads) for item in listed()]
        found.sort(key=lambda trial: float("inf") if trial.run_s is None else trial.run_s)
        self._write(package, here, threads, found)
        return found

    def _order(self, package: Package, threads: int) -> tuple[Sequence[Provider], str]:
        if self._named is not None:
            return [self._named], ""
        if listed() == [CPU]:
            return [CPU], ""
        return [provider(name) for name in _worth(self.trials(package, threads))], ""

    def _golden(self, package: Package, item: Provider, threads: int) -> Session:
        session = _session(package, item, threads)
        require_golden(session, package)
        return session

    def _try(self, package: Package, item: Provider, threads: int) -> Trial:
        try:
            session = self._golden(package, item, threads)
            inputs = package.golden.cases[0].inputs
            taken_s = []
            for _ in range(_WARM_UP_RUNS + _MEASURED_RUNS):
                began_s = time.perf_counter()
                session.run(inputs)
                taken_s.append(time.perf_counter() - began_s)
        except (EngineError, GoldenError) as error:
            log.warning("%s %s on %s: %s", package.card.name, package.card.version, item.name, error.message)
            return Trial(item.name, None, error.message)
        return Trial(item.name, median(taken_s[_WARM_UP_RUNS:]))

    def _path(self, package: Package) -> Path | None:
        return self._kept and self._kept / f"{package.sha256}.json"

    def _read(self, package: Package, here: Sequence[str], threads: int) -> Sequence[Trial] | None:
        path = self._path(package)
        try:
            document: Any = json.loads(path.read_bytes()) if path else None
            if document is None or (document["places"], document["threads"]) != (list(here), threads):
                return None
            trials = [Trial(**item) for item in document["trials"]]
            known = {item.name for item in listed()}
            return trials if {trial.provider for trial in trials} == known else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # measured anew

    def _write(self, package: Package, here: Sequence[str], threads: int, trials: Sequence[Trial]) -> None:
        path = self._path(package)
        if path is None:
            return
        document = {"places": list(here), "threads": threads, "trials": [asdict(trial) for trial in trials]}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(document, indent=1).encode())
        except (OSError, PackageError) as error:
            log.warning("%s: what was measured cannot be kept: %s", path, error)


def _worth(trials: Sequence[Trial]) -> Sequence[str]:
    """The names worth trying, the fastest first."""
    took_s = {trial.provider: trial.run_s for trial in trials if trial.run_s is not None}
    bound_s = took_s.get(CPU.name, float("inf")) * _WORTH
    return [name for name, run_s in took_s.items() if run_s < bound_s]


def _session(package: Package, item: Provider, threads: int) -> Session:
    return Session(package.model, package.card, provider=item, threads=threads)
