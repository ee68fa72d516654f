"""The repository as the tests of its architecture see it: its files, its packages, its imports."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Our root packages, from the ground up.
PACKAGES = ("core", "verticals", "manufacturing", "healthcare", "retail", "ui", "simulators", "appliance")
APPS = ("manufacturing", "healthcare", "retail")


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that is in the repository or about to be: what git tracks, and what it does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    return tuple(sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file()))


def modules(*, tests: bool = False) -> Iterator[Path]:
    """The Python files of our packages, or those of the tests."""
    roots = ("tests",) if tests else PACKAGES
    return (path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in roots)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text_of(path), str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Of a Python file, every one below the module; made once, since many tests look through them."""
    return tuple(ast.walk(tree(path)))


@dataclass(frozen=True, slots=True)
class Import:
    """One import, wherever it stands. `only_types`: seen by the type checker alone."""

    of: str
    names: str
    line: int
    only_types: bool

    def __str__(self) -> str:
        return f"{self.of}:{self.line} imports {self.names}"


@functools.cache
def imports(path: Path) -> tuple[Import, ...]:
    """Every import of a module, those inside functions and behind TYPE_CHECKING too."""
    of = module_name(path)
    typed = {
        id(node)
        for branch in nodes(path)
        if isinstance(branch, ast.If)
        and isinstance(branch.test, ast.Name | ast.Attribute)
        and ast.unparse(branch.test).endswith("TYPE_CHECKING")
        for node in ast.walk(branch)
    }
    found: list[Import] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [Import(of, alias.name, node.lineno, id(node) in typed) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{of}:{node.lineno}: relative imports hide where they lead"
            assert node.module is not None
            found += [Import(of, f"{node.module}.{alias.name}", node.lineno, id(node) in typed) for alias in node.names]
    return tuple(found)


def text_files() -> Iterator[tuple[Path, str]]:
    """Every file that is text, with its text."""
    for path in files():
        try:
            yield path, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
