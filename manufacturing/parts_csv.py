"""The parts on record as a CSV file: streamed, bounded, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select

from manufacturing.kiosk import line_of, no_line, zone_of
from manufacturing.quality_tables import Span
from manufacturing.tables import parts
from verticals.web import Answered, Asked, Data, Desk, Page, Stream

MOST_ROWS = 500_000
_PAGE_ROWS = 2000
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HEADS = (
    "part_id", "utc_time", "local_time", "line", "shift", "verdict", "code", "score", "threshold", "model",
    "model_sha256", "recipe", "recipe_version", "delivery", "gate_rejected", "label", "label_who", "defect",
    "simulated", "image_sha256", "heat_sha256",
)  # fmt: skip
_FLAGS = {None: "", True: "true", False: "false"}


def parts_csv(desk: Desk, asked: Asked) -> Answered:
    """From `from` until before `to`: UTC seconds, ISO times, or days by the site's clock; a day in `to` is the last."""
    line = line_of(desk, asked.path["line"])
    if line is None:
        return no_line(asked)
    zone = zone_of(desk)
    try:
        begin = _moment(asked.query.get("from", ""), zone, last=False)
        end = _moment(asked.query.get("to", ""), zone, last=True)
    except ValueError:
        return Data(
            {"error": "from and to are days such as 2026-11-24, times such as 2026-11-24T06:00, or UTC seconds"}, 400
        )
    if end <= begin:
        return Data({"error": "`to` must be after `from`"}, 400)
    first, last = (f"{datetime.fromtimestamp(at, zone):%Y%m%d-%H%M}" for at in (begin, end))
    name = f"{line.name}-{first}-{last}.csv"
    return Stream(_lines(desk, Span(line.name, begin, end), zone), "text/csv; charset=utf-8", name)


def _moment(text: str, zone: ZoneInfo, *, last: bool) -> float:
    """UTC seconds. Raises ValueError for what is no moment."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return float(text)
    moment = datetime.fromisoformat(text)
    if len(text) == 10 and last:
        moment += timedelta(days=1)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _lines(desk: Desk, span: Span, zone: ZoneInfo) -> Iterator[bytes]:
    """The head, the rows in the order of their times, and a last line where there was more than may be given."""
    yield _text([_HEADS])
    after, given = (span.begin_utc_s, 0), 0
    while rows := _page(desk, span, after, min(_PAGE_ROWS, MOST_ROWS - given + 1)):
        if given + len(rows) > MOST_ROWS:
            rows, cut = rows[: MOST_ROWS - given], rows[MOST_ROWS - given]
            yield _text(_cells(row, zone) for row in rows)
            at = datetime.fromtimestamp(cut["at_utc_s"], UTC).isoformat()
            yield _text([[f"CUT after {MOST_ROWS} parts. Ask again from {at}"]])
            return
        yield _text(_cells(row, zone) for row in rows)
        given += len(rows)
        after = (rows[-1]["at_utc_s"], rows[-1]["sequence"])


def _page(desk: Desk, span: Span, after: tuple[float, int], most: int) -> list[Mapping[str, Any]]:
    """Read page by page: a long reader would keep the log of the store from being emptied."""
    at, sequence = parts.c.at_utc_s, parts.c.sequence
    further = or_(at > after[0], and_(at == after[0], sequence > after[1]))
    query = select(parts).where(parts.c.station == span.line, at >= after[0], at < span.end_utc_s, further)
    with desk.read() as connection:
        return [dict(row) for row in connection.execute(query.order_by(at, sequence).limit(most)).mappings()]


def _cells(row: Mapping[str, Any], zone: ZoneInfo) -> list[str]:
    utc = datetime.fromtimestamp(row["at_utc_s"], UTC)
    known: dict[str, Any] = {
        **row,
        "line": row["station"],
        "utc_time": utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "local_time": utc.astimezone(zone).isoformat(timespec="milliseconds"),
        "gate_rejected": _FLAGS[row["gate_rejected"]],
        "simulated": _FLAGS[row["simulated"]],
    }
    return [_cell(known.get(head)) for head in _HEADS]


def _cell(value: object) -> str:
    """Numbers with dots; a text that a spreadsheet would carry out begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(rows: Any) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


PAGES = (Page("/line/<line>/parts.csv", parts_csv, "engineer"),)
