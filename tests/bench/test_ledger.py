"""Figures of the ledger at a million and at ten million lines: lines a second in durable batches, on-hand of a product.

The ledger of before is laid down by SQL, as if it had been booked; what is measured goes through events, projection
and commit. Other work on the machine makes only the clock's seconds longer: what counts is the processor's and what was
waited for the disk, which is the clock's less the time in which the kernel had this ready to run and ran others.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from retail import tables
from retail.ledger import balance
from retail.ledger.document import Document, Line
from retail.vertical import MANIFEST
from tests.support.databases import places_in
from tests.support.ledgers import MORNING
from verticals.contract import Event
from verticals.store.database import open_database, reading, reserve_log
from verticals.store.events import Entry, EventStore
from verticals.store.upgrade import prepare_app_db

pytestmark = pytest.mark.bench

PRODUCTS = 10_000
LINES_A_DOCUMENT = 5
#: What is measured on top of it: documents in one event (a till that was offline), events in one commit.
MEASURED_LINES = 50_000
DOCUMENTS_AN_EVENT = 200
LINES_A_SECOND, ON_HAND_MS = 5_000, 20.0
_YEAR_MS = 365 * 86_400_000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    places = places_in(tmp_path)
    places.make("retail")
    engine = open_database(prepare_app_db(places, MANIFEST))
    reserve_log(engine)
    yield engine
    engine.dispose()


def lay_down(engine: Engine, lines: int) -> None:
    """A year of sales and deliveries, spread over the products, with the balances that they leave."""
    documents = lines // LINES_A_DOCUMENT
    began_ms = round(MORNING * 1000) - _YEAR_MS
    step_ms = _YEAR_MS // documents
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_ledger_lines_gtin_at_ms")  # built at once behind them: in minutes
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO ledger_documents (id, source, ref, kind, at_ms, who, reason, sequence) "
            "SELECT i, 'till-' || (i % 8), 'y/' || i, 'sale', ? + i * ?, '', '', 0 FROM n",
            (documents, began_ms, step_ms),
        )
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "
            "INSERT INTO ledger_lines (document, line, gtin, from_account, to_account, thousandths, at_ms, lot, "
            "expiry, reason, price_cents, reverses) SELECT 1 + i / 5, 1 + i % 5, printf('%014d', 4000000000000 + 10 * "
            "((i * 7919) % ?)), CASE i % 10 WHEN 0 THEN 'supplier' ELSE 'floor' END, "
            "CASE i % 10 WHEN 0 THEN 'floor' ELSE 'customer' END, CASE i % 10 WHEN 0 THEN 9000 ELSE 1000 END, "
            "? + (1 + i / 5) * ?, '', '', '', 199, NULL FROM n",
            (lines, PRODUCTS, began_ms, step_ms),
        )
        connection.exec_driver_sql("CREATE INDEX ix_ledger_lines_gtin_at_ms ON ledger_lines (gtin, at_ms)")
        each = lines // PRODUCTS  # every tenth product is delivered in each of its lines, the others are sold
        connection.exec_driver_sql(
            "INSERT INTO ledger_balances VALUES (printf('%014d', 4000000000000 + 10 * ?), 'floor', '', ?)",
            [(number, 9000 * each if number % 10 == 0 else -1000 * each) for number in range(PRODUCTS)],
        )


def products(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT gtin FROM ledger_balances")]


def baskets(count: int, known: list[str]) -> list[Document]:
    """Sales as a till rings them up; a few products sell most."""
    chance = random.Random(4)
    made = []
    for number in range(count):
        lines = [
            Line(
                line,
                1000,
                "floor",
                "customer",
                known[min(int(chance.paretovariate(0.6)), len(known)) - 1],
                price_cents=199,
            )
            for line in range(1, LINES_A_DOCUMENT + 1)
        ]
        made.append(Document(f"till-{number % 8}", f"n/{number}", "sale", MORNING + number / 10, lines))
    return made


def measure_ingest(engine: Engine, known: list[str], documents_an_event: int, events_a_commit: int) -> float:
    """Lines a second by processor and disk; prints them by the clock and by the processor alone too."""
    sales = baskets(MEASURED_LINES // LINES_A_DOCUMENT, known)
    store = EventStore(engine, tables.project)
    events = [
        Event("documents", str(first), MORNING, {
            "documents": [
                {**one.as_json(), "ref": f"{documents_an_event}/{one.ref}"}
                for one in sales[first : first + documents_an_event]
            ]
        }, "store")
        for first in range(0, len(sales), documents_an_event)
    ]  # fmt: skip
    began, worked, queued, written = time.perf_counter(), time.process_time(), queued_s(), written_mb()
    for first in range(0, len(events), events_a_commit):
        store.append([Entry(events=[event]) for event in events[first : first + events_a_commit]])
    took_s, worked_s, queued = time.perf_counter() - began, time.process_time() - worked, queued_s() - queued
    own_s = took_s - queued
    print(f"  {documents_an_event} documents an event, {events_a_commit} events a commit:", end=" ")
    print(
        f"{MEASURED_LINES / own_s:.0f} lines/s by processor and disk ({worked_s:.1f} s and {own_s - worked_s:.1f} s, "
        f"{written_mb() - written:.0f} MB written), {MEASURED_LINES / took_s:.0f} by the clock"
    )
    return MEASURED_LINES / own_s


def queued_s() -> float:
    """How long this thread was ready to run and waited for a processor; 0 where the kernel does not tell."""
    told = Path("/proc/self/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0


def written_mb() -> float:
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["write_bytes"]) / 1e6


def forget_pages(engine: Engine) -> None:
    """What the system keeps of the file in memory goes: as after a start of the box."""
    file = engine.url.database
    assert file is not None
    engine.dispose()
    with Path(file).open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure_on_hand(engine: Engine, known: list[str]) -> float:
    """Of 500 products the 99 % slowest, in ms, each with its newest count and all its lots."""
    took_ms = []
    for gtin_ in random.Random(5).sample(known, 500):
        began, queued = time.perf_counter(), queued_s()
        with reading(engine) as connection:
            balance.on_hand(connection, [(gtin_, "floor"), (gtin_, "backroom")])
        took_ms.append((time.perf_counter() - began - (queued_s() - queued)) * 1000)
    p50, p99 = np.percentile(took_ms, [50, 99])
    print(f"  on-hand of a product: p50 {p50:.2f} ms, p99 {p99:.2f} ms, slowest {max(took_ms):.2f} ms")
    return float(p99)


def figures(engine: Engine, lines: int) -> None:
    lay_down(engine, lines)
    known = products(engine)
    print(f"\n{lines} lines, {len(known)} products, nothing of them in memory:")
    forget_pages(engine)
    assert measure_on_hand(engine, known) <= ON_HAND_MS
    forget_pages(engine)
    together = measure_ingest(engine, known, DOCUMENTS_AN_EVENT, 1)
    measure_ingest(engine, known, 1, 100)
    assert together >= LINES_A_SECOND


def test_a_million_lines(engine: Engine) -> None:
    figures(engine, 1_000_000)


@pytest.mark.slow
def test_ten_million_lines(engine: Engine) -> None:
    figures(engine, 10_000_000)
