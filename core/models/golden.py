"""Golden vectors: inputs with the outputs that a model gave where it was made, kept in `golden.npz`."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PackageError
from core.inference.request import Arrays
from core.models.card import Card, TensorSpec

_MAX_CASES = 1000
_MAX_BYTES = 256 * 2**20
_MAX_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class GoldenCase:
    """One run of the model: `inputs` as its card wants them, `expected` for every output."""

    name: str
    inputs: Arrays
    expected: Arrays


@dataclass(frozen=True, slots=True)
class Golden:
    cases: Sequence[GoldenCase] = field(default_factory=tuple)


def write_golden(golden: Golden) -> bytes:
    """The bytes of `golden.npz`: the same cases give the same bytes."""
    arrays: dict[str, NDArray[Any]] = {}
    for case in golden.cases:
        for part, values in (("input", case.inputs), ("output", case.expected)):
            for name, value in values.items():
                arrays[f"{_label(case.name)}/{part}/{_label(name)}"] = np.asarray(value)
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()


def read_golden(content: bytes, card: Card, where: str = "golden.npz") -> Golden:
    """Raises PackageError when `content` is not what `write_golden` writes, or does not fit `card`."""
    parts: dict[str, dict[str, dict[str, NDArray[Any]]]] = {}
    for key, array in read_arrays(content, where).items():
        label, part, name = _split(key, where)
        parts.setdefault(label, {"input": {}, "output": {}})[part][name] = array
    if not 0 < len(parts) <= _MAX_CASES:
        raise PackageError(f"{where}: holds {len(parts)} cases, expected 1 to {_MAX_CASES}")
    cases = tuple(GoldenCase(name, part["input"], part["output"]) for name, part in parts.items())
    for case in cases:
        _check(case.inputs, card.inputs, f"{where}: case '{case.name}': input")
        _check(case.expected, card.outputs, f"{where}: case '{case.name}': output")
    return Golden(cases)


def mismatch(array: NDArray[Any], spec: TensorSpec) -> str:
    """Why `array` is not what `spec` asks for, in words; empty when it is."""
    if array.dtype.name != spec.dtype:
        return f"is {array.dtype.name}, expected {spec.dtype}"
    fits = len(array.shape) == len(spec.shape) and all(
        wanted in (-1, size) for size, wanted in zip(array.shape, spec.shape, strict=True)
    )
    return "" if fits else f"has the shape {list(array.shape)}, expected {list(spec.shape)}"


def _check(arrays: Mapping[str, NDArray[Any]], specs: Sequence[TensorSpec], where: str) -> None:
    names = [spec.name for spec in specs]
    if set(arrays) != set(names):
        raise PackageError(f"{where}s are {sorted(arrays)}, expected {sorted(names)}")
    for spec in specs:
        reason = mismatch(arrays[spec.name], spec)
        if reason:
            raise PackageError(f"{where} '{spec.name}' {reason}")


def _label(name: str) -> str:
    if not name or "/" in name or "\\" in name or not name.isprintable() or len(name) > 200:
        raise PackageError(f"golden.npz: {name!r} cannot name a case or a tensor")
    return name


def _split(key: str, where: str) -> tuple[str, str, str]:
    case, _, rest = key.partition("/")
    part, _, name = rest.partition("/")
    if not case or part not in ("input", "output") or not name:
        raise PackageError(f"{where}: '{key}' is not <case>/input/<name> or <case>/output/<name>")
    return case, part, name


def read_arrays(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name. Raises PackageError for damaged bytes, whatever is wrong with them."""
    arrays: dict[str, NDArray[Any]] = {}
    left_bytes = _MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                left_bytes -= entry.file_size
                if left_bytes < 0:
                    raise PackageError(f"{where}: is larger than {_MAX_BYTES >> 20} MiB when unpacked")
                with archive.open(entry) as file:
                    raw = file.read(entry.file_size)
                arrays[entry.filename.removesuffix(".npy")] = _array(raw, f"{where}: {entry.filename}")
    # zipfile answers damaged archives with many kinds of errors: zlib's, struct's, codec's, its own
    except PackageError:
        raise
    except Exception as error:
        raise PackageError(f"{where}: not readable: {error!r}", hint="Make the package again.") from error
    return arrays


def _array(raw: bytes, where: str) -> NDArray[Any]:
    """The one array of an .npy file, format 1.0 or 2.0; nothing is allocated that the file does not hold."""
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file, max_header_size=_MAX_HEADER_BYTES)
    data = raw[file.tell() :]
    if dtype.hasobject or dtype.itemsize == 0 or len(data) != math.prod(shape) * dtype.itemsize:
        raise PackageError(f"{where}: does not hold the numbers that its header promises")
    flat = np.frombuffer(data, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
