"""The work in the store: tasks, what is seen and believed, counts, orders, receiving."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _tasks()
    _seen()
    _sheets()
    _counted()
    _orders()
    _receiving()


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("slot", sa.String(80), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("value_cents_h", sa.Integer, nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger, nullable=True),
        sa.Column("taken_by", sa.String(60), nullable=False),
        sa.Column("ended_by", sa.String(60), nullable=False),
        sa.Column("how", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_ended_ms", "tasks", ["ended_ms"])
    op.create_index("ix_tasks_gtin", "tasks", ["gtin"])
    op.create_index("ix_tasks_state_value_cents_h", "tasks", ["state", "value_cents_h"])


def _seen() -> None:
    op.create_table(
        "slot_states",
        sa.Column("slot", sa.String(80), nullable=False),
        sa.Column("bay", sa.String(60), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("facings", sa.Integer, nullable=False),
        sa.Column("facings_of", sa.Integer, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("found", sa.String(14), nullable=False),
        sa.Column("label", sa.String(10), nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_slot_states"),
    )
    op.create_index("ix_slot_states_gtin", "slot_states", ["gtin"])
    op.create_table(
        "beliefs",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("low", sa.BigInteger, nullable=False),
        sa.Column("high", sa.BigInteger, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("empty", sa.Float, nullable=False),
        sa.Column("book", sa.BigInteger, nullable=False),
        sa.Column("disagree", sa.String(60), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("gtin", "place", name="pk_beliefs"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("osa", sa.Float, nullable=True),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("sales_cents", sa.BigInteger, nullable=False),
        sa.Column("shrink_cents", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_store_days"),
    )
    op.create_table(
        "product_exposures",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("exposure", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("day", "gtin", name="pk_product_exposures"),
        sqlite_with_rowid=False,
    )


def _sheets() -> None:
    op.create_table(
        "count_sheets",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("why", sa.String(60), nullable=False),
        sa.Column("planned_by", sa.String(60), nullable=False),
        sa.Column("counters", sa.Text, nullable=False),
        sa.Column("approved_by", sa.String(60), nullable=False),
        sa.Column("planned_ms", sa.BigInteger, nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=True),
        sa.Column("finished_ms", sa.BigInteger, nullable=True),
        sa.Column("posted_ms", sa.BigInteger, nullable=True),
        sa.Column("waiting", sa.Boolean, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("variance_cents", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_count_sheets"),
    )
    op.create_index("ix_count_sheets_state", "count_sheets", ["state"])
    op.create_table(
        "count_items",
        sa.Column("sheet", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("slot", sa.String(80), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("counted", sa.BigInteger, nullable=True),
        sa.Column("counted_ms", sa.BigInteger, nullable=True),
        sa.Column("expected", sa.BigInteger, nullable=True),
        sa.Column("variance", sa.BigInteger, nullable=True),
        sa.Column("value_cents", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("first", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("sheet", "number", name="pk_count_items"),
        sqlite_with_rowid=False,
    )


def _counted() -> None:
    op.create_table(
        "count_lines",
        sa.Column("sheet", sa.String(20), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("expiry", sa.String(10), nullable=False),
        sa.Column("mode", sa.String(3), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("sheet", "key", name="pk_count_lines"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "count_asked",
        sa.Column("sheet", sa.String(20), nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sheet", name="pk_count_asked"),
    )


def _orders() -> None:
    op.create_table(
        "suggestions",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("supplier", sa.String(60), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("cases", sa.Integer, nullable=False),
        sa.Column("count_first", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("gtin", name="pk_suggestions"),
    )
    op.create_index("ix_suggestions_state", "suggestions", ["state"])
    op.create_table(
        "purchase_orders",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("supplier", sa.String(60), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("made_by", sa.String(60), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("sent_by", sa.String(60), nullable=False),
        sa.Column("sent_ms", sa.BigInteger, nullable=True),
        sa.Column("expected_ms", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_purchase_orders"),
    )
    op.create_index("ix_purchase_orders_state", "purchase_orders", ["state"])
    op.create_table(
        "purchase_order_lines",
        sa.Column("order_id", sa.String(20), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "gtin", name="pk_purchase_order_lines"),
        sqlite_with_rowid=False,
    )


def _receiving() -> None:
    op.create_table(
        "receivings",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("order_id", sa.String(20), nullable=False),
        sa.Column("supplier", sa.String(60), nullable=False),
        sa.Column("ref", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_receivings"),
    )
    op.create_table(
        "receiving_lines",
        sa.Column("receiving", sa.String(20), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("lot", sa.String(20), nullable=False),
        sa.Column("expiry", sa.String(10), nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("damaged", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("receiving", "key", name="pk_receiving_lines"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receiving_differences",
        sa.Column("receiving", sa.String(20), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("ordered", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("damaged", sa.BigInteger, nullable=False),
        sa.Column("word", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("receiving", "gtin", name="pk_receiving_differences"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in (
        "tasks",
        "suggestions",
        "store_days",
        "slot_states",
        "receivings",
        "receiving_lines",
        "receiving_differences",
        "purchase_orders",
        "purchase_order_lines",
        "product_exposures",
        "count_sheets",
        "count_lines",
        "count_items",
        "count_asked",
        "beliefs",
    ):
        op.drop_table(table)
