"""Recorded waves in place of made-up ones: WFDB records, played round and round, resampled to the monitors' rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from healthcare.records.wfdb import Signal, read_annotations, read_header, read_record
from simulators.physiology import CHANNELS, Wave, sample_times

_MOST_S = 1800.0
_NAMES = {"MLII": "ecg_ii_mv", "II": "ecg_ii_mv", "PLETH": "pleth", "ABP": "abp_mmhg", "ART": "abp_mmhg"}
_BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
_ANNOTATORS = (".atr", ".qrs")
_RATE_OVER_S = 10.0


class RecordedWaves:
    """One record; `pulse` says whether a pleth or a pressure is in it. Raises InputError for what cannot be read."""

    def __init__(self, path: Path) -> None:
        rate_hz = read_header(path).rate_hz
        total = read_header(path).frames
        frames = int(_MOST_S * rate_hz) if total is None else min(total, int(_MOST_S * rate_hz))
        record = read_record(path, frames=frames)
        self.name = record.name
        self._lasts_s = frames / rate_hz
        self._waves = {channel: _resampled(signal, channel) for channel, signal in _channels(record.signals).items()}
        if not self._waves:
            raise InputError(
                f"{path}: no ECG in this record", hint="The simulated ward plays records with a lead in mV."
            )
        self._beats_s = _beats_s(path, rate_hz, self._lasts_s)

    @property
    def channels(self) -> frozenset[str]:
        return frozenset(self._waves)

    def chunk(self, start_s: float, end_s: float) -> dict[str, Wave]:
        """By channel; NaN where the record has none."""
        found: dict[str, Wave] = {}
        for channel, wave in self._waves.items():
            rate_hz = CHANNELS[channel]
            count = len(sample_times(start_s, end_s, rate_hz))
            first = math.ceil(round(start_s * rate_hz, 6))
            found[channel] = wave[np.arange(first, first + count) % len(wave)]
        return found

    def heart_rate(self, now_s: float) -> float | None:
        """By the record's own annotations over the last ten seconds; None where it has none."""
        now_s %= self._lasts_s
        recent = self._beats_s[(self._beats_s > now_s - _RATE_OVER_S) & (self._beats_s <= now_s)]
        return 60 / float(np.mean(np.diff(recent))) if len(recent) > 2 else None


def find_records(folder: Path) -> list[Path]:
    """The headers in the folder, by name. Raises InputError where there are none."""
    found = sorted(folder.glob("*.hea"))
    if not found:
        raise InputError(
            f"{folder}: there are no WFDB records", hint="A folder with .hea files and their .dat; see --records."
        )
    return found


def _channels(signals: Sequence[Signal]) -> dict[str, Signal]:
    """Lead II by name, or the first ECG; any other ECG as lead V; pulse and pressure by name."""
    found: dict[str, Signal] = {}
    for signal in signals:
        channel = _NAMES.get(signal.name.upper())
        if channel is not None and channel not in found:
            found[channel] = signal
    for signal in signals:
        if signal.unit.lower() in ("mv", "millivolt") and all(signal is not taken for taken in found.values()):
            found.setdefault("ecg_ii_mv" if "ecg_ii_mv" not in found else "ecg_v_mv", signal)
    return found if "ecg_ii_mv" in found else {}


def _resampled(signal: Signal, channel: str) -> Wave:
    rate_hz = CHANNELS[channel]
    count = int(len(signal.samples) / signal.rate_hz * rate_hz)
    at = np.arange(count) * (signal.rate_hz / rate_hz)
    return np.asarray(np.interp(at, np.arange(len(signal.samples)), signal.samples), np.float32)


def _beats_s(path: Path, rate_hz: float, lasts_s: float) -> NDArray[np.float64]:
    for ending in _ANNOTATORS:
        file = path.with_suffix(ending)
        if file.is_file():
            notes = read_annotations(file)
            beats = [at for at, symbol in zip(notes.samples, notes.symbols, strict=True) if symbol in _BEATS]
            at_s = np.array(beats, dtype=np.float64) / (notes.rate_hz or rate_hz)
            return np.asarray(at_s[at_s < lasts_s])
    return np.empty(0)
