"""Units as senders name them (MDC codes, MDC RefIDs, UCUM, the words of habit) and what they come to.

MDC unit codes: ISO/IEEE 11073-10101 partition 4, code = 262144 + term. A unit is of one family; only within a family
can a value be converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Unit:
    """`value * scale + shift` is in the family's own unit: /min, %, mmHg, Cel, mV, Ohm, Hz, s, 1."""

    family: str
    scale: float = 1.0
    shift: float = 0.0

    def own(self, value: float) -> float:
        return value * self.scale + self.shift


PER_MIN, PERCENT, PRESSURE, TEMPERATURE = "per_min", "percent", "pressure", "temperature"
VOLTAGE, RESISTANCE, FREQUENCY, TIME, PLAIN = "voltage", "resistance", "frequency", "time", "plain"

_KPA_MMHG = 7.500617  # 101.325 kPa are 760 mmHg
_CMH2O_MMHG = 0.735559

#: Unit, MDC codes, MDC RefIDs without `MDC_DIM_`, other names. Everything is compared in lower case.
_TABLE: tuple[tuple[Unit, tuple[int, ...], str, str], ...] = (
    (Unit(PER_MIN), (264864, 264928, 264896), "beat_per_min resp_per_min pulse_per_min per_min",
     "/min 1/min min-1 {beat}/min {beats}/min {breath}/min {breaths}/min {resp}/min bpm rpm brpm"),
    (Unit(PERCENT), (262688,), "percent", "% pct"),
    (Unit(PRESSURE), (266016,), "mmhg", "mm[hg] mmhg"),
    (Unit(PRESSURE, _KPA_MMHG), (265987,), "kilo_pascal", "kpa"),
    (Unit(PRESSURE, _KPA_MMHG / 10), (265986,), "hecto_pascal", "hpa"),
    (Unit(PRESSURE, _CMH2O_MMHG), (266048,), "cm_h2o", "cm[h2o] cmh2o"),
    (Unit(TEMPERATURE), (268192,), "degc", "cel °c c degc"),
    (Unit(TEMPERATURE, 5 / 9, -160 / 9), (266560, 268224), "fahr", "[degf] °f f degf"),
    (Unit(TEMPERATURE, 1.0, -273.15), (266528,), "kelvin", "k"),
    (Unit(VOLTAGE), (266418,), "milli_volt", "mv"),
    (Unit(VOLTAGE, 0.001), (266419,), "micro_volt", "uv µv"),
    (Unit(VOLTAGE, 1000.0), (266400,), "volt", "v"),
    (Unit(RESISTANCE), (266432,), "ohm", "ohm"),
    (Unit(FREQUENCY), (264608, 264640), "per_sec hz", "hz /s 1/s"),
    (Unit(TIME), (264320,), "sec", "s sec"),
    (Unit(TIME, 0.001), (264338,), "milli_sec", "ms msec"),
    (Unit(PLAIN), (262656,), "dimless", "1 {index}"),
)  # fmt: skip


def _named() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for unit, codes, terms, names in _TABLE:
        found |= {str(code): unit for code in codes}
        found |= {f"mdc_dim_{term}": unit for term in terms.split()}
        found |= dict.fromkeys(names.split(), unit)
    return found


_UNITS: Mapping[str, Unit] = MappingProxyType(_named())


def unit_of(code: str, name: str = "") -> Unit | None:
    """The unit of OBX-6, by its first component or its second; None for one that is not known."""
    return _UNITS.get(code.lower()) or _UNITS.get(name.lower())
