"""The ledger's tables. Facts are added and never changed; what is derived from them can be rebuilt (`rebuild.py`).

Times are whole milliseconds UTC, quantities whole thousandths of a unit: equal on every server, exact in any order. In
SQLite a table that is looked up by its key is kept in the order of it (`sqlite_with_rowid=False`).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from retail.metadata import metadata

#: One row a document; `id` in the order in which they came. `sequence` is the event that brought it first.
documents = Table(
    "ledger_documents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", String(64), nullable=False),
    Column("ref", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(60), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("sequence", Integer, nullable=False),
    UniqueConstraint("source", "ref"),
    Index("ix_ledger_documents_at_ms", "at_ms"),
)

#: `thousandths` (> 0) of a product from one account to another. `reverses`: the row is derived, it takes back line
#: `line` of that document because of the void `document`; such rows follow from the voids.
lines = Table(
    "ledger_lines",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("gtin", String(14), nullable=False),
    Column("from_account", String(40), nullable=False),
    Column("to_account", String(40), nullable=False),
    Column("thousandths", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("lot", String(20), nullable=False),
    Column("expiry", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("price_cents", Integer),
    Column("reverses", Integer),
    Index("ix_ledger_lines_gtin_at_ms", "gtin", "at_ms"),
    sqlite_with_rowid=False,
)

#: A count says how many there were. `lot` empty: all of the product at the place. Derived, and kept right when
#: something older comes late: `expected`, `variance` (counted less expected), `after` (JSON: each lot then), `voided`.
counts = Table(
    "ledger_counts",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("gtin", String(14), nullable=False),
    Column("place", String(40), nullable=False),
    Column("lot", String(20), nullable=False),
    Column("thousandths", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("expiry", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("expected", BigInteger, nullable=False),
    Column("variance", BigInteger, nullable=False),
    Column("after", Text, nullable=False),
    Column("voided", Boolean, nullable=False),
    Index("ix_ledger_counts_gtin_place_at_ms", "gtin", "place", "at_ms"),
    Index("ix_ledger_counts_at_ms", "at_ms"),
    sqlite_with_rowid=False,
)

#: What documents take back, `line` -1 for the whole; the target may come later.
voids = Table(
    "ledger_voids",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("source", String(64), nullable=False),
    Column("ref", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_ledger_voids_source_ref", "source", "ref"),
    sqlite_with_rowid=False,
)

#: Derived: how much there is of each lot at each place. The sum over the lots is the on-hand.
balances = Table(
    "ledger_balances",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("place", String(40), primary_key=True),
    Column("lot", String(20), primary_key=True),
    Column("thousandths", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: The expiry date of each lot that was told with one; the earliest where two were told.
lots = Table(
    "ledger_lots",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("lot", String(20), primary_key=True),
    Column("expiry", String(10), nullable=False),
    sqlite_with_rowid=False,
)

#: Lines whose code nobody knows yet: kept whole, booked when the code is given to a product (`gtin`, then `booked`).
unknown = Table(
    "ledger_unknown",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("code", String(80), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("said", Text, nullable=False),
    Column("booked", Boolean, nullable=False),
    Index("ix_ledger_unknown_booked_code", "booked", "code"),
    sqlite_with_rowid=False,
)

#: A line that was told again and differently under the same number: the first stands, this is what came later.
conflicts = Table(
    "ledger_conflicts",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("said", Text, nullable=False),
    sqlite_with_rowid=False,
)
