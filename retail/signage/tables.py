"""What was shown when: one row a time slot. There is no column for anything about a person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from retail.metadata import metadata

#: `content` is what was shown or, where `held_out`, would have been; `bucket` the context's. From `signage` events.
slots = Table(
    "signage_slots",
    metadata,
    Column("slot_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("content", String(40), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("bucket", String(30), nullable=False),
    Column("held_out", Boolean, nullable=False),
)
