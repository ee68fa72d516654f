"""appliance, simulators -> the apps, ui -> verticals -> core; never upward, never in a circle."""

import ast
import importlib.metadata
import re
from collections.abc import Iterator

import pytest

from tests.support.repository import APPS, PACKAGES, ROOT, Import, imports, module_name, modules, nodes

LAW: dict[str, set[str]] = {
    "core": {"core"},
    "verticals": {"core", "verticals"},
    "ui": {"core", "verticals", "ui"},
    "simulators": {"core", "verticals", "simulators", *APPS},
    "appliance": {*PACKAGES},
    **{app: {"core", "verticals", app} for app in APPS},
}

#: A library that must not be reached by a room, and the only rooms that may.
KEPT_IN = {
    "flask": ("ui",),
    "werkzeug": ("ui",),
    "uvicorn": ("ui", "appliance"),
    "a2wsgi": ("ui",),
    "asyncua": ("verticals.devices", "simulators"),
    "pymodbus": ("verticals.devices", "simulators"),
    "sqlalchemy": ("verticals", *APPS, "appliance", "ui"),
    "alembic": ("verticals.store", *APPS),
    "onnxruntime": ("core", "retail.training"),
    "biip": ("retail",),
    "zxingcpp": ("retail",),
    "sdc11073": ("healthcare.sdc",),
}

_DOTTED = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+(:\w+)?")


def _all_imports() -> Iterator[Import]:
    for path in modules():
        yield from imports(path)


def _room(name: str) -> str:
    return name.partition(".")[0]


def test_every_room_of_the_house_is_under_the_law() -> None:
    assert set(LAW) == set(PACKAGES)
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert found == set(PACKAGES)


def test_imports_run_one_way() -> None:
    wrong = [
        str(found)
        for found in _all_imports()
        if _room(found.names) in PACKAGES and _room(found.names) not in LAW[_room(found.of)]
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_named_in_strings_obey_the_same_law() -> None:
    """`"module:callable"` is an import that comes later. Only the catalog names apps it must not import."""
    wrong = [
        f"{of}:{node.lineno} names {node.value}"
        for path in modules()
        if (of := module_name(path)) != "verticals.catalog"
        for node in nodes(path)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _DOTTED.fullmatch(node.value)
        and _room(node.value) not in LAW[_room(of)]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", KEPT_IN)
def test_a_library_is_wrapped_in_its_own_room(library: str) -> None:
    rooms = KEPT_IN[library]
    wrong = [
        str(found)
        for found in _all_imports()
        if _room(found.names) == library
        and not found.only_types
        and not any(found.of == room or found.of.startswith(f"{room}.") for room in rooms)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_imports_itself_in_a_circle() -> None:
    known = {module_name(path) for path in modules()}
    graph: dict[str, set[str]] = {name: set() for name in known}
    for found in _all_imports():
        if found.only_types:
            continue
        names = found.names
        while names and names not in known:
            names = names.rpartition(".")[0]
        if names and names != found.of and names not in PACKAGES:
            graph[found.of].add(names)
    assert not (circles := list(_circles(graph))), "\n".join(map(" -> ".join, circles))


def _circles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """What is left after taking away, again and again, every module that imports nobody."""
    left = {name: set(to) for name, to in graph.items()}
    while free := [name for name, to in left.items() if not to]:
        for name in free:
            del left[name]
        for to in left.values():
            to.difference_update(free)
    while left:
        way = [next(iter(sorted(left)))]
        while (after := min(left[way[-1]])) not in way:
            way.append(after)
        circle = way[way.index(after) :]
        yield [*circle, after]
        for name in circle:
            left[name] -= set(circle)
        while free := [name for name, to in left.items() if not to]:
            for name in free:
                del left[name]
            for to in left.values():
                to.difference_update(free)


def test_our_plain_root_names_are_nobody_elses() -> None:
    owners = importlib.metadata.packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, ["edgewise"])) == {"edgewise"}, f"{package} comes from {owners[package]}"
