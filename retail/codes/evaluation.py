"""How well codes are read in pictures whose text is known: by symbology, with the wrong reads named.

A set is a folder of pictures with the expected text beside each (`1.png`, `1.txt`); `ean13-2` is a set of `ean13`.
Folders `falsepositives*` hold pictures without a code. The item list is that of all products that are expected.
Where a text beside a picture is wrong, a person who looked at it says so in a file of corrections.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from retail.codes.camera import CodeRead, read_codes
from retail.codes.gtin import gtin14
from retail.codes.scan import StoreCodes

PICTURES = frozenset({".png", ".webp", ".jpg", ".jpeg", ".bmp", ".gif"})
NO_CODE = "falsepositives"
#: Sets of symbologies that the camera reader looks for.
READ = ("code128", "databarltd", "datamatrix", "ean13", "ean13-extension", "ean8", "itf", "qrcode", "rss14",
        "rssexpanded", "rssexpandedstacked", "upca", "upca-extension", "upce")  # fmt: skip
_TODAY = date(2026, 1, 1)  # no century is scored: the same result on every day
_NO_TABLE = StoreCodes()
_CHAINS = ("code128", "databarltd", "datamatrix", "qrcode", "rss14", "rssexpanded", "rssexpandedstacked")
_CHAINED = re.compile(r"(?:01|\(01\))([0-9]{14})")
_ADD_ON = re.compile(r"([0-9]{12,13})(?:[0-9]{2}|[0-9]{5})")

Tell = Callable[[float, str], None]


@dataclass(slots=True)
class _Score:
    pictures: int = 0
    read: int = 0
    first_pass: int = 0
    wrong: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "pictures": self.pictures,
            "read": self.read,
            "read_rate": _share(self.read, self.pictures),
            "first_pass_rate": _share(self.first_pass, self.pictures),
            "pictures_with_wrong_reads": self.wrong,
        }


@dataclass(frozen=True, slots=True)
class _Case:
    path: Path
    group: str
    text: str  # empty: no text is given
    gtin: str  # empty: the text names no product


@dataclass(slots=True)
class _Sums:
    groups: dict[str, _Score] = field(default_factory=dict)
    products: _Score = field(default_factory=_Score)
    wrong_before: list[dict[str, str]] = field(default_factory=list)
    wrong_after: list[dict[str, str]] = field(default_factory=list)
    empty: int = 0
    empty_reads: int = 0
    unscored: int = 0
    unreadable: int = 0
    seconds: float = 0.0
    looked_at: int = 0


def evaluate(folder: Path, corrections: Mapping[str, str] | None = None, tell: Tell | None = None) -> dict[str, Any]:
    """The figures as JSON; wrong reads are GTINs that are not the picture's. `corrections`: see `read_corrections`.

    Raises InputError.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder", hint="Name the folder that holds the sets.")
    cases = list(_cases(folder, corrections or {}))
    if not any(case.text or case.group == NO_CODE for case in cases):
        raise InputError(
            f"{folder}: no picture with its expected text beside it",
            hint="A set is a folder such as ean13-1 with 1.png and 1.txt.",
        )
    items = {case.gtin for case in cases if case.gtin}
    sums = _Sums()
    for number, case in enumerate(cases):
        if tell is not None:
            tell(number / len(cases), f"{case.path.parent.name}/{case.path.name}")
        _score(case, items, sums)
    return _document(sums, cases)


def read_corrections(path: Path) -> dict[str, str]:
    """`set/picture` to the text that it really shows, from a CSV with columns `picture,text`. Raises InputError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        return {row["picture"]: row["text"].strip() for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, AttributeError) as error:
        raise InputError(f"{path}: no file of corrections: {error}", hint="A CSV with columns picture,text.") from error


def _cases(folder: Path, corrections: Mapping[str, str]) -> Iterator[_Case]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in PICTURES or not path.is_file():
            continue
        group = re.sub(r"-\d+$", "", path.parent.name)
        group = NO_CODE if group.startswith(NO_CODE) else group
        if group == NO_CODE or group in READ:
            beside = path.with_suffix(".txt")
            text = _plain(beside.read_text("utf-8", errors="replace")) if beside.is_file() else ""
            text = corrections.get(f"{path.parent.name}/{path.name}", text)
            yield _Case(path, group, text, _gtin(text, group))


def _score(case: _Case, items: set[str], sums: _Sums) -> None:
    image = _picture(case.path)
    if image is None:
        sums.unreadable += 1
        return
    began = process_time()
    reads = read_codes(image)
    sums.seconds += process_time() - began
    sums.looked_at += 1
    if case.group == NO_CODE:
        sums.empty += 1
        sums.empty_reads += len(reads)
        return
    if not case.text:
        sums.unscored += 1
        return
    plain = [read for read in reads if read.step == "plain"]
    others = [read for read in reads if _plain(read.text) != case.text]
    wrong = sorted({gtin for read in others if (gtin := _read_gtin(read)) and gtin != case.gtin})
    _note_wrong(case, wrong, items, sums)
    scores = [sums.groups.setdefault(case.group, _Score()), *([sums.products] if case.gtin else [])]
    for score in scores:
        score.pictures += 1
        score.read += _hit(case, reads)
        score.first_pass += _hit(case, plain)
        score.wrong += bool(wrong)


def _hit(case: _Case, reads: list[CodeRead]) -> bool:
    return any(_plain(read.text) == case.text or (case.gtin and _read_gtin(read) == case.gtin) for read in reads)


def _note_wrong(case: _Case, wrong: list[str], items: set[str], sums: _Sums) -> None:
    for gtin in wrong:
        told = {"picture": f"{case.path.parent.name}/{case.path.name}", "expected": case.gtin, "read": gtin}
        sums.wrong_before.append(told)
        if gtin in items:
            sums.wrong_after.append(told)


def _read_gtin(read: CodeRead) -> str:
    """Empty where a read names no product: a text of QR, a serial number, a wrong check digit."""
    try:
        return read.scanned(_TODAY, _NO_TABLE).gtin
    except InputError:
        return ""


def _gtin(text: str, group: str) -> str:
    """The product of an expected text: its digits, those of an add-on symbol left out, or the number behind (01)."""
    add_on = _ADD_ON.fullmatch(text) if group.endswith("-extension") else None
    chained = _CHAINED.match(text) if group in _CHAINS else None
    digits = next((match[1] for match in (add_on, chained) if match), text)
    try:
        return gtin14(digits) if digits else ""
    except InputError:
        return ""


def _plain(text: str) -> str:
    """Line ends and the spaces before them count for nothing."""
    return "\n".join(line.rstrip() for line in text.replace("\x1d", "").splitlines()).strip()


def _picture(path: Path) -> NDArray[np.uint8] | None:
    """RGB, or None for a file that cannot be decoded."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # a cut file is counted, not printed
    try:
        decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, OSError):
        return None
    return None if decoded is None else np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def _document(sums: _Sums, cases: list[_Case]) -> dict[str, Any]:
    return {
        "pictures": len(cases),
        "symbologies": {name: score.as_json() for name, score in sorted(sums.groups.items())},
        "products": sums.products.as_json(),
        "wrong_reads_before_item_list": len(sums.wrong_before),
        "wrong_reads_after_item_list": len(sums.wrong_after),
        "wrong_reads": sums.wrong_before,
        "no_code": {"pictures": sums.empty, "reads": sums.empty_reads},
        "without_expected_text": sums.unscored,
        "unreadable_files": sums.unreadable,
        "ms_per_picture": round(1000 * sums.seconds / sums.looked_at, 2) if sums.looked_at else None,
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
