"""What was captured: events of others, each kept whole, and the captures that brought them.

Written by `epcis` events alone.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from retail.metadata import metadata

#: One row an event. `name` is SHA-256 of its eventID, `declared_ms` when it was declared an error (0: it was not):
#: an error declaration carries the id of the event that it corrects. `digest` is SHA-256 of what its hash id is made
#: of; `said` the event with its context.
events = Table(
    "epcis_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("declared_ms", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("said", Text, nullable=False),
    UniqueConstraint("name", "declared_ms"),
    Index("ix_epcis_events_at_ms", "at_ms", "id"),
)

#: What each event is about: SHA-256 of the canonical form of every EPC and class in it, and of the class of an EPC.
things = Table(
    "epcis_things",
    metadata,
    Column("thing", String(64), primary_key=True),
    Column("event", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

#: One row a capture: how many events it brought, how many of them were known, and what could not be taken (JSON list).
captures = Table(
    "epcis_captures",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("refused", Text, nullable=False),
)

#: What a captured event would mean for the ledger, where the site wants to be asked. `state` is open, booked or
#: dismissed; `document` a document of the ledger (JSON).
proposals = Table(
    "epcis_proposals",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("document", Text, nullable=False),
    Column("who", String(60), nullable=False),
    Index("ix_epcis_proposals_state_at_ms", "state", "at_ms"),
)
