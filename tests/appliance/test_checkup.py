from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from appliance.checkup import Finding, examine
from appliance.demo import MARK
from core.clock import SystemClock
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from tests.support.accelerators import Accelerator
from tests.support.databases import Cluster
from tests.support.graphs import score_package
from tests.support.sites import free_port, on_port, write_site
from verticals.places import Places
from verticals.runtime.roster import Roster, Standing, write_roster
from verticals.store.box import open_box


class Patient:
    """A box that is looked over: its site file and its data directory."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder / "data")
        self.places.make("manufacturing")
        self.port = free_port()
        self.config = write_site(folder, on_port(self.port), ("[manufacturing]", STORE))

    def examine(self, what: str) -> list[Finding]:
        return [finding for finding in examine(self.config, self.places.data) if finding.what == what]

    def one(self, what: str) -> Finding:
        (finding,) = self.examine(what)
        assert bool(finding.do) != finding.well
        return finding

    def shelf(self) -> Shelf:
        return Shelf(self.places.models, Trust(self.places.keys), Gate())

    def activate(self, folder: Path) -> Path:
        """The folder on the shelf of the package that answers for the line's recipe now."""
        score_package(folder, Trust(self.places.keys).box_key(), name="flange", version="1")
        self.shelf().install(folder)
        self.shelf().activate("flange", "flange", "1")
        return self.places.models / "packages" / "flange" / "1"


STORE = '[store]\nmin_free = "1MB"\n\n[manufacturing]'


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path)


def test_a_fresh_box_lacks_its_data_and_its_model(tmp_path: Path) -> None:
    findings = {one.what: one for one in examine(write_site(tmp_path, on_port(free_port())), tmp_path / "none")}
    assert {what for what, finding in findings.items() if not finding.well} == {"disk", "models"}
    assert findings["models"].found == "'flange' of line-3: nothing is active"
    assert findings["inference"].found.startswith("right answers from cpu, onnxruntime ")
    assert not (tmp_path / "none").exists()


def test_without_its_settings_a_box_is_looked_over_all_the_same(patient: Patient) -> None:
    patient.config.write_text("[site")
    assert "not readable as TOML" in patient.one("settings").found
    assert patient.one("disk").well
    assert patient.one("processes").found == "edgewise does not run with this data directory now"


def test_little_room_is_told_with_what_it_means(patient: Patient) -> None:
    assert patient.one("disk").well
    patient.config.write_text(patient.config.read_text().replace('"1MB"', '"9000TB"'))
    assert patient.one("disk").do == "Make room: with less than 9e+06 GB nothing is accepted."


def test_an_active_model_is_named_until_it_is_damaged(patient: Patient, tmp_path: Path) -> None:
    lies = patient.activate(tmp_path / "package")
    assert patient.one("models").found == "'flange' of line-3: flange 1"
    (lies / "model.onnx").write_bytes(b"other")
    broken, active = patient.examine("models")
    assert "model.onnx" in broken.found
    assert active.found == "'flange' of line-3: flange 1 is active, and not on the shelf as it was activated"


def test_a_shelf_is_not_touched_by_being_looked_at(patient: Patient, tmp_path: Path) -> None:
    patient.activate(tmp_path / "package")
    before = {path: path.stat().st_mtime_ns for path in patient.places.data.rglob("*")}
    patient.examine("models")
    assert {path: path.stat().st_mtime_ns for path in patient.places.data.rglob("*")} == before


def test_a_forged_audit_is_found(patient: Patient) -> None:
    assert patient.examine("audit") == []
    box = open_box(patient.places, {}, SystemClock())
    box.audit.append("restarted", {})
    assert patient.one("audit").found == "1 entries, the chain is whole"
    with box.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET who = 'nobody'")
    box.close()
    assert patient.one("audit").found.startswith("broken at entry 1: its content")


def test_a_record_that_is_no_database_is_a_finding(patient: Patient) -> None:
    patient.places.box_db.write_bytes(b"no database" * 100)
    assert "not a database" in patient.one("audit").found


def test_a_server_of_the_stores_is_asked_whether_it_keeps_what_it_is_given(patient: Patient, cluster: Cluster) -> None:
    assert patient.examine("store") == []
    database = cluster.make()
    patient.config.write_text(
        patient.config.read_text("utf-8").replace("[store]", f'[store]\nurl = "{cluster.url(database)}"'), "utf-8"
    )
    finding = patient.one("store")
    assert finding.found.startswith("PostgreSQL ")
    assert "fsync = on" in finding.do
    assert "audit_head" in patient.one("audit").found
    cluster.drop(database)
    assert "createdb" in patient.one("store").do


def test_restless_and_waiting_processes_are_named(patient: Patient) -> None:
    standings = {
        "line": Standing("line", "running", 0.0, 1),
        "web": Standing("web", "waiting", 0.0, restarts=7, restless=True, last_end="exit code 2"),
    }
    write_roster(patient.places.processes_file, Roster(0.0, os.getpid(), standings))
    line, web = patient.examine("processes")
    assert line.well
    assert (web.well, web.found) == (False, "web waiting, 7 restarts, last end: exit code 2")


def test_who_sits_on_the_port_of_a_screen_is_a_finding_unless_it_is_the_box_itself(patient: Patient) -> None:
    assert patient.one("screens").found == f"manufacturing: http://127.0.0.1:{patient.port}/"
    with socket.create_server(("127.0.0.1", patient.port)):
        assert "Address already in use" in patient.one("screens").found
        write_roster(patient.places.processes_file, Roster(0.0, os.getpid(), {}))
        assert patient.one("screens").well


def test_a_demo_is_looked_over_by_the_settings_that_it_made(patient: Patient) -> None:
    (patient.places.data / MARK).write_text("")
    patient.config.rename(patient.places.data / "edgewise.toml")
    assert "record is simulated" in patient.one("data").found
    assert patient.one("settings").well


def test_what_the_system_does_not_let_see_is_a_finding(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.disk_usage", forbidden)
    assert patient.one("disk").found == f"{patient.places.data}: Permission denied"


def test_a_provider_that_gives_wrong_answers_is_a_finding(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.selftest._Y", np.zeros((3, 2), np.float32))
    finding = patient.one("inference")
    assert not finding.well
    assert "cpu cannot be used: answers" in finding.found


def asked(patient: Patient, provider: str) -> None:
    text = patient.config.read_text()
    patient.config.write_text(
        text.replace("[manufacturing]", f'[inference]\nprovider = "{provider}"\n\n[manufacturing]', 1)
    )


def test_a_provider_that_is_asked_and_not_installed_is_a_finding(patient: Patient) -> None:
    asked(patient, "cuda")
    right, lacking = patient.examine("inference")
    assert right.well
    assert (lacking.well, "asked cuda, which the installed ONNX Runtime" in lacking.found) == (False, True)


def test_a_provider_that_is_listed_and_does_not_work_is_a_finding_where_it_is_asked(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    Accelerator(monkeypatch).there = False
    assert all(one.well for one in patient.examine("inference"))
    asked(patient, "openvino")
    (bad,) = [one for one in patient.examine("inference") if not one.well]
    assert "openvino cannot be used: " in bad.found
    assert bad.found.endswith("the driver does not answer")


def test_how_the_models_of_a_running_line_fare_is_told(patient: Patient) -> None:
    told = {
        "fits": False,
        "words": ["flange: 90 a second at 14 ms on 1 core: 126 %; does not fit"],
        "models": {"flange": {"model": "flange 1", "fallen": "asked openvino, runs on cpu since 10:04 UTC: gone"}},
    }
    patient.places.inference_file("manufacturing").write_text(json.dumps(told))
    assert len(patient.examine("inference")) == 1, "what a line said that runs no more is no news"
    write_roster(patient.places.processes_file, Roster(0.0, os.getpid(), {}))
    _, load, fallen = patient.examine("inference")
    assert (load.well, load.found) == (False, f"manufacturing: {told['words'][0]}")  # type: ignore[index]
    assert (fallen.well, fallen.found.endswith("since 10:04 UTC: gone")) == (False, True)
    for damaged in ("", "[]", "{}", '{"words": 3, "models": {}}'):
        patient.places.inference_file("manufacturing").write_text(damaged)
        assert len(patient.examine("inference")) == 1
