import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PackageError
from core.learning.backbone import read_weights
from core.learning.checkpoint import find_checkpoint, parse_checkpoint, read_checkpoint

_REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
_NO_HOOKS = b"ccollections\nOrderedDict\n)R"
_HEAD = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
_SYSTEM = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}, 2)


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _tuple(*numbers: int) -> bytes:
    return b"(" + b"".join(b"J" + struct.pack("<i", number) for number in numbers) + b"t"


def _tensor(
    key: str = "s", *, shape: tuple[int, ...] = (2, 3), strides: tuple[int, ...] = (3, 1), offset: int = 0,
    count: int = 6, kind: str = "FloatStorage", rebuild: bytes = _REBUILD,
) -> bytes:  # fmt: skip
    label = b"(" + _text("storage") + f"ctorch\n{kind}\n".encode() + _text(key) + _text("cpu")
    storage = label + b"J" + struct.pack("<i", count) + b"NtQ"
    arguments = storage + b"J" + struct.pack("<i", offset) + _tuple(*shape) + _tuple(*strides) + b"\x89" + _NO_HOOKS
    return rebuild + b"(" + arguments + b"tR"


def _file(
    tensor: bytes, *, keys: tuple[str, ...] = ("s",), values: tuple[float, ...] = (0, 1, 2, 3, 4, 5),
    declared: int | None = None, head: bytes = _HEAD, tail: bytes = b"",
) -> bytes:  # fmt: skip
    """A checkpoint with one tensor named `t`, as the legacy writer lays it out."""
    tensors = b"\x80\x02ccollections\nOrderedDict\n)R(" + _text("t") + tensor + b"u."
    stored = struct.pack("<q", len(values) if declared is None else declared) + np.array(values, "<f4").tobytes()
    return head + _SYSTEM + tensors + pickle.dumps(list(keys), 2) + stored + tail


def test_a_tensor_comes_back_with_its_shape() -> None:
    tensors = parse_checkpoint(_file(_tensor()))
    assert tensors["t"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_transposed_tensor_comes_back_in_its_own_order() -> None:
    tensors = parse_checkpoint(_file(_tensor(shape=(3, 2), strides=(1, 3))))
    assert tensors["t"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_the_installed_weights_are_read_whole() -> None:
    weights = read_weights()
    assert weights["_fc.weight"].shape == (1000, 1280)
    assert sum(tensor.size for tensor in weights.values() if tensor.dtype == np.float32) == 4_694_024
    assert all(np.isfinite(tensor).all() for tensor in weights.values())


class _Evil:
    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._target}",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_a_command_is_refused_and_runs_nothing(protocol: int, tmp_path: Path) -> None:
    evil = pickle.dumps(_Evil(tmp_path / "ran"), protocol)
    for data in (evil, _HEAD + _SYSTEM + evil, _HEAD + evil):
        with pytest.raises(PackageError):
            parse_checkpoint(data)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_file(_tensor(rebuild=b"cos\nsystem\n")), "names 'os system', which may not be used"),
        (_file(_tensor(rebuild=b"ccollections\nOrderedDict\n")), "calls what may not be called"),
        (_file(_tensor(kind="BFloat16Storage")), "may not be used"),
        (_file(_tensor(shape=(3, 3), strides=(3, 1))), "larger than its storage"),
        (_file(_tensor(offset=1)), "larger than its storage"),
        (_file(_tensor(offset=-1)), "no storage or no offset"),
        (_file(_tensor(strides=(-3, 1))), "no shape or no strides"),
        (_file(_tensor(shape=(2**30, 2**30, 2**30), strides=(0, 0, 0))), "larger than its storage"),
        (_file(_tensor(count=7)), "ends inside storage"),
        (_file(_tensor(), declared=5), "holds 5 elements, 6 were declared"),
        (_file(_tensor(), keys=("other",)), "does not match its tensors"),
        (_file(_tensor(), tail=b"x"), "1 bytes follow"),
        (_file(_tensor(), head=pickle.dumps(1, 2)), "magic number"),
        (_file(b"N"), "does not match its tensors"),
        (_file(_tensor() + _text("u") + b"N"), "something else than named tensors"),
        (_file(_tensor())[:-30], "ends inside storage"),
        (b"", "cut off"),
        (b"PK\x03\x04 a zip of the newer format", "uses opcode"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_said(data: bytes, said: str) -> None:
    with pytest.raises(PackageError, match=said):
        parse_checkpoint(data)


def test_a_package_that_is_not_installed_is_a_package_error() -> None:
    with pytest.raises(PackageError, match="'no_such_package_here' is not installed"):
        find_checkpoint("no_such_package_here")


def test_a_file_that_is_not_there_is_a_package_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not a checkpoint that can be read"):
        read_checkpoint(tmp_path / "gone.pth")


@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_are_refused(data: bytes, with_head: bool) -> None:
    with pytest.raises(PackageError):
        parse_checkpoint((_HEAD + _SYSTEM if with_head else b"") + data)


@given(st.data())
def test_a_changed_checkpoint_is_read_or_refused_never_anything_else(data: st.DataObject) -> None:
    content = bytearray(_file(_tensor()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=4))
    try:
        tensors = parse_checkpoint(bytes(content))
    except PackageError:
        return
    assert all(isinstance(tensor, np.ndarray) for tensor in tensors.values())
