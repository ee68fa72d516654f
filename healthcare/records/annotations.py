"""Reference annotations of a WFDB record (`.atr`, `.qrs`, ...) in the MIT format.

Source: the WFDB Applications Guide, annot(5): words of 16 bits, six for the code and ten for the step in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_NOTE = 22

#: What the codes mean, by number; the table of ecgcodes.h. A code that is not here is shown as `[n]`.
SYMBOLS = {
    0: " ", 1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 9: "S", 10: "E", 11: "j", 12: "/", 13: "Q",
    14: "~", 16: "|", 18: "s", 19: "T", 20: "*", 21: "D", 22: '"', 23: "=", 24: "p", 25: "B", 26: "^", 27: "t", 28: "+",
    29: "u", 30: "?", 31: "!", 32: "[", 33: "]", 34: "e", 35: "n", 36: "@", 37: "x", 38: "f", 39: "(", 40: ")", 41: "r",
}  # fmt: skip

_MOST_BYTES = 2**28


@dataclass(frozen=True, slots=True)
class Annotations:
    """`samples`: where, int64, counted at `rate_hz`, which is the record's own where None.

    `symbols` and `aux` are as long; `aux` is text such as `(AFIB`.
    """

    samples: NDArray[np.int64]
    symbols: tuple[str, ...]
    aux: tuple[str, ...]
    rate_hz: float | None = None


@dataclass(slots=True)
class _Reading:
    """What was read so far. Codes 61 to 63 belong to the annotation before them."""

    samples: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    aux: list[str] = field(default_factory=list)
    at: int = 0


def read_annotations(path: Path | str) -> Annotations:
    """Those of one file, named with its ending. `InputError` where it cannot be read as annotations."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the annotations cannot be read: {error.strerror}.") from error
    if len(raw) > _MOST_BYTES:
        raise InputError(f"{path}: over {_MOST_BYTES} bytes are no annotations.")
    return parse_annotations(raw, str(path))


def parse_annotations(raw: bytes, what: str) -> Annotations:
    """`what` names the file in the errors."""
    reading = _Reading()
    place = 0
    while True:
        if place + 2 > len(raw):
            raise InputError(f"{what}: the annotations end in the middle, at byte {place}.")
        word = raw[place] | raw[place + 1] << 8
        place += 2
        if word == 0:
            break
        place = _take(word >> 10, word & 0x3FF, raw, place, reading, what)
    return _without_notes_on_itself(reading, what)


def _take(code: int, step: int, raw: bytes, place: int, reading: _Reading, what: str) -> int:
    """Takes one word in; returns where the next one begins."""
    if code == _SKIP:
        if place + 4 > len(raw):
            raise InputError(f"{what}: the annotations end in the middle, at byte {place}.")
        high, low = (
            int.from_bytes(raw[place : place + 2], "little"),
            int.from_bytes(raw[place + 2 : place + 4], "little"),
        )
        jump = high << 16 | low
        reading.at += jump - (1 << 32 if jump >= 1 << 31 else 0)
        return place + 4
    if code in (_NUM, _SUB, _CHN):
        return place
    if code == _AUX:
        end = place + step
        if end > len(raw) or not reading.aux:
            raise InputError(f"{what}: a text at byte {place} belongs to no annotation or runs past the end.")
        reading.aux[-1] = raw[place:end].decode("latin-1").rstrip("\0")
        return end + (step & 1)
    reading.at += step
    if reading.at < 0:
        raise InputError(f"{what}: an annotation at byte {place - 2} lies before the record begins.")
    reading.samples.append(reading.at)
    reading.codes.append(code)
    reading.aux.append("")
    return place


def _without_notes_on_itself(reading: _Reading, what: str) -> Annotations:
    """Without code 0, which is no annotation, and without the notes at sample 0: those tell of the file, its clock, its
    codes and who wrote it.
    """
    rate_hz: float | None = None
    kept: list[int] = []
    symbols = dict(SYMBOLS)
    defining = False
    for index, (code, text) in enumerate(zip(reading.codes, reading.aux, strict=True)):
        if code == 0:
            continue
        if code != _NOTE or reading.samples[index] > 0:
            kept.append(index)
        elif text.startswith("## time resolution:"):
            rate_hz = _rate_hz(text.partition(":")[2], what)
        elif text.startswith("## annotation type definitions"):
            defining = True
        elif text.startswith("## end of definitions"):
            defining = False
        elif defining:
            number, _, rest = text.partition(" ")
            if number.isdecimal() and rest:
                symbols[int(number)] = rest.split()[0]
    return Annotations(
        np.array([reading.samples[index] for index in kept], np.int64),
        tuple(symbols.get(reading.codes[index], f"[{reading.codes[index]}]") for index in kept),
        tuple(reading.aux[index] for index in kept),
        rate_hz,
    )


def _rate_hz(text: str, what: str) -> float:
    try:
        rate_hz = float(text)
    except ValueError:
        rate_hz = 0.0
    if not 0.0 < rate_hz < 1e6:
        raise InputError(f"{what}: {text[:40]!r} is no time resolution.")
    return rate_hz
