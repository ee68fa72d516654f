"""Counts of the parts on record in a span of time: by result code, in samples, by what people said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Integer, cast, func, select

from manufacturing.results import ResultCode
from manufacturing.tables import LABELLED, parts


@dataclass(frozen=True, slots=True)
class Span:
    """Parts of one line from `begin_utc_s` until before `end_utc_s`."""

    line: str
    begin_utc_s: float
    end_utc_s: float

    @property
    def where(self) -> tuple[object, ...]:
        at = parts.c.at_utc_s
        return parts.c.station == self.line, at >= self.begin_utc_s, at < self.end_utc_s


def code_counts(connection: Connection, span: Span) -> dict[int, int]:
    """How many parts had each result code."""
    query = select(parts.c.code, func.count()).where(*span.where).group_by(parts.c.code)  # type: ignore[arg-type]
    return {int(code): int(count) for code, count in connection.execute(query)}


def samples(connection: Connection, span: Span, size: int) -> list[tuple[int, int]]:
    """`(rejected, inspected)` of each full sample of `size` parts in their order; bypassed parts left out."""
    place = cast(func.row_number().over(order_by=parts.c.at_utc_s), Integer) - 1
    inspected = (
        select(parts.c.code, (place // size).label("number"))
        .where(*span.where, parts.c.code != int(ResultCode.BYPASS))  # type: ignore[arg-type]
        .subquery()
    )
    rejected = func.sum(cast(inspected.c.code != 0, Integer))
    query = select(rejected, func.count()).group_by(inspected.c.number).order_by(inspected.c.number)
    return [(int(bad), int(count)) for bad, count in connection.execute(query) if count == size]


def ends(connection: Connection, span: Span) -> tuple[int, int]:
    """The numbers on record of the first and the last part; (0, 0) when there is none."""
    at, sequence = parts.c.at_utc_s, parts.c.sequence
    query = select(sequence).where(*span.where).limit(1)  # type: ignore[arg-type]
    first = connection.scalar(query.order_by(at, sequence))
    last = connection.scalar(query.order_by(at.desc(), sequence.desc()))
    return int(first or 0), int(last or 0)


def label_counts(connection: Connection, span: Span) -> dict[tuple[str, bool], int]:
    """How many parts have each label, apart for those that passed (True) and those that did not."""
    labelled = (
        select(parts.c.label, (parts.c.code == 0).label("passed"))
        .where(*span.where, LABELLED)  # type: ignore[arg-type]
        .subquery()
    )
    query = select(labelled.c.label, labelled.c.passed, func.count()).group_by(labelled.c.label, labelled.c.passed)
    return {(str(label), bool(good)): int(count) for label, good, count in connection.execute(query)}


def defect_counts(connection: Connection, span: Span) -> dict[str, int]:
    """How many parts have each defect type that people named; `not named` where they said only that it is one."""
    query = (
        select(parts.c.defect, func.count())
        .where(*span.where, LABELLED)  # type: ignore[arg-type]
        .where(
            (parts.c.label.in_(("missed-defect", "other-defect"))) | ((parts.c.label == "right") & (parts.c.code != 0))
        )
        .group_by(parts.c.defect)
    )
    return {str(defect or "not named"): int(count) for defect, count in connection.execute(query)}
