"""What can be seen of a vertical without running it: manifest, names, pages, and what its rules import."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import Instant
from core.models.card import parse_card
from core.models.package import CARD, MODEL
from tests.contract.cases import BUILT_IN, CASES, Case
from tests.support.repository import ROOT, module_name, modules, tree
from verticals import catalog
from verticals.contract import Sample
from verticals.runtime.shipped import shipped_models
from verticals.web import Panel

#: What deciding code may not reach for: the outside, threads, clocks, the web. Devices, jobs and pages may.
IO_MODULES = frozenset(
    {"asyncio", "asyncua", "concurrent", "flask", "http", "httpx", "multiprocessing", "os", "pymodbus", "queue"}
    | {"random", "requests", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess"}
    | {"tempfile", "threading", "time", "urllib.request", "uvicorn", "websockets"}
)
IO_CALLS = frozenset({"open", "print", "input", "exec", "eval", "compile", "__import__"})
WALL_CLOCKS = frozenset({"now", "utcnow", "today"})


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def test_every_app_of_the_catalog_is_put_to_the_test() -> None:
    assert set(catalog.BUILT_IN) == set(BUILT_IN), "add the app's case to tests/contract/cases.py"


def test_its_manifest_is_accepted(case: Case) -> None:
    kind = type(case.vertical)
    assert catalog.load_from(f"{kind.__module__}:{kind.__qualname__}", case.name).manifest == case.vertical.manifest
    assert isinstance(case.settings, case.vertical.manifest.settings)


def test_its_stations_have_names_of_their_own_and_say_what_they_need(case: Case) -> None:
    specs = [station.spec for station in case.vertical.stations(case.settings)]
    assert len({spec.name for spec in specs}) == len(specs) > 0
    for spec in specs:
        assert spec.name and spec.answer_within_s > 0 and isinstance(spec.priority, int)


def test_stations_made_twice_share_nothing(case: Case) -> None:
    one, other = case.vertical.stations(case.settings), case.vertical.stations(case.settings)
    assert not {id(station) for station in one} & {id(station) for station in other}


def test_its_devices_belong_to_its_stations_and_their_kinds_load(case: Case) -> None:
    from verticals.devices import catalog as device_catalog

    names = {station.spec.name for station in case.vertical.stations(case.settings)}
    devices = case.vertical.devices(case.settings)
    assert len({device.name for device in devices}) == len(devices)
    for device in devices:
        assert device.station in {"", *names}
        device_catalog.load(device_catalog.place_of(device.kind, case.vertical.manifest.device_kinds))


def test_its_jobs_load(case: Case) -> None:
    for place in case.vertical.manifest.jobs.values():
        module, _, name = place.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_models_that_it_brings_along_are_whole_or_can_be_made(case: Case) -> None:
    manifest = case.vertical.manifest
    folders = {folder.name: folder for folder in shipped_models(manifest)}
    assert set(manifest.models_made) <= set(folders)
    for name, folder in folders.items():
        assert parse_card((folder / CARD).read_text("utf-8"), str(folder)).name
        module, _, maker = manifest.models_made.get(name, "").partition(":")
        assert callable(getattr(importlib.import_module(module), maker)) if module else (folder / MODEL).is_file()


def test_its_pages_ask_only_for_roles_that_it_declares(case: Case) -> None:
    panel = case.vertical.panel()
    assert isinstance(panel, Panel)
    roles = {role.name for role in case.vertical.manifest.roles}
    assert {page.role for page in panel.pages} | {panel.stream_role} <= roles
    assert all(page.path.startswith("/") for page in panel.pages)
    assert panel.not_updating_after_s > 0
    assert panel.templates.is_dir() and panel.static.is_dir()


def test_what_its_sources_bring_has_a_place_and_strangers_have_none(case: Case) -> None:
    names = {station.spec.name for station in case.vertical.stations(case.settings)}
    now = Instant(1.0, 1.0)
    assert {case.vertical.route(sample) for sample in case.samples(now)} <= names
    for source in ("", "nobody", "line-9-cell-cell", "../../etc", "\x00", "x" * 10_000):
        assert case.vertical.route(Sample(source, now)) not in names


# What its rules import


def _deciding(case: Case) -> Iterator[Path]:
    """The module of the vertical, those of its stations, and what these import when they are loaded."""
    waiting = {type(case.vertical).__module__}
    waiting |= {type(station).__module__ for station in case.vertical.stations(case.settings)}
    home = type(case.vertical).__module__.rpartition(".")[0]
    known = {module_name(path): path for path in modules(tests=True)} | {module_name(path): path for path in modules()}
    seen: set[str] = set()
    while waiting - seen:
        name = (waiting - seen).pop()
        seen.add(name)
        yield known[name]
        for node in tree(known[name]).body:
            waiting |= {found for found in _imported(node) if found.startswith(home) and found in known}


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def _io(node: ast.AST) -> set[str]:
    names = _imported(node)
    return ({name.partition(".")[0] for name in names} | names) & IO_MODULES


def test_its_rules_do_no_io_start_no_thread_and_read_no_clock(case: Case) -> None:
    wrong = []
    for path in _deciding(case):
        for node in ast.walk(tree(path)):
            if names := _io(node):
                wrong.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} imports {sorted(names)}")
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                last = called.rpartition(".")[2]
                if called in IO_CALLS or (last in WALL_CLOCKS and called.startswith(("datetime", "date"))):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {called}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from time import sleep", {"time"}),
        ("import os.path", {"os"}),
        ("import urllib.request", {"urllib.request"}),
        ("from urllib.parse import quote", set()),
        ("import math", set()),
    ],
)
def test_the_rule_against_io_sees_what_it_is_there_for(line: str, found: set[str]) -> None:
    assert _io(ast.parse(line).body[0]) == found


def test_no_method_of_its_stations_waits(case: Case) -> None:
    for station in case.vertical.stations(case.settings):
        for name, method in inspect.getmembers(station, inspect.ismethod):
            assert not inspect.iscoroutinefunction(method), f"{type(station).__name__}.{name}"
