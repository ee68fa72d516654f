"""Who lies in the simulated ward and what happens to them: the demo's sixteen beds, or a calm ward of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import InputError
from simulators.scenarios import FOR_GOOD_S, Baseline, Episode, make_episode
from simulators.ward_alarms import Limits
from simulators.ward_messages import Person

DEMO, CALM = "demo", "calm"
SCRIPTS = (DEMO, CALM)
MOST_BEDS = 200
_PER_ROOM = 4


@dataclass(frozen=True, slots=True)
class BedScript:
    """`baseline` None: nobody lies here. `sentinel`: what this monitor sends in place of a value it does not have."""

    bed: int
    baseline: Baseline | None
    episodes: Sequence[Episode] = ()
    cuff_every_min: float = 15.0
    abp: bool = False
    second_probe: bool = False
    limits: Limits = field(default_factory=Limits)
    sentinel: str = ""


def location_of(unit: str, bed: int) -> str:
    """PV1-3: `W7^R2^B7` for bed 7, four beds to a room."""
    return f"{unit}^R{(bed - 1) // _PER_ROOM + 1}^B{bed}"


def device_of(bed: int) -> str:
    """The monitor's EUI-64."""
    return f"ACDE480000{bed:06X}"


def person_of(number: int) -> Person:
    """`Test, A.` for 1: an invented patient, never two alike."""
    letters = chr(ord("A") + (number - 1) % 26) + ("" if number <= 26 else str((number - 1) // 26))
    year = 1936 + (number * 7) % 60
    return Person(
        f"T{7000 + number}", "Test", letters, f"{year}{number % 12 + 1:02d}{number % 27 + 1:02d}", "FM"[number % 2]
    )


def script_of(name: str, beds: int, episodes: Sequence[Episode] = ()) -> list[BedScript]:
    """One entry per bed, with further `episodes`. Raises InputError."""
    if name not in SCRIPTS or not 1 <= beds <= MOST_BEDS:
        raise InputError(f"no script '{name}' for {beds} beds", hint=f"{' or '.join(SCRIPTS)}, 1 to {MOST_BEDS} beds.")
    strangers = sorted({episode.bed for episode in episodes if episode.bed > beds})
    if strangers:
        raise InputError(f"an episode is for bed {strangers[0]}, and the ward has {beds}")
    known = _demo_beds() if name == DEMO else {}
    scripts = []
    for bed in range(1, beds + 1):
        script = known.get(bed) or BedScript(bed, _calm_baseline(bed))
        more = tuple(episode for episode in episodes if episode.bed == bed)
        scripts.append(_with_episodes(script, more))
    return scripts


def _with_episodes(script: BedScript, more: Sequence[Episode]) -> BedScript:
    return BedScript(
        script.bed, script.baseline, (*script.episodes, *more), script.cuff_every_min, script.abp, script.second_probe,
        script.limits, script.sentinel,
    )  # fmt: skip


def _calm_baseline(bed: int) -> Baseline:
    """Within all limits, a little different from bed to bed."""
    return Baseline(
        hr_per_min=64 + (bed * 7) % 24, rr_per_min=13 + bed % 5, spo2_pct=96 + bed % 3, sys_mmhg=112 + (bed * 5) % 22,
        dia_mmhg=68 + (bed * 3) % 12, temp_cel=36.4 + (bed % 7) / 10,
    )  # fmt: skip


def _demo_beds() -> dict[int, BedScript]:
    """Something on every kind of sector within the first minutes."""

    def base(hr: float, spo2: float, rr: float, sys: float, dia: float, temp: float | None) -> Baseline:
        return Baseline(hr, rr, spo2, sys, dia, temp)

    def at(
        kind: str, bed: int, at_s: float, lasts_s: float, every_s: float = 0.0, amount: float | None = None
    ) -> Episode:
        return make_episode(kind, bed, at_s, lasts_s, every_s=every_s, amount=amount)

    beds = (
        BedScript(1, base(74, 97, 16, 124, 78, 36.8)),
        BedScript(2, Baseline(88, 18, 95.6, 132, 80, 37.2, pvc_share=0.01)),
        BedScript(3, base(72, 95.6, 15, 118, 72, 36.9), [at("leads-off", 3, 40, 75, 420)]),
        BedScript(4, base(67, 98, 14, 116, 70, 36.6)),
        BedScript(5, base(80, 97, 15, 126, 76, 36.7), [at("standby", 5, 5, FOR_GOOD_S)]),
        BedScript(6, base(104, 94.4, 26.4, 108, 66, 37.9)),
        BedScript(7, base(112, 93.5, 22, 96, 56, 38.4), [at("desaturation", 7, 60, 110, 300, 82)], abp=True,
                  cuff_every_min=10),
        BedScript(8, base(71, 98, 15, 128, 76, 36.7), [at("monitor-off", 8, 90, 120, 1200)]),
        BedScript(9, None),
        BedScript(10, base(96, 96, 17, 122, 74, 37.4), [at("tachycardia", 10, 150, 42, 900, 138)]),
        BedScript(11, base(82, 96.4, 15, 138, 84, 36.5), second_probe=True),
        BedScript(12, base(92, 94.6, 20, 121, 70, None), sentinel="-999"),
        BedScript(13, base(86, 90, 20, 126, 72, 36.9), limits=Limits(spo2_low=85)),
        BedScript(14, base(78, 97, 16, 119, 73, 37.0), [at("artefact", 14, 210, 14, 660)]),
        BedScript(15, base(58, 98.6, 13, 109, 66, 36.4)),
        BedScript(16, base(84, 96.4, 15, 118, 74, 37.4), [at("deterioration", 16, 120, 2400)], abp=True),
    )  # fmt: skip
    return {script.bed: script for script in beds}
