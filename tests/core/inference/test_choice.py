from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import EngineError
from core.inference.choice import AUTO, Chooser
from core.inference.engine import LocalEngine
from core.inference.providers import NAMES
from core.inference.request import Answer, Ask, Outcome
from core.inference.settings import InferenceSettings
from core.metrics import Metrics
from core.models.package import Package
from core.models.trust import SigningKey
from core.settings import checked
from tests.support.accelerators import Accelerator
from tests.support.graphs import awkward_inputs, awkward_package, score_package

KEY = SigningKey.new()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return score_package(tmp_path_factory.mktemp("tiny") / "p", KEY)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Accelerator:
    return Accelerator(monkeypatch)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def engine(metrics: Metrics) -> Iterator[LocalEngine]:
    engine = LocalEngine(runners=1, chooser=Chooser("openvino"), metrics=metrics)
    yield engine
    engine.close()


def ask(engine: LocalEngine, level: float = 0.75) -> Answer:
    inputs = {"x": np.full(4, level, np.float32)}
    return engine.infer_blocking(Ask("m", inputs), deadline_mono_s=time.monotonic() + 5)


def test_a_site_may_name_every_provider_and_no_other() -> None:
    for name in (AUTO, *NAMES):
        assert checked(InferenceSettings, {"provider": name}, "site").provider == name
        Chooser(name)
    with pytest.raises(EngineError, match="no execution provider 'abacus'"):
        Chooser("abacus")


def test_where_only_the_processor_is_there_nothing_is_measured(tiny: Package, tmp_path: Path) -> None:
    choice = Chooser(AUTO, tmp_path / "kept").choose(tiny)
    assert (choice.session.provider.name, choice.spare, choice.fallen) == ("cpu", None, "")
    assert not (tmp_path / "kept").exists()


def test_a_named_provider_that_is_not_installed_is_said_and_the_processor_works(tiny: Package) -> None:
    choice = Chooser("cuda").choose(tiny)
    assert choice.session.provider.name == "cpu"
    assert choice.fallen.startswith("asked cuda, runs on cpu: model tiny 1: the installed ONNX Runtime cannot run on")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"there": False}, "cannot be loaded on openvino: the driver does not answer"),
        ({"left_out": True}, "would run on ['CPUExecutionProvider'] instead of openvino"),
        ({"gain": 1.01}, "output 'score' expected 0.1"),
        ({"gain": 9.0}, "verdict flipped"),
    ],
)
def test_a_listed_provider_that_does_not_work_is_said_and_the_processor_works(
    device: Accelerator, tiny: Package, fault: dict[str, object], why: str
) -> None:
    for name, value in fault.items():
        setattr(device, name, value)
    choice = Chooser("openvino").choose(tiny)
    assert choice.session.provider.name == "cpu"
    assert why in choice.fallen
    assert Chooser(AUTO).choose(tiny).session.provider.name == "cpu"


def test_the_processor_stands_behind_another_provider(device: Accelerator, tiny: Package) -> None:
    choice = Chooser("openvino").choose(tiny)
    assert choice.spare is not None
    assert (choice.session.provider.name, choice.spare.provider.name) == ("openvino", "cpu")


def test_auto_takes_the_faster_one_and_keeps_what_it_measured(
    device: Accelerator, tiny: Package, tmp_path: Path
) -> None:
    device.slow_s = 0.005
    chooser = Chooser(AUTO, tmp_path / "kept")
    assert chooser.choose(tiny).session.provider.name == "cpu"
    device.slow_s = 0.0
    assert chooser.choose(tiny).session.provider.name == "cpu", "measured again, although nothing changed"
    (kept,) = (tmp_path / "kept").iterdir()
    document = json.loads(kept.read_bytes())
    for trial in document["trials"]:
        trial["run_s"] = {"cpu": 0.02, "openvino": 0.01}.get(trial["provider"])
    kept.write_text(json.dumps(document))
    assert chooser.choose(tiny).session.provider.name == "openvino"
    for trial in document["trials"]:
        trial["run_s"] = {"cpu": 0.02, "openvino": 0.019}.get(trial["provider"])
    kept.write_text(json.dumps(document))
    assert chooser.choose(tiny).session.provider.name == "cpu", "a twentieth is not worth it"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"places": []}', b"\xff"])
def test_what_was_kept_and_is_damaged_is_measured_anew(
    device: Accelerator, tiny: Package, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / f"{tiny.sha256}.json").write_bytes(content)
    assert len(Chooser(AUTO, tmp_path).trials(tiny)) == 4
    assert json.loads((tmp_path / f"{tiny.sha256}.json").read_bytes())["threads"] == 1


def test_where_nothing_can_be_kept_it_is_measured_each_time(device: Accelerator, tiny: Package, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert len(Chooser(AUTO, tmp_path / "file").trials(tiny)) == 4


def test_a_device_that_is_pulled_out_costs_no_answer_and_is_shown(
    device: Accelerator, tiny: Package, engine: LocalEngine, metrics: Metrics
) -> None:
    engine.load("m", tiny)
    assert ask(engine).scalar("score") == 0.75
    assert "edge_inference_fallback" in metrics.text().decode()
    assert 'ep="openvino"' in metrics.text().decode()
    device.there = False
    answers = [ask(engine, level) for level in (0.1, 0.2, 0.9)]
    assert [answer.outcome for answer in answers] == [Outcome.ANSWERED] * 3
    assert [round(answer.scalar("score"), 6) for answer in answers] == [0.1, 0.2, 0.9]
    standing = engine.standing("m")
    assert standing is not None
    assert standing.provider == "cpu"
    assert standing.fallen.startswith("asked openvino, runs on cpu since 20")
    assert standing.fallen.endswith("the device was removed")
    assert 'fallback{asked="openvino",ep="cpu",model="tiny",version="1"} 1.0' in metrics.text().decode()
    device.there = True
    engine.load("m", tiny)
    standing = engine.standing("m")
    assert standing is not None
    assert (standing.provider, standing.fallen) == ("openvino", "")


def test_an_input_that_fails_everywhere_is_not_the_devices_fault(
    device: Accelerator, engine: LocalEngine, tmp_path: Path
) -> None:
    engine.load("m", awkward_package(tmp_path / "p", KEY))
    deadline_mono_s = time.monotonic() + 5
    answer = engine.infer_blocking(Ask("m", awkward_inputs(fails=True)), deadline_mono_s=deadline_mono_s)
    assert (answer.outcome, "Gather" in answer.reason) == (Outcome.FAILED, True)
    answer = engine.infer_blocking(Ask("m", awkward_inputs(2.0)), deadline_mono_s=deadline_mono_s)
    assert answer.scalar("score") == 2.0
    standing = engine.standing("m")
    assert standing is not None
    assert (standing.provider, standing.fallen) == ("openvino", "")
