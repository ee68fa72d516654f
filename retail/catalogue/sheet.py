"""CSV as stores have it, read whole or refused whole: every fault is named by file, line and column.

UTF-8 (a byte-order mark is no harm); commas, semicolons or tabs; the first line names the columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from core.errors import InputError
from retail.codes.gtin import gtin14, shown
from retail.ledger.quantity import thousandths

MOST_BYTES = 256 << 20
MOST_ROWS = 2_000_000
_FAULTS_SHOWN = 8
_MOST_CENTS = 10**9


@dataclass(slots=True)
class Sheet:
    """One file and what is wrong with it. `columns` are those that its first line names."""

    name: str
    columns: Sequence[str] = ()
    faults: list[str] = field(default_factory=list)

    def fault(self, line: int, column: str, why: str) -> None:
        self.faults.append(f"line {line}, column '{column}': {why}")

    def require_none(self) -> None:
        """Raises InputError with the first faults."""
        if not self.faults:
            return
        more = len(self.faults) - _FAULTS_SHOWN
        told = "; ".join(self.faults[:_FAULTS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise InputError(f"{self.name}: {told}", hint="Nothing was imported. Correct the file and import it again.")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; what is wrong in a cell becomes a fault of the sheet, and something harmless is given."""

    sheet: Sheet
    line: int
    cells: Mapping[str, str]

    def text(self, column: str, most: int, *, needed: bool = False, default: str = "") -> str:
        value = self.cells.get(column, "")
        if (needed and not value) or len(value) > most or not value.isprintable():
            self._fault(column, f"a text of {'1' if needed else '0'} to {most} characters is expected", value)
            return default
        return value or default

    def whole(self, column: str, default: int = 0, *, most: int = 10**6, needed: bool = False) -> int:
        value = self.cells.get(column, "")
        if not value and not needed:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= most):
            self._fault(column, f"a whole number from 0 to {most} is expected", value)
            return default
        return int(value)

    def cents(self, column: str, *, negative: bool = False) -> int | None:
        """An amount of money such as 2.49 or 2,49; None where the cell is empty."""
        value = self.cells.get(column, "")
        if not value:
            return None
        amount = _decimal(value)
        cents = Decimal("NaN") if amount is None else amount * 100
        least = -_MOST_CENTS if negative else 0
        if not (cents.is_finite() and cents == cents.to_integral_value() and least <= cents <= _MOST_CENTS):
            self._fault(column, "an amount such as 2.49 is expected", value)
            return None
        return int(cents)

    def quantity(self, column: str, *, least: int = 0) -> int:
        """Units with up to three decimals, as thousandths."""
        value = self.cells.get(column, "")
        amount = thousandths(value.replace(",", "."))
        if amount is None or amount < least:
            self._fault(column, "a quantity such as 12 or 0.425 is expected", value)
            return max(least, 0)
        return amount

    def gtin(self, column: str) -> str:
        """As GTIN-14; empty where it is none."""
        value = self.cells.get(column, "")
        try:
            return gtin14(value)
        except InputError as error:
            self._fault(column, error.message, "")
            return ""

    def one_of(self, column: str, known: Sequence[str], default: str) -> str:
        value = self.cells.get(column, "") or default
        if value not in known:
            self._fault(column, f"one of {', '.join(known)} is expected", value)
            return default
        return value

    def day(self, column: str) -> str:
        """An ISO date; empty where the cell is."""
        value = self.cells.get(column, "")
        try:
            return date.fromisoformat(value).isoformat() if value else ""
        except ValueError:
            self._fault(column, "a date such as 2026-12-01 is expected", value)
            return ""

    def moment(self, column: str, zone: ZoneInfo) -> float | None:
        """UTC seconds of an ISO date and time, in `zone` where it names none; None where the cell is empty."""
        value = self.cells.get(column, "")
        if not value:
            return None
        try:
            at = datetime.fromisoformat(value)
            seconds = (at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp()
        except (ValueError, OverflowError, OSError):
            seconds = -1.0
        if not 0 < seconds < 1e11:
            self._fault(column, "a date and time such as 2026-11-23T14:05:00 is expected", value)
            return None
        return seconds

    def _fault(self, column: str, why: str, value: str) -> None:
        self.sheet.fault(self.line, column, f"{why}, not '{shown(value)}'" if value else why)


def read_rows(content: bytes, name: str, known: Sequence[str], needed: Sequence[str]) -> tuple[Sheet, Iterator[Row]]:
    """The rows of a file that has the columns `needed`, and of `known` whatever else it has. Raises InputError.

    Faults of cells gather in the sheet while the rows are read: ask `require_none` behind them.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"{name}: {len(content) >> 20} MB are too much; a file has up to {MOST_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}, line {line}: this is not UTF-8", hint="Save it as CSV UTF-8.") from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    sheet = Sheet(name)
    lines = _lines(sheet, reader)
    _, first = next(lines, (1, []))
    sheet.columns = [cell.strip().lower() for cell in first]
    _check_columns(sheet, known, needed)
    return sheet, _rows(sheet, lines)


def _lines(sheet: Sheet, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not empty, with its number in the file (that of its last line where a cell has several)."""
    count = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{sheet.name}, line {_number(reader)}: {error}", hint="Nothing was imported.") from error
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise InputError(f"{sheet.name}: it has more than {MOST_ROWS} rows", hint="Split it.")
        yield _number(reader), cells


def _number(reader: Iterator[list[str]]) -> int:
    return int(getattr(reader, "line_num", 0))


def _check_columns(sheet: Sheet, known: Sequence[str], needed: Sequence[str]) -> None:
    there = list(sheet.columns)
    for column in needed:
        if column not in there:
            sheet.fault(1, column, "this column is missing")
    for column in there:
        if column not in known:
            sheet.fault(1, shown(column), f"this column is not known; known are {', '.join(known)}")
        elif there.count(column) > 1:
            sheet.fault(1, column, "this column is there twice")
    sheet.require_none()


def _rows(sheet: Sheet, lines: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    for number, cells in lines:
        if len(cells) != len(sheet.columns):
            sheet.fault(number, sheet.columns[0], f"{len(cells)} cells where the first line names {len(sheet.columns)}")
            continue
        yield Row(sheet, number, dict(zip(sheet.columns, (cell.strip() for cell in cells), strict=True)))


def _decimal(value: str) -> Decimal | None:
    try:
        amount = Decimal(value.replace(",", "."))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < 10**12 else None
