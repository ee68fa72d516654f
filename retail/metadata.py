"""The one collection of the store's own tables: each room below declares its tables in it."""

from __future__ import annotations

from sqlalchemy import MetaData

from verticals.store.tables import NAMING

metadata = MetaData(naming_convention=NAMING)
