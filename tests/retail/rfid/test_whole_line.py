"""Reader, client, line and the store's desk together: tags over a real socket end as beliefs and as a record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.clock import SystemClock
from retail.catalogue.product import Product
from retail.codes.sgtin import Sgtin
from retail.rfid.client import LlrpReader
from retail.rfid.reader import TAGS_MOVED
from retail.rfid.settings import ReaderSettings
from retail.settings import RetailSettings
from retail.store import StoreStation
from retail.tables import metadata
from retail.vertical import Retail
from simulators.llrp_reader import LEVELS
from simulators.llrp_reader_field import Shop
from tests.retail.rfid.readers import reader
from tests.support.lines import Plan, running_line, until
from verticals.contract import Sample
from verticals.runtime.fittings import Fitting

TAGS = [Sgtin("0952123", "400001", str(serial)) for serial in (1, 2, 3)]


@pytest.mark.asyncio
async def test_tags_in_reach_become_what_the_desk_believes(tmp_path: Path) -> None:
    shop = Shop(LEVELS)
    for tag in TAGS[:2]:
        shop.put(tag.encoded(), "floor")
    shop.put(TAGS[2].encoded(), "backroom")
    async with reader(shop) as simulated:
        dock = ReaderSettings("dock", "127.0.0.1", {"floor": (1,), "backroom": (2,)}, port=simulated.port, cycle=0.2)
        retail = Retail()
        desk, station = retail.stations(RetailSettings("Store", readers=(dock,)))
        assert isinstance(desk, StoreStation)
        device = Fitting(LlrpReader(dock.station, dock), dock.station)
        plan = Plan(
            tmp_path, [desk, station], vertical=retail, devices=[device], clock=SystemClock(), tables=[metadata]
        )
        async with running_line(plan) as rig:
            products = json.dumps([Product(TAGS[0].gtin, "Oat drink").as_json()])
            values = {"kind": "catalogue", "products": products}
            await rig.give(Sample("import", SystemClock().now(), values, "list-1"))
            await until(lambda: desk.work.believing.tags.get(TAGS[0].gtin) == 2, 20.0)
            moves = [move for event in rig.recorded(TAGS_MOVED) for move in event.data["moves"]]
            assert {(move["serial"], move["zone"]) for move in moves} == {
                ("1", "floor"),
                ("2", "floor"),
                ("3", "backroom"),
            }
            assert rig.recorded("mishap", "unrouted", "unprojected", "fault") == []
