"""Keeps captured events in the tables.

The same event again changes nothing; the same id with other contents is refused, and the capture says so; an error
declaration stands beside the event that it corrects, under the same id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from retail.epcis import proposal_rows, tables
from retail.epcis.capture import digest, event_id, named, thing
from retail.epcis.event import Body
from retail.epcis.event_hash import pre_hash
from retail.epcis.identity import gtin_of
from retail.epcis.shape import moment_ms
from verticals.contract import Event
from verticals.store.database import upsert


def write(event: Event, connection: Connection) -> None:
    """Keeps what was captured, in the transaction of its event."""
    data = event.data
    if "dismiss" in data:
        proposal_rows.answer(connection, str(data["dismiss"]), event.who)
        return
    recorded_ms = round(event.at_utc_s * 1000)
    taken = known = 0
    refused = [str(one) for one in data.get("refused", ())]
    for said in data.get("events", ()):
        row = _row(said, recorded_ms)
        there = _digest_of(connection, row)
        if there is None:
            _keep(connection, said, row)
            proposal_rows.follow(connection, row, data.get("proposals", {}).get(row["name"]))
            taken += 1
        elif there == row["digest"]:
            known += 1
        else:
            refused.append(f"{event_id(said)}: another event is known under this eventID")
    counts = {"taken": taken, "known": known, "refused": json.dumps(refused)}
    upsert(connection, tables.captures, ["id"], [{"id": str(data["capture"]), "at_ms": recorded_ms, **counts}])


def _digest_of(connection: Connection, row: Mapping[str, Any]) -> str | None:
    column = tables.events.c
    same = (column.name == row["name"], column.declared_ms == row["declared_ms"])
    return connection.execute(select(column.digest).where(*same)).scalar()


def _keep(connection: Connection, said: Body, row: Mapping[str, Any]) -> None:
    number = (connection.scalar(select(func.max(tables.events.c.id))) or 0) + 1
    connection.execute(insert(tables.events).values(id=number, **row))
    about = [{"thing": one, "event": number} for one in sorted(_things(said))]
    if about:
        connection.execute(insert(tables.things), about)


def _row(said: Body, recorded_ms: int) -> dict[str, Any]:
    declared = said.get("errorDeclaration")
    return {
        "name": digest(event_id(said)),
        "declared_ms": moment_ms(declared["declarationTime"]) if declared else 0,
        "digest": digest(pre_hash(said)),
        "at_ms": moment_ms(said["eventTime"]),
        "recorded_ms": recorded_ms,
        "said": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
    }


def _things(said: Body) -> set[str]:
    found: set[str] = set()
    for uri in named(said):
        found.add(thing(uri))
        gtin = gtin_of(uri)
        if gtin:
            found.add(thing(f"https://id.gs1.org/01/{gtin}"))
    return found
