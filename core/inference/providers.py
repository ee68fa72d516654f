"""Where a graph can run: the execution providers this product knows, each by a short name.

That the library lists a provider does not mean that it works here: `selftest` finds out by running one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import EngineError
from core.inference.governor import this_box


@dataclass(frozen=True, slots=True)
class Provider:
    """`library_name` is ONNX Runtime's; `options` are handed to it as they stand.

    `threads_option` is the option by which it takes its number of threads; the session's own says it nothing.
    """

    name: str
    library_name: str
    options: Mapping[str, str] = field(default_factory=dict)
    threads_option: str = ""


CPU = Provider("cpu", "CPUExecutionProvider")
_OPENVINO = "OpenVINOExecutionProvider"

#: Every provider that may be asked for. A new one is one line here; its session tells whether it works.
PROVIDERS: tuple[Provider, ...] = (
    Provider("tensorrt", "TensorrtExecutionProvider"),
    Provider("cuda", "CUDAExecutionProvider"),
    Provider("openvino", _OPENVINO, {"device_type": "CPU"}, threads_option="num_of_threads"),
    Provider("openvino-gpu", _OPENVINO, {"device_type": "GPU"}),
    Provider("openvino-npu", _OPENVINO, {"device_type": "NPU"}),
    CPU,
)
NAMES = tuple(item.name for item in PROVIDERS)
_SILENT = 4


def provider(name: str) -> Provider:
    """Raises EngineError when no provider has that name."""
    found = next((item for item in PROVIDERS if item.name == name), None)
    if found is None:
        known = ", ".join(item.name for item in PROVIDERS)
        raise EngineError(f"there is no execution provider '{name}'", hint=f"Known are: {known}.")
    return found


def listed() -> list[Provider]:
    """Those that the installed library was built with; whether they are usable here is another question."""
    names = runtime().get_available_providers()
    return [item for item in PROVIDERS if item.library_name in names]


def place(item: Provider) -> str:
    """Provider, library and processor in one line: where golden vectors passed, they pass again."""
    return f"{item.name}, onnxruntime {runtime().__version__}, {_processor()}"


@cache
def runtime() -> Any:
    """The ONNX Runtime module, imported at first use, with one memory arena that all sessions share.

    Private arenas of six sessions hold some 400 MB more after batches of 8 than a shared one.
    """
    import onnxruntime

    # What a provider says while it cannot be made comes back as an exception, or as another provider.
    onnxruntime.set_default_logger_severity(_SILENT)
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # (maximum bytes, growth, first chunk, dead bytes per chunk): -1 for the library's own choice
    arena = onnxruntime.OrtArenaCfg(this_box().arena_bytes, -1, -1, -1)
    onnxruntime.create_and_register_allocator(memory, arena)
    return onnxruntime


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown processor"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown processor")
