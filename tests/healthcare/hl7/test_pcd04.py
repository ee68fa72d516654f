from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from healthcare.hl7.faults import MessageError
from healthcare.hl7.message import parse
from healthcare.hl7.notes import Notes
from healthcare.hl7.pcd04 import Alert, read_alerts
from tests.healthcare.hl7.messages import LOW_SPO2, alarm, heartbeat

#: The older numbering of the same facets.
OLDER = {"68480": "68164", "68481": "68165", "68482": "68166", "68483": "68167", "68484": "68168"}


def alerts(message: bytes) -> list[Alert]:
    return read_alerts(parse(message), ZoneInfo("UTC"), Notes())


def changed(**swaps: str) -> bytes:
    """The low SpO2 alarm with other texts in it, told by keyword: `old_new` pairs as a mapping would be."""
    rows = list(LOW_SPO2)
    for old, new in swaps.items():
        rows = [row.replace(old, new) for row in rows]
    return alarm(*rows)


def test_a_low_limit_alarm_is_told_whole() -> None:
    (alert,) = alerts(alarm())
    assert (alert.person.id, alert.location, alert.device) == ("12345", "W7^R3^B2", "ACDE48234567ABCE")
    assert not alert.heartbeat
    assert alert.alarm == {
        "id": "11^7a1c2f00-0000-4000-8000-000000000001^ACDE48234567ABCD",
        "phase": "start",
        "state": "active",
        "inactivation": "enabled",
        "priority": "PM",
        "type": "SP",
        "code": "196670",
        "ref_id": "MDC_EVT_LO",
        "text": "** SpO2 82 < 90",
        "value": 82.0,
        "unit": "%",
        "limits": "90-100",
        "abnormality": "L",
        "source_code": "150456",
        "source_ref": "MDC_PULS_OXIM_SAT_O2",
        "at_utc_s": datetime(2026, 7, 26, 12, 4, 59, tzinfo=UTC).timestamp(),
    }


@pytest.mark.parametrize("by", ["code", "ref_id", "older"])
def test_facets_are_known_in_both_numberings_and_by_their_word(by: str) -> None:
    rows = []
    for row in LOW_SPO2:
        for new, old in OLDER.items():
            row = row.replace(f"|{new}^", f"|{old}^") if by == "older" else row
            row = row.replace(f"|{new}^", "|0^") if by == "ref_id" else row
        rows.append(row)
    (alert,) = alerts(alarm(*rows))
    assert [alert.alarm[name] for name in ("phase", "state", "inactivation", "priority", "type")] == [
        "start", "active", "enabled", "PM", "SP"
    ]  # fmt: skip


def test_priority_and_type_come_from_obx_8_where_no_facet_says_them() -> None:
    rows = [row for row in LOW_SPO2 if "68484" not in row and "68485" not in row]
    (alert,) = alerts(alarm(*rows))
    assert (alert.alarm["priority"], alert.alarm["type"], alert.alarm["abnormality"]) == ("PM", "SP", "L")


def test_a_priority_in_other_words_is_understood_and_nonsense_is_none() -> None:
    rows = [row.replace("|PM|", "|high|").replace("L~PM~SP", "") for row in LOW_SPO2]
    assert alerts(alarm(*rows))[0].alarm["priority"] == "PH"
    rows = [row.replace("|PM|", "|20|").replace("L~PM~SP", "") for row in LOW_SPO2]
    assert alerts(alarm(*rows))[0].alarm["priority"] == ""


def test_a_technical_alarm_names_itself_in_obx_5() -> None:
    rows = ("OBR|1|", "OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.7.0.196680.1|196680^MDC_EVT_LEAD_OFF^MDC|||A~PL~ST|||R",
            "OBX|2|ST|68480^MDC_ATTR_ALERT_SOURCE^MDC|1.7.0.196680.2|131330^MDC_ECG_ELEC_POTL_II^MDC",
            "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.7.0.196680.3|start")  # fmt: skip
    (alert,) = alerts(alarm(*rows))
    told = alert.alarm
    assert (told["code"], told["ref_id"], told["type"], told["priority"]) == ("196680", "MDC_EVT_LEAD_OFF", "ST", "PL")
    assert (told["source_code"], told["source_ref"], told["value"]) == ("131330", "MDC_ECG_ELEC_POTL_II", None)
    assert told["id"] == "ACDE48234567ABCD:1.7.0.196680:196680"


def test_the_value_at_the_alarm_is_no_number_where_the_monitor_has_none() -> None:
    rows = [row.replace("|82|262688", "|8388607|262688") for row in LOW_SPO2]
    assert alerts(alarm(*rows))[0].alarm["value"] is None


def test_value_and_limits_come_in_the_unit_of_the_vital_sign() -> None:
    rows = ("OBR|1", "OBX|1|ST|196648^MDC_EVT_HI^MDC|1.2.1.1|T high|||H~PM~SP",
            "OBX|2|NM|150344^MDC_TEMP^MDC|1.2.1.2|102.2|266560^MDC_DIM_FAHR^MDC|95-100.4",
            "OBX|3|ST|68481|1.2.1.3|start")  # fmt: skip
    told = alerts(alarm(*rows))[0].alarm
    assert (told["value"], told["unit"], told["limits"]) == (39.0, "°C", "35-38")


def test_a_value_of_something_unknown_stays_as_it_came() -> None:
    rows = ("OBR|1", "OBX|1|ST|196650^MDC_EVT_X|1.2.1.1|PVC", "OBX|2|NM|68480^MDC_ATTR_ALERT_SOURCE|1.2.1.2|88|unit^U",
            "OBX|3|ST|68165|1.2.1.3|start")  # fmt: skip
    told = alerts(alarm(*rows))[0].alarm
    assert (told["value"], told["unit"], told["source_code"]) == (88.0, "U", "")


def test_an_update_is_the_same_alarm_as_its_parent() -> None:
    parent = "|" * 25 + "^11&7a1c2f00-0000-4000-8000-000000000001&ACDE48234567ABCD"
    rows = [row.replace("1||11^", "1||12^") + (parent[3:] if row.startswith("OBR") else "") for row in LOW_SPO2]
    obr = next(row for row in rows if row.startswith("OBR"))
    rows[rows.index(obr)] = "|".join([*obr.split("|")[:8], *[""] * 21, parent.lstrip("|")])
    rows = [row.replace("|start|", "|end|").replace("|active|", "|inactive|") for row in rows]
    (first,), (last,) = alerts(alarm()), alerts(alarm(*rows))
    assert first.alarm["id"] == last.alarm["id"]
    assert (last.alarm["phase"], last.alarm["state"]) == ("end", "inactive")


def test_an_identifier_that_is_unique_needs_no_namespace() -> None:
    rows = [row.replace("11^7a1c2f00", "56eb716f-ce7a-3b85-909c-a09d31fe324f^GW_1^7a1c2f00") for row in LOW_SPO2]
    assert alerts(alarm(*rows))[0].alarm["id"] == "56eb716f-ce7a-3b85-909c-a09d31fe324f"


def test_two_alarms_of_one_message_are_two() -> None:
    second = [row.replace("1.7.4.150456.", "1.7.4.149530.") for row in LOW_SPO2 if row.startswith("OBX")]
    found = alerts(alarm(*LOW_SPO2, *second))
    assert len({alert.alarm["id"] for alert in found}) == 2


def test_rows_of_the_device_tree_are_no_alarm() -> None:
    tree = "OBX|9||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X"
    rows = [*LOW_SPO2[:3], tree, *LOW_SPO2[3:]]
    assert [alert.alarm["code"] for alert in alerts(alarm(*rows))] == ["196670"]


def test_a_heartbeat_is_no_alarm() -> None:
    (alert,) = alerts(heartbeat())
    assert alert.heartbeat


@pytest.mark.parametrize("priority", ["PH", "PM", "PL"])
def test_what_has_a_priority_is_never_taken_for_a_heartbeat(priority: str) -> None:
    (alert,) = alerts(heartbeat(priority))
    assert not alert.heartbeat


def test_a_watchdog_is_known_by_its_confirm_time_out_or_its_name() -> None:
    named = ("OBR|1", "OBX|1|ST|0^MDC_EVT_WATCHDOG^MDC|1.0.0.0.1|x")
    assert alerts(alarm(*named))[0].heartbeat
    timed = ("OBR|1", "OBX|1|ST|0^MDCX_ALIVE^MDC|1.0.0.0.1|x", "OBX|8|NM|67860^MDC_ATTR_CONFIRM_TIMEOUT|1.0.0.0.8|5")
    assert alerts(alarm(*timed))[0].heartbeat


def test_facets_without_an_event_are_refused() -> None:
    rows = [row for row in LOW_SPO2 if not row.startswith(("OBX|1", "OBX|2"))]
    with pytest.raises(MessageError, match=r"OBX-3 names no alarm event"):
        alerts(alarm(*rows))
    with pytest.raises(MessageError, match="OBX is missing"):
        alerts(alarm("OBR|1"))
