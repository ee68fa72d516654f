"""The plan of a bay as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoreError
from retail.plan_file import plan_toml, write_plan
from retail.shelf.plan import Plan, Slot, parse_plan, read_plan

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", fullmatch=True)
products = st.text(max_size=100).filter(str.isprintable)


@given(names, names, products, st.integers(1, 40), st.booleans())
def test_what_is_written_is_read_again(bay: str, name: str, product: str, facings: int, full: bool) -> None:
    plan = Plan(bay, (Slot(name, product, (0.1, 0.25, 0.3125, 0.5), facings, facings, full),))
    assert parse_plan(plan_toml(plan).encode(), "it") == plan


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "bay.toml"
    path.write_text("old")
    plan = Plan("A7.2", (Slot("1-01", "", (0.0, 0.0, 0.5, 0.5)),))
    write_plan(path, plan)
    assert read_plan(path) == plan
    assert [one.name for one in tmp_path.iterdir()] == ["bay.toml"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"bay\.toml: the plan cannot be written"):
        write_plan(tmp_path / "none" / "bay.toml", Plan("A", (Slot("a", "", (0.0, 0.0, 0.5, 0.5)),)))
