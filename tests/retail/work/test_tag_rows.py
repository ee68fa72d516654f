"""What tags did last, from the events of readers."""

from __future__ import annotations

from retail.work.tag_rows import tag_moves, write
from tests.support.store_desks import NINE, OATS, TEA, StoreDesk
from verticals.contract import Event
from verticals.store.database import reading, writing


def _moved(gtin: str, before: str, zone: str, at: float, movement: str = "moved") -> dict[str, object]:
    return {"movement": movement, "epc": f"e{at}", "gtin": gtin, "serial": "1", "zone": zone, "before": before,
            "at_utc_s": at}  # fmt: skip


def test_the_newest_word_of_each_kind_of_move_stands_with_how_many_there_were(desk: StoreDesk) -> None:
    first = [_moved(TEA, "backroom", "floor", NINE), _moved("", "", "floor", NINE, "arrived")]
    later = [_moved(TEA, "backroom", "floor", NINE + 60 + n) for n in range(3)]
    gone = [_moved(TEA, "floor", "", NINE + 90, "departed"), _moved(OATS, "floor", "", NINE, "departed")]
    with writing(desk.engine) as connection:
        for moves in (first, later, gone):
            write(Event("tags-moved", "reader-1", NINE, {"reader": "dock", "moves": moves}), connection)
    with reading(desk.engine) as connection:
        found = tag_moves(connection, TEA)
    assert [(one["movement"], one["before"], one["zone"], one["tags"], one["at_ms"]) for one in found] == [
        ("departed", "floor", "", 1, round((NINE + 90) * 1000)),
        ("moved", "backroom", "floor", 3, round((NINE + 62) * 1000)),
    ]
    assert found[0]["reader"] == "dock"
