"""The observation chart of one bed: its sets, the NEWS2 that follows from them, and when the next full set is due.

A *full set* is a set with which NEWS2 was whole, by its own values and the monitor's of that moment. The next one is
due the score's interval later; a later partial set, or the monitor, may only bring that forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import Instant
from core.errors import RefusedError
from healthcare.vitals.ages import kept_past, past_again
from healthcare.vitals.news2 import USUAL, Item, Policy, Risk, Score, not_applicable, score
from healthcare.vitals.observations import ObservationSet, observation_set

_KEPT_S = 26 * 3600.0  # sets older than this are in the events; the last full set stays whatever its age


@dataclass(frozen=True, slots=True)
class FullSet:
    """What a full set came to: enough to say when the next is due and how the score changed."""

    set_id: str
    at: Instant
    points: int
    scale: int
    any3: bool

    def as_previous(self) -> Score:
        """In the form in which `score` takes the previous one; its lines are not kept."""
        return Score(self.points, True, self.any3, Risk.LOW, self.scale, (), (), (), None, 0.0)


@dataclass(frozen=True, slots=True)
class Worse:
    """Since when what is known asks for the next set sooner than the last full set did, and why."""

    at: Instant
    interval_s: float
    why: str

    @staticmethod
    def of(scored: Score, at: Instant) -> Worse:
        least = "" if scored.complete else "at least "
        return Worse(at, scored.interval_s, f"NEWS2 {least}{scored.points}, {_every(scored.interval_s)}")


@dataclass(frozen=True, slots=True)
class ScaleChoice:
    """Which SpO₂ scale holds, and who decided so. Scale 1 by nobody until a clinician records a target of 88-92 %."""

    scale: int = 1
    who: str = ""
    role: str = ""
    reason: str = ""
    at_utc_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Due:
    """The next full set: when, and why then. `text` and `why` are for people."""

    at: Instant
    why: str
    text: str = "Full set"

    def over(self, now: Instant) -> bool:
        return now > self.at

    def shown(self, now: Instant) -> dict[str, Any]:
        return {"what": self.text, "why": self.why, "at_utc_s": self.at.utc_s, "over": self.over(now)}


class Chart:
    """Of one patient: begins at admission (`begin`), is empty again after `discharge`.

    A station calls it from its own thread alone; who may do what is the station's to check.
    """

    def __init__(self, policy: Policy = USUAL, first_set_within_s: float = 1800.0) -> None:
        self._policy = policy
        self._first_set_within_s = first_set_within_s
        self.discharge()

    def discharge(self) -> None:
        """Forgets the patient: sets, scale, age. The events keep them."""
        self.sets: list[ObservationSet] = []
        self.scale = ScaleChoice()
        self._full: list[FullSet] = []
        self._live: Worse | None = None
        self._begun: Instant | None = None
        self._age_years: int | None = None
        self._pregnant = False
        self._number = 0

    def begin(self, now: Instant, *, age_years: int | None = None, pregnant: bool = False) -> None:
        """A patient is in the bed; known facts may be told again when they change."""
        self._begun = self._begun or now
        self._age_years, self._pregnant = age_years, pregnant

    def set_scale(self, scale: int, *, who: str, role: str, reason: str, now: Instant) -> ScaleChoice:
        """Raises RefusedError without a name, or for scale 2 without a reason (the recorded target)."""
        if scale not in (1, 2):
            raise RefusedError(f"NEWS2 has SpO₂ scales 1 and 2, not {scale}.")
        if not who.strip() or (scale == 2 and not reason.strip()):
            raise RefusedError("Scale 2 needs who decided it and why: a recorded target of 88-92 %.")
        self.scale = ScaleChoice(scale, who.strip(), role, reason.strip(), now.utc_s)
        return self.scale

    def enter(
        self,
        values: Mapping[str, Any],
        *,
        author: str,
        now: Instant,
        taken_utc_s: float | None = None,
        monitored: Sequence[Item] = (),
        set_id: str = "",
    ) -> tuple[ObservationSet, Score]:
        """The set and the score as of when it was taken. Raises RefusedError with all that is wrong.

        `monitored` are the monitor's values of that moment; give none with a late set.
        """
        entered = observation_set(set_id or f"set-{self._number + 1}", values, author=author, now=now,
                                  taken_utc_s=taken_utc_s)  # fmt: skip
        if any(entered.id == known.id for known in self.sets):
            raise RefusedError(f"The set {entered.id} is on the chart already.")
        self._number += 1
        self.sets.append(entered)
        self.sets.sort(key=lambda known: known.at)
        scored = self._score([*self._items(entered.at), *monitored], entered.at)
        own = self._score([*entered.items(), *monitored], entered.at)
        if own.complete:
            self._full.append(FullSet(entered.id, entered.at, own.points, own.scale, own.any3))
            self._full.sort(key=lambda full: full.at)
        self._forget(now)
        return entered, scored

    def strike(self, set_id: str, *, who: str, reason: str, now: Instant) -> ObservationSet:
        """Strikes a set out; it stays on the chart, and counts for nothing any more."""
        for place, known in enumerate(self.sets):
            if known.id == set_id:
                self.sets[place] = known.strike(who, reason, now)
                self._full = [full for full in self._full if full.set_id != set_id]
                return self.sets[place]
        raise RefusedError(f"There is no set {set_id} on this chart.")

    def score(self, now: Instant, monitored: Iterable[Item] = ()) -> Score:
        """NEWS2 now, from what is valid of the sets and the monitor; `delta` is against the last full set.

        Where it asks for the next set sooner than the last full set did, `due` knows from then on.
        """
        scored = self._score([*self._items(now), *monitored], now)
        last = self._full[-1] if self._full else None
        if last is None or scored.interval_s >= self._policy.interval_s(last.points, last.any3):
            self._live = None
        elif self._live is None or scored.interval_s != self._live.interval_s:
            self._live = Worse.of(scored, now)
        return scored

    def due(self) -> Due | None:
        """When the next full set is due; None without a patient, or where NEWS2 does not apply."""
        if self._begun is None or not_applicable(self._age_years, self._pregnant):
            return None
        last = self._full[-1] if self._full else None
        if last is None:
            return Due(self._begun.plus(self._first_set_within_s), "no full set yet", "First full set")
        wait_s = self._policy.interval_s(last.points, last.any3)
        due = Due(last.at.plus(wait_s), f"NEWS2 {last.points}, {_every(wait_s)}")
        for worse in self._since(last):
            sooner = Due(max(last.at.plus(worse.interval_s), worse.at), worse.why)
            due = min(due, sooner, key=lambda one: one.at)
        return due

    def state(self, now: Instant) -> dict[str, Any]:
        """For JSON; `restore` takes it."""
        choice = self.scale
        return {
            "sets": [known.kept(now) for known in self.sets],
            "full": [[full.set_id, kept_past(full.at, now), full.points, full.scale, full.any3] for full in self._full],
            "scale": [choice.scale, choice.who, choice.role, choice.reason, choice.at_utc_s],
            "live": self._live and [kept_past(self._live.at, now), self._live.interval_s, self._live.why],
            "begun": None if self._begun is None else kept_past(self._begun, now),
            "age_years": self._age_years,
            "pregnant": self._pregnant,
            "number": self._number,
        }

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        self.sets = [ObservationSet.again(known, now) for known in kept["sets"]]
        self._full = [
            FullSet(set_id, past_again(at, now), points, scale, any3)
            for set_id, at, points, scale, any3 in kept["full"]
        ]
        self.scale = ScaleChoice(*kept["scale"])
        live = kept["live"]
        self._live = Worse(past_again(live[0], now), live[1], live[2]) if live else None
        self._begun = None if kept["begun"] is None else past_again(kept["begun"], now)
        self._age_years = kept["age_years"]
        self._pregnant = bool(kept["pregnant"])
        self._number = int(kept["number"])

    def _items(self, at: Instant) -> list[Item]:
        return [item for known in self.sets if known.at <= at for item in known.items()]

    def _score(self, items: list[Item], at: Instant) -> Score:
        before = [full for full in self._full if full.at < at]
        return score(
            items,
            at,
            scale=self.scale.scale,
            policy=self._policy,
            previous=before[-1].as_previous() if before else None,
            age_years=self._age_years,
            pregnant=self._pregnant,
        )

    def _since(self, last: FullSet) -> list[Worse]:
        """What has been known of the patient since the last full set."""
        later = [known for known in self.sets if known.at > last.at and known.struck is None]
        found = [Worse.of(self._score(self._items(known.at), known.at), known.at) for known in later]
        return [*found, self._live] if self._live is not None else found

    def _forget(self, now: Instant) -> None:
        last = self._full[-1].set_id if self._full else ""
        self.sets = [known for known in self.sets if known.id == last or now.since(known.at) <= _KEPT_S]
        held = {known.id for known in self.sets}
        self._full = [full for full in self._full if full.set_id in held]


def _every(wait_s: float) -> str:
    """`hourly`, `12-hourly`, `every 30 min`."""
    hours = wait_s / 3600
    if hours == 1:
        return "hourly"
    return f"{hours:.0f}-hourly" if hours == int(hours) else f"every {wait_s / 60:.0f} min"
