"""One loaded graph: the only module that runs ONNX Runtime and the only one that sees its errors."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import EngineError
from core.inference.providers import CPU, Provider, runtime
from core.inference.request import Arrays
from core.models.card import Card, TensorSpec
from core.models.golden import mismatch

#: ONNX Runtime's names of element types by numpy's.
_LIBRARY_TYPES = {
    "bool": "tensor(bool)", "float16": "tensor(float16)", "float32": "tensor(float)", "float64": "tensor(double)",
    **{f"{sign}int{bits}": f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip
#: Outputs of up to so many numbers are looked at for NaN and infinity; the output of the verdict always is.
_FINITE_UP_TO = 64
_SILENT = 4


class Brake:
    """Ends a run from another thread, between two nodes of its graph; a node that never returns feels nothing of it."""

    __slots__ = ("options", "pulled")

    def __init__(self) -> None:
        self.options = runtime().RunOptions()
        self.pulled = False

    def pull(self) -> None:
        self.pulled = self.options.terminate = True

    def let_go(self) -> None:
        """It can serve the next run."""
        self.pulled = self.options.terminate = False


class Session:
    """A graph that can be run by the names of its card, by any number of threads at once.

    `threads` beyond 1 let one run use more cores, for about 10 % more work in all; runs side by side are
    better served by 1. Raises EngineError when the graph does not load, does not fit its card, or would
    run elsewhere than asked.
    """

    def __init__(self, model: bytes, card: Card, *, provider: Provider = CPU, threads: int = 1) -> None:
        self.card = card
        self.provider = provider
        self._title = f"model {card.name} {card.version}"
        self._session = _load(model, provider, threads, self._title)
        self._require_fit(card.inputs, self._session.get_inputs(), "input")
        self._require_fit(card.outputs, self._session.get_outputs(), "output")
        self._inputs = [(spec, spec.name, np.dtype(spec.dtype)) for spec in card.inputs]
        self._fitting = {spec.name: spec.shape for spec in card.inputs}  # the last that did
        self._output_names = [spec.name for spec in card.outputs]
        self._verdict = card.verdict.output if card.verdict else ""
        # The wrapper's own run looks at the inputs once more, which `_check` has done, and falls back by itself.
        # Where a library's session is its own (or another version's), it is asked by its public way.
        self._run = getattr(self._session, "_sess", self._session).run

    def run(self, inputs: Arrays, brake: Brake | None = None) -> dict[str, NDArray[Any]]:
        """Every output by name. Raises EngineError for inputs that the card does not allow and for a failed run.

        A run fails too when a score is not a finite number: compared with a limit, it would look good. `brake`
        ends it from another thread; it serves one run at a time.
        """
        self._check(inputs)
        try:
            values = self._run(self._output_names, inputs, brake and brake.options)
        except Exception as error:  # the library's errors share no class of their own
            raise EngineError(f"{self._title}: the run failed: {_plain(error)}") from error
        outputs = dict(zip(self._output_names, values, strict=True))
        for name, value in outputs.items():
            if (value.size <= _FINITE_UP_TO or name == self._verdict) and not _finite(value):
                raise EngineError(f"{self._title}: output '{name}' is not a finite number")
        return outputs

    def _check(self, inputs: Arrays) -> None:
        if len(inputs) != len(self._inputs):
            self._refuse(inputs)
        for spec, name, dtype in self._inputs:
            array = inputs.get(name)
            if type(array) is not np.ndarray:
                self._refuse(inputs)
            elif array.dtype != dtype or array.shape != self._fitting[name]:
                if reason := mismatch(array, spec):
                    raise EngineError(f"{self._title}: input '{name}' {reason}")
                self._fitting[name] = array.shape

    def _refuse(self, inputs: Arrays) -> None:
        wanted = sorted(spec.name for spec in self.card.inputs)
        given = {name: type(value).__name__ for name, value in sorted(inputs.items())}
        raise EngineError(f"{self._title}: the inputs are {given}, expected arrays for {wanted}")

    def _require_fit(self, specs: Sequence[TensorSpec], tensors: Sequence[Any], what: str) -> None:
        found = {tensor.name: tensor for tensor in tensors}
        if set(found) != {spec.name for spec in specs}:
            names = sorted(spec.name for spec in specs)
            raise EngineError(f"{self._title}: the graph's {what}s are {sorted(found)}, its card says {names}")
        for spec in specs:
            tensor = found[spec.name]
            sizes = [size if isinstance(size, int) else -1 for size in tensor.shape]
            same = len(sizes) == len(spec.shape) and all(
                -1 in pair or pair[0] == pair[1] for pair in zip(sizes, spec.shape, strict=True)
            )
            if tensor.type != _LIBRARY_TYPES[spec.dtype] or not same:
                raise EngineError(
                    f"{self._title}: {what} '{spec.name}' of the graph is {tensor.type} {sizes}, "
                    f"its card says {spec.dtype} {list(spec.shape)}"
                )


def _load(model: bytes, provider: Provider, threads: int, title: str) -> Any:
    library = runtime()
    if provider.library_name not in library.get_available_providers():
        raise EngineError(
            f"{title}: the installed ONNX Runtime cannot run on {provider.name}",
            hint=f"It was built with {', '.join(library.get_available_providers())}.",
        )
    options = library.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT  # what goes wrong comes back as an exception
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    own = dict(provider.options)
    if provider.threads_option:
        own[provider.threads_option] = str(threads)
    try:
        # Unless told otherwise the library itself goes on with another provider after a failure, and prints that.
        session = library.InferenceSession(
            model, options, providers=[provider.library_name], provider_options=[own], enable_fallback=0
        )
    except Exception as error:  # the library's errors share no class of their own
        raise EngineError(f"{title}: cannot be loaded on {provider.name}: {_plain(error)}") from error
    # A provider that does not work is left out by the library without an error.
    if session.get_providers()[:1] != [provider.library_name]:
        raise EngineError(
            f"{title}: would run on {session.get_providers()} instead of {provider.name}",
            hint="Its driver is missing or does not fit; `edgewise doctor` says more.",
        )
    # The wrapper keeps the file's bytes for its own fall-back, which is off (onnxruntime 1.32 says TODO there).
    session._model_bytes = None
    return session


def _finite(value: NDArray[Any]) -> bool:
    """One number is looked at by itself: an array's way takes longer than a small model's run."""
    return isfinite(value.item()) if value.size == 1 else bool(np.isfinite(value).all())


def _plain(error: Exception) -> str:
    """The library's message in one line, without the terminal colours and the repetition of its log."""
    return str(error).partition("\x1b")[0].removeprefix("[ONNXRuntimeError] : ").replace("\n", " ").strip()
