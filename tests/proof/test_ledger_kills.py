"""Line and web die ten times each (50 in full) while tills sell: no acknowledged sale is lost, none counts twice."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from appliance.restarts import Patience
from tests.proof.figures import Progress, heading, print_seconds
from tests.proof.scale import Scale
from tests.support.cells import until
from tests.support.store_box import GTINS, LINE, WEB, StoreBox, Till

pytestmark = pytest.mark.slow

TILLS = ("1", "2", "3")
STEADY_S = Patience().steady_s


def test_no_acknowledged_sale_is_lost_and_none_counts_twice(tmp_path: Path, scale: Scale) -> None:
    box = StoreBox(tmp_path)
    products = tmp_path / "products.csv"
    products.write_text("gtin,name\n" + "".join(f"{gtin},Product {gtin}\n" for gtin in GTINS))
    subprocess.run(box.edgewise("retail", "import", "--products", str(products)), check=True, cwd=tmp_path)
    progress = Progress("kills of each", scale.kills)
    answered: dict[str, list[float]] = {LINE: [], WEB: []}
    with box:
        until(lambda: box.runs() and box.all_running(), 300, "the store runs", 0.1)
        with Till(box, "1") as one, Till(box, "2") as two, Till(box, "3", 0.2) as three:
            tills = (one, two, three)
            for number in range(scale.kills):
                for name in (LINE, WEB):
                    answered[name].append(kill(box, name, tills, after_ms=7 * (number % 50)))
                progress.at(number + 1)
        sold = sum((till.lines() for till in tills), Counter[tuple[str, str, str, int]]())
        until(lambda: box.lines().total() >= sold.total(), 120, "everything is booked", 0.2)
        time.sleep(1.0)  # whatever would still come a second time
        booked, on_hand = box.lines(), box.on_hand()
        checked = subprocess.run(box.edgewise("retail", "check"), cwd=tmp_path)
    heading(f"line and web killed {scale.kills} times each in turn while {len(TILLS)} tills sell")
    sales, tries = sum(len(till.acknowledged) for till in tills), sum(till.tries for till in tills)
    print(f"{sales} sales acknowledged in {tries} tries, {sold.total()} lines; {booked.total()} lines in the ledger")
    print_seconds("line: SIGKILL to a sale acknowledged", answered[LINE])
    print_seconds("web: SIGKILL to a sale acknowledged", answered[WEB])
    assert sold - booked == Counter(), "acknowledged and lost"
    assert booked - sold == Counter(), "counted twice, or never sold"
    assert on_hand == {gtin: -sum(n * line[3] for line, n in sold.items() if line[2] == gtin) for gtin in GTINS}
    assert checked.returncode == 0
    assert box.faults_of_the_store() == []


def kill(box: StoreBox, name: str, tills: tuple[Till, ...], after_ms: float) -> float:
    """Once it has run for a while and that long after a sale was acknowledged; seconds until the next one is."""
    standing = until(lambda: box.standings().get(name), 10, f"{name} is known")
    until(lambda: time.time() > standing.since_utc_s + STEADY_S, STEADY_S + 1, f"{name} is steady")
    count = len(tills[0].acknowledged)
    until(lambda: len(tills[0].acknowledged) > count, 60, "a sale is acknowledged", 0.001)
    time.sleep(after_ms / 1000)
    count = sum(len(till.acknowledged) for till in tills)
    killed_s = box.kill(name)
    until(lambda: sum(len(till.acknowledged) for till in tills) > count + len(tills), 120, "sales are acknowledged")
    until(lambda: box.pid(name), 120, f"{name} runs again")
    return time.monotonic() - killed_s
