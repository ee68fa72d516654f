"""Messages as monitors send them: the two of IHE's own form, and one of each other kind that is accepted."""

from __future__ import annotations

from healthcare.hl7.message import Message, parse

MSH = (
    r"MSH|^~\&|ACME_GW^ACDE48234567ABCD^EUI-64|HOSP|EDGE|WARD7|20260726120500+0000||{kind}|{id}|P|2.6|||{accept}|"
    "{application}|||||{profile}"
)
PCD_01 = "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"
PCD_04 = "IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.4.4^ISO"

OBSERVATIONS = (
    "PID|||12345^^^Hosp^MR||TEST^PATIENT^^^^^L",
    "PV1||I|W7^R3^B2",
    "OBR|1|..|..|182777000^monitoring of patient^SCT|||20260726120500+0000",
    "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X",
    "OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.5.1.1|75|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||20260726120500+0000",
)

LOW_SPO2 = (
    "PID|||12345^^^Hosp^MR||TEST^PATIENT^^^^^L",
    "PV1||I|W7^R3^B2",
    "OBR|1||11^7a1c2f00-0000-4000-8000-000000000001^ACDE48234567ABCD^EUI-64|196616^MDC_EVT_ALARM^MDC|||"
    "20260726120500+0000",
    "OBX|1|ST|196670^MDC_EVT_LO^MDC|1.7.4.150456.1|SpO2 low|||L~PM~SP|||R|||20260726120459+0000||||"
    "ACDE48234567ABCE^ACDE48234567ABCE^EUI-64",
    "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.7.4.150456.2|82|262688^MDC_DIM_PERCENT^MDC|90-100||||R",
    "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.7.4.150456.3|start||||||R",
    "OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.7.4.150456.4|active||||||R",
    "OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.7.4.150456.5|enabled||||||R",
    "OBX|6|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.7.4.150456.6|PM||||||R",
    "OBX|7|ST|68485^MDC_ATTR_ALERT_TYPE^MDC|1.7.4.150456.7|SP||||||R",
    "OBX|8|ST|68546^MDC_ATTR_ALERT_TEXT^MDC|1.7.4.150456.8|** SpO2 82 < 90||||||R",
)

HEARTBEAT = (
    "PID|||8888^^^^AN||Data^Simulated^^^^^L",
    "PV1|||W7^R3^B2",
    "OBR|1||0^df041f5c-a3c9-11e9-8d8a-0050b612afeb^0030E60000000001^EUI-64|196616^MDC_EVT_ALARM^MDC|||"
    "20260726120500+0000",
    "OBX|1|ST|258047^MDC_EVT_ACTIVE^MDC|1.0.0.0.1|Heartbeat||||||F",
    "OBX|2|ST|68480^MDC_ATTR_ALERT_SOURCE^MDC|1.0.0.0.2|69837^MDC_DEV^MDC||||||F",
    "OBX|3|ST|68165^MDC_ATTR_EVENT_PHASE^MDC|1.0.0.0.3|start||||||F",
    "OBX|4|ST|68166^MDC_ATTR_ALARM_STATE^MDC|1.0.0.0.4|active||||||F",
    "OBX|5|ST|68167^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.0.0.0.5|enabled||||||F",
    "OBX|6|ST|68168^MDC_ATTR_ALARM_PRIORITY^MDC|1.0.0.0.6|{priority}||||||F",
    "OBX|7|ST|68485^MDC_ATTR_ALERT_TYPE^MDC|1.0.0.0.7|SA||||||F",
)

WAVE = (
    "PID|||12345^^^Hosp^MR||TEST^PATIENT^^^^^L",
    "PV1||I|W7^R3^B2",
    "OBR|1||||||20260726120500.000+0000|20260726120501.000+0000",
    "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X",
    "OBX|2|NA|131330^MDC_ECG_ELEC_POTL_II^MDC|1.7.6.131330|0^100^-200^32767^400|266418^MDC_DIM_MILLI_VOLT^MDC"
    "|||||R|||20260726120500.000+0000",
    "OBX|3|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.7.6.131330.1|250|264608^MDC_DIM_PER_SEC^MDC",
    "OBX|4|NM|2327^MDC_ATTR_NU_MSMT_RES^MDC|1.7.6.131330.2|0.01|266418^MDC_DIM_MILLI_VOLT^MDC",
    "OBX|5|NM|196652^MDC_EVT_INOP^MDC|1.7.6.131330.3|32767",
    "OBX|6|NA|150452^MDC_PULS_OXIM_PLETH^MDC|1.7.4.150452|10^20~30",
    "OBX|7|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.7.4.150452.1|125|264608^MDC_DIM_PER_SEC^MDC",
)


def frame(
    *rows: str, kind: str = "ORU^R01^ORU_R01", id: str = "1001", accept: str = "NE", application: str = "AL",  # noqa: A002
    profile: str = PCD_01,
) -> bytes:  # fmt: skip
    msh = MSH.format(kind=kind, id=id, accept=accept, application=application, profile=profile)
    return ("\r".join([msh, *rows]) + "\r").encode()


def observations(id: str = "1001", **msh: str) -> bytes:  # noqa: A002
    return frame(*OBSERVATIONS, id=id, **msh)


def alarm(*rows: str, id: str = "2001") -> bytes:  # noqa: A002
    return frame(*(rows or LOW_SPO2), kind="ORU^R40^ORU_R40", id=id, profile=PCD_04)


def heartbeat(priority: str = "PN") -> bytes:
    return alarm(*(row.format(priority=priority) for row in HEARTBEAT), id="79")


def movement(event: str, *, prior: str = "", place: str = "W7^R3^B2", id: str = "3001") -> bytes:  # noqa: A002
    rows = (
        f"EVN|{event}|20260726120400+0200||||20260726120300+0200",
        "PID|||7^^^Hosp^XX~12345^^^Hosp^MR||Müller^Anna^^^^^L||19580302|F",
        f"PV1||I|{place}|||{prior}",
    )
    return frame(*rows, kind=f"ADT^{event}^ADT_{event}", id=id)


def obx(*rows: str) -> Message:
    """A message with these rows under one OBR of 12:05 UTC."""
    return parse(frame("PID|||1", "PV1||I|W7^R3^B2", "OBR|1||||||20260726120500+0000", *rows))
