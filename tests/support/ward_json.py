"""What beds and the ward's desk tell screens, in the form of their `live`; a test states the one thing that matters."""

from __future__ import annotations

from typing import Any

#: A Monday in November 2026, 14:05:07 in Berlin.
NOW_UTC_S = 1_795_439_107.0
ZONE = "Europe/Berlin"
_TEXTS = {
    "hr_per_min": "74",
    "spo2_pct": "97",
    "rr_per_min": "16",
    "nibp_sys_mmhg": "124",
    "nibp_dia_mmhg": "78",
    "temp_cel": "36.8",
}


def reading(text: str, state: str = "ok", **more: Any) -> dict[str, Any]:
    told = {
        "text": text,
        "state": state,
        "why": "",
        "at_utc_s": NOW_UTC_S - 1,
        "instance": "",
        "source": "",
        "alarm": "",
    }
    return told | more


def numerics(**changed: Any) -> dict[str, Any]:
    """Of a calm bed; a changed one is a text, a reading, or None for one that is not measured."""
    told = {name: reading(text) for name, text in _TEXTS.items()}
    told["nibp_sys_mmhg"]["at_utc_s"] = told["nibp_dia_mmhg"]["at_utc_s"] = NOW_UTC_S - 35 * 60
    for name, value in changed.items():
        if value is None:
            told.pop(name, None)
        else:
            told[name] = told.get(name, {}) | (value if isinstance(value, dict) else reading(value))
    return told


def alarm(number: int = 1, bed: str = "bed-7", **changed: Any) -> dict[str, Any]:
    """An active high alarm for SpO₂, begun 43 s ago."""
    return {
        "id": f"{bed}/{number}", "code": "spo2-low", "kind": "physiological", "priority": "high", "state": "active",
        "label": "SpO₂", "text": "82 < 88 %", "measure": "spo2_pct", "began_utc_s": NOW_UTC_S - 43, "ended_utc_s": None,
        "sound": "on", "louder": False, "paused_until_utc_s": None, "source": "own", "source_lost": False,
        "owner": "", "accepted": False, "next_step": "Charge nurse", "next_step_at_utc_s": NOW_UTC_S + 17,
    } | changed  # fmt: skip


def technical(number: int = 2, bed: str = "bed-3", **changed: Any) -> dict[str, Any]:
    """ECG leads off, since 52 s; a medium alarm in 8 s."""
    told = {
        "code": "leads-off", "kind": "technical", "priority": "low", "label": "ECG leads off", "text": "",
        "measure": "hr_per_min", "began_utc_s": NOW_UTC_S - 52, "next_step": "Medium alarm",
        "next_step_at_utc_s": NOW_UTC_S + 8,
    }  # fmt: skip
    return alarm(number, bed, **(told | changed))


def latched(number: int = 3, bed: str = "bed-10", **changed: Any) -> dict[str, Any]:
    """HR was 138 > 130 for 26 s, over since 13:58, and nobody has seen it."""
    ended = NOW_UTC_S - 7 * 60
    told = {
        "code": "hr-high", "state": "latched", "label": "HR", "text": "138 > 130 /min", "measure": "hr_per_min",
        "began_utc_s": ended - 26, "ended_utc_s": ended, "sound": "off", "owner": "Nurse 17", "next_step": "",
        "next_step_at_utc_s": None,
    }  # fmt: skip
    return alarm(number, bed, **(told | changed))


def news2(text: str = "0", age_min: float = 35, **changed: Any) -> dict[str, Any]:
    told = {"text": text, "complete": True, "risk": "low", "delta": "", "at_utc_s": NOW_UTC_S - 60 * age_min}
    return told | {"scale": 1, "missing": []} | changed


def bed(*alarms: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A monitored bed with these alarms."""
    return {
        "patient": {"initials": "A.K.", "years": 67, "admitted": "21 Nov"},
        "place": {"state": "monitoring", "since": "09:10", "why": ""},
        "nurse": "N14", "numerics": numerics(), "news2": news2(), "alarms": list(alarms), "advice": [], "due": None,
        "scale2": False, "waves": ["ecg_ii_mv", "pleth"],
    } | changed  # fmt: skip


def placed(state: str, *alarms: dict[str, Any], since: str = "13:40", why: str = "", **changed: Any) -> dict[str, Any]:
    """A bed in standby, empty, never heard or without data."""
    return bed(*alarms, place={"state": state, "since": since, "why": why}, **changed)


def ward(**changed: Any) -> dict[str, Any]:
    """The desk of a ward whose audio is commissioned and whose one feed is heard."""
    return {
        "audio": {"commissioned": True}, "roster": {"charge": "Charge nurse 03"},
        "feeds": [{"name": "hl7", "ok": True, "age_s": 1.0, "why": ""}], "alarms": [],
    } | changed  # fmt: skip


def due(what: str, why: str, minutes: float, *, over: bool = False) -> dict[str, Any]:
    return {"what": what, "why": why, "at_utc_s": NOW_UTC_S + 60 * minutes, "over": over}


def sixteen_beds() -> dict[str, dict[str, Any]]:
    """A ward in the middle of the day, with something of everything."""

    def who(initials: str, nurse: str, **more: Any) -> dict[str, Any]:
        return {"patient": {"initials": initials, "years": 70, "admitted": "20 Nov"}, "nurse": nurse, **more}

    def told(hr: str, spo2: str, rr: str, bp: str, t: str, bp_min: float = 40) -> dict[str, Any]:
        sys, dia = (reading(part, at_utc_s=NOW_UTC_S - 60 * bp_min) for part in bp.split("/"))
        return numerics(
            hr_per_min=hr, spo2_pct=spo2, rr_per_min=rr, nibp_sys_mmhg=sys, nibp_dia_mmhg=dia, temp_cel=t or None
        )

    hit = told("132", "82", "28", "88/52", "38.4", 4)
    hit["spo2_pct"]["alarm"] = "high"
    fast = told("104", "94", "26", "108/66", "37.9", 45)
    fast["rr_per_min"]["alarm"] = "medium"
    off = told("74", "95", "16", "118/72", "36.9", 55) | {"hr_per_min": reading("", "absent", why="leads off")}
    off["rr_per_min"] = reading("", "absent", why="leads off")
    old = {name: value | {"state": "stale"} for name, value in told("71", "98", "15", "128/76", "36.7", 70).items()}
    no_data = technical(8, "bed-8", code="no-data", label="No data from monitor", measure="", next_step="",
                        began_utc_s=NOW_UTC_S - 42, next_step_at_utc_s=None)  # fmt: skip
    rr = alarm(6, "bed-6", code="rr-high", priority="medium", label="RR", text="26 > 24 /min", measure="rr_per_min",
               began_utc_s=NOW_UTC_S - 72, owner="Nurse 14", accepted=True)  # fmt: skip
    at = NOW_UTC_S
    return {
        "bed-1": bed(**who("R.T.", "N12", numerics=told("74", "97", "16", "124/78", "36.8", 35))),
        "bed-2": bed(**who("M.D.", "N12", numerics=told("88", "95", "18", "132/80", "37.2", 50), news2=news2("1", 50))),
        "bed-3": bed(technical(), **who("J.S.", "N12", numerics=off, news2=news2("1", complete=False),
                                        due=due("Full set", "after leads are back on", 5))),
        "bed-4": bed(**who("L.B.", "N12", numerics=told("67", "98", "14", "116/70", "36.6", 65), news2=news2("0", 65))),
        "bed-5": placed("standby", why="in imaging", **who("H.C.", "N14")),
        "bed-6": bed(rr, **who("P.O.", "N14", numerics=fast, news2=news2("5", 45, risk="medium"),
                               due=due("Full set", "NEWS2 5, hourly", 15))),
        "bed-7": bed(alarm(), **who("A.K.", "N14", numerics=hit, news2=news2("7", 12, risk="high", delta="+3"),
                                    due=due("Full set", "NEWS2 7, continuous", 0, over=True))),
        "bed-8": placed("no-data", no_data, **who("C.N.", "N14", numerics=old, news2=news2("0", 70))),
        "bed-9": placed("empty", patient=None),
        "bed-10": bed(latched(), **who("F.W.", "N17", numerics=told("96", "96", "17", "122/74", "37.4", 20),
                                       news2=news2("1", 20))),
        "bed-11": bed(**who("T.H.", "N17", numerics=told("82", "96", "15", "138/84", "36.5"))),
        "bed-12": bed(**who("E.G.", "N17", numerics=told("92", "94", "20", "121/70", ""),
                            news2=news2("2", complete=False), due=due("Temp, ACVPU", "missing", -25, over=True))),
        "bed-13": bed(**who("D.M.", "N21", numerics=told("86", "90", "20", "126/72", "36.9", 25), scale2=True,
                            news2=news2("2", 25, scale=2))),
        "bed-14": bed(**who("K.V.", "N21", numerics=told("78", "97", "16", "119/73", "37.0", 55),
                            news2=news2("0", 55))),
        "bed-15": bed(**who("S.R.", "N21", numerics=told("58", "99", "13", "109/66", "36.4", 30),
                            news2=news2("1", 30, delta="-1"))),
        "bed-16": bed(**who("B.L.", "N21", numerics=told("95", "95", "19", "112/70", "38.2", 60), news2=news2("3", 60),
                            due=due("Full set", "NEWS2 3", 180),
                            advice=[{"text": "RR 15 to 19, T 37.4 to 38.2 in 1 h", "at_utc_s": at - 60}])),
    }  # fmt: skip
