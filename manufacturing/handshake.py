"""The box's side of the PLC handshake, as a plain state machine: signals in, ordered writes out.

PLC: PartId, Trigger up. Box: Busy up, Ready down; result values first, then ResultValid up, then Busy down.
PLC: Ack up. Box: ResultValid down, Ready up. A part is REJECT until the PLC has read an ACCEPT that carries
its own PartId, so whatever goes wrong here can only reject. Levels and order follow the handshake in
docs/operate/line-engineer.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Write = tuple[str, bool | int | float | str]
#: Writes of one group may go together; groups go one after the other.
Writes = Sequence[Sequence[Write]]


class Phase(StrEnum):
    NOT_READY = "not-ready"
    READY = "ready"
    BUSY = "busy"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Result:
    """What is told to the PLC of one part. `score` is the model's, 0 where none was given."""

    part_id: int
    accept: bool
    code: int
    score: float = 0.0


class Handshake:
    """Belongs to one PLC link. `part_id` is the part in work, None between parts."""

    def __init__(self) -> None:
        self.phase = Phase.NOT_READY
        self.part_id: int | None = None
        self.unacknowledged = 0
        self.overruns = 0
        self.missed = 0
        self._wanted = False

    def connected(self) -> Writes:
        """A fresh link: every output is put where it is safe before anything else."""
        self.phase = Phase.NOT_READY
        self.part_id = None
        safe: list[Write] = [("ResultValid", False), ("PassFail", False), ("Busy", False)]
        return [safe, *self.want_ready(self._wanted)]

    def want_ready(self, wanted: bool) -> Writes:
        """Whether the box can judge. Taken back at once between parts, after the part otherwise."""
        self._wanted = wanted
        if self.phase is Phase.NOT_READY and wanted:
            self.phase = Phase.READY
            return [[("Ready", True)]]
        if self.phase in (Phase.READY, Phase.NOT_READY) and not wanted:
            self.phase = Phase.NOT_READY
            return [[("Ready", False)]]
        return []

    def triggered(self, part_id: int) -> tuple[bool, Writes]:
        """A rising trigger: whether the part is to be judged, and what to write.

        A trigger while not ready starts nothing: the PLC rejects that part by itself. One that comes before
        the last result was acknowledged withdraws that result; the new part counts.
        """
        if self.phase is Phase.NOT_READY:
            self.overruns += 1
            return False, []
        writes: list[list[Write]] = []
        if self.phase is Phase.VALID:
            self.unacknowledged += 1
            writes.append([("ResultValid", False)])
        elif self.phase is Phase.BUSY:
            self.overruns += 1
        self.phase = Phase.BUSY
        self.part_id = part_id
        writes.append([("Busy", True), ("Ready", False)])
        return True, writes

    def values(self, result: Result) -> Writes | None:
        """What may be written before the result counts: it is read once ResultValid is up. None as in `result`."""
        if self.phase is not Phase.BUSY or result.part_id != self.part_id:
            return None
        return [
            [
                ("PassFail", result.accept),
                ("ResultCode", result.code),
                ("Score", result.score),
                ("PartIdEcho", result.part_id),
            ]
        ]

    def result(self, result: Result, *, told: bool = False) -> Writes | None:
        """None: the PLC has moved on, the result is not to be sent. `told`: the PLC has taken its `values`."""
        values = self.values(result)
        if values is None:
            return None
        self.phase = Phase.VALID
        return [*(values if not told else []), [("ResultValid", True)], [("Busy", False)]]

    def acknowledged(self) -> Writes:
        """A rising Ack. One that nothing waits for is ignored."""
        return self._close() if self.phase is Phase.VALID else []

    def ack_overdue(self) -> Writes:
        """The PLC did not take the result in time: it is withdrawn, and the box is ready again."""
        if self.phase is not Phase.VALID:
            return []
        self.unacknowledged += 1
        return self._close()

    def result_overdue(self, part_id: int) -> Writes:
        """The PLC's window has closed without a result of this part: it has rejected it, and the box goes on.

        Without this one part whose result was never sent would leave the box busy, and the line rejecting, for good.
        """
        if self.phase is not Phase.BUSY or part_id != self.part_id:
            return []
        self.missed += 1
        return [[("Busy", False)], *self._close()]

    def _close(self) -> Writes:
        self.part_id = None
        self.phase = Phase.NOT_READY
        return [[("ResultValid", False), ("PassFail", False)], *self.want_ready(self._wanted)]
