"""Who works in a store, and what each may do."""

from __future__ import annotations

from verticals.contract import Role

ROLES = (
    Role("viewer", "Viewer"),
    Role("associate", "Associate", includes=("viewer",)),
    Role("lead", "Lead", includes=("associate",)),
    Role("admin", "Administrator", includes=("lead",)),
)
