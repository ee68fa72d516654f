"""How large a room may be, what it may be called, and what it may not reach for."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT, files, imports, module_name, modules, nodes, text_of

MOST_LINES, MEDIAN_LINES, MOST_FUNCTION_LINES = 400, 150, 60
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "const", "constants", "manager", "managers"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(path: Path) -> Iterator[Function]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _line_count(path: Path) -> int:
    return len(text_of(path).splitlines())


def test_no_room_is_too_large() -> None:
    large = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for path in files()
        if path.suffix in {".py", ".js", ".css", ".html"} and (count := _line_count(path)) > MOST_LINES
    ]
    assert not large, "\n".join(large)


def test_rooms_are_small_in_the_middle() -> None:
    assert statistics.median(_line_count(path) for path in modules() if path.name != "__init__.py") <= MEDIAN_LINES


def test_no_function_is_too_long() -> None:
    long = []
    for path in [*modules(), *modules(tests=True)]:
        for function in _functions(path):
            count = (function.end_lineno or function.lineno) - function.lineno + 1
            if count > MOST_FUNCTION_LINES:
                long.append(f"{module_name(path)}.{function.name}: {count} lines")
    assert not long, "\n".join(long)


def test_a_room_is_called_after_what_it_is() -> None:
    wrong = [str(path) for path in files() if NO_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)]
    assert not wrong, "\n".join(wrong)


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in modules(tests=True)}
    assert not [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()]


def test_only_the_settings_look_at_the_environment() -> None:
    wrong = []
    for path in modules():
        if module_name(path) == "core.settings":
            continue
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb", "putenv"}:
                wrong.append(f"{module_name(path)}:{node.lineno}")
        wrong += [str(found) for found in imports(path) if found.names in {"os.environ", "os.getenv"}]
    assert not wrong, "\n".join(wrong)


def test_no_error_is_swallowed_unseen() -> None:
    wrong = [
        f"{module_name(path)}:{node.lineno}"
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and all(map(_does_nothing, node.body))
    ]
    assert not wrong, "\n".join(wrong)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}


def _does_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


@pytest.mark.parametrize("name", ["time.time", "datetime.now", "datetime.utcnow"])
def test_only_clocks_read_the_wall_clock(name: str) -> None:
    """Logic gets its moments from an injected clock. The simulated PLC stamps values with a clock of its own."""
    allowed = {"core.clock", "simulators.cell_server"}
    wrong = [
        f"{module_name(path)}:{node.lineno}"
        for path in modules()
        if module_name(path) not in allowed and name in text_of(path)
        for node in nodes(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name
    ]
    assert not wrong, "\n".join(wrong)
