"""A whole box that keeps a store: `edgewise run retail` on a free port, and tills that send until they are answered."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from retail.vertical import MANIFEST
from tests.support.cells import Cell, free_ports
from tests.support.ledgers import OATS, TEA
from verticals.signature import HEADER, sign
from verticals.store.database import open_database, reading

LINE, WEB = "retail:line", "retail:web"
SECRET = b"0123456789abcdef0123456789abcdef"
GTINS = (TEA, OATS)


class StoreBox(Cell):
    """`with StoreBox(folder) as box`. Its products are imported by the command line before it runs."""

    app = MANIFEST.name

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        secret = folder / "pos.secret"
        secret.write_bytes(SECRET)
        secret.chmod(0o600)
        self.config = folder / "edgewise.toml"
        self.config.write_text(
            f'[site]\nname = "Store 014"\n[retail]\nstore = "Store 014"\n'
            f'[retail.pos]\nsecret_file = "{secret}"\n[screens.retail]\nport = {port}\n'
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.started_mono_s = time.monotonic()
            self._process = subprocess.Popen(
                self.edgewise("run", "retail"), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent
            )

    def edgewise(self, *words: str) -> list[str]:
        """The command with this box's site and data."""
        where = ["--config", str(self.config), "--data", str(self.places.data)]
        return [sys.executable, "-m", "appliance.cli", *words, *where]

    def lines(self) -> Counter[tuple[str, str, str, int]]:
        """How often each line is in the ledger: source, reference, GTIN, thousandths."""
        engine = open_database(self.places.app_store(self.app), read_only=True)
        try:
            with reading(engine) as connection:
                rows = connection.exec_driver_sql(
                    "SELECT d.source, d.ref, l.gtin, l.thousandths FROM ledger_lines l "
                    "JOIN ledger_documents d ON d.id = l.document"
                ).all()
        finally:
            engine.dispose()
        return Counter((row[0], row[1], row[2], row[3]) for row in rows)

    def on_hand(self) -> dict[str, int]:
        engine = open_database(self.places.app_store(self.app), read_only=True)
        try:
            with reading(engine) as connection:
                rows = connection.exec_driver_sql("SELECT gtin, sum(thousandths) FROM ledger_balances GROUP BY gtin")
                return {row[0]: int(row[1]) for row in rows}
        finally:
            engine.dispose()


class Till(threading.Thread):
    """`with Till(box, "3") as till`: sells and tells the box, the same sale again until it is answered."""

    def __init__(self, box: StoreBox, workstation: str, pause_s: float = 0.02) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[dict[str, Any]] = []
        self.tries = 0
        self.open = ""  # the sale that was sent and not answered yet
        self._url = f"{box.url}/hooks/pos"
        self._workstation = workstation
        self._pause_s = pause_s
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Ends with a sale that was answered."""
        self._closed.set()
        self.join(180)
        assert not self.is_alive(), f"till {self._workstation} is never answered"

    def run(self) -> None:
        number = 0
        while not self._closed.is_set():
            number += 1
            sale = self._sale(number)
            self.open = str(sale["sequence"])
            while not self._told(sale):
                self._closed.wait(0.05)
            self.open = ""
            self.acknowledged.append(sale)
            self._closed.wait(self._pause_s)

    def _sale(self, number: int) -> dict[str, Any]:
        lines = [
            {"line": line, "item": gtin, "quantity": 1 + (number + line) % 3}
            for line, gtin in enumerate(GTINS, start=1)
        ]
        head = {"store": "014", "workstation": self._workstation, "business_date": "2026-11-30"}
        return {**head, "sequence": str(number), "at": "2026-11-30T00:00:01Z", "lines": lines}

    def _told(self, sale: Mapping[str, Any]) -> bool:
        """Whether the box has answered that it has it."""
        body = json.dumps({"transactions": [sale]}).encode()
        self.tries += 1
        headers = {HEADER: sign(SECRET, time.time(), body), "Content-Type": "application/json"}
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=10)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.json()["taken"] == 1

    def lines(self) -> Counter[tuple[str, str, str, int]]:
        """What the ledger must hold of it, each line once."""
        return Counter(
            (f"pos:014/{self._workstation}", f"2026-11-30/{sale['sequence']}", line["item"], line["quantity"] * 1000)
            for sale in self.acknowledged
            for line in sale["lines"]
        )
