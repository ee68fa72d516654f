"""What the suite has to know of a vertical to put it to the test. A new one adds its case here.

A case gives a site's settings, what its sources typically bring, what its models may answer and what people
ask; the suite makes the hostile versions itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import MetaData

from core.clock import Instant
from core.inference.request import Answer, Ask, ModelRef, Outcome
from tests.contract.dummies import kiosk, orchard, oven
from tests.support.factories import AT_UTC_S
from verticals import catalog
from verticals.contract import Decision, Sample, Vertical

_IMAGE = np.random.default_rng(3).integers(0, 255, (12, 16, 3), np.uint8)
_Outputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """`unsafe` says what may never follow when there was no answer; `outputs` are answers per round, in turn.

    `values_pass`: readings are no record; what was heard after the last save is heard anew after a kill.
    """

    name: str
    vertical: Vertical
    settings: Any
    sources: Mapping[str, Sequence[Mapping[str, Any]]]
    orders: Sequence[tuple[str, str, Mapping[str, Any]]]
    outputs: Sequence[_Outputs] = ({},)
    limits: Mapping[str, float] = field(default_factory=dict)
    tables: Sequence[MetaData] = ()
    news: Sequence[tuple[str, str, str]] = ()  # (station, device, detail) of what is there from the start
    unsafe: Callable[[Decision], bool] = lambda decision: False
    inbox: bool = False
    values_pass: bool = False

    def samples(self, at: Instant, first: int = 1) -> list[Sample]:
        """One sample of each kind that the sources bring, with keys that rise."""
        kinds = [(source, values) for source, several in self.sources.items() for values in several]
        return [
            Sample(source, at, {**values, **self._counted(values, first + number)}, str(first + number))
            for number, (source, values) in enumerate(kinds)
        ]

    def answer(self, ask: Ask, turn: int) -> Answer:
        model = ModelRef(ask.model, "1", "ab" * 32, self.limits)
        return Answer(model, Outcome.ANSWERED, self.outputs[turn % len(self.outputs)])

    def _counted(self, values: Mapping[str, Any], number: int) -> dict[str, Any]:
        return {name: number for name in ("counter", "passed") if name in values}


def _oven() -> Case:
    return Case(
        "oven",
        oven.Oven(),
        oven.OvenSettings(),
        sources={"door-1": [{"door": True}, {"door": False}]},
        orders=[("oven-1", "bake", {"for_s": 3.0}), ("oven-2", "bake", {"for_s": 60}), ("oven-1", "silence", {})],
    )


def _orchard() -> Case:
    def unsafe(decision: Decision) -> bool:
        return any(not action.value["off"] for action in decision.actions)

    return Case(
        "orchard",
        orchard.Orchard(),
        orchard.OrchardSettings(),
        sources={"camera": [{"image": _IMAGE}, {"image": _IMAGE}, {}]},
        orders=[("tray", "count", {})],
        outputs=[
            {"score": np.array([0.9], np.float32)},
            {"score": np.array([0.2], np.float32)},
            {"score": np.array([np.nan], np.float32)},
        ],
        tables=[orchard.metadata],
        unsafe=unsafe,
    )


def _kiosk() -> Case:
    moves = [{"item": "crisps", "change": 5}, {"item": "crisps", "change": -1}, {"item": "tea", "change": 1}]
    return Case(
        "kiosk",
        kiosk.Kiosk(),
        kiosk.KioskSettings(),
        sources={"till": moves},
        orders=[("shelf", "counted", {"item": "crisps", "count": 9})],
        tables=[kiosk.metadata],
        inbox=True,
    )


def _manufacturing() -> Case:
    from manufacturing.recipe_tables import metadata
    from manufacturing.settings import CameraSettings, LineSettings, ManufacturingSettings, ModbusSettings, PlcSettings

    camera, plc = CameraSettings(), PlcSettings("opc.tcp://localhost:1")
    modbus = ModbusSettings("localhost", reject_coil=1, reject_after=0.8)
    lines = [
        LineSettings("line-1", "Line 1", "flange", plc, camera),
        LineSettings("line-2", "Line 2", "flange", plc, camera, modbus=modbus),
    ]
    model = {"name": "bracket", "version": "1", "sha256": "cd" * 32}
    part = {"about": "part", "image": _IMAGE, "counter": 0, "passed": 0, "grab_ms": 4.2}
    blind = {name: value for name, value in part.items() if name != "image"}
    heat = np.zeros((1, 1, 16, 16), np.float32)
    heat[0, 0, 4:8, 8:12] = 3.0

    def unsafe(decision: Decision) -> bool:
        return any(action.target.endswith(".result") and action.value["accept"] for action in decision.actions)

    return Case(
        "manufacturing",
        catalog.load("manufacturing"),
        ManufacturingSettings(lines),
        sources={
            "line-1-cell": [
                part,
                blind,
                {"about": "gate", "rejected": True},
                {"about": "status"},
                {"about": "recipe", "recipe_number": 0},
            ],
            "line-2-cell": [part],
        },
        orders=[
            ("line-1", "label", {"part": "1", "label": "false-reject"}),
            ("line-1", "bypass", {"reason": "set-up", "for_s": 2.5}),
            ("line-2", "stop", {}),
            ("line-2", "start", {}),
            ("line-1", "end-bypass", {}),
            ("line-1", "activate", {"name": "flange", "version": "2"}),
            ("line-1", "save-recipe", {"name": "bracket", "model": model, "reason": "new part"}),
            ("line-1", "choose-recipe", {"name": "bracket", "reason": "set-up"}),
        ],
        outputs=[
            {"score": np.array([1.0], np.float32), "heat_map": heat * 0},
            {"score": np.array([3.0], np.float32), "heat_map": heat},
            {"score": np.array([np.nan], np.float32), "heat_map": heat},
        ],
        limits={"threshold": 2.0},
        tables=[metadata],
        news=[(name, f"{name}-model", f"flange 1 {'ab' * 32}") for name in ("line-1", "line-2")],
        unsafe=unsafe,
    )


def _reading(measure: str, value: float | None, at_utc_s: float) -> dict[str, Any]:
    return {"measure": measure, "instance": "1.1.1.1", "value": value, "unit": "", "at_utc_s": at_utc_s, "absent": "",
            "code": "", "ref_id": "", "site": ""}  # fmt: skip


def _healthcare() -> Case:
    from healthcare.settings import BedSettings, HealthcareSettings, PagerSettings
    from healthcare.tables import metadata

    beds = [BedSettings("bed-1", "1", "W7^R1^B1", nurse="Nurse 12"), BedSettings("bed-2", "2", "W7^R1^B2")]
    first, second = {"location": "W7^R1^B1"}, {"location": "W7^R1^B2"}
    low = json.dumps([_reading("spo2_pct", 71, AT_UTC_S), _reading("hr_per_min", 132, AT_UTC_S)])
    gone = json.dumps([_reading("spo2_pct", None, AT_UTC_S)])
    alarm = {"id": "a-1", "phase": "start", "state": "active", "inactivation": "enabled", "priority": "PH",
             "type": "SP", "code": "199680", "ref_id": "", "text": "ASYSTOLE", "value": None, "limits": "",
             "source_code": "", "source_ref": "", "at_utc_s": AT_UTC_S}  # fmt: skip
    patient = {"id": "12345", "family": "Test", "given": "A", "birth_date": "1958-03-02", "sex": "F"}
    admitted = {"kind": "patient", "event": "A01", "patient": json.dumps(patient), "prior_location": "", **first}
    wave = {"kind": "wave", "channel": "ecg_ii_mv", "rate_hz": 250.0, "sequence": 1, "start_utc_s": AT_UTC_S}
    samples = np.sin(np.arange(62, dtype=np.float32) / 5)
    return Case(
        "healthcare",
        catalog.load("healthcare"),
        HealthcareSettings("Ward 7", beds, pager=PagerSettings("http://localhost:1/call")),
        sources={
            "hl7": [
                {**admitted, "at_utc_s": AT_UTC_S},
                {"kind": "numerics", "readings": low, "patient": "12345", **first},
                {"kind": "numerics", "readings": gone, "patient": "", **second},
                {"kind": "monitor-alarm", "alarm": json.dumps(alarm), **second},
                {"kind": "link", "feed": "hl7", "ok": True, "age_s": 0.5, "heard_utc_s": AT_UTC_S},
            ],
            "waves": [{**wave, **first, "samples": samples}],
        },
        orders=[
            ("bed-2", "acknowledge", {"alarm": ""}),
            ("bed-1", "enter-observations", {"values": {"consciousness": "A", "oxygen_device": "air"}}),
            ("bed-1", "set-limits", {"measure": "hr_per_min", "high": 130, "lasts_s": 3600, "reason": "fever"}),
            ("bed-1", "clear-limits", {"measure": "hr_per_min", "reason": "over"}),
            ("bed-2", "standby", {"why": "in imaging"}),
            ("bed-2", "end-standby", {}),
            ("ward", "pause-audio", {}),
            ("ward", "roster", {"beds": {"bed-2": {"nurse": "Nurse 14"}}, "charge": "Charge nurse 03", "on_shift": []}),
            ("ward", "commission-audio", {"screen": "station", "tones": ["high", "medium", "low"]}),
            ("ward", "transfer", {"bed": "bed-1", "to": "bed-2"}),
        ],
        tables=[metadata],
        values_pass=True,
    )  # fmt: skip


def _retail() -> Case:
    from retail.settings import RetailSettings
    from retail.shelf.settings import BaySettings
    from retail.tables import metadata

    bay = BaySettings("drinks", "plan.toml", "still.png", camera="camera.folder", options={"folder": "view"})
    drawn = [{"name": "left", "product": "04006381333931", "box": [0.1, 0.1, 0.3, 0.8], "facings": 1}]

    sold = {"line": 1, "gtin": "04006381333931", "thousandths": 2000, "from": "floor", "to": "customer"}
    unknown = {"line": 2, "code": "2000417", "thousandths": 425, "from": "floor", "to": "customer"}
    counted = {"line": 1, "gtin": "04006381333931", "place": "floor", "thousandths": 7000}
    sale = {"source": "till-3", "ref": "2026-11-23/17", "kind": "sale", "at_utc_s": AT_UTC_S, "lines": [sold, unknown]}
    count = {"source": "counts", "ref": "c-1", "kind": "count", "at_utc_s": AT_UTC_S, "counts": [counted]}
    void = {"source": "till-3", "ref": "2026-11-23/18", "kind": "void", "at_utc_s": AT_UTC_S,
            "voids": {"source": "till-3", "ref": "2026-11-23/17", "lines": None}}  # fmt: skip
    product = {"gtin": "04006381333931", "name": "Marker", "price_cents": 249, "codes": ["4711"]}
    slot = {"fixture": "A", "shelf": 1, "slot": 1, "gtin": "04006381333931", "capacity": 12}
    broken = {"source": "till-3", "ref": "2026-11-23/19", "kind": "sale", "at_utc_s": AT_UTC_S, "lines": []}
    return Case(
        "retail",
        catalog.load("retail"),
        RetailSettings("Store 014", bays=(bay,)),
        sources={
            "till": [
                {"kind": "documents", "documents": json.dumps([sale, count])},
                {"kind": "documents", "documents": json.dumps([void, broken])},
            ],
            "import": [{"kind": "catalogue", "products": json.dumps([product]), "slots": json.dumps([slot])}],
            # What a bay was set up with comes from its device at every start: until then it takes no frame in.
            "bay-drinks": [{"kind": "view", "image": _IMAGE}],
        },
        orders=[
            ("store", "book", {"document": {**sale, "ref": "by-hand"}}),
            ("bay-drinks", "plan", {"bay": "drinks", "slots": drawn}),
        ],
        tables=[metadata],
        inbox=True,
    )


DUMMIES: Mapping[str, Callable[[], Case]] = {"oven": _oven, "orchard": _orchard, "kiosk": _kiosk}
#: By the name in the catalog.
BUILT_IN: Mapping[str, Callable[[], Case]] = {
    "manufacturing": _manufacturing,
    "healthcare": _healthcare,
    "retail": _retail,
}
CASES = {**DUMMIES, **BUILT_IN}
