"""Imported files in a running store: taken whole, known to desk and tables, and exported as they came."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from retail.catalogue.bring import SOURCE, File, Files, read_import
from retail.catalogue.export import EXPORTS
from retail.catalogue.import_catalogue import read_products
from retail.catalogue.shelf import known, read_slots
from retail.codes.gtin import check_digit
from retail.metadata import metadata
from retail.settings import RetailSettings
from retail.store import StoreStation
from retail.vertical import Retail
from tests.retail.catalogue.test_import import PLANOGRAM, PRODUCTS
from tests.support.ledgers import OATS, TEA
from tests.support.lines import Plan, Rig, again, running_line, until
from verticals.runtime.live import LiveMessage
from verticals.store.database import reading

STORE = RetailSettings("Store 014")


def plan_of(folder: Path) -> Plan:
    vertical = Retail()
    return Plan(folder, vertical.stations(STORE), vertical, tables=[metadata])


async def bring(rig: Rig, **files: bytes) -> None:
    with reading(rig.events.engine) as connection:
        there = known(connection)
    named: Any = {name: File(f"{name}.csv", content) for name, content in files.items()}
    read = read_import(Files(**named), there, STORE, rig.clock.utc_s)
    rig.inbox.bring_all(SOURCE, [(fact.key, fact.payload) for fact in read.facts])
    rig.live.receive(LiveMessage("inbox"))
    await until(lambda: not rig.inbox.pending(), 30)
    await rig.quiet()


def exported(rig: Rig, name: str) -> bytes:
    with reading(rig.events.engine) as connection:
        return b"".join(EXPORTS[name](connection))


async def test_an_import_is_known_to_the_desk_and_again_after_a_restart(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    async with running_line(plan) as rig:
        await bring(rig, products=PRODUCTS, planogram=PLANOGRAM, stock=b"item,place,quantity\n4711,floor,7\n")
        assert not rig.recorded("refused", "unprojected", "mishap")
    stations = Retail().stations(STORE)
    async with running_line(again(plan, stations)) as rig:
        await rig.quiet()
        [desk] = [station for station in stations if isinstance(station, StoreStation)]
        assert desk.products[TEA].codes == ("4711", "815")
        assert desk.slots["A", 1, 1].capacity == 24
        assert desk.holdings.at(TEA, "floor").thousandths == 7000
        assert desk.holdings.at(OATS, "floor").thousandths == 0


async def test_a_planogram_replaces_that_of_its_fixtures_and_no_other(tmp_path: Path) -> None:
    async with running_line(plan_of(tmp_path)) as rig:
        await bring(rig, products=PRODUCTS, planogram=PLANOGRAM)
        await bring(rig, planogram=f"fixture,shelf,slot,gtin\nB,1,1,{TEA}\n".encode())
        await bring(rig, planogram=f"fixture,shelf,slot,gtin\nA,2,1,{OATS}\n".encode())
        with reading(rig.events.engine) as connection:
            slots = read_slots(connection)
        assert [(one.fixture, one.shelf, one.gtin) for one in slots] == [("A", 2, OATS), ("B", 1, TEA)]


async def test_what_is_exported_can_be_imported_again(tmp_path: Path) -> None:
    async with running_line(plan_of(tmp_path)) as rig:
        await bring(rig, products=PRODUCTS, planogram=PLANOGRAM, stock=b"item,quantity,lot\n4711,7,A\n4711,2,\n")
        products, slots, stock = (exported(rig, name) for name in ("products.csv", "planogram.csv", "stock.csv"))
        assert read_products(products, "p") == read_products(PRODUCTS, "p")
        await bring(rig, products=products, planogram=slots, stock=stock)
        assert (
            exported(rig, "stock.csv")
            == stock
            == f"item,place,quantity,lot,expiry\r\n{TEA},floor,2,,\r\n{TEA},floor,7,A,\r\n".encode()
        )


async def test_moves_and_counts_are_exported_line_by_line(tmp_path: Path) -> None:
    async with running_line(plan_of(tmp_path)) as rig:
        sales = b"receipt,time,item,quantity,amount\n17,2026-11-16T09:00:00,4711,2,4.98\n"
        await bring(rig, products=PRODUCTS, stock=b"item,quantity\n4711,7\n", sales=sales)
        head, *rows = exported(rig, "moves.csv").decode().splitlines()
        assert head.startswith("time,source,ref,line,kind,gtin,from,to,quantity")
        assert rows == [f"2026-11-16T09:00:00.000Z,import:till,17,1,sale,{TEA},floor,customer,2,,,,,4.98,"]
        assert exported(rig, "counts.csv").decode().count("opening") == 1


async def test_a_cell_that_a_spreadsheet_would_run_is_exported_as_text(tmp_path: Path) -> None:
    async with running_line(plan_of(tmp_path)) as rig:
        await bring(rig, products=f"gtin,name\n{TEA},=1+1\n".encode())
        assert b"'=1+1" in exported(rig, "products.csv")


@pytest.mark.samples
async def test_a_real_supermarkets_receipts_are_taken_in(samples: Path, tmp_path: Path) -> None:
    """Every line of the busiest store's receipts is a move or waits with its code; house numbers are further codes."""
    folder = samples / "retail/transactions"
    receipts = gzip.decompress((folder / "transactions_sample.csv.gz").read_bytes()).decode().splitlines()
    rows = [line.split(",") for line in receipts[1:]]
    rows = [row for row in rows if row[1] == "367" and float(row[4]) > 0]
    numbers = sorted({row[3] for row in rows})
    listed = numbers[: len(numbers) * 9 // 10]
    products = "gtin,name,codes\n" + "".join(f"{house_number(one)},Product {one},{one}\n" for one in listed)
    sales = "receipt,time,item,quantity,amount\n" + "".join(
        f"{row[2]},{row[10]},{row[3]},{float(row[4]):g},{row[5]}\n" for row in rows
    )
    async with running_line(plan_of(tmp_path)) as rig:
        await bring(rig, products=products.encode(), sales=sales.encode())
        moves = exported(rig, "moves.csv").decode().splitlines()[1:]
        with reading(rig.events.engine) as connection:
            waiting = connection.exec_driver_sql("SELECT count(*) FROM ledger_unknown").scalar_one()
        assert waiting > 0 and len(moves) + waiting == len(rows)


def house_number(number: str) -> str:
    body = f"2{int(number):011d}"
    return f"0{body}{check_digit(body)}"
