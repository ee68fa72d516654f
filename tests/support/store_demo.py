"""A whole demo of a store on free ports, and what it wrote."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.support.cells import Cell, free_ports, until
from verticals.store.database import open_database, reading

_SIGNS = (
    "SELECT COUNT(*) FROM tasks WHERE state = 'open'",
    "SELECT COUNT(*) FROM ledger_documents WHERE source LIKE 'pos:%%'",
    "SELECT COUNT(*) FROM slot_states",
    "SELECT COUNT(*) FROM events WHERE kind = 'tags-moved'",
)


class StoreDemo(Cell):
    """`with StoreDemo(folder) as demo`: `edgewise demo retail`."""

    app = "retail"
    apps = (app,)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        screen, llrp = free_ports(2)
        self.url = f"http://127.0.0.1:{screen}"
        self.ports = ["--store-port", str(screen), "--llrp-port", str(llrp)]
        self._words = ["--data", str(self.places.data), *self.ports]

    def count(self, query: str) -> int:
        """A number that the store's tables hold; 0 while there are none."""
        if not self.places.events_db(self.app).exists():
            return 0
        engine = open_database(self.places.app_store(self.app), read_only=True)
        try:
            with reading(engine) as connection:
                return int(connection.exec_driver_sql(query).scalar() or 0)
        finally:
            engine.dispose()

    def is_live(self) -> bool:
        """Tasks are open, a till has sold, the bay is seen, tags are heard."""
        return all(map(self.count, _SIGNS))

    def wait_until_live(self, within_s: float) -> None:
        """Everything is live, and the screen answers."""
        until(lambda: self.runs() and self.is_live(), within_s, "everything is live", 1.0)
        until(self.answers, 30, "the screen is served", 0.5)

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False
