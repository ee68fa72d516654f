"""What documents leave in the ledger: once, whatever is told twice, late or in another order."""

from __future__ import annotations

import json

from sqlalchemy import Engine, func, select

from retail.ledger import past, tables
from retail.ledger.document import Document, Line
from tests.support.ledgers import MORNING, OATS, TEA, count, lots, moved, pieces, receipt, record, sale, void
from verticals.contract import Event
from verticals.store.database import reading
from verticals.store.events import Entry, EventStore


def test_a_sale_takes_from_the_floor_and_a_delivery_adds_to_where_it_goes(engine: Engine) -> None:
    record(engine, receipt("d-1", 24, to="backroom"), moved("m-1", "backroom", "floor", 12), sale("s-1", 3))
    assert (pieces(engine), pieces(engine, place="backroom")) == (9, 12)


def test_a_document_told_twice_is_booked_once(engine: Engine) -> None:
    record(engine, receipt("d-1", 24), sale("s-1", 3), sale("s-1", 3), receipt("d-1", 24), sale("s-2", 1))
    record(engine, sale("s-2", 1), sale("s-2", 1), together=True)
    assert pieces(engine) == 20


def test_further_lines_of_a_known_document_are_booked(engine: Engine) -> None:
    first = sale("s-1", 3)
    more = Document("till-3", "s-1", "sale", MORNING, [*first.lines, Line(2, 1000, "floor", "customer", OATS)])
    record(engine, first, more)
    assert (pieces(engine), pieces(engine, OATS)) == (-3, -1)


def test_a_line_told_differently_under_the_same_number_is_kept_aside(engine: Engine) -> None:
    record(engine, sale("s-1", 3), sale("s-1", 5))
    assert pieces(engine) == -3
    with reading(engine) as connection:
        row = connection.execute(select(tables.conflicts)).one()
    assert json.loads(row.said)["lines"][0]["thousandths"] == 5000


def test_on_hand_is_the_newest_count_and_what_moved_after_it(engine: Engine) -> None:
    record(engine, receipt("d-1", 24), count("c-1", 20, at=MORNING + 60), sale("s-1", 2, at=MORNING + 120))
    assert pieces(engine) == 18


def test_a_late_sale_from_before_the_count_changes_what_the_count_explains_and_not_the_stock(engine: Engine) -> None:
    record(engine, receipt("d-1", 24), count("c-1", 20, at=MORNING + 60))
    assert _variances(engine) == {"c-1": -4}
    told = record(engine, sale("s-1", 3, at=MORNING + 30))
    assert pieces(engine) == 20
    assert _variances(engine) == {"c-1": -1}
    [one] = json.loads(str(told[0][1].values["variances"]))
    assert (one["expected"], one["variance"]) == (21000, -1000)


def test_a_late_count_corrects_what_came_after_it(engine: Engine) -> None:
    record(engine, receipt("d-1", 24), sale("s-1", 2, at=MORNING + 120), count("c-2", 15, at=MORNING + 200))
    record(engine, sale("s-2", 5, at=MORNING + 300), count("c-1", 20, at=MORNING + 60))
    assert pieces(engine) == 10
    assert _variances(engine) == {"c-1": -4, "c-2": -3}


def test_a_void_takes_back_whichever_of_the_two_comes_first(engine: Engine) -> None:
    first, second = sale("s-1", 3), sale("s-2", 4)
    record(engine, first, void("v-1", first), void("v-2", second), second)
    assert pieces(engine) == 0


def test_two_voids_of_one_sale_take_it_back_once_at_the_earlier_time(engine: Engine) -> None:
    sold = sale("s-1", 3)
    record(engine, sold, void("v-2", sold, MORNING + 200), count("c-1", 10, at=MORNING + 100))
    assert pieces(engine) == 13
    record(engine, void("v-1", sold, MORNING + 50))
    assert pieces(engine) == 10


def test_a_void_of_one_line_leaves_the_others(engine: Engine) -> None:
    lines = [Line(1, 1000, "floor", "customer", TEA), Line(2, 2000, "floor", "customer", OATS)]
    sold = Document("till-3", "s-1", "sale", MORNING, lines)
    record(engine, sold, void("v-1", sold, lines=(2,)))
    assert (pieces(engine), pieces(engine, OATS)) == (-1, 0)


def test_a_void_of_a_count_leaves_the_stock_as_if_nobody_had_counted(engine: Engine) -> None:
    counted = count("c-1", 3, at=MORNING + 60)
    record(engine, receipt("d-1", 24), counted, sale("s-1", 1, at=MORNING + 90), void("v-1", counted))
    assert pieces(engine) == 23


def test_lots_are_kept_apart_and_a_sale_that_names_none_is_taken_from_the_whole(engine: Engine) -> None:
    record(engine, receipt("d-1", 10, lot="A", expiry="2026-12-01"), receipt("d-2", 6, lot="B", expiry="2026-12-24"))
    record(engine, sale("s-1", 4), sale("s-2", 2, lot="B"))
    assert lots(engine) == {"": -4, "A": 10, "B": 4}
    assert pieces(engine) == 10


def test_a_count_of_one_lot_says_nothing_of_the_others(engine: Engine) -> None:
    record(engine, receipt("d-1", 10, lot="A"), receipt("d-2", 6, lot="B"), count("c-1", 7, at=MORNING + 60, lot="A"))
    assert lots(engine) == {"A": 7, "B": 6}


def test_none_counted_means_none_of_any_lot(engine: Engine) -> None:
    record(engine, receipt("d-1", 10, lot="A"), sale("s-1", 4), count("c-1", 0, at=MORNING + 60))
    assert lots(engine) == {}


def test_goods_without_a_lot_number_are_known_by_their_date(engine: Engine) -> None:
    record(engine, receipt("d-1", 10, expiry="2026-12-01"), receipt("d-2", 5, expiry="2026-12-02"))
    assert lots(engine) == {"@2026-12-01": 10, "@2026-12-02": 5}
    with reading(engine) as connection:
        dates = {row.lot: row.expiry for row in connection.execute(select(tables.lots))}
    assert dates == {"@2026-12-01": "2026-12-01", "@2026-12-02": "2026-12-02"}


def test_kilograms_are_exact_to_the_gram(engine: Engine) -> None:
    record(engine, receipt("d-1", 5.0), *(sale(f"s-{n}", 0.333) for n in range(10)))
    assert pieces(engine) == 1.67


def test_a_line_with_an_unknown_code_waits_and_is_booked_when_the_code_is_known(engine: Engine) -> None:
    unknown = Document("till-3", "s-1", "sale", MORNING, [Line(1, 2000, "floor", "customer", code="4711")])
    record(engine, receipt("d-1", 10), unknown, unknown)
    assert pieces(engine) == 10
    _learn(engine, codes=["4711"])
    record(engine, unknown)
    assert pieces(engine) == 8
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.conflicts)) == 0


def test_a_void_takes_back_a_line_whose_code_was_known_only_later(engine: Engine) -> None:
    unknown = Document("till-3", "s-1", "sale", MORNING, [Line(1, 2000, "floor", "customer", code="4711")])
    record(engine, unknown, void("v-1", unknown))
    _learn(engine, codes=["4711"])
    assert pieces(engine) == 0


def test_a_till_may_write_a_known_gtin_with_fewer_zeros(engine: Engine) -> None:
    _learn(engine, codes=[])
    record(engine, Document("till-3", "s-1", "sale", MORNING, [Line(1, 1000, "floor", "customer", code=TEA[1:])]))
    assert pieces(engine) == -1


def test_the_desk_is_told_what_moved_and_what_there_is_now(engine: Engine) -> None:
    told = record(engine, receipt("d-1", 24), sale("s-1", 3), sale("s-1", 3))
    [first, second, third] = [sample.values for _, sample in told]
    assert json.loads(str(first["balances"]))[0]["thousandths"] == 24000
    [moved_] = json.loads(str(second["moved"]))
    assert (moved_["kind"], moved_["from"], moved_["to"], moved_["thousandths"]) == ("sale", "floor", "customer", 3000)
    assert json.loads(str(third["moved"])) == []


def test_the_past_of_a_product_holds_moves_and_counts_the_newest_first(engine: Engine) -> None:
    record(engine, receipt("d-1", 24), count("c-1", 20, at=MORNING + 60), sale("s-1", 2, at=MORNING + 120))
    with reading(engine) as connection:
        rows = past.timeline(connection, TEA)
    assert [(row["ref"], row["to"], row["variance"]) for row in rows] == [
        ("s-1", "customer", None), ("c-1", "floor", -4000), ("d-1", "floor", None),
    ]  # fmt: skip


def _variances(engine: Engine) -> dict[str, float]:
    with reading(engine) as connection:
        join = select(tables.documents.c.ref, tables.counts.c.variance).join(
            tables.counts, tables.counts.c.document == tables.documents.c.id
        )
        return {row.ref: row.variance / 1000 for row in connection.execute(join)}


def _learn(engine: Engine, codes: list[str]) -> None:
    from retail import tables as store_tables

    product = {"gtin": TEA, "name": "Tea", "codes": codes}
    event = Event("catalogue", "p", MORNING, {"products": [product]}, "store")
    EventStore(engine, store_tables.project).append([Entry(events=[event])])
