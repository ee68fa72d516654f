"""Alarm limits: the site's defaults, one patient's own with an end and a reason, and how far anyone may go.

A patient's limits end at their time and the site's hold again, said once. At discharge all of them end. Outside the
site's envelope, and off, only a privileged role may set them. The figures are this product's proposal for an adult
ward and a site's own to choose (`docs/healthcare/vital-signs.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from core.clock import Instant
from core.errors import RefusedError, SettingsError
from healthcare.measures import MEASURES
from healthcare.vitals.ages import deadline_again, kept_deadline


@dataclass(frozen=True, slots=True)
class Limits:
    """Alarm below `low` and above `high`, in the measure's unit; None: no alarm on that side."""

    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        """`50-120`, `88-off`."""
        return "-".join("off" if side is None else f"{side:g}" for side in (self.low, self.high))


Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where each side may be set without privilege; None: off by default, and any plausible value may be set."""

    low: Span | None = None
    high: Span | None = None


_DEFAULTS: Mapping[str, Limits] = MappingProxyType(
    {
        "hr_per_min": Limits(50, 120),
        "spo2_pct": Limits(88, None),
        "rr_per_min": Limits(8, 30),
        "temp_cel": Limits(35.0, 39.0),
        "nibp_sys_mmhg": Limits(90, 180),
        "nibp_map_mmhg": Limits(60, None),
        "abp_sys_mmhg": Limits(90, 180),
        "abp_map_mmhg": Limits(60, None),
        "etco2_mmhg": Limits(25, 60),
    }
)
_ENVELOPE: Mapping[str, Envelope] = MappingProxyType(
    {
        "hr_per_min": Envelope((35, 70), (90, 170)),
        "spo2_pct": Envelope((80, 95), None),
        "rr_per_min": Envelope((6, 12), (18, 40)),
        "temp_cel": Envelope((33.0, 36.5), (37.5, 40.5)),
        "nibp_sys_mmhg": Envelope((70, 120), (130, 220)),
        "nibp_map_mmhg": Envelope((50, 80), None),
        "abp_sys_mmhg": Envelope((70, 120), (130, 220)),
        "abp_map_mmhg": Envelope((50, 80), None),
        "etco2_mmhg": Envelope((15, 35), (45, 70)),
    }
)
#: The pulse is alarmed by the heart rate's limits: one patient has one rate.
SAME_AS: Mapping[str, str] = MappingProxyType({"pr_per_min": "hr_per_min"})


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """A site's preset. `privileged` roles may leave the envelope or switch a side off; `longest_s`: the latest end."""

    defaults: Mapping[str, Limits] = field(default_factory=lambda: _DEFAULTS)
    envelope: Mapping[str, Envelope] = field(default_factory=lambda: _ENVELOPE)
    privileged: frozenset[str] = frozenset({"charge", "clinician"})
    longest_s: float = 7 * 86_400.0
    desat_pct: float = 80.0  # at or below: desaturation, a high alarm without the usual delay
    extreme_low_per_min: float = 40.0
    extreme_high_per_min: float = 140.0
    apnoea_below_per_min: float = 4.0

    def __post_init__(self) -> None:
        for measure, limits in self.defaults.items():
            if measure not in MEASURES:
                raise SettingsError(f"limits: {measure} is no measure", hint=f"One of {sorted(_DEFAULTS)}.")
            wrong = _impossible(measure, limits)
            if wrong:
                raise SettingsError(f"limits of {measure}: {wrong}")
            outside = self._outside(measure, limits, limits)
            if outside:
                raise SettingsError(f"limits of {measure}: the default is outside the envelope: {outside}")

    def default(self, measure: str) -> Limits:
        return self.defaults.get(SAME_AS.get(measure, measure), Limits())

    def outside(self, measure: str, limits: Limits) -> str:
        """Why these limits need a privileged role; empty when they do not."""
        return self._outside(measure, limits, self.default(measure))

    def _outside(self, measure: str, limits: Limits, default: Limits) -> str:
        envelope = self.envelope.get(measure, Envelope())
        sides = (
            ("low", limits.low, default.low, envelope.low),
            ("high", limits.high, default.high, envelope.high),
        )
        for name, wanted, usual, span in sides:
            if wanted is None and usual is not None:
                return f"the {name} alarm would be off"
            if wanted is not None and span is not None and not span[0] <= wanted <= span[1]:
                return f"{name} {wanted:g} is outside {span[0]:g} to {span[1]:g} {MEASURES[measure].unit}"
        return ""


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for one measure, and by whom; `who` is empty for the site's default."""

    limits: Limits
    who: str = ""
    role: str = ""
    reason: str = ""
    set_utc_s: float = 0.0
    until: Instant | None = None

    @property
    def own(self) -> bool:
        return bool(self.who)


@dataclass(frozen=True, slots=True)
class Change:
    """One line for the record. `what`: `set`, `cleared`, `expired`, `discharged`."""

    what: str
    measure: str
    before: Limits
    after: Limits
    who: str = ""
    role: str = ""
    reason: str = ""
    until_utc_s: float | None = None

    def text(self) -> str:
        """`HR limits 50-150 ended, the site's 50-120 hold again`."""
        label = MEASURES[self.measure].label
        if self.what == "set":
            return f"{label} limits {self.before.text()} to {self.after.text()}: {self.reason}"
        return f"{label} limits {self.before.text()} ended ({self.what}), the site's {self.after.text()} hold again"

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what, "measure": self.measure, "who": self.who, "role": self.role, "reason": self.reason,
            "before": [self.before.low, self.before.high], "after": [self.after.low, self.after.high],
            "until_utc_s": self.until_utc_s, "text": self.text(),
        }  # fmt: skip


class PatientLimits:
    """The limits of the patient in one bed. Nothing in it reads a clock."""

    def __init__(self, site: SiteLimits | None = None) -> None:
        self.site = SiteLimits() if site is None else site
        self._own: dict[str, InForce] = {}
        self._usual: dict[str, InForce] = {}
        self._rows: list[dict[str, Any]] | None = None

    def in_force(self, measure: str) -> InForce:
        measure = SAME_AS.get(measure, measure)
        held = self._own.get(measure) or self._usual.get(measure)
        if held is None:
            held = self._usual[measure] = InForce(self.site.default(measure))
        return held

    def limits(self, measure: str) -> Limits:
        return self.in_force(measure).limits

    def shown(self) -> list[dict[str, Any]]:
        """What holds for each sign that is alarmed, for screens; `who` is empty for the site's own. The same list until
        something changes."""
        if self._rows is None:
            self._rows = [self._row(measure) for measure in MEASURES if measure in self.site.defaults]
        return self._rows

    def _row(self, measure: str) -> dict[str, Any]:
        held, usual = self.in_force(measure), self.site.default(measure)
        return {
            "measure": measure,
            "low": held.limits.low,
            "high": held.limits.high,
            "usual": [usual.low, usual.high],
            "who": held.who,
            "reason": held.reason,
            "until_utc_s": None if held.until is None else held.until.utc_s,
        }

    def set(
        self, measure: str, limits: Limits, *, who: str, role: str, reason: str, until: Instant, now: Instant
    ) -> Change:
        """This patient's own limits until `until`. Raises RefusedError with what to do otherwise."""
        measure = SAME_AS.get(measure, measure)
        if measure not in self.site.defaults:
            raise RefusedError(f"{measure} has no alarm limits here.")
        if not who.strip() or not reason.strip():
            raise RefusedError("Limits are changed with a name and a reason.")
        wrong = _impossible(measure, limits) or self._wrong_end(until, now)
        if wrong:
            raise RefusedError(f"{MEASURES[measure].label}: {wrong}.")
        outside = self.site.outside(measure, limits)
        if outside and role not in self.site.privileged:
            roles = " or ".join(sorted(self.site.privileged))
            raise RefusedError(f"{MEASURES[measure].label}: {outside}; only {roles} may set that.")
        before = self.limits(measure)
        self._rows = None
        self._own[measure] = InForce(limits, who.strip(), role, reason.strip(), now.utc_s, until)
        return Change("set", measure, before, limits, who.strip(), role, reason.strip(), until.utc_s)

    def clear(self, measure: str, *, who: str, role: str, reason: str) -> Change:
        """Back to the site's default before the end. Raises RefusedError where the default holds already."""
        measure = SAME_AS.get(measure, measure)
        if measure not in self._own:
            raise RefusedError(f"{measure}: the site's limits hold already.")
        return self._end(measure, "cleared", who, role, reason)

    def expire(self, now: Instant) -> list[Change]:
        """Ends what has reached its time; each end is said once."""
        over = [measure for measure, own in self._own.items() if own.until is not None and own.until <= now]
        return [self._end(measure, "expired") for measure in over]

    def discharge(self) -> list[Change]:
        """The site's presets hold again for whoever comes next."""
        return [self._end(measure, "discharged") for measure in list(self._own)]

    def due(self) -> Instant | None:
        return min((own.until for own in self._own.values() if own.until is not None), default=None)

    def state(self, now: Instant) -> dict[str, Any]:
        """For JSON; `restore` takes it."""
        return {
            measure: {
                "low": own.limits.low,
                "high": own.limits.high,
                "who": own.who,
                "role": own.role,
                "reason": own.reason,
                "set_utc_s": own.set_utc_s,
                "until": None if own.until is None else kept_deadline(own.until, now),
            }
            for measure, own in self._own.items()
        }

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        """What ran out meanwhile is still here, and the next `expire` says so."""
        self._rows = None
        self._own = {
            measure: InForce(
                Limits(own["low"], own["high"]),
                own["who"],
                own["role"],
                own["reason"],
                float(own["set_utc_s"]),
                None if own["until"] is None else deadline_again(own["until"], now),
            )
            for measure, own in kept.items()
            if measure in self.site.defaults
        }

    def _wrong_end(self, until: Instant, now: Instant) -> str:
        if until <= now:
            return "the end is over already"
        if until.since(now) > self.site.longest_s:
            return f"the end is more than {self.site.longest_s / 86_400:g} days away"
        return ""

    def _end(self, measure: str, what: str, who: str = "", role: str = "", reason: str = "") -> Change:
        self._rows = None
        before = self._own.pop(measure).limits
        return Change(what, measure, before, self.site.default(measure), who, role, reason)


def _impossible(measure: str, limits: Limits) -> str:
    """Why these cannot be limits of this measure at all."""
    facts = MEASURES[measure]
    for name, side in (("low", limits.low), ("high", limits.high)):
        if side is not None and not facts.plausible(side):
            return f"{name} {side:g} is outside {facts.lowest:g} to {facts.highest:g} {facts.unit}"
    if limits.low is not None and limits.high is not None and limits.low >= limits.high:
        return f"low {limits.low:g} is not below high {limits.high:g}"
    return ""
