"""The ward's own tables, from the events alone: every alarm with what became of it, and who lay where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Float, Index, Integer, MetaData, String, Table, select

from verticals.contract import Event
from verticals.store.database import upsert
from verticals.store.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

#: One row an alarm. `step` is the highest rung of the ladder it reached, `state` where it stands: active,
#: acknowledged, latched, ended. Times are UTC seconds; NaN never.
alarms = Table(
    "alarms",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("bed", String(60), nullable=False),
    Column("code", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("priority", String(10), nullable=False),
    Column("label", String(80), nullable=False),
    Column("text", String(120), nullable=False),
    Column("measure", String(40), nullable=False),
    Column("source", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("began_utc_s", Float, nullable=False),
    Column("ended_utc_s", Float),
    Column("acknowledged_utc_s", Float),
    Column("acknowledged_by", String(60), nullable=False),
    Column("owner", String(60), nullable=False),
    Column("step", Integer, nullable=False),
    Column("waves", String(64)),
    Index("ix_alarms_began_utc_s", "began_utc_s"),
    Index("ix_alarms_bed_began_utc_s", "bed", "began_utc_s"),
)

#: One row a stay of one patient in one bed. A struck one never counted.
stays = Table(
    "stays",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("bed", String(60), nullable=False),
    Column("patient_id", String(80), nullable=False),
    Column("family", String(80), nullable=False),
    Column("given", String(80), nullable=False),
    Column("birth_date", String(10), nullable=False),
    Column("since_utc_s", Float, nullable=False),
    Column("until_utc_s", Float),
    Column("how", String(20), nullable=False),
    Column("who", String(60), nullable=False),
    Column("struck", String(200), nullable=False),
    Column("over", Boolean, nullable=False),
    Index("ix_stays_bed_since_utc_s", "bed", "since_utc_s"),
)

_ENDS = {"ended", "reset", "cancelled"}


def project(event: Event, connection: Connection) -> None:
    """Writes what an event means. Those that these tables say nothing of leave them alone."""
    write = _WRITERS.get(event.kind)
    if write is not None:
        write(event, connection)


def _alarm(event: Event, connection: Connection) -> None:
    alarm: Mapping[str, Any] | None = event.data.get("alarm")
    if alarm is None:
        return
    finding: Mapping[str, Any] = alarm["finding"]
    over = event.data["act"] in _ENDS
    row = {
        "id": alarm["id"],
        "bed": event.station,
        "code": alarm["code"],
        "kind": alarm["kind"],
        "priority": alarm["priority"],
        "label": alarm["label"],
        "text": str(finding.get("text", ""))[:120],
        "measure": str(finding.get("measure", "")),
        "source": alarm["source"],
        "state": "ended" if over else alarm["state"],
        "began_utc_s": alarm["began_utc_s"],
        "ended_utc_s": alarm["ended_utc_s"] or (event.at_utc_s if over else None),
        "acknowledged_utc_s": alarm["acknowledged_utc_s"],
        "acknowledged_by": alarm["acknowledged_by"][:60],
        "owner": alarm["owner"][:60],
        "step": alarm["step"],
    }
    waves = event.data.get("evidence", {}).get("waves")
    upsert(connection, alarms, ["id"], [row | ({"waves": waves} if waves else {})])


def _stay(event: Event, connection: Connection) -> None:
    data, patient = event.data, event.data["patient"]
    row = {
        "number": data["number"],
        "bed": data["bed"],
        "patient_id": patient["id"],
        "family": patient["family"],
        "given": patient["given"],
        "birth_date": patient["birth_date"],
        "since_utc_s": data["since_utc_s"],
        "until_utc_s": data["until_utc_s"],
        "how": str(data["how"])[:20],
        "who": str(data["who"])[:60],
        "struck": data["struck"],
        "over": data["until_utc_s"] is not None,
    }
    upsert(connection, stays, ["number"], [row])


_WRITERS: Mapping[str, Callable[[Event, Connection], None]] = {"alarm": _alarm, "stay": _stay}


def alarms_between(connection: Connection, from_utc_s: float, to_utc_s: float, bed: str = "") -> list[dict[str, Any]]:
    """Alarms that began in the span, the newest first; of one bed, or of all."""
    query = select(alarms).where(alarms.c.began_utc_s >= from_utc_s, alarms.c.began_utc_s < to_utc_s)
    if bed:
        query = query.where(alarms.c.bed == bed)
    return _rows(connection, query.order_by(alarms.c.began_utc_s.desc()))


def find_alarm(connection: Connection, alarm_id: str) -> dict[str, Any] | None:
    rows = _rows(connection, select(alarms).where(alarms.c.id == alarm_id))
    return rows[0] if rows else None


def stays_of(connection: Connection, bed: str, most: int = 50) -> Sequence[dict[str, Any]]:
    """Who lay in this bed, the newest first."""
    return _rows(connection, select(stays).where(stays.c.bed == bed).order_by(stays.c.number.desc()).limit(most))


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
