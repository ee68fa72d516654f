"""What is sold and where it lies, and the ledger: documents, lines, counts, voids, balances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _catalogue()
    _movements()
    _counts_and_voids()
    _derived()


def _catalogue() -> None:
    op.create_table(
        "item_codes",
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_item_codes"),
    )
    op.create_index("ix_item_codes_gtin", "item_codes", ["gtin"])
    op.create_table(
        "planogram_slots",
        sa.Column("fixture", sa.String(40), nullable=False),
        sa.Column("shelf", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("slot", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("facings_wide", sa.Integer, nullable=False),
        sa.Column("facings_high", sa.Integer, nullable=False),
        sa.Column("facings_deep", sa.Integer, nullable=False),
        sa.Column("min_presentation", sa.Integer, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("fixture", "shelf", "slot", name="pk_planogram_slots"),
    )
    op.create_index("ix_planogram_slots_gtin", "planogram_slots", ["gtin"])
    op.create_table(
        "products",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("unit", sa.String(5), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.Column("case_units", sa.Integer, nullable=False),
        sa.Column("supplier", sa.String(60), nullable=False),
        sa.Column("lead_days", sa.Integer, nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("gtin", name="pk_products"),
    )
    op.create_index("ix_products_name", "products", ["name"])


def _movements() -> None:
    op.create_table(
        "ledger_documents",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("ref", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_documents"),
        sa.UniqueConstraint("source", "ref", name="uq_ledger_documents_source_ref"),
    )
    op.create_index("ix_ledger_documents_at_ms", "ledger_documents", ["at_ms"])
    op.create_table(
        "ledger_lines",
        sa.Column("document", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("from_account", sa.String(40), nullable=False),
        sa.Column("to_account", sa.String(40), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("expiry", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=True),
        sa.Column("reverses", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("document", "line", name="pk_ledger_lines"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_lines_gtin_at_ms", "ledger_lines", ["gtin", "at_ms"])


def _counts_and_voids() -> None:
    op.create_table(
        "ledger_counts",
        sa.Column("document", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("expiry", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("expected", sa.BigInteger, nullable=False),
        sa.Column("variance", sa.BigInteger, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("voided", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("document", "line", name="pk_ledger_counts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_counts_at_ms", "ledger_counts", ["at_ms"])
    op.create_index("ix_ledger_counts_gtin_place_at_ms", "ledger_counts", ["gtin", "place", "at_ms"])
    op.create_table(
        "ledger_voids",
        sa.Column("document", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("ref", sa.String(200), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("document", "line", name="pk_ledger_voids"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_voids_source_ref", "ledger_voids", ["source", "ref"])


def _derived() -> None:
    op.create_table(
        "ledger_balances",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("gtin", "place", "lot", name="pk_ledger_balances"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_conflicts",
        sa.Column("document", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("document", "line", "sequence", name="pk_ledger_conflicts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_lots",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("expiry", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("gtin", "lot", name="pk_ledger_lots"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_unknown",
        sa.Column("document", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("booked", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("document", "line", name="pk_ledger_unknown"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_unknown_booked_code", "ledger_unknown", ["booked", "code"])


def downgrade() -> None:
    for table in (
        "products",
        "planogram_slots",
        "ledger_voids",
        "ledger_unknown",
        "ledger_lots",
        "ledger_lines",
        "ledger_documents",
        "ledger_counts",
        "ledger_conflicts",
        "ledger_balances",
        "item_codes",
    ):
        op.drop_table(table)
