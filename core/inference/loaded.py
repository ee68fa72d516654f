"""One package as it answers for a slot: its session, the one behind it, and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from core.clock import Clock, iso_utc
from core.errors import EngineError, HashError
from core.inference.choice import Choice
from core.inference.request import Arrays, ModelRef
from core.inference.session import Brake, Session
from core.metrics import ModelCounts
from core.models.package import Package

_WARM_UP_RUNS = 3
#: How much the newest run weighs in the running figure.
_NEWEST = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands: `usual_s` is what a run takes now, `fallen` why it runs elsewhere than asked."""

    slot: str
    model: ModelRef
    provider: str
    threads: int
    usual_s: float
    asked: int
    fallen: str = ""


class Loaded:
    """Changed only under the engine's lock. `out` says why it gives no answers for the moment; empty: it does."""

    __slots__ = (
        "_asked_for", "_read_again", "asked", "counts", "fallen", "hung_mono_s", "longest_run_s", "out", "ref",
        "renew_by_mono_s", "session", "spare", "threads", "usual_run_s",
    )  # fmt: skip

    def __init__(
        self, package: Package, choice: Choice, counts: ModelCounts, threads: int, again: Callable[[], Package] | None
    ) -> None:
        card = package.card
        self.ref = ModelRef(card.name, card.version, package.sha256, dict(card.limits))
        self._read_again = again or (lambda: package)
        self.session: Session = choice.session
        self.spare: Session | None = choice.spare
        self.counts = counts
        self.threads = threads
        self.longest_run_s = 0.0
        self.usual_run_s = 0.0
        self.asked = 0
        self.hung_mono_s: float | None = None
        self.renew_by_mono_s = 0.0
        self.out = ""
        self._asked_for = choice.asked
        self.fallen = choice.fallen

    @property
    def title(self) -> str:
        return f"{self.ref.name} {self.ref.version}"

    def package(self) -> Package:
        """The same package as at first. Raises PackageError and its kinds where it is not there any more. Blocks."""
        package = self._read_again()
        if package.sha256 != self.ref.sha256:
            raise HashError(f"{self.title} is not the package that was loaded any more")
        return package

    def warm_up(self, clock: Clock, inputs: Arrays) -> None:
        """Raises EngineError when it does not run. What stands behind is warmed up too: it must be there at once."""
        for session in filter(None, (self.spare, self.session)):
            for _ in range(_WARM_UP_RUNS):
                began_s = clock.now().mono_s
                session.run(inputs)
                self.longest_run_s = self.usual_run_s = clock.now().mono_s - began_s

    def ran(self, run_s: float) -> None:
        self.longest_run_s = max(self.longest_run_s, run_s)
        self.usual_run_s += _NEWEST * (run_s - self.usual_run_s)

    def fresh_session(self) -> Session:
        """Another one for the same graph, on the same provider; takes as long as loading does."""
        package = self.package()
        return Session(package.model, package.card, provider=self.session.provider, threads=self.threads)

    def second_opinion(self, inputs: Arrays, brake: Brake | None, failed: Session) -> dict[str, NDArray[Any]] | None:
        """The outputs of the session behind `failed`; None when it fails as well, or is none."""
        other = self.spare or (self.session if self.session is not failed else None)
        try:
            return other.run(inputs, brake) if other else None
        except EngineError:
            return None

    def replace(self, session: Session) -> None:
        self._count(list.remove)
        self.session = session
        self.out = ""
        self._count(list.append)

    def fall_back(self, why: str, at_utc_s: float) -> None:
        """From now on the session behind answers."""
        if self.spare is not None:
            since = iso_utc(at_utc_s)[:16].replace("T", " ")
            asked = self.session.provider.name if self._asked_for == "auto" else self._asked_for
            self.replace(self.spare)
            self.spare = None
            self.fallen = f"asked {asked}, runs on {self.session.provider.name} since {since} UTC: {why}"
            self.counts.fallen = (asked, self.session.provider.name)

    def enter(self) -> None:
        """It answers from now on."""
        self._count(list.append)
        self.counts.fallen = (self._asked_for, self.session.provider.name) if self.fallen else None

    def leave(self) -> None:
        self._count(list.remove)

    def standing(self, slot: str) -> Standing:
        return Standing(
            slot, self.ref, self.session.provider.name, self.threads, self.usual_run_s, self.asked,
            self.fallen,
        )  # fmt: skip

    def _count(self, change: Callable[[list[tuple[str, str]], tuple[str, str]], None]) -> None:
        change(self.counts.loaded, (self.ref.sha256, self.session.provider.name))
