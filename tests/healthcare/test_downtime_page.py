"""The downtime pack: what a ward goes on with by pencil, held to the rules of NEWS2."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from healthcare.downtime_page import CHART, COLUMNS
from healthcare.vitals.news2 import points_of
from tests.support.screens import eventually
from tests.support.ward_json import bed, news2, placed
from tests.support.ward_rooms import RoomRig, desk, stay

_STEP = {"temp_cel": 0.1}
_SPANS = {"temp_cel": (30.0, 42.0), "spo2_scale_1": (70, 100), "spo2_scale_2": (70, 100)}


def bounds(text: str) -> tuple[float, float]:
    numbers = [float(one) for one in re.findall(r"\d+(?:\.\d)?", text.replace("O₂", ""))]
    if text.startswith("≥"):
        return numbers[0], 400.0
    return (0.0, numbers[0]) if text.startswith("≤") else (numbers[0], numbers[1])


def band_of(bands: tuple[tuple[str, int], ...], value: float) -> list[int]:
    return [points for text, points in bands if bounds(text)[0] - 1e-9 <= value <= bounds(text)[1] + 1e-9]


@pytest.mark.parametrize("name", ["rr_per_min", "sys_mmhg", "pulse_per_min", "temp_cel", "spo2_scale_1"])
def test_the_paper_chart_scores_as_the_box_does_for_every_value(name: str) -> None:
    bands = next(bands for one, _, bands in CHART if one == name)
    low, high = _SPANS.get(name, (1, 260))
    parameter, step = ("spo2_pct" if name == "spo2_scale_1" else name), _STEP.get(name, 1)
    for number in range(round((high - low) / step) + 1):
        value = round(low + number * step, 1)
        assert band_of(bands, value) == [points_of(parameter, value)], value


@pytest.mark.parametrize("on_oxygen", [True, False])
def test_scale_2_goes_by_oxygen_above_92(on_oxygen: bool) -> None:
    all_bands = next(bands for one, _, bands in CHART if one == "spo2_scale_2")
    other = "on air" if on_oxygen else "on O₂"
    bands = tuple(band for band in all_bands if other not in band[0])
    for value in range(70, 101):
        assert band_of(bands, value) == [points_of("spo2_pct", value, scale=2, on_oxygen=on_oxygen)], value


def test_oxygen_and_consciousness_are_scored_as_the_box_does() -> None:
    chart = {name: [points for _, points in bands] for name, _, bands in CHART}
    assert chart["oxygen"] == [points_of("oxygen", False), points_of("oxygen", True)]
    assert chart["consciousness"] == [points_of("consciousness", "A"), points_of("consciousness", "V")]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("downtime"), beds=4) as running:
        beds = {
            "bed-1": bed(news2=news2("7", 12, risk="high")),
            "bed-2": bed(scale2=True),
            "bed-3": placed("no-data"),
            "bed-4": placed("empty", patient=None),
        }
        running.run_line(beds, desk())
        running.record(stay(1, "bed-1", "4711"))
        yield running


def test_every_patient_has_a_blank_chart_and_every_bed_its_last_values(station: RoomRig) -> None:
    html = station.as_("Nurse 14").get("/downtime").text
    assert re.findall(r'data-chart="(\d+)"', html) == ["1", "2", "3"]
    assert re.findall(r'<tr data-bed="(\d+)"', html) == ["1", "2", "3", "4"]
    assert "Values as of <b>23 Nov 14:" in html and "13:53" in html and "(old values)" in html
    assert "In charge: <b>Charge nurse 03</b>" in html and "SpO₂ SCALE 2" in html
    rows = sum(len(bands) for _, _, bands in CHART)
    charts = "".join(re.findall(r'<section class="pack__chart".*?</section>', html, re.DOTALL))
    assert charts.count("<td></td>") == 3 * COLUMNS * (1 + rows + 3)


def test_names_are_for_who_is_signed_in_and_else_there_is_room_to_write_one(station: RoomRig) -> None:
    assert "Koch, Anna" in station.as_("Nurse 14").get("/downtime").text
    html = station.client().get("/downtime").text
    assert "Koch" not in html and "name ____" in html


def test_who_had_the_names_before_them_is_audited_and_a_page_left_open_fills_no_audit(station: RoomRig) -> None:
    def seen() -> list[str]:
        return [entry.who for entry in station.audit.read() if entry.act == "downtime-seen"]

    station.client().get("/downtime")
    before = len(seen())
    other = station.as_("Nurse 15")
    for _ in range(3):
        other.get("/downtime")
    assert seen()[before:] == ["Nurse 15"]


def test_the_page_needs_nothing_once_it_is_open(station: RoomRig) -> None:
    """No stream that would load it anew, no cover over it, no picture or font to fetch."""
    html = station.client().get("/downtime").text
    assert "/static/ui/main.js" not in html and "frozen" not in html and "<img" not in html
    assert 'data-redraw-s="60"' in html and 'data-swap="pack"' in html


def test_a_box_that_hears_nothing_says_so_on_paper(station: RoomRig) -> None:
    station.silence_line()
    eventually(lambda: "The box heard nothing" in station.client().get("/downtime").text, within_s=8)
