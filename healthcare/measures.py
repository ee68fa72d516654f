"""The vital signs: what each is called, its unit, what a monitor can have measured, and how people read it.

Plausible ranges and digits: `docs/healthcare/vital-signs.md`. A value outside its range is no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Measure:
    """One vital sign. `name` carries the unit and is the key everywhere: samples, series, limits, screens.

    `colour` is the class of the design tokens (`ecg`, `spo2`, `resp`, `bp`, `temp`, `co2`). `episodic`: taken now and
    then (a cuff, a thermometer); shown with its time, and stale only after `stale_after_s`.
    """

    name: str
    label: str
    unit: str
    ucum: str
    lowest: float
    highest: float
    digits: int
    colour: str
    loinc: str = ""
    stale_after_s: float = 10.0
    episodic: bool = False

    def plausible(self, value: float) -> bool:
        """Whether a monitor can have measured this; False for NaN."""
        return self.lowest <= value <= self.highest

    def text(self, value: float) -> str:
        """`132`, `38.4`: without trailing false precision, halves away from zero."""
        scale = 10**self.digits
        rounded = int(abs(value) * scale + 0.5) / scale * (1 if value >= 0 else -1)
        return f"{rounded:.{self.digits}f}"


_HOUR_S = 3600.0


def _pressure(name: str, label: str, loinc: str, lowest: float, highest: float, *, cuff: bool) -> Measure:
    stale_after_s = _HOUR_S if cuff else 10.0
    return Measure(
        name, label, "mmHg", "mm[Hg]", lowest, highest, 0, "bp", loinc, stale_after_s=stale_after_s, episodic=cuff
    )


_ALL = (
    Measure("hr_per_min", "HR", "/min", "/min", 15, 300, 0, "ecg", "8867-4"),
    Measure("pr_per_min", "PR", "/min", "/min", 25, 240, 0, "spo2", "8867-4"),
    Measure("spo2_pct", "SpO₂", "%", "%", 40, 100, 0, "spo2", "2708-6"),
    Measure("rr_per_min", "RR", "/min", "/min", 0, 120, 0, "resp", "9279-1"),
    Measure("temp_cel", "T", "°C", "Cel", 25, 45, 1, "temp", "8310-5", stale_after_s=_HOUR_S, episodic=True),
    _pressure("nibp_sys_mmhg", "NIBP sys", "8480-6", 40, 270, cuff=True),
    _pressure("nibp_dia_mmhg", "NIBP dia", "8462-4", 10, 215, cuff=True),
    _pressure("nibp_map_mmhg", "NIBP mean", "8478-0", 15, 235, cuff=True),
    _pressure("abp_sys_mmhg", "ABP sys", "8480-6", -50, 300, cuff=False),
    _pressure("abp_dia_mmhg", "ABP dia", "8462-4", -50, 300, cuff=False),
    _pressure("abp_map_mmhg", "ABP mean", "8478-0", -50, 300, cuff=False),
    Measure("cvp_mmhg", "CVP", "mmHg", "mm[Hg]", -50, 300, 0, "bp"),
    Measure("etco2_mmhg", "etCO₂", "mmHg", "mm[Hg]", 0, 150, 0, "co2"),
    Measure("perfusion_pct", "PI", "%", "%", 0, 20, 1, "spo2"),
    Measure("pvc_per_min", "PVC", "/min", "/min", 0, 300, 0, "ecg"),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _ALL})
