"""One inspected place on a line: every part is rejected until an accept has been recorded and delivered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from core.inference.request import Answer, Ask
from manufacturing import orders
from manufacturing.changeover import Changeover
from manufacturing.discipline import FAULTS, NOTICES, OF_RECIPES, OF_STORE, Discipline
from manufacturing.infeed import Infeed
from manufacturing.part_events import own_gate, part_data, result_action
from manufacturing.reading import kind_of, part_id, recipe_number
from manufacturing.recipe_orders import first_recipe, model_activated
from manufacturing.recipes import Recipe
from manufacturing.results import ResultCode
from manufacturing.settings import LineSettings
from manufacturing.shifts import clock_text, shift_at
from manufacturing.shown import counts_shown, recipes_live
from manufacturing.standing import standing
from manufacturing.tally import Tally
from manufacturing.verdicts import Verdict, judge, kept, pictures
from verticals.contract import (
    NOTHING,
    Acted,
    Action,
    Command,
    Decision,
    Delivery,
    DeviceNews,
    Event,
    Health,
    Level,
    Sample,
    State,
    StationSpec,
)

#: What is left of the PLC's window for writing the result.
_DELIVERY_SHARE = 0.9
_SIGNALS_WITHIN_S = 5.0


class InspectionStation:
    """The rules of one line; its device is named `<line>-cell`, its model slot is the line's own recipe."""

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
        self.changeover = Changeover(line.name, self.keeper, line.recipe, line.recipes_loaded)
        self.activating: Command | None = None
        self._zone = ZoneInfo(time_zone)
        self._infeed = Infeed()
        self._run = (0, 0)  # result code of the last part, and how many in a row had it
        self._since: dict[str, Instant] = {}
        self._signalled: dict[str, Any] = {}

    # --- what survives -------------------------------------------------------------------------------------

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        if state:
            self._infeed.restore(state)
            code, count = state.get("run", (0, 0))
            self._run = (int(code), int(count))
            self.tally.restore(state.get("tally", {}))
            self.discipline.restore(state.get("discipline", {}), now)
            self.changeover.restore(state.get("recipes", {}))
        for event in since:
            self._infeed.restore(event.data)
            self.changeover.book.apply(event.kind, event.data)
            if event.kind == "part":
                self._count(event)

    def state(self, now: Instant) -> State:
        return {
            **self._infeed.state(),
            "run": list(self._run),
            "tally": self.tally.state(),
            "discipline": self.discipline.state(now),
            "recipes": self.changeover.state(),
        }

    # --- a part --------------------------------------------------------------------------------------------

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        if kind_of(sample) != "part":
            return ()
        recipe = self._recipe_of(sample)
        if recipe is None or self._standing_code(sample) is not None:
            return ()
        asks = []
        for view, image in pictures(sample, list(recipe.models)).items():
            if image is None:
                return ()
            asks.append(Ask(self.changeover.slot(recipe.models[view]), {"image": image}))
        return asks

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        about = kind_of(sample)
        if about == "status":
            return Decision(live=self._live(sample))
        if about == "gate":
            return self._gate(sample)
        if about == "recipe":
            return self._asked_for(sample)
        if about != "part":
            return NOTHING
        recipe, code = self._recipe_of(sample), self._standing_code(sample)
        if code is not None or recipe is None or not answers:
            note = self._why(sample) if code is ResultCode.WRONG_RECIPE else str(sample.values.get("camera_error", ""))
            return self._part(sample, Verdict(code or ResultCode.CAMERA_LOST, recipe, note=note))
        if part_id(sample.key) is None:
            return self._part(sample, Verdict(ResultCode.MODEL_FAILED, recipe, note=f"part id '{sample.key[:40]}'"))
        return self._part(sample, judge(recipe, answers))

    def degrade(self, sample: Sample, reason: str) -> Decision:
        if kind_of(sample) != "part":
            return NOTHING
        code = ResultCode.LATE if reason.startswith("late") else ResultCode.MODEL_FAILED
        return self._part(sample, Verdict(code, self._recipe_of(sample), note=reason))

    def _recipe_of(self, sample: Sample) -> Recipe | None:
        """What the part is judged by; None while that is not what the PLC asked for at its trigger."""
        return self.changeover.recipe_for(recipe_number(sample, asked=self.line.plc.chooses_recipes))

    def _standing_code(self, sample: Sample) -> ResultCode | None:
        """Why this part cannot be judged, whatever its picture."""
        if self.discipline.bypass is not None:
            return ResultCode.BYPASS
        if self.discipline.stopped:
            return ResultCode.STOPPED
        if self._recipe_of(sample) is None:
            return ResultCode.WRONG_RECIPE if self.changeover.book.in_force else ResultCode.NO_RECIPE
        return None

    def _why(self, sample: Sample) -> str:
        asked = recipe_number(sample, asked=self.line.plc.chooses_recipes)
        in_force = self.changeover.book.in_force
        return f"the PLC asked for {asked}, in force was {in_force.title if in_force else 'none'}"

    def _part(self, sample: Sample, verdict: Verdict) -> Decision:
        shift, _ = shift_at(sample.at.utc_s, self.line.shifts, self._zone)
        local_time = clock_text(sample.at.utc_s, self._zone)
        data = part_data(sample, verdict, shift=shift, local_time=local_time, simulated=self.simulated)
        found, evidence = kept(verdict, pictures(sample, self._views(verdict)))
        data |= found
        gap = self._gap(sample, shift)
        event = Event("part", sample.key, sample.at.utc_s, data, self.spec.name)
        self._count(event)
        data["counts"] = self.tally.counts()
        result = result_action(sample, verdict, f"{self.cell}.result", self.line.inspect_window)
        gate = own_gate(sample, verdict.code, verdict.recipe, self.line, f"{self.cell}.gate")
        actions = (result, *gate, *self._signals())
        return Decision(events=(*gap, event), actions=actions, evidence=evidence, save=True)

    def _views(self, verdict: Verdict) -> list[str]:
        recipe = verdict.recipe or self.changeover.book.in_force
        return list(recipe.models) if recipe else [""]

    def _gap(self, sample: Sample, shift: str) -> list[Event]:
        found = self._infeed.gap(sample)
        if found is None:
            return []
        subject, data = found
        self.tally.missing(shift, data["count"] + data["not_triggered"])
        return [Event("unrecorded", subject, sample.at.utc_s, data, self.spec.name)]

    def _count(self, event: Event) -> None:
        code = int(event.data["code"])
        self._run = (code, self._run[1] + 1 if code == self._run[0] else 1)
        self.tally.part(str(event.data["shift"]), code)

    def _gate(self, sample: Sample) -> Decision:
        rejected = bool(sample.values.get("rejected"))
        return Decision(events=(Event("gate", sample.key, sample.at.utc_s, {"rejected": rejected}, self.spec.name),))

    # --- recipes -------------------------------------------------------------------------------------------

    def _asked_for(self, sample: Sample) -> Decision:
        """The PLC asks for another recipe, or for none any more."""
        self.changeover.ask_for(recipe_number(sample, asked=True))
        return self._changed(sample.at)

    def _changed(self, at: Instant, *events: Event) -> Decision:
        """What follows from a change of wish, recipes or models: events, orders to the keeper, signals."""
        found = [*events, *self.changeover.settle(at)]
        self.discipline.changing = self.changeover.changing
        found += self._recipe_faults(at)
        actions = (*self.changeover.orders(), *self._signals())
        live = {"standing": self._standing(), **recipes_live(self.changeover, self._zone)}
        return Decision(events=found, actions=actions, live=live, save=bool(found))

    def _recipe_faults(self, at: Instant) -> list[Event]:
        troubles, events = self.changeover.troubles(), []
        for code in OF_RECIPES:
            was, is_now = self.discipline.faults.get(code), code in troubles
            if not is_now:
                self.discipline.clear(code)
            elif was is None or not was.endswith(troubles[code]):
                self.discipline.fault(code, troubles[code])
            if (was is not None) != is_now:
                self._since[code] = at
                events.append(self.fault_event(code, at, raised=is_now, detail=troubles.get(code, "")))
        return events

    def _keeper_said(self, news: DeviceNews) -> Decision:
        """The keeper has begun: what the line's own slot holds is known, everything else is to be loaded."""
        self.changeover.keeper_began(news)
        without = not self.changeover.book and news.ok
        return self._changed(news.at, *(first_recipe(self.changeover, self.line, news) if without else ()))

    # --- how it went ---------------------------------------------------------------------------------------

    def acted(self, acted: Acted) -> Decision:
        target = acted.action.target
        if target in (f"{self.keeper}.load", f"{self.keeper}.unload"):
            self.changeover.keeper_did(acted)
            return self._changed(acted.at)
        if target == f"{self.keeper}.activate":
            return self._changed(acted.at, *model_activated(self, acted))
        if not target.endswith(".result"):
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
        if news.device == self.keeper:
            return self._keeper_said(news)
        code = news.code if news.device != "store" or news.code in OF_STORE else "store"
        if code in NOTICES:
            self.discipline.notice(code, news.ok, news.detail)
            return Decision(live={"standing": self._standing()})
        if news.ok and news.device == self.cell:
            self._signalled = {}
        events = []
        for changed in self.discipline.heard(news.device, code, ok=news.ok, detail=news.detail):
            raised = changed in self.discipline.faults
            self._since[changed] = news.at
            detail = news.detail if changed == code else ""
            events.append(self.fault_event(changed, news.at, raised=raised, detail=detail))
        return Decision(events=events, actions=self._signals(), live={"standing": self._standing()})

    def command(self, command: Command) -> Decision:
        decision = orders.carry_out(self, command)
        follows = self._changed(command.at)
        return replace(
            follows,
            events=(*decision.events, *follows.events),
            actions=(*decision.actions, *follows.actions),
            reply=decision.reply,
            save=decision.save or follows.save,
        )

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
        """What the PLC must know of the box's standing, and what is to be set up for the recipe; only when it changed.

        What is set up is set up before Ready rises.
        """
        recipe = self.changeover.book.in_force
        wanted: dict[str, Any] = {**self.discipline.signals(), "Simulated": self.simulated}
        wanted["RecipeIdActive"] = recipe.title if recipe else ""
        if self.line.plc.chooses_recipes:
            wanted["RecipeNumberActive"] = (recipe.plc_number or 0) if recipe else 0
        wanted["setup"] = recipe.setup if recipe else {}
        if wanted == self._signalled:
            return ()
        self._signalled = wanted
        return (Action(f"{self.cell}.signals", wanted, until_s=_SIGNALS_WITHIN_S, protective=True),)

    @property
    def model(self) -> str:
        """Name and version of the model that judges; empty while none does."""
        recipe = self.changeover.judging
        return recipe.model.title if recipe else ""

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
            **recipes_live(self.changeover, self._zone),
            "shift": title,
            "decided_ms": self.tally.decided_ms(),
            "counts_shown": counts_shown(self.tally.counts()),
        }
