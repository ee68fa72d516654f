"""The tables of what the store sells and where it lies. Written by `catalogue` events alone."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from retail.metadata import metadata

#: `unit` is `piece` or `kg`; `case_units` how many of it a case from the supplier holds, 0 where nobody said.
products = Table(
    "products",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("unit", String(5), nullable=False),
    Column("price_cents", Integer, nullable=False),
    Column("case_units", Integer, nullable=False),
    Column("supplier", String(60), nullable=False),
    Column("lead_days", Integer, nullable=False),
    Column("category", String(60), nullable=False),
    Index("ix_products_name", "name"),
)

#: Further codes of a product: what tills call it (PLU, house number), other GTINs, variable-measure prefixes.
item_codes = Table(
    "item_codes",
    metadata,
    Column("code", String(80), primary_key=True),
    Column("gtin", String(14), nullable=False),
    Index("ix_item_codes_gtin", "gtin"),
)

#: The planogram: what lies in each slot of each shelf of each fixture. `min_presentation` and `capacity` in units;
#: `place` is the account of the ledger that its stock belongs to.
slots = Table(
    "planogram_slots",
    metadata,
    Column("fixture", String(40), primary_key=True),
    Column("shelf", Integer, primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("gtin", String(14), nullable=False),
    Column("facings_wide", Integer, nullable=False),
    Column("facings_high", Integer, nullable=False),
    Column("facings_deep", Integer, nullable=False),
    Column("min_presentation", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("place", String(40), nullable=False),
    Index("ix_planogram_slots_gtin", "gtin"),
)
