"""A site's past stays out of two tables: what was measured in each hour, and when patients deteriorated.

`vitals.csv`: a header `stay,hour` and any of NEWS2's parameters, one line for each moment of each stay; `hour` counts
from admission; an empty cell was not measured. `events.csv`: `stay,hour`, one line for each arrest, unplanned transfer
to intensive care, death or whatever else the score shall warn of. A stay counts until its first event.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from healthcare.vitals.news2 import PARAMETERS, Acvpu

Floats = NDArray[np.float64]

#: A value stands in for the hours after it for so long, for NEWS2 and for the score alike.
CARRIED_H = 4
LONGEST_H = 24 * 400
_HOURS = "hour"
_STAY = "stay"
_YES, _NO = ("1", "true", "yes", "oxygen"), ("0", "false", "no", "air")
#: What no patient has: a table in other units would teach nonsense.
_POSSIBLE: Mapping[str, tuple[float, float]] = {
    "rr_per_min": (0, 120), "spo2_pct": (20, 100), "sys_mmhg": (20, 320), "pulse_per_min": (0, 350),
    "temp_cel": (20, 46),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stay:
    """`values`: hours x parameters of NEWS2, each hour as known at its end, NaN where nothing is. `oxygen` and
    `consciousness` are 1 for oxygen and for anything but alert. `event_h`: the first event, in hours from admission;
    `values` end before it."""

    name: str
    values: Floats
    event_h: float | None


def read_stays(vitals: Path, events: Path) -> list[Stay]:
    """In the order of the table, without those that had their event within the first hour.

    Raises InputError with file, line and what was expected.
    """
    rows: dict[str, list[tuple[float, dict[str, float]]]] = {}
    for line, row in _table(vitals, needs=(_STAY, _HOURS), knows=PARAMETERS):
        values = {
            name: _value(name, text, vitals, line) for name in PARAMETERS if (text := (row.get(name) or "").strip())
        }
        rows.setdefault(_name(row, vitals, line), []).append((_hour(row, vitals, line), values))
    if not rows:
        raise InputError(f"{vitals}: there is no stay in it")
    first: dict[str, float] = {}
    for line, row in _table(events, needs=(_STAY, _HOURS), knows=()):
        name, hour = _name(row, events, line), _hour(row, events, line)
        if name not in rows:
            raise InputError(f"{events}: line {line}: stay {name!r} is not in {vitals}")
        first[name] = min(hour, first.get(name, math.inf))
    stays = [_stay(name, of_stay, first.get(name)) for name, of_stay in rows.items()]
    return [stay for stay in stays if len(stay.values)]


def carried(values: Floats) -> Floats:
    """Each value for `CARRIED_H` hours more, where no newer one came."""
    known = values.copy()
    for hours in range(1, min(CARRIED_H, len(values) - 1) + 1):
        older = values[:-hours]
        later = known[hours:]
        np.copyto(later, older, where=np.isnan(later))
    return known


def _stay(name: str, rows: Sequence[tuple[float, dict[str, float]]], event_h: float | None) -> Stay:
    last_h = max(hour for hour, _ in rows)
    length = int(last_h) + 1
    if event_h is not None:
        length = min(length, int(event_h))
    values = np.full((length, len(PARAMETERS)), np.nan)
    for hour, measured in sorted(rows, key=lambda row: row[0]):
        if int(hour) < length:
            for parameter, value in measured.items():
                values[int(hour), PARAMETERS.index(parameter)] = value
    return Stay(name, carried(values), event_h)


def _table(path: Path, needs: Sequence[str], knows: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            head = [cell.strip() for cell in next(reader, [])]
            missing = [name for name in needs if name not in head]
            unknown = [name for name in head if name not in (*needs, *knows)]
            if missing or unknown:
                wanted = ", ".join((*needs, *knows))
                raise InputError(f"{path}: its first line has {', '.join(head) or 'nothing'}; columns are {wanted}")
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(head):
                    raise InputError(f"{path}: line {reader.line_num}: {len(cells)} cells, not {len(head)}")
                yield reader.line_num, dict(zip(head, cells, strict=True))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no table of comma separated UTF-8 text: {error}") from error


def _name(row: Mapping[str, str], path: Path, line: int) -> str:
    name = row[_STAY].strip()
    if not name:
        raise InputError(f"{path}: line {line}: a stay without a name")
    return name


def _hour(row: Mapping[str, str], path: Path, line: int) -> float:
    hour = _number(row[_HOURS], path, line, _HOURS)
    if not 0 <= hour <= LONGEST_H:
        raise InputError(f"{path}: line {line}: hour {hour:g} is not between 0 and {LONGEST_H}")
    return hour


def _value(name: str, text: str, path: Path, line: int) -> float:
    if name == "consciousness":
        try:
            return float(Acvpu(text.upper()) is not Acvpu.ALERT)
        except ValueError as error:
            raise InputError(f"{path}: line {line}: consciousness {text!r} is not one of A, C, V, P, U") from error
    if name == "oxygen":
        if text.lower() not in (*_YES, *_NO):
            raise InputError(f"{path}: line {line}: oxygen {text!r} is neither 1 nor 0")
        return float(text.lower() in _YES)
    value, (low, high) = _number(text, path, line, name), _POSSIBLE[name]
    if not low <= value <= high:
        raise InputError(
            f"{path}: line {line}: {name} {value:g} is not between {low:g} and {high:g}; is its unit right?"
        )
    return value


def _number(text: str, path: Path, line: int, name: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{path}: line {line}: {name} {text!r} is no number") from error
    if not math.isfinite(value):
        raise InputError(f"{path}: line {line}: {name} {text!r} is no number")
    return value
