"""The texts as they stand; that the product reads them is in test_ward_messages_read.py."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.ward_messages import (
    EVT_LOW,
    HR,
    NIBP_SYS,
    SPO2,
    AlarmNote,
    Person,
    Sender,
    Value,
    alarm_message,
    numerics_message,
    patient_message,
    timestamp,
)

AT_UTC_S = 1_795_000_000.25
BED, DEVICE = "W7^R2^B7", "ACDE480000000007"
PERSON = Person("T7007", "Test", "G", "19850808", "M")
GATEWAY = Sender("GW1^ACDE48FFFF000003^EUI-64", "W7")


def make_note(**changes: Any) -> AlarmNote:
    values: dict[str, Any] = {
        "id": "007-0001", "sequence": 0, "phase": "start", "state": "active", "priority": "PM", "kind": "SP",
        "event": EVT_LOW, "text": "SpO2 low", "metric": SPO2, "value": 82.0, "limits": "88-100", "abnormality": "L",
    }  # fmt: skip
    return AlarmNote(**{**values, **changes})


def test_a_numerics_message_is_what_it_was() -> None:
    values = [Value(HR, 112.4), Value(SPO2, None), Value(NIBP_SYS, 96.0, taken_utc_s=AT_UTC_S - 4)]
    text = numerics_message(GATEWAY, "GW1-1-1", AT_UTC_S, PERSON, BED, DEVICE, values)
    assert text.split("\r") == [
        "MSH|^~\\&|GW1^ACDE48FFFF000003^EUI-64|W7|EDGEWISE|WARD|20261118110640.250+0000||ORU^R01^ORU_R01|GW1-1-1|P|2.6"
        "|||NE|AL||UNICODE UTF-8|||IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO",
        "PID|||T7007^^^Ward^MR||Test^G^^^^^L||19850808|M",
        "PV1||I|W7^R2^B7",
        "OBR|1|GW1-1-1^GW1^ACDE48FFFF000003^EUI-64|GW1-1-1^GW1^ACDE48FFFF000003^EUI-64"
        "|182777000^monitoring of patient^SCT|||20261118110640.250+0000",
        "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||"
        "ACDE480000000007^^ACDE480000000007^EUI-64",
        "OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.5.1.1|112|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||20261118110640.250+0000",
        "OBX|3|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1.1||262688^MDC_DIM_PERCENT^MDC|||||X|||20261118110640.250+0000",
        "OBX|4|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.7.1.1|96|266016^MDC_DIM_MMHG^MDC|||||R|||20261118110636.250+0000"
        "|||APERIODIC",
        "",
    ]


def test_an_alarm_message_is_what_it_was() -> None:
    text = alarm_message(GATEWAY, "GW1-1-2", AT_UTC_S, PERSON, BED, DEVICE, make_note())
    assert text.split("\r")[3:] == [
        "OBR|1||0^007-0001^ACDE480000000007^EUI-64|196616^MDC_EVT_ALARM^MDC|||20261118110640.250+0000",
        "OBX|1|ST|196670^MDC_EVT_LO^MDC|1.3.1.1.1|SpO2 low|||L~PM~SP|||F|||20261118110640.250+0000"
        "||||ACDE480000000007^^ACDE480000000007^EUI-64",
        "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1.1.2|82|262688^MDC_DIM_PERCENT^MDC|88-100||||F|||20261118110640.250+0000",
        "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.3.1.1.3|start||||||F",
        "OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.3.1.1.4|active||||||F",
        "OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.3.1.1.5|enabled||||||F",
        "OBX|6|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.3.1.1.6|PM||||||F",
        "OBX|7|ST|68485^MDC_ATTR_ALERT_TYPE^MDC|1.3.1.1.7|SP||||||F",
        "OBX|8|ST|68546^MDC_ATTR_ALERT_TEXT^MDC|1.3.1.1.8|SpO2 low||||||F",
        "",
    ]


def test_an_admission_is_what_it_was() -> None:
    text = patient_message(GATEWAY, "7", AT_UTC_S, "A02", PERSON, BED, "W7^R1^B1", admitted_utc_s=AT_UTC_S - 86_400)
    segments = text.split("\r")
    assert segments[1] == "EVN|A02|20261118110640.250+0000"
    visit = segments[3].split("|")
    assert (visit[2], visit[3], visit[6], visit[44]) == ("I", BED, "W7^R1^B1", "20261117110640.250+0000")


@pytest.mark.parametrize(
    ("acknowledge", "wanted"), [("original", "||||"), ("application", "|||NE|AL|"), ("commit", "|||AL|NE|")]
)
def test_the_header_says_what_is_to_be_acknowledged(acknowledge: Any, wanted: str) -> None:
    header = Sender("GW1", "W7", acknowledge).msh("ADT^A01^ADT_A01", "1", AT_UTC_S)
    assert f"|P|2.6{wanted}" in header


def test_a_time_carries_its_offset() -> None:
    assert timestamp(AT_UTC_S) == "20261118110640.250+0000"
