"""The tables of the work in the store. Written by events alone (`writers.py`); docs/retail/work.md says what they mean.

Times are whole milliseconds UTC, quantities whole thousandths of a unit, money cents.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from retail.metadata import metadata

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("gtin", String(14), nullable=False),
    Column("slot", String(80), nullable=False),
    Column("place", String(40), nullable=False),
    Column("lot", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("value_cents_h", Integer, nullable=False),
    Column("source", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("taken_by", String(60), nullable=False),
    Column("ended_by", String(60), nullable=False),
    Column("how", String(120), nullable=False),
    Index("ix_tasks_state_value_cents_h", "state", "value_cents_h"),
    Index("ix_tasks_gtin", "gtin"),
    Index("ix_tasks_ended_ms", "ended_ms"),
)

slot_states = Table(
    "slot_states",
    metadata,
    Column("slot", String(80), primary_key=True),
    Column("bay", String(60), nullable=False),
    Column("gtin", String(14), nullable=False),
    Column("state", String(10), nullable=False),
    Column("facings", Integer, nullable=False),
    Column("facings_of", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("found", String(14), nullable=False),
    Column("label", String(10), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Index("ix_slot_states_gtin", "gtin"),
)

beliefs = Table(
    "beliefs",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("place", String(40), primary_key=True),
    Column("on_hand", BigInteger, nullable=False),
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("empty", Float, nullable=False),
    Column("book", BigInteger, nullable=False),
    Column("disagree", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: The last time that tags of a product did so: `movement` is arrived, moved or departed; `tags` how many of them then.
tag_moves = Table(
    "tag_moves",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("movement", String(10), primary_key=True),
    Column("before", String(40), primary_key=True),
    Column("zone", String(40), primary_key=True),
    Column("reader", String(60), nullable=False),
    Column("tags", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

store_days = Table(
    "store_days",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("osa", Float),
    Column("slots", Integer, nullable=False),
    Column("sales_cents", BigInteger, nullable=False),
    Column("shrink_cents", BigInteger, nullable=False),
)

#: The share of a day's demand that found the product, of products that were out for a while.
exposures = Table(
    "product_exposures",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("gtin", String(14), primary_key=True),
    Column("exposure", Float, nullable=False),
    sqlite_with_rowid=False,
)

count_sheets = Table(
    "count_sheets",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("title", String(60), nullable=False),
    Column("state", String(10), nullable=False),
    Column("round", Integer, nullable=False),
    Column("why", String(60), nullable=False),
    Column("planned_by", String(60), nullable=False),
    Column("counters", Text, nullable=False),
    Column("approved_by", String(60), nullable=False),
    Column("planned_ms", BigInteger, nullable=False),
    Column("opened_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("posted_ms", BigInteger),
    Column("waiting", Boolean, nullable=False),
    Column("items", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("variance_cents", BigInteger, nullable=False),
    Index("ix_count_sheets_state", "state"),
)

count_items = Table(
    "count_items",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("gtin", String(14), nullable=False),
    Column("place", String(40), nullable=False),
    Column("slot", String(80), nullable=False),
    Column("why", String(200), nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("counted", BigInteger),
    Column("counted_ms", BigInteger),
    Column("expected", BigInteger),
    Column("variance", BigInteger),
    Column("value_cents", BigInteger, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("first", BigInteger),
    sqlite_with_rowid=False,
)

count_lines = Table(
    "count_lines",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("round", Integer, nullable=False),
    Column("gtin", String(14), nullable=False),
    Column("code", String(80), nullable=False),
    Column("place", String(40), nullable=False),
    Column("lot", String(20), nullable=False),
    Column("expiry", String(10), nullable=False),
    Column("mode", String(3), nullable=False),
    Column("thousandths", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(60), nullable=False),
    Column("late", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

#: `asked`: what the desk waits for, JSON: see `expected.py`; empty when it waits for nothing.
count_asked = Table(
    "count_asked",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("asked", Text, nullable=False),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("supplier", String(60), nullable=False),
    Column("thousandths", BigInteger, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("count_first", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index("ix_suggestions_state", "state"),
)

purchase_orders = Table(
    "purchase_orders",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("supplier", String(60), nullable=False),
    Column("state", String(10), nullable=False),
    Column("made_by", String(60), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("sent_by", String(60), nullable=False),
    Column("sent_ms", BigInteger),
    Column("expected_ms", BigInteger),
    Index("ix_purchase_orders_state", "state"),
)

purchase_order_lines = Table(
    "purchase_order_lines",
    metadata,
    Column("order_id", String(20), primary_key=True),
    Column("gtin", String(14), primary_key=True),
    Column("thousandths", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

receivings = Table(
    "receivings",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("order_id", String(20), nullable=False),
    Column("supplier", String(60), nullable=False),
    Column("ref", String(80), nullable=False),
    Column("state", String(10), nullable=False),
    Column("who", String(60), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
)

receiving_lines = Table(
    "receiving_lines",
    metadata,
    Column("receiving", String(20), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("gtin", String(14), nullable=False),
    Column("code", String(80), nullable=False),
    Column("lot", String(20), nullable=False),
    Column("expiry", String(10), nullable=False),
    Column("thousandths", BigInteger, nullable=False),
    Column("damaged", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(60), nullable=False),
    Column("late", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

receiving_differences = Table(
    "receiving_differences",
    metadata,
    Column("receiving", String(20), primary_key=True),
    Column("gtin", String(14), primary_key=True),
    Column("ordered", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("damaged", BigInteger, nullable=False),
    Column("word", String(10), nullable=False),
    sqlite_with_rowid=False,
)

ALL = (
    tasks, slot_states, beliefs, store_days, exposures, count_sheets, count_items, count_lines, count_asked,
    suggestions, purchase_orders, purchase_order_lines, receivings, receiving_lines, receiving_differences,
)  # fmt: skip
