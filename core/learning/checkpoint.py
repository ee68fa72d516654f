"""Reads the tensors of a legacy PyTorch checkpoint without PyTorch and without ever running a pickle.

The pickle opcodes are read one by one by an interpreter that knows only what a dictionary of tensors
needs. It looks no name up, so nothing that a file names can be imported or called.

Sources: opcodes as in CPython's `pickletools.py`, protocol 2. The file as in `torch.serialization._legacy_save`:
five pickles (magic number, protocol, system description, the object, the storage keys in order), then per storage
an int64 count and its elements, little-endian.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PackageError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_PICKLE_PROTOCOL = 2
_LONGEST_LINE = 200
_MAX_FILE_BYTES = 256 * 2**20
_MAX_DEPTH = 10_000  # of the interpreter's stack
_STORAGE_DTYPES: dict[str, np.dtype[Any]] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch DoubleStorage": np.dtype("<f8"),
    "torch HalfStorage": np.dtype("<f2"),
    "torch LongStorage": np.dtype("<i8"),
}
_ORDERED_DICT = "collections OrderedDict"
_REBUILD = "torch._utils _rebuild_tensor_v2"
_ALLOWED_NAMES = frozenset({_ORDERED_DICT, _REBUILD, *_STORAGE_DTYPES})


@dataclass(frozen=True, slots=True)
class _Name:
    """A global that the pickle names; never looked up."""

    text: str


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _FormatError(Exception):
    """What is wrong with the stream; becomes a PackageError that names the file."""


def find_checkpoint(package: str, pattern: str = "models/*.pth") -> Path:
    """The one file of an installed `package` that matches `pattern`. The package is not imported.

    Raises PackageError when the package is not installed or holds another number of such files.
    """
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not folders:
        raise PackageError(f"the Python package '{package}' is not installed", hint="Install Edgewise again.")
    found = sorted(Path(folders[0]).glob(pattern))
    if len(found) != 1:
        raise PackageError(
            f"{folders[0]}: {len(found)} files match {pattern}, expected 1", hint=f"Install '{package}' again."
        )
    return found[0]


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor of the file by its name. Raises PackageError for anything else than a checkpoint."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > _MAX_FILE_BYTES:
            raise _FormatError(f"it has {size_bytes} bytes, more than {_MAX_FILE_BYTES}")
        return parse_checkpoint(path.read_bytes(), str(path))
    except (_FormatError, OSError) as error:
        raise PackageError(f"{path}: not a checkpoint that can be read: {error}") from error


def parse_checkpoint(data: bytes, where: str = "checkpoint") -> dict[str, NDArray[Any]]:
    """Like `read_checkpoint`, of bytes; `where` names them in the PackageError."""
    try:
        return _parse(data)
    except _FormatError as error:
        raise PackageError(f"{where}: not a checkpoint that can be read: {error}") from error


def _parse(data: bytes) -> dict[str, NDArray[Any]]:
    stream = _Stream(data)
    if _Interpreter(stream).run() != _MAGIC:
        raise _FormatError("it does not begin with the magic number of a legacy PyTorch file")
    if _Interpreter(stream).run() != _PROTOCOL:
        raise _FormatError(f"its protocol is not {_PROTOCOL}")
    system = _Interpreter(stream).run()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise _FormatError("it was not written by a little-endian machine")
    reader = _Interpreter(stream)
    tensors = reader.run()
    keys = _Interpreter(stream).run()
    storages = _read_storages(data, stream.at, reader.storages, keys)
    if not isinstance(tensors, dict):
        raise _FormatError("it does not hold a dictionary of tensors")
    sizes_bytes = [math.prod(t.shape) * t.storage.dtype.itemsize for t in tensors.values() if isinstance(t, _Tensor)]
    if sum(sizes_bytes) > len(data):
        raise _FormatError("its tensors are larger than the file")
    return {name: _array(name, tensor, storages) for name, tensor in tensors.items()}


def _read_storages(data: bytes, start: int, declared: dict[str, _Storage], keys: object) -> dict[str, NDArray[Any]]:
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(declared):
        raise _FormatError("its list of storages does not match its tensors")
    arrays: dict[str, NDArray[Any]] = {}
    for key in keys:
        storage = declared[key]
        end = start + 8 + storage.count * storage.dtype.itemsize
        if end > len(data):
            raise _FormatError(f"it ends inside storage {key[:40]!r}")
        (count,) = struct.unpack_from("<q", data, start)
        if count != storage.count:
            raise _FormatError(f"storage {key[:40]!r} holds {count} elements, {storage.count} were declared")
        arrays[key] = np.frombuffer(data, storage.dtype, count, start + 8)
        start = end
    if start != len(data):
        raise _FormatError(f"{len(data) - start} bytes follow its last storage")
    return arrays


def _array(name: object, tensor: object, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    if not isinstance(name, str) or not isinstance(tensor, _Tensor):
        raise _FormatError("it holds something else than named tensors")
    elements = storages[tensor.storage.key][tensor.offset :]
    strides_bytes = [stride * elements.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(elements, tensor.shape, strides_bytes, writeable=False)
    return np.ascontiguousarray(view).reshape(tensor.shape)


def _rebuild_tensor(arguments: tuple[Any, ...]) -> _Tensor:
    """`_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`, inside its storage in every axis."""
    storage, offset, shape, strides = arguments[:4] if len(arguments) == 6 else (None, 0, (), ())
    if not isinstance(storage, _Storage) or not _is_count(offset):
        raise _FormatError("a tensor has no storage or no offset")
    if not _are_counts(shape) or not _are_counts(strides) or len(shape) != len(strides) or len(shape) > 8:
        raise _FormatError("a tensor has no shape or no strides")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if math.prod(shape) > storage.count - offset or (0 not in shape and last >= storage.count):
        raise _FormatError("a tensor is larger than its storage")
    return _Tensor(storage, offset, shape, strides)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40


def _are_counts(values: object) -> bool:
    return isinstance(values, tuple) and all(map(_is_count, values))


class _Stream:
    """The bytes of the checkpoint, read forward."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self.at : self.at + count]
        if len(taken) != count:
            raise _FormatError("a pickle is cut off")
        self.at += count
        return taken

    def number(self, form: str) -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode()
        except UnicodeDecodeError as error:
            raise _FormatError("a text is not UTF-8") from error

    def line(self) -> str:
        end = self._data.find(b"\n", self.at, self.at + _LONGEST_LINE)
        if end < 0:
            raise _FormatError("a name does not end")
        text = self.text(end - self.at)
        self.at = end + 1
        return text


class _Interpreter:
    """One pickle of the stream. `storages` are those it named, by key."""

    def __init__(self, stream: _Stream) -> None:
        self.storages: dict[str, _Storage] = {}
        self._stream = stream
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._steps = self._literals() | self._builders()

    def run(self) -> Any:
        """What the pickle builds; the stream then stands behind its STOP."""
        while (code := self._stream.take(1)) != b".":
            step = self._steps.get(code)
            if step is None:
                raise _FormatError(f"its pickle uses opcode {code!r}, which a dictionary of tensors does not need")
            step()
        return self._pop()

    def _literals(self) -> dict[bytes, Callable[[], None]]:
        stream, push = self._stream, self._push
        return {
            b"\x80": lambda: self._protocol(stream.number("<B")),
            b"N": lambda: push(None),
            b"\x88": lambda: push(True),
            b"\x89": lambda: push(False),
            b"J": lambda: push(stream.number("<i")),
            b"K": lambda: push(stream.number("<B")),
            b"M": lambda: push(stream.number("<H")),
            b"\x8a": lambda: push(int.from_bytes(stream.take(stream.number("<B")), "little", signed=True)),
            b"X": lambda: push(stream.text(stream.number("<I"))),
            b"}": lambda: push({}),
            b"]": lambda: push([]),
            b")": lambda: push(()),
            b"c": self._name,
        }

    def _builders(self) -> dict[bytes, Callable[[], None]]:
        stream, push, pop = self._stream, self._push, self._pop
        return {
            b"(": lambda: self._marks.append(len(self._stack)),
            b"q": lambda: self._put(stream.number("<B")),
            b"r": lambda: self._put(stream.number("<I")),
            b"h": lambda: self._get(stream.number("<B")),
            b"j": lambda: self._get(stream.number("<I")),
            b"\x85": lambda: push((pop(),)),
            b"\x86": lambda: push(tuple(reversed([pop(), pop()]))),
            b"\x87": lambda: push(tuple(reversed([pop(), pop(), pop()]))),
            b"t": lambda: push(tuple(self._pop_to_mark())),
            b"a": lambda: self._append([pop()]),
            b"e": lambda: self._append(self._pop_to_mark()),
            b"s": lambda: self._set_items(list(reversed([pop(), pop()]))),
            b"u": lambda: self._set_items(self._pop_to_mark()),
            b"Q": lambda: push(self._storage(pop())),
            b"R": self._reduce,
            b"b": self._build,
        }

    def _protocol(self, version: int) -> None:
        if version != _PICKLE_PROTOCOL:
            raise _FormatError(f"its pickles are of protocol {version}, expected {_PICKLE_PROTOCOL}")

    def _push(self, value: Any) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise _FormatError("a pickle is nested too deeply")
        self._stack.append(value)

    def _pop(self) -> Any:
        floor = self._marks[-1] if self._marks else 0
        if len(self._stack) <= floor:
            raise _FormatError("a pickle takes what it has not made")
        return self._stack.pop()

    def _pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise _FormatError("a pickle closes what it has not opened")
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _put(self, index: int) -> None:
        value = self._pop()
        self._push(value)
        self._memo[index] = value

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise _FormatError("a pickle reads what it has not kept")
        self._push(self._memo[index])

    def _name(self) -> None:
        text = f"{self._stream.line()} {self._stream.line()}"
        if text not in _ALLOWED_NAMES:
            raise _FormatError(f"it names {text[:80]!r}, which may not be used")
        self._push(_Name(text))

    def _append(self, items: list[Any]) -> None:
        target = self._pop()
        if not isinstance(target, list):
            raise _FormatError("a pickle appends to something else than a list")
        target.extend(items)
        self._push(target)

    def _set_items(self, items: list[Any]) -> None:
        target = self._pop()
        if not isinstance(target, dict) or len(items) % 2:
            raise _FormatError("a pickle sets items of something else than a dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise _FormatError("a dictionary has a key that is no text")
            target[key] = value
        self._push(target)

    def _storage(self, label: Any) -> _Storage:
        """`("storage", type, key, location, count, view)` as `_legacy_save` labels one."""
        if not isinstance(label, tuple) or len(label) != 6 or label[0] != "storage" or label[5] is not None:
            raise _FormatError("a storage is not labelled as one")
        _, kind, key, _, count, _ = label
        dtype = _STORAGE_DTYPES.get(kind.text) if isinstance(kind, _Name) else None
        if dtype is None or not isinstance(key, str) or not _is_count(count):
            raise _FormatError("a storage has no type, key or count that can be used")
        storage = self.storages.setdefault(key, _Storage(key, dtype, count))
        if storage != _Storage(key, dtype, count):
            raise _FormatError(f"storage {key[:40]!r} is declared twice, differently")
        return storage

    def _reduce(self) -> None:
        arguments, name = self._pop(), self._pop()
        if name == _Name(_ORDERED_DICT) and arguments == ():
            self._push({})
        elif name == _Name(_REBUILD) and isinstance(arguments, tuple):
            self._push(_rebuild_tensor(arguments))
        else:
            raise _FormatError("a pickle calls what may not be called")

    def _build(self) -> None:
        """A module's dictionary carries attributes (`_metadata`) in its state; they are left out."""
        self._pop()
        target = self._pop()
        if not isinstance(target, dict):
            raise _FormatError("a pickle sets the state of something else than a dictionary")
        self._push(target)
