"""The app's own table: one row a part, written in the transaction of its events; what pages count and look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    false,
    func,
    select,
    text,
)

from verticals.contract import Event

metadata = MetaData()

#: Conditions of partial indexes: a query finds its index only by the very same words.
LABELLED = text("label IS NOT NULL")
#: Rejects that a model judged and accepts in the recipe's review band, at which nobody has looked yet.
WAITING = text("label IS NULL AND (code > 0 AND code < 100 OR review)")

parts = Table(
    "parts",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("station", String(60), nullable=False),
    Column("part_id", String(60), nullable=False),
    Column("at_utc_s", Float, nullable=False),
    Column("shift", String(80), nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("code", Integer, nullable=False),
    Column("score", Float),
    Column("threshold", Float),
    Column("model", String(120)),
    Column("model_sha256", String(64)),
    Column("image_sha256", String(64)),
    Column("heat_sha256", String(64)),
    Column("simulated", Boolean, nullable=False),
    Column("delivery", String(10)),
    Column("gate_rejected", Boolean),
    Column("label", String(20)),
    Column("label_who", String(60)),
    Column("defect", String(80)),
    Column("recipe", String(40)),
    Column("recipe_version", Integer),
    Column("review", Boolean, nullable=False, server_default=false()),
    Index("ix_parts_station_part", "station", "part_id"),
    Index("ix_parts_station_shift", "station", "shift"),
    Index("ix_parts_station_at_code", "station", "at_utc_s", "code"),
    Index("ix_parts_labelled", "station", "at_utc_s", sqlite_where=LABELLED, postgresql_where=LABELLED),
    Index("ix_parts_waiting", "station", "sequence", sqlite_where=WAITING, postgresql_where=WAITING),
)

_INSERT_PART = parts.insert()


def project(event: Event, connection: Connection) -> None:
    """Writes what the event means for its part. Events about nothing here leave the table alone."""
    write = _WRITERS.get(event.kind)
    if write is not None:
        write(event, connection)


def _part(event: Event, connection: Connection) -> None:
    data = event.data
    evidence: Mapping[str, str] = data.get("evidence", {})
    model: Mapping[str, str] = data.get("model", {})
    recipe: Mapping[str, Any] = data.get("recipe", {})
    view = f".{data['view']}" if "view" in data else ""
    row = {
        "sequence": event.sequence,
        "station": event.station,
        "part_id": event.subject,
        "at_utc_s": event.at_utc_s,
        "shift": data["shift"],
        "verdict": data["verdict"],
        "code": data["code"],
        "score": data.get("score"),
        "threshold": data.get("threshold"),
        "model": f"{model['name']} {model['version']}" if model else None,
        "model_sha256": model.get("sha256"),
        "image_sha256": evidence.get(f"image{view}"),
        "heat_sha256": evidence.get(f"heat{view}"),
        "simulated": data["simulated"],
        "delivery": _delivery(data.get("actions", ())),
        "recipe": recipe.get("name"),
        "recipe_version": recipe.get("version"),
        "review": bool(data.get("review", False)),
    }
    connection.execute(_INSERT_PART, row)


def _delivery(actions: Sequence[Mapping[str, Any]]) -> str | None:
    for action in actions:
        if str(action.get("target", "")).endswith(".result"):
            return str(action["delivery"])
    return None


def _update_latest(event: Event, connection: Connection, **values: Any) -> None:
    """The newest row of the part: a PLC may use a part id again after its counter wrapped.

    An event that says which part it is `of` by its number means that one.
    """
    if of := event.data.get("of"):
        that = (parts.c.station == event.station) & (parts.c.sequence == int(of))
        connection.execute(parts.update().where(that).values(**values))
        return
    newest = select(func.max(parts.c.sequence)).where(
        parts.c.station == event.station, parts.c.part_id == event.subject
    )
    connection.execute(parts.update().where(parts.c.sequence == newest.scalar_subquery()).values(**values))


def _gate(event: Event, connection: Connection) -> None:
    _update_latest(event, connection, gate_rejected=bool(event.data["rejected"]))


def _label(event: Event, connection: Connection) -> None:
    label, defect = event.data["label"], event.data.get("defect") or None
    if label == "none":
        _update_latest(event, connection, label=None, label_who=None, defect=None)
    else:
        _update_latest(event, connection, label=label, label_who=event.who, defect=defect)


def _delivered(event: Event, connection: Connection) -> None:
    if str(event.data.get("target", "")).endswith(".result"):
        _update_latest(event, connection, delivery=str(event.data["delivery"]))


_WRITERS: dict[str, Callable[[Event, Connection], None]] = {
    "part": _part,
    "gate": _gate,
    "label": _label,
    "delivery": _delivered,
}


def last_parts(connection: Connection, station: str, count: int) -> list[dict[str, Any]]:
    """The newest rows, newest first."""
    rows = connection.execute(
        select(parts).where(parts.c.station == station).order_by(parts.c.sequence.desc()).limit(count)
    )
    return [dict(row) for row in rows.mappings()]


def find_part(connection: Connection, station: str, part_id: str) -> dict[str, Any] | None:
    """The newest row of a part id, or None."""
    row = connection.execute(
        select(parts)
        .where(parts.c.station == station, parts.c.part_id == part_id)
        .order_by(parts.c.sequence.desc())
        .limit(1)
    ).mappings().first()  # fmt: skip
    return dict(row) if row else None


def reject_shares(connection: Connection, station: str, size: int, count: int) -> list[tuple[int, int]]:
    """`(rejected, inspected)` of the newest full samples of `size` parts, oldest first; bypassed parts left out."""
    rows = connection.execute(
        select(parts.c.verdict)
        .where(parts.c.station == station, parts.c.verdict != "bypass")
        .order_by(parts.c.sequence.desc())
        .limit(size * count)
    ).scalars().all()  # fmt: skip
    newest_first = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
    return [(sum(verdict == "reject" for verdict in sample), size) for sample in reversed(newest_first)]
