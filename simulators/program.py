"""The PLC's program without its network: signals and time in, ordered tag writes and finished parts out.

Every part is REJECT until an ACCEPT with its own id arrives inside the inspection window. The PLC owns
tracking and gate. It never believes a result that is late or carries another id, but acknowledges it, so that
the box can go on. Levels and order as in docs/operate/line-engineer.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from core.clock import Instant
from simulators.passages import ACCEPTED, BUSY, NOT_READY, REJECTED, TIMEOUT, WATCHDOG, Part, Passage
from simulators.tags import TAG_BY_NAME, TAGS, TagValue, Writer

BEAT_S = 0.5
FAULT_NONE, FAULT_NO_RESULT, FAULT_WATCHDOG = 0, 1, 2


@dataclass(frozen=True, slots=True)
class CellTimes:
    """How the cell is laid out: `travel_s` from the camera to the gate, `watchdog_s` for the box's heartbeat."""

    inspect_window_s: float = 0.250
    travel_s: float = 0.800
    watchdog_s: float = 2.0
    fault_after: int = 3


@dataclass(frozen=True, slots=True)
class Counters:
    """What a PLC keeps over a power loss."""

    triggered: int = 0
    passed: int = 0
    gate_rejected: int = 0
    gate_passed: int = 0


class CellProgram:
    """One camera, one gate. `writes` and `rows` are drained by the owner after every call."""

    def __init__(self, times: CellTimes, now: Instant, counters: Counters | None = None) -> None:
        counters = counters or Counters()
        self.outputs: dict[str, TagValue] = {tag.name: tag.start for tag in TAGS if tag.writer is Writer.PLC}
        self.outputs |= {
            "PartCounter": counters.triggered,
            "PartsPassed": counters.passed,
            "GateRejectCount": counters.gate_rejected,
            "GatePassCount": counters.gate_passed,
        }
        self.box: dict[str, TagValue] = {}
        self.forget_box(now)
        self.hold_ack = False  # injected fault: the PLC never acknowledges
        self._times = times
        self._writes: list[tuple[str, TagValue]] = []
        self._rows: list[dict[str, Any]] = []
        self._under_camera: Passage | None = None
        self._to_gate: deque[Passage] = deque()
        self._without_result = 0
        self._next_beat_s = now.mono_s + BEAT_S

    def drain_writes(self) -> list[tuple[str, TagValue]]:
        """Tag writes since the last call, in the order a client must see them."""
        drained, self._writes = self._writes, []
        return drained

    def drain_rows(self) -> list[dict[str, Any]]:
        """Log lines of the parts that left the gate since the last call."""
        drained, self._rows = self._rows, []
        return drained

    def forget_box(self, now: Instant) -> None:
        """The OPC UA server starts anew: what the box wrote is gone, so it is not ready."""
        self.box = {tag.name: tag.start for tag in TAGS if tag.writer is Writer.BOX}
        self._heard_s = now.mono_s
        self._heard_any = False

    def box_alive(self, now: Instant) -> bool:
        return self._heard_any and now.since(Instant(self._heard_s, 0.0)) <= self._times.watchdog_s

    def part_arrives(self, part: Part, now: Instant) -> Passage:
        """The photo eye sees a part under the camera: trigger it if the box is ready, else let it pass unjudged."""
        self.tick(now)
        passage = Passage(part, now)
        self._to_gate.append(passage)
        self._count("PartsPassed")
        refusal = self._why_not(now)
        passage.faulted = bool(self.outputs["PlcFault"])
        if refusal:
            passage.reason, passage.closed = refusal, True
            return passage
        passage.triggered = True
        self._under_camera = passage
        self._set("PartId", part.part_id)
        self._count("PartCounter")
        self._set("Trigger", True)
        return passage

    def ask_for_recipe(self, number: int) -> None:
        """The parts from now on need this recipe; 0 is no wish. None is triggered before the box has it in force."""
        if self.outputs["RecipeId"] != number:
            self._set("RecipeId", number)

    def box_wrote(self, name: str, value: TagValue, now: Instant) -> None:
        """A tag of the box as it arrived; unknown names are none of ours."""
        if name not in self.box:
            return
        before, self.box[name] = self.box[name], value
        if name == "Heartbeat" and value != before:
            self._heard_s, self._heard_any = now.mono_s, True
            if self.outputs["PlcFaultCode"] == FAULT_WATCHDOG:
                self._fault(FAULT_NONE)
        elif name == "Busy" and value and self._under_camera is not None:
            self._set("Trigger", False)
        elif name == "ResultValid" and value and not before:
            self._take_result(now)
        elif name == "ResultValid" and not value and self.outputs["Ack"]:
            self._set("Ack", False)

    def due_s(self) -> float:
        """The monotonic second at which `tick` has something to do."""
        moments = [self._next_beat_s]
        if self._under_camera is not None and not self._under_camera.closed:
            moments.append(self._window_ends_s(self._under_camera))
        if self._to_gate:
            moments.append(self._at_gate_s(self._to_gate[0]))
        return min(moments)

    def tick(self, now: Instant) -> None:
        """The window ends, a part reaches the gate, the heartbeat beats, the box's is missed."""
        current = self._under_camera
        if current is not None and not current.closed and now.mono_s >= self._window_ends_s(current):
            self._close_without_result(current)
        while self._to_gate and now.mono_s >= self._at_gate_s(self._to_gate[0]):
            self._gate(self._to_gate.popleft(), now)
        if now.mono_s >= self._next_beat_s:
            self._beat(now)

    def _window_ends_s(self, passage: Passage) -> float:
        return passage.seen.mono_s + self._times.inspect_window_s

    def _at_gate_s(self, passage: Passage) -> float:
        return passage.seen.mono_s + self._times.travel_s

    def _why_not(self, now: Instant) -> str:
        if not self.box_alive(now):
            return WATCHDOG if self._heard_any else NOT_READY
        if not self.box["Ready"]:
            return BUSY if self.box["Busy"] else NOT_READY
        if self.outputs["RecipeId"] and self.box["RecipeNumberActive"] != self.outputs["RecipeId"]:
            return NOT_READY
        # A trigger that is still up cannot rise, an open handshake cannot take another part.
        return BUSY if self.outputs["Trigger"] or self.outputs["Ack"] or self.box["ResultValid"] else ""

    def _take_result(self, now: Instant) -> None:
        current = self._under_camera
        echo = int(self.box["PartIdEcho"])
        if current is None or echo != current.part.part_id:
            self._count("WrongEchoCount")
            if current is not None:
                current.wrong_echoes.append(echo)
        elif current.closed or now.mono_s >= self._window_ends_s(current):
            current.late_s = round(now.since(current.seen), 6)
            self._count("LateCount")
        else:
            self._believe(current, now)
        if not self.hold_ack:
            self._set("Ack", True)

    def _believe(self, passage: Passage, now: Instant) -> None:
        passage.closed = True
        passage.result = now
        passage.reason = ACCEPTED if self.box["PassFail"] is True else REJECTED
        passage.code = int(self.box["ResultCode"])
        passage.score = round(float(self.box["Score"]), 6)
        passage.bypass = bool(self.box["Bypass"])
        self._without_result = 0
        if self.outputs["PlcFaultCode"] == FAULT_NO_RESULT:
            self._fault(FAULT_NONE)
        if self.outputs["Trigger"]:
            self._set("Trigger", False)

    def _close_without_result(self, passage: Passage) -> None:
        passage.closed = True
        passage.reason = TIMEOUT
        self._count("NoResultCount")
        self._without_result += 1
        if self.outputs["Trigger"]:
            self._set("Trigger", False)
        if self._without_result >= self._times.fault_after:
            self._fault(FAULT_NO_RESULT)

    def _gate(self, passage: Passage, now: Instant) -> None:
        if not passage.closed:
            self._close_without_result(passage)
        rejected = passage.rejected
        self._set("GateLastPartId", 0)  # who reads now gets no outcome with a wrong id
        self._set("GateLastRejected", rejected)
        self._count("GateRejectCount" if rejected else "GatePassCount")
        self._set("GateLastPartId", passage.part.part_id)
        self._rows.append(passage.row(now, gate_rejected=rejected))

    def _beat(self, now: Instant) -> None:
        self._next_beat_s = now.mono_s + BEAT_S
        self._set("PlcHeartbeat", (int(self.outputs["PlcHeartbeat"]) + 1) % 65536)
        if self._heard_any and not self.box_alive(now) and self.outputs["PlcFaultCode"] != FAULT_WATCHDOG:
            self._fault(FAULT_WATCHDOG)

    def _fault(self, code: int) -> None:
        if self.outputs["PlcFaultCode"] != code:
            self._set("PlcFaultCode", code)
            self._set("PlcFault", code != FAULT_NONE)

    def _count(self, name: str) -> None:
        self._set(name, int(self.outputs[name]) + 1)

    def _set(self, name: str, value: TagValue) -> None:
        assert TAG_BY_NAME[name].writer is Writer.PLC
        self.outputs[name] = value
        self._writes.append((name, value))
