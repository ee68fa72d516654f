"""Every page of the ward says what it is not: the whole panel over a real web process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healthcare import tables
from healthcare.panel import panel
from healthcare.station_frame import DISCLAIMER
from tests.support.bed_screens import BedRig
from tests.support.screens import PIN, Trial, Visitor
from tests.support.ward_screens import MANIFEST

_FILLED = {"<bed>": "bed-7", "<number>": "1", "<measure>": "hr_per_min"}
_PAGES = sorted(page.path for page in panel().pages if "GET" in page.methods)


class WholeWard(BedRig):
    """With every page of the product, not those of one room."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self._vertical = Trial(panel(), MANIFEST)


@pytest.fixture(scope="module")
def charge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with WholeWard(tmp_path_factory.mktemp("panel")) as station:
        tables.metadata.create_all(station.store.engine)
        station.run_line()
        station.day_of_the_design()
        station.accounts.add("Charge nurse 03", PIN, {"healthcare": "charge"}, by="the test")
        visitor = station.client()
        visitor.timeout = 60.0  # what is judged is what stands there, not when
        visitor.sign_in("Charge nurse 03")
        yield visitor


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_says_that_it_is_no_medical_device_and_no_primary_alarm(charge: Visitor, path: str) -> None:
    for name, value in _FILLED.items():
        path = path.replace(name, value)
    answer = charge.get(path)
    assert answer.status_code == 200, path
    assert DISCLAIMER in answer.text
