"""Whoever books is killed fifty times while it does: no acknowledged sale is lost, and none counts twice.

A process of its own books batches over a real file and acknowledges each after its commit, as the line does. It is
killed (SIGKILL) some moment later, and the next one is sent again what was not acknowledged. `tests/proof` kills the
whole box, through its web, too.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from retail import tables
from retail.ledger.document import Document, Line
from retail.ledger.rebuild import differences
from retail.vertical import MANIFEST
from tests.support.databases import places_in
from tests.support.ledgers import MORNING, OATS, TEA
from verticals.contract import Event
from verticals.store.database import open_database, reading
from verticals.store.events import Entry, EventStore
from verticals.store.upgrade import prepare_app_db

KILLS = 50
SALES_A_BATCH = 4


@pytest.fixture
def database(tmp_path: Path) -> Path:
    places = places_in(tmp_path)
    places.make("retail")
    target = prepare_app_db(places, MANIFEST)
    assert isinstance(target, Path)
    return target


def batch(number: int) -> list[Document]:
    """Sales of both products."""
    made = []
    for sale in range(SALES_A_BATCH):
        ref, at = f"d/{number}-{sale}", MORNING + number
        lines = [Line(line, 1000 * (1 + (number + line) % 3), "floor", "customer", gtin)
                 for line, gtin in enumerate((TEA, OATS), start=1)]  # fmt: skip
        made.append(Document(f"till-{sale}", ref, "sale", at, lines))
    return made


class Booking:
    """A process that books what it is sent. `acknowledged`: what was heard of it."""

    def __init__(self, database: Path) -> None:
        reads, self._to = os.pipe()
        self._from, writes = os.pipe()
        self.acknowledged: set[int] = set()
        self._said = b""
        self.pid = os.fork()
        if not self.pid:
            os.close(self._to)
            os.close(self._from)
            _book(database, reads, writes)
        os.close(reads)
        os.close(writes)

    def send(self, numbers: Iterable[int]) -> None:
        os.write(self._to, "".join(f"{number}\n" for number in numbers).encode())

    def hear(self, most: int = 2**31) -> None:
        """Until so many are acknowledged, or its end."""
        while len(self.acknowledged) < most and (more := os.read(self._from, 4096)):
            *whole, self._said = (self._said + more).split(b"\n")
            self.acknowledged.update(map(int, whole))

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._to)
        os.waitpid(self.pid, 0)
        self.hear()
        os.close(self._from)

    def finish(self) -> None:
        os.close(self._to)
        self.hear()
        os.close(self._from)
        assert os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]) == 0


def _book(database: Path, reads: int, writes: int) -> None:
    """The life of the process: it never returns."""
    code = 1
    try:
        store = EventStore(open_database(database), tables.project)
        with os.fdopen(reads) as asked:
            for line in asked:
                data: dict[str, Any] = {"documents": [one.as_json() for one in batch(int(line))]}
                store.append([Entry(events=[Event("documents", "d", MORNING, json.loads(json.dumps(data)), "store")])])
                os.write(writes, line.encode())
        code = 0
    finally:
        os._exit(code)


def test_fifty_kills_lose_no_acknowledged_sale_and_double_none(database: Path) -> None:
    chance = random.Random(6)
    acknowledged: set[int] = set()
    sent = 0
    for _ in range(KILLS):
        booking = Booking(database)
        waiting = [number for number in range(sent) if number not in acknowledged]
        sent += 4
        booking.send([*waiting, *range(sent - 4, sent)])
        booking.hear(chance.randint(1, 3))
        time.sleep(chance.uniform(0.0, 0.006))  # any moment of the next booking or two
        booking.kill()
        acknowledged |= booking.acknowledged
        assert acknowledged <= _booked(database)
    last = Booking(database)
    last.send(range(sent))  # a till that missed every answer tells all of it again
    last.finish()
    assert last.acknowledged == set(range(sent))
    assert len(acknowledged) < sent, "kills must fall into the work"
    _holds_each_once(database, sent)


def _booked(database: Path) -> set[int]:
    """The batches of which anything is there: those must be whole."""
    engine = open_database(database, read_only=True)
    with reading(engine) as connection:
        rows = connection.exec_driver_sql("SELECT ref FROM ledger_documents").all()
    engine.dispose()
    count = Counter(int(row[0].removeprefix("d/").split("-")[0]) for row in rows)
    assert set(count.values()) <= {SALES_A_BATCH}
    return set(count)


def _holds_each_once(database: Path, batches: int) -> None:
    expected = Counter[str]()
    for document in [one for number in range(batches) for one in batch(number)]:
        expected.update({line.gtin: -line.thousandths for line in document.lines})
    engine = open_database(database, read_only=True)
    with reading(engine) as connection:
        held = connection.exec_driver_sql("SELECT gtin, thousandths FROM ledger_balances").all()
        lines = connection.exec_driver_sql("SELECT count(*) FROM ledger_lines").scalar_one()
        wrong = differences(connection)
    engine.dispose()
    assert {row[0]: row[1] for row in held} == dict(expected)
    assert lines == batches * SALES_A_BATCH * 2
    assert wrong == []
