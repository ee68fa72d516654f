"""The pages with the store's own desk behind them: what people do becomes events and tables, and is shown next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clocks import FakeClock
from tests.support.store_desks import NINE, OATS, PRODUCTS, SLOTS, TEA, StoreDesk
from tests.support.store_screens import SETTINGS, StoreRig, read, send
from verticals.contract import Command, Reply, Sample
from verticals.runtime.intake import values_of
from verticals.store.inbox import Inbox

PRODUCTS_CSV = (
    "gtin,name,price,case_size,supplier,lead_days,codes\n"
    f"{TEA},Green tea,4.50,6,Leaf,2,4711\n{OATS},Oats,2.00,12,Mill,1,\n"
)
PLAN_CSV = f"fixture,shelf,slot,gtin,wide,deep,capacity\nA1,2,8,{TEA},2,6,12\nA1,2,9,{OATS},2,5,10\n"


class Store:
    """A web process and the desk over one store; orders are worked at once, the inbox when the test says so."""

    def __init__(self, rig: StoreRig, clock: FakeClock) -> None:
        self.rig = rig
        self.desk = StoreDesk(rig.store.engine, SETTINGS)
        clock.advance(5.0)
        self.desk.clock = clock
        self._worked = 0
        rig.answer = self._order
        rig.run_line()

    def _order(self, command: Command) -> Reply:
        decision = self.desk.station.command(command)
        self.desk._record(decision)
        assert decision.reply is not None
        return decision.reply

    def work(self) -> None:
        """What was brought, as the line reads it; then the screens hear what the desk tells."""
        for fact in Inbox(self.rig.store.engine).pending(self._worked):
            self._worked = fact.id
            self.desk._see(Sample(fact.source, self.desk.clock.now(), values_of(fact.payload), fact.key))
        self.desk.advance(5.0)
        self.rig.tell(store=self.desk.live)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    clock = FakeClock(utc_s=NINE)
    with StoreRig(tmp_path_factory.mktemp("desk"), clock=clock) as rig:
        made = Store(rig, clock)
        lead = rig.lead
        for what, text in (("products", PRODUCTS_CSV), ("planogram", PLAN_CSV)):
            files = {"file": (f"{what}.csv", text.encode(), "text/csv")}
            assert lead.post(f"/settings/import/{what}", data={"csrf": lead.csrf()}, files=files).status_code == 200
            made.work()
        yield made


def test_day_one_is_two_files(store: Store) -> None:
    assert "2 in all" in read(store.rig.viewer, "/products")
    assert "Aisle A1" in read(store.rig.viewer, "/shelves")
    assert {one["gtin"] for one in PRODUCTS[:2]} == set(store.desk.station.products)
    assert len(SLOTS) == len(store.desk.station.slots)


def test_a_shelf_that_is_empty_becomes_a_task_that_a_person_ends_and_the_stock_moves(store: Store) -> None:
    desk, rig = store.desk, store.rig
    desk.sold_for_weeks()
    desk.stock(30, place="backroom")
    desk.watch("empty", 1800)
    store.work()
    page = read(rig.associate, "/tasks")
    assert re.search(r"Green tea Refill A1, 2-08 out since \d\d:\d\d, 30 in back room", page), page
    task = re.search(r'action="/task/(t-\d+)/done"', rig.associate.get("/tasks").text)
    assert task is not None
    assert send(rig.associate, f"/task/{task[1]}/done", quantity="12")[0] == 200
    store.work()
    assert "Refill A1, 2-08" not in read(rig.associate, "/tasks")
    product = read(rig.viewer, f"/product/{TEA}")
    assert "12 moved to shelf" in product


def lines(key: str, *more: dict[str, Any]) -> dict[str, Any]:
    return {"lines": [{"key": f"{key}{number}" * 4, "place": "floor", "mode": "add", "quantity": 1, **one}
                      for number, one in enumerate(more)]}  # fmt: skip


def test_a_blind_count_from_the_hand_held_ends_in_the_ledger(store: Store) -> None:
    desk, rig = store.desk, store.rig
    desk.stock(10)
    desk.stock(4, OATS)
    send(rig.associate, "/counts", fixture="A1")
    assert send(rig.associate, "/count/c-1/start")[0] == 200
    batch = lines("scan", *[{"gtin": TEA}] * 9, {"code": "4711"}, *[{"gtin": OATS}] * 4, {"code": "999999"})
    for _ in range(2):  # the answer was lost on its way: the hand-held sends it again
        assert rig.associate.order("/count/c-1/lines", batch).status_code == 200
    store.work()
    assert "999999" in read(rig.lead, "/counts")
    assert '"quantity": 1.0' in rig.associate.get("/count/c-1").text.replace("&#34;", '"')
    assert rig.associate.order("/count/c-1/finish", {}).json()["accepted"]
    store.work()
    page = read(rig.lead, "/counts/c-1")
    assert "booked" in page and "Green tea A1, 2-08 10 10 0" in page, page
    assert "Counted, shelf = 10 10" in read(rig.viewer, f"/product/{TEA}")


def test_what_was_ordered_is_received_and_the_rest_is_said(store: Store) -> None:
    rig = store.rig
    assert send(rig.lead, "/order/add", gtin=TEA, quantity="12")[0] == 200
    assert "o-1, draft" in read(rig.lead, "/orders")
    assert send(rig.lead, "/orders/o-1/send")[0] == 200
    assert "Leaf Order o-1, 1 products" in read(rig.associate, "/receive")
    send(rig.associate, "/receive", order="o-1")
    came = {"lines": [{"key": "came-1-came-1", "gtin": TEA, "quantity": 7, "damaged": 1, "lot": "L7",
                       "expiry": "2027-03-01"}]}  # fmt: skip
    assert rig.associate.order("/receive/r-1/lines", came).status_code == 200
    store.work()
    assert rig.associate.order("/receive/r-1/finish", {}).json()["accepted"]
    store.work()
    page = read(rig.associate, "/receive/r-1")
    assert "Green tea ordered 12, came 7, damaged 1 short" in page, page
    assert "partly received" in read(rig.lead, "/orders")
    product = read(rig.viewer, f"/product/{TEA}")
    assert "L7 Mon 1 Mar" in product and "Receipt of 7" in product
