"""What models add to the memory of a process: six of them after batches of eight, and a thousand swaps under load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from core.inference.session import Session
from core.learning.backbone import build_backbone, read_weights
from core.models.card import Card, TensorSpec
from core.models.golden import Golden, GoldenCase
from core.models.package import write_package
from core.models.trust import Trust

pytestmark = pytest.mark.bench

_SIDE_PX = 256
_BATCH = 8

SIX = """
import json, sys, time
from functools import partial
from pathlib import Path
import numpy as np
import psutil
from core.inference.engine import LocalEngine
from core.inference.providers import runtime
from core.inference.request import Ask, Outcome
from core.models.package import read_package
from core.models.trust import Trust

folder, side = Path(sys.argv[1]), int(sys.argv[2])
runtime()
engine = LocalEngine()
trust = Trust(folder / "keys")
memory = psutil.Process().memory_info
before = memory().rss
loaded = []
for number in range(6):
    read = partial(read_package, folder / f"p{number}", trust)
    engine.load(f"m{number}", read(), again=read)
    loaded.append(memory().rss - before)
images = np.random.default_rng(1).random((8, 3, side, side), np.float32) * 255
for turn in range(3):
    for number in range(6):
        ask = Ask(f"m{number}", {"image": images})
        answer = engine.infer_blocking(ask, deadline_mono_s=time.monotonic() + 60)
        assert answer.outcome is Outcome.ANSWERED, answer.reason
print(json.dumps({"loaded": loaded, "after": memory().rss - before}))
engine.close()
"""


def _free_batch() -> bytes:
    model = build_backbone(read_weights(), _SIDE_PX, (3, 4, 5))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _card(model: bytes, number: int) -> Card:
    outputs = [
        TensorSpec(value.name, "float32", tuple(dim.dim_value or -1 for dim in value.type.tensor_type.shape.dim))
        for value in onnx.load_from_string(model).graph.output
    ]
    return Card(
        name=f"backbone-{number}", version="1", kind="features", outputs=tuple(outputs), licence="Apache-2.0",
        inputs=(TensorSpec("image", "float32", (-1, 3, _SIDE_PX, _SIDE_PX)),), intended_use="bench",
    )  # fmt: skip


def test_six_models_after_batches_of_8_add_at_most_300_mb(tmp_path: Path) -> None:
    model, key = _free_batch(), Trust(tmp_path / "keys").box_key()
    inputs = {"image": np.ones((1, 3, _SIDE_PX, _SIDE_PX), np.float32)}
    expected = Session(model, _card(model, 0)).run(inputs)
    for number in range(6):
        golden = Golden((GoldenCase("ones", inputs, expected),))
        write_package(tmp_path / f"p{number}", _card(model, number), model, golden, key)
    done = subprocess.run(
        [sys.executable, "-c", SIX, str(tmp_path), str(_SIDE_PX)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    steps = ", ".join(f"{value / 1e6:.0f}" for value in found["loaded"])
    size = f"{len(model) / 1e6:.0f} MB each"
    print(f"\nsix backbones, {size}: loaded {steps} MB, after batches of {_BATCH} {found['after'] / 1e6:.0f} MB")
    assert found["after"] <= 300e6
