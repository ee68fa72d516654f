"""Writes the plan of a bay as the TOML file that its camera reads: whole, or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from core.errors import StoreError
from retail.shelf.plan import Plan


def plan_toml(plan: Plan) -> str:
    """What `retail.shelf.plan.parse_plan` reads again."""
    parts = [f"bay = {json.dumps(plan.bay)}"]
    for slot in plan.slots:
        box = ", ".join(f"{side:.4f}" for side in slot.box)
        parts.append(
            f"\n[[slots]]\nname = {json.dumps(slot.name)}\nproduct = {json.dumps(slot.product, ensure_ascii=False)}\n"
            f"box = [{box}]\nfacings = {slot.facings}\nlow = {slot.low}\nfull = {str(slot.full).lower()}"
        )
    return "\n".join(parts) + "\n"


def write_plan(path: Path, plan: Plan) -> None:
    """Raises StoreError when the file cannot be written; the old one then stands."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(plan_toml(plan))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{path.name}: the plan cannot be written: {error.strerror}", hint="Check who owns the folder of the plan."
        ) from error
