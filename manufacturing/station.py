"""One inspected place on a line: every part is rejected until an accept has been recorded and delivered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from core.inference.request import Answer, Ask
from manufacturing import orders
from manufacturing.discipline import FAULTS, NOTICES, Discipline
from manufacturing.heat import grey_range, heat_picture, hottest, outline
from manufacturing.reading import kind_of, number, part_id, picture, whole
from manufacturing.results import SENTENCES, ResultCode
from manufacturing.settings import LineSettings
from manufacturing.shifts import clock_text, shift_at
from manufacturing.shown import counts_shown, recipe_shown
from manufacturing.standing import standing
from manufacturing.tally import Tally
from verticals.contract import (
    NOTHING,
    Acted,
    Action,
    Command,
    Decision,
    Delivery,
    DeviceNews,
    Event,
    Evidence,
    Health,
    Level,
    Sample,
    State,
    StationSpec,
)

#: What is left of the PLC's window for writing the result.
_DELIVERY_SHARE = 0.9


class InspectionStation:
    """The rules of one line; its device is named `<line>-cell`, its model slot is the recipe."""

    def __init__(self, line: LineSettings, *, simulated: bool, time_zone: str) -> None:
        self.line = line
        self.simulated = simulated
        self.cell = f"{line.name}-cell"
        self.keeper = f"{line.name}-model"
        self.spec = StationSpec(
            name=line.name,
            models=(line.recipe,),
            actuators=(self.cell, self.keeper),
            answer_within_s=line.inspect_window * _DELIVERY_SHARE,
            priority=1,
        )
        self.tally = Tally()
        self.discipline = Discipline()
        self.model = ""
        self._zone = ZoneInfo(time_zone)
        self._counter = 0
        self._passed = 0
        self._run = (0, 0)  # result code of the last part, and how many in a row had it
        self._since: dict[str, Instant] = {}
        self._signalled: dict[str, bool | str] = {}

    # --- what survives -------------------------------------------------------------------------------------

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        if state:
            self._counter = int(state.get("counter", 0))
            self._passed = int(state.get("passed", 0))
            code, count = state.get("run", (0, 0))
            self._run = (int(code), int(count))
            self.tally.restore(state.get("tally", {}))
            self.discipline.restore(state.get("discipline", {}), now)
        for event in since:
            self._counter = int(event.data.get("counter", self._counter))
            self._passed = int(event.data.get("passed", self._passed))
            if event.kind == "part":
                self._count(event)

    def state(self, now: Instant) -> State:
        return {
            "counter": self._counter,
            "passed": self._passed,
            "run": list(self._run),
            "tally": self.tally.state(),
            "discipline": self.discipline.state(now),
        }

    # --- a part --------------------------------------------------------------------------------------------

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        if kind_of(sample) != "part":
            return ()
        image = picture(sample)
        if image is None or self._standing_code() is not None:
            return ()
        return (Ask(self.line.recipe, {"image": image}),)

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        about = kind_of(sample)
        if about == "status":
            return Decision(live=self._live(sample))
        if about == "gate":
            return self._gate(sample)
        if about != "part":
            return NOTHING
        if not answers:
            note = str(sample.values.get("camera_error", ""))
            return self._part(sample, self._standing_code() or ResultCode.CAMERA_LOST, note=note)
        answer = answers[0]
        limits = answer.model.limits if answer.model else {}
        score, threshold = answer.scalar("score"), limits.get("threshold", math.nan)
        if not (math.isfinite(score) and math.isfinite(threshold)) or part_id(sample.key) is None:
            return self._part(sample, ResultCode.MODEL_FAILED, note=f"score {score}, threshold {threshold}")
        code = ResultCode.PASS if score <= threshold else ResultCode.DEFECT
        return self._part(sample, code, answer=answer, score=score, threshold=threshold)

    def degrade(self, sample: Sample, reason: str) -> Decision:
        if kind_of(sample) != "part":
            return NOTHING
        code = ResultCode.LATE if reason.startswith("late") else ResultCode.MODEL_FAILED
        return self._part(sample, code, note=reason)

    def _standing_code(self) -> ResultCode | None:
        """Why no part can be judged now, whatever its picture."""
        if self.discipline.bypass is not None:
            return ResultCode.BYPASS
        if self.discipline.stopped:
            return ResultCode.STOPPED
        return None

    def _part(
        self,
        sample: Sample,
        code: ResultCode,
        *,
        answer: Answer | None = None,
        score: float = 0.0,
        threshold: float = 0.0,
        note: str = "",
    ) -> Decision:
        accept = code is ResultCode.PASS
        shift, _ = shift_at(sample.at.utc_s, self.line.shifts, self._zone)
        data: dict[str, Any] = {
            "verdict": "accept" if accept else ("bypass" if code is ResultCode.BYPASS else "reject"),
            "code": int(code),
            "why": SENTENCES[code],
            "shift": shift,
            "counter": whole(sample, "counter"),
            "passed": whole(sample, "passed"),
            "captured_at": sample.at.iso(),
            "local_time": clock_text(sample.at.utc_s, self._zone),
            "simulated": self.simulated,
        }
        if note:
            data["note"] = note
        grab_ms = number(sample, "grab_ms")
        if grab_ms is not None:
            data["grab_ms"] = grab_ms
        evidence: dict[str, Evidence] = {}
        image = picture(sample)
        if image is not None:
            data["picture"] = {"w": int(image.shape[1]), "h": int(image.shape[0])}
            evidence["image"] = Evidence(image, hold=code is ResultCode.DEFECT)
        if answer is not None:
            data |= self._judgement(answer, score, threshold, evidence)
        gap = self._gap(sample, shift)
        event = Event("part", sample.key, sample.at.utc_s, data, self.spec.name)
        self._count(event)
        data["counts"] = self.tally.counts()
        return Decision(
            events=(*gap, event),
            actions=(self._result(sample, accept, code, score), *self._own_gate(sample, code), *self._signals()),
            evidence=evidence,
            save=True,
        )

    def _judgement(
        self, answer: Answer, score: float, threshold: float, evidence: dict[str, Evidence]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"score": round(score, 5), "threshold": round(threshold, 5)}
        found["infer_ms"] = round(answer.run_s * 1000, 2)
        found["queued_ms"] = round(answer.queued_s * 1000, 2)
        if answer.model is not None:
            found["model"] = {
                "name": answer.model.name,
                "version": answer.model.version,
                "sha256": answer.model.sha256,
            }
        heat_map = answer.outputs.get("heat_map")
        if heat_map is not None:
            heat = heat_picture(heat_map, threshold)
            evidence["heat"] = Evidence(heat, hold=score > threshold)
            found["where"] = hottest(heat_map)
            if score > threshold:
                found["outline"] = outline(heat_map)
                found["heat_range"] = grey_range(heat_map, threshold)
        return found

    def _result(self, sample: Sample, accept: bool, code: ResultCode, score: float) -> Action:
        value = {"part_id": part_id(sample.key) or 0, "accept": accept, "code": int(code), "score": float(score)}
        value["captured_mono_s"] = sample.at.mono_s
        return Action(
            f"{self.cell}.result",
            value,
            until_s=self.line.inspect_window,
            subject=sample.key,
            protective=not accept,
        )

    def _own_gate(self, sample: Sample, code: ResultCode) -> tuple[Action, ...]:
        """The gate by the box's own coil, only where the recipe says so: the PLC owns it otherwise."""
        modbus = self.line.modbus
        if modbus is None or modbus.reject_coil is None or code in (ResultCode.PASS, ResultCode.BYPASS):
            return ()
        until_s = modbus.reject_after + modbus.reject_window
        gate = Action(f"{self.cell}.gate", True, until_s, modbus.reject_after, sample.key, protective=True)
        return (gate,)

    def _gap(self, sample: Sample, shift: str) -> list[Event]:
        """Parts that the PLC counted since the last one recorded here. None of them can have been accepted:
        an accept leaves only after its record. `not_triggered` passed the camera while the box was not ready.
        """
        counter, passed = (whole(sample, name) for name in ("counter", "passed"))
        last, self._counter = self._counter, counter
        last_passed, self._passed = self._passed, passed
        if not last or counter < last:
            return []
        missing = max(0, counter - last - 1)
        not_triggered = max(0, passed - last_passed - 1 - missing) if last_passed else 0
        if not missing + not_triggered:
            return []
        self.tally.missing(shift, missing + not_triggered)
        data = {
            "from_counter": last + 1,
            "to_counter": counter - 1,
            "count": missing,
            "not_triggered": not_triggered,
            "why": "Decided, not recorded" if missing else "Passed while not ready",
        }
        subject = f"{last + 1}-{counter - 1}" if missing else f"after {last}"
        return [Event("unrecorded", subject, sample.at.utc_s, data, self.spec.name)]

    def _count(self, event: Event) -> None:
        code = int(event.data["code"])
        self._run = (code, self._run[1] + 1 if code == self._run[0] else 1)
        self.tally.part(str(event.data["shift"]), code)

    def _gate(self, sample: Sample) -> Decision:
        rejected = bool(sample.values.get("rejected"))
        return Decision(events=(Event("gate", sample.key, sample.at.utc_s, {"rejected": rejected}, self.spec.name),))

    # --- how it went ---------------------------------------------------------------------------------------

    def acted(self, acted: Acted) -> Decision:
        if not acted.action.target.endswith(".result"):
            return NOTHING
        code = int(acted.action.value["code"])
        self.tally.delivered((acted.at.mono_s - float(acted.action.value["captured_mono_s"])) * 1000)
        if acted.delivery is Delivery.SENT and code != ResultCode.LATE:
            self.discipline.in_time()
            return NOTHING
        if not self.discipline.late(self.line.faults_after_late):
            return NOTHING
        event = self.fault_event("late-results", acted.at, raised=True)
        return Decision(events=(event,), actions=self._signals(), save=True)

    def device_changed(self, news: DeviceNews) -> Decision:
        code = "disk-full" if news.device == "store" else news.code
        if code in NOTICES:
            self.discipline.notice(code, news.ok, news.detail)
            return Decision(live={"standing": self._standing()})
        before = dict(self.discipline.faults)
        if news.device == self.keeper:
            self.model = news.detail if news.ok else self.model
            for known in ("no-recipe", "recipe-failed"):
                self.discipline.clear(known)
        if news.ok:
            self.discipline.clear("device-stopped")
            self._signalled = {} if news.device == self.cell else self._signalled
        if news.ok:
            self.discipline.clear(code)
        elif code:
            self.discipline.fault(code, news.detail)
        events = []
        if (code in before) != (code in self.discipline.faults):
            self._since[code] = news.at
            events.append(self.fault_event(code, news.at, raised=not news.ok, detail=news.detail))
        return Decision(events=events, actions=self._signals(), live={"standing": self._standing()})

    def command(self, command: Command) -> Decision:
        decision = orders.carry_out(self, command)
        actions = (*decision.actions, *self._signals())
        return replace(decision, actions=actions, live={"standing": self._standing()})

    def due(self) -> Instant | None:
        return self.discipline.bypass.until if self.discipline.bypass else None

    def tick(self, now: Instant) -> Decision:
        bypass = self.discipline.bypass
        if bypass is None or now < bypass.until:
            return NOTHING
        self.discipline.bypass = None
        event = Event("bypass-ended", self.spec.name, now.utc_s, {"how": "by itself"}, self.spec.name)
        return Decision(events=(event,), actions=self._signals(), save=True)

    def health(self) -> Health:
        faults = dict(self.discipline.faults)
        level = Level.GOOD
        if faults:
            level = Level.FAULT
        elif self.discipline.notices or self.discipline.word() != "running":
            level = Level.ATTENTION
        return Health(level, self.discipline.word(), {**faults, **self.discipline.notices})

    # --- small parts ---------------------------------------------------------------------------------------

    def fault_event(self, code: str, at: Instant, *, raised: bool, detail: str = "", who: str = "") -> Event:
        data = {"code": code, "raised": raised, "why": FAULTS.get(code, code), "detail": detail}
        return Event("fault", code, at.utc_s, data, self.spec.name, who)

    def _signals(self) -> tuple[Action, ...]:
        """What the PLC must know of the box's standing, only when it changed."""
        wanted: dict[str, bool | str] = {**self.discipline.signals(), "Simulated": self.simulated}
        wanted["RecipeIdActive"] = self.model
        if wanted == self._signalled:
            return ()
        self._signalled = wanted
        return (Action(f"{self.cell}.signals", wanted, until_s=5.0, protective=True),)

    def _standing(self) -> dict[str, Any]:
        return standing(
            self.discipline,
            simulated=self.simulated,
            model=self.model,
            since=self._since,
            zone=self._zone,
            run=self._run,
        )

    def _live(self, sample: Sample) -> dict[str, Any]:
        _, title = shift_at(sample.at.utc_s, self.line.shifts, self._zone)
        return {
            "plc_age_s": sample.values.get("plc_age_s"),
            "camera_age_s": sample.values.get("camera_age_s"),
            "disk_used_share": sample.values.get("disk_used_share"),
            "standing": self._standing(),
            "model": self.model,
            "recipe": recipe_shown(self.model, self._zone) if self.model else "",
            "shift": title,
            "decided_ms": self.tally.decided_ms(),
            "counts_shown": counts_shown(self.tally.counts()),
        }
