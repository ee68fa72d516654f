from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import StoreError
from verticals.backup.contents import FILE, Contents, Held, read_contents

_HELD = Held(3, "a" * 64)
_WHOLE = Contents("0.9.0", 1e9, False, {"box": {"box": "0001"}}, {"box-box.db": _HELD, "keys/box.key": _HELD})


def _said(folder: Path) -> dict[str, Any]:
    _WHOLE.write(folder)
    said: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
    return said


def test_what_is_written_is_read(tmp_path: Path) -> None:
    _WHOLE.write(tmp_path)
    assert read_contents(tmp_path) == _WHOLE


def test_a_folder_without_it_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="this is no backup"):
        read_contents(tmp_path)


@pytest.mark.parametrize(
    "path", ["../box.db", "/etc/passwd", "keys/../../x", "a//b", ".hidden", "keys/.x", "a\\b", "a\x00b", "", "a/"]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str, tmp_path: Path) -> None:
    said = _said(tmp_path)
    said["files"][path] = said["files"]["box-box.db"]
    (tmp_path / FILE).write_text(json.dumps(said), "utf-8")
    with pytest.raises(StoreError, match="not the path of a file within a backup"):
        read_contents(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 2, "format 2 is not known"),
        ("stores", {}, "store of box is not among"),
        ("stores", {"box": {}, "manufacturing": {}}, "store of manufacturing is not among"),
        ("stores", {"../x": {}}, "cannot be the name of an app"),
        ("on_server", "no", "neither true nor false"),
        ("files", {"box-box.db": {"bytes": -1, "sha256": "a" * 64}}, "no length with a hash"),
    ],
)
def test_what_is_wrong_is_named(key: str, value: object, said: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps(_said(tmp_path) | {key: value}), "utf-8")
    with pytest.raises(StoreError, match=said):
        read_contents(tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_are_refused_by_name_or_understood_safely(data: st.DataObject, tmp_path: Path) -> None:
    said = _said(tmp_path)
    text = data.draw(
        st.binary(max_size=200)
        | _JSON.map(lambda value: json.dumps(value).encode())
        | st.tuples(st.sampled_from(sorted(said)), _JSON).map(lambda one: json.dumps(said | {one[0]: one[1]}).encode())
    )
    (tmp_path / FILE).write_bytes(text)
    try:
        found = read_contents(tmp_path)
    except StoreError:
        return
    for name in found.files:
        assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve())
