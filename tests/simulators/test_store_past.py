from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from retail.catalogue.bring import File, Files, Known, read_import
from retail.settings import RetailSettings
from simulators.store_bay import BAY
from simulators.store_facts import PLACES, Document
from simulators.store_past import OLDER, stand, write_past
from tests.simulators.test_store_words import lived


def test_the_past_of_a_store_can_be_imported_as_it_is(tmp_path: Path) -> None:
    calendar, world, facts = lived(14)
    standing = stand(world.products, {world.products[5].gtin: (BAY, 1, 1)})
    paths = write_past(tmp_path, world, calendar, facts, standing, {world.products[5].gtin: 2})
    files = Files(**{name: File(path.name, path.read_bytes()) for name, path in paths.items()})
    days = sorted((tmp_path / OLDER).iterdir())
    settings = RetailSettings("Store 014", time_zone=calendar.zone_name)
    brought = read_import(files, Known(), settings, calendar.lived[1])
    assert (brought.counts["products"], brought.counts["slots"]) == (24, 24)
    sold = [one for one in facts if isinstance(one, Document) and one.kind == "sale"]
    voided = {(one.source, one.reverses) for one in facts if isinstance(one, Document) and one.kind == "void"}
    kept = Counter(
        (one.source, calendar.day(one.at_utc_s), line.gtin, line.quantity)
        for one in sold for line in one.lines if (one.source, one.doc_ref) not in voided
    )  # fmt: skip
    older = [
        fact
        for path in days
        for fact in read_import(Files(sales=File(path.name, path.read_bytes())), Known(), settings, 1.0).facts
    ]
    assert len(days) == 12, "today and two days come at once"
    documents = [one for fact in (*brought.facts[1:], *older) for one in fact.payload["documents"]]
    booked = Counter(
        (one["source"].removeprefix("import:"), calendar.local(one["at_utc_s"]).date(), line["code"][:14],
         line["thousandths"] // 1000)
        for one in documents if one["kind"] == "sale" for line in one["lines"]
    )  # fmt: skip
    assert booked == kept
    assert max(one["at_utc_s"] for one in documents) <= calendar.lived[1]
    stock = Counter[tuple[str, str]]()
    with paths["stock"].open(newline="") as file:
        for row in csv.DictReader(file):
            stock[row["item"], row["place"]] += int(row["quantity"])
    assert len(stock) == 2 * len(world.products), "what is not there is counted too"
    for product in world.products:
        for place in PLACES:
            assert stock[product.gtin, place] == max(0, world.book(product.gtin, place))


def test_every_product_stands_somewhere_and_none_with_another() -> None:
    _, world, _ = lived(0)
    first = {world.products[0].gtin: (BAY, 1, 1), world.products[3].gtin: (BAY, 1, 2)}
    standing = stand(world.products, first)
    assert set(standing) == {product.gtin for product in world.products}
    assert len(set(standing.values())) == len(standing)
    assert {gtin: standing[gtin] for gtin in first} == first
