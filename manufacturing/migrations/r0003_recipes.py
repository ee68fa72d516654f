"""Recipes with their versions and changes; which of them a part was judged by, and whether people are to look at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WAITED = sa.text("label IS NULL AND code > 0 AND code < 100")
_WAITING = sa.text("label IS NULL AND (code > 0 AND code < 100 OR review)")


def _index_of_waiting(which: sa.TextClause) -> None:
    op.create_index("ix_parts_waiting", "parts", ["station", "sequence"], sqlite_where=which, postgresql_where=which)


def upgrade() -> None:
    op.add_column("parts", sa.Column("recipe", sa.String(40)))
    op.add_column("parts", sa.Column("recipe_version", sa.Integer))
    op.add_column("parts", sa.Column("review", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_index("ix_parts_waiting", "parts")
    _index_of_waiting(_WAITING)
    op.create_table(
        "recipes",
        sa.Column("station", sa.String(60), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at_utc_s", sa.Float, nullable=False),
        sa.Column("plc_number", sa.Integer),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("released", sa.Boolean, nullable=False),
        sa.Column("in_force", sa.Boolean, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("station", "name", "version", name="pk_recipes"),
    )
    op.create_table(
        "recipe_changes",
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("station", sa.String(60), nullable=False),
        sa.Column("at_utc_s", sa.Float, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("change", sa.String(20), nullable=False),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("in_force", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_recipe_changes"),
    )
    op.create_index("ix_recipe_changes_station", "recipe_changes", ["station"])


def downgrade() -> None:
    op.drop_table("recipe_changes")
    op.drop_table("recipes")
    op.drop_index("ix_parts_waiting", "parts")
    with op.batch_alter_table("parts") as batch:
        for name in ("review", "recipe_version", "recipe"):
            batch.drop_column(name)
    _index_of_waiting(_WAITED)
