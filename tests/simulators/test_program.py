import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Instant
from simulators.passages import Part
from simulators.program import CellProgram, CellTimes, Counters
from simulators.tags import TAG_BY_NAME, TAGS, TagValue, Writer
from tests.support.clocks import FakeClock

TIMES = CellTimes(inspect_window_s=0.25, travel_s=0.8, watchdog_s=2.0)


class Cell:
    """The program with a clock beside it, and a box that speaks in one line."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.program = CellProgram(TIMES, self.clock.now())
        self.beats = 0

    def box(self, **values: TagValue) -> None:
        for name, value in values.items():
            self.program.box_wrote(name, value, self.clock.now())

    def beat(self) -> None:
        self.beats += 1
        self.box(Heartbeat=self.beats)

    def part(self, part_id: int) -> None:
        self.program.part_arrives(Part(part_id), self.clock.now())

    def out(self, name: str) -> TagValue:
        return self.program.outputs[name]

    def after(self, seconds: float) -> None:
        self.program.tick(self.clock.advance(seconds))

    def answer(self, echo: int, *, accept: bool = True) -> None:
        self.box(PassFail=accept, ResultCode=0 if accept else 1, PartIdEcho=echo, ResultValid=True)

    def release(self) -> None:
        self.box(ResultValid=False, Busy=False, Ready=True)


@pytest.fixture
def cell() -> Cell:
    """A cell whose box is alive and ready."""
    made = Cell()
    made.beat()
    made.box(Ready=True)
    made.program.drain_writes()
    return made


def test_the_part_id_is_written_before_the_trigger(cell: Cell) -> None:
    cell.part(7)
    names = [name for name, _ in cell.program.drain_writes()]
    assert names.index("PartId") < names.index("Trigger")


def test_an_accept_inside_the_window_opens_the_gate(cell: Cell) -> None:
    cell.part(7)
    cell.after(0.1)
    cell.answer(7)
    assert cell.out("Ack") is True
    cell.release()
    assert cell.out("Ack") is False
    cell.after(0.7)
    (row,) = cell.program.drain_rows()
    assert (row["verdict"], row["gate_rejected"], row["result_s"]) == ("accept", False, pytest.approx(0.1))
    assert cell.out("GatePassCount") == 1


def test_no_answer_is_a_reject(cell: Cell) -> None:
    cell.part(7)
    cell.after(0.8)
    (row,) = cell.program.drain_rows()
    assert (row["verdict"], row["reason"], row["gate_rejected"]) == ("none", "timeout", True)


def test_an_accept_after_the_window_is_late_and_still_rejected(cell: Cell) -> None:
    cell.part(7)
    cell.after(0.26)
    cell.answer(7)
    assert cell.out("LateCount") == 1
    assert cell.out("Ack") is True, "read, not believed: the box must get on"
    cell.after(0.6)
    (row,) = cell.program.drain_rows()
    assert row["gate_rejected"] and row["late_s"] == pytest.approx(0.26)


def test_an_accept_for_another_part_is_ignored_and_counted(cell: Cell) -> None:
    cell.part(7)
    cell.answer(6)
    cell.after(0.8)
    (row,) = cell.program.drain_rows()
    assert row["gate_rejected"] and row["wrong_echoes"] == [6]
    assert cell.out("WrongEchoCount") == 1


def test_a_box_that_is_not_ready_lets_the_part_pass_unjudged_and_rejected(cell: Cell) -> None:
    cell.box(Ready=False)
    cell.part(7)
    assert cell.out("Trigger") is False
    cell.after(0.8)
    (row,) = cell.program.drain_rows()
    assert (row["reason"], row["triggered"], row["gate_rejected"]) == ("not-ready", False, True)


def test_three_parts_without_a_result_show_a_fault_that_the_next_result_clears(cell: Cell) -> None:
    for part_id in (1, 2, 3):
        cell.beat()
        cell.part(part_id)
        cell.after(0.3)
    assert cell.out("PlcFault") is True
    cell.part(4)
    cell.answer(4)
    assert cell.out("PlcFault") is False


def test_a_heartbeat_that_stands_still_stops_the_triggers(cell: Cell) -> None:
    cell.after(2.1)
    cell.after(0.5)
    assert cell.out("PlcFaultCode") == 2
    cell.part(7)
    cell.after(0.8)
    assert cell.program.drain_rows()[0]["reason"] == "watchdog"
    cell.beat()
    assert cell.out("PlcFault") is False


def test_an_open_handshake_takes_no_other_part(cell: Cell) -> None:
    cell.part(7)
    cell.answer(7)
    cell.part(8)
    cell.after(0.9)
    assert [row["reason"] for row in cell.program.drain_rows()] == ["accepted", "busy"]


def test_a_plc_that_holds_its_ack_still_believes_the_result(cell: Cell) -> None:
    cell.program.hold_ack = True
    cell.part(7)
    cell.answer(7)
    assert cell.out("Ack") is False
    cell.after(0.8)
    assert cell.program.drain_rows()[0]["gate_rejected"] is False


def test_a_restarted_server_forgets_the_box_until_it_speaks_again(cell: Cell) -> None:
    cell.program.forget_box(cell.clock.now())
    cell.part(7)
    cell.after(0.8)
    assert cell.program.drain_rows()[0]["reason"] == "not-ready"


def test_counters_go_on_where_they_were() -> None:
    program = CellProgram(TIMES, Instant(0.0, 0.0), Counters(triggered=40, passed=44, gate_rejected=5, gate_passed=39))
    assert program.outputs["PartCounter"] == 40
    assert program.outputs["GatePassCount"] == 39


_box_writes = st.sampled_from([tag for tag in TAGS if tag.writer is Writer.BOX]).flatmap(
    lambda tag: st.tuples(
        st.just(tag.name),
        {"Boolean": st.booleans(), "String": st.text(max_size=3), "Float": st.floats(0, 9)}.get(
            tag.kind, st.integers(0, 6)
        ),
    )
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("box"), _box_writes), st.tuples(st.just("part"), st.none()),
        st.tuples(st.just("wait"), st.floats(0.001, 1.0)),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_steps)
def test_whatever_a_box_does_only_a_matching_accept_in_time_passes(steps: list[tuple[str, object]]) -> None:
    cell = Cell()
    arrived = 0
    for what, given_value in steps:
        if what == "part":
            arrived += 1
            cell.part(arrived)
        elif what == "wait":
            assert isinstance(given_value, float)
            cell.after(given_value)
        else:
            assert isinstance(given_value, tuple)
            cell.box(**{given_value[0]: given_value[1]})
    cell.after(1.0)
    rows = cell.program.drain_rows()
    assert [row["part_id"] for row in rows] == list(range(1, arrived + 1)), "every part leaves, in order"
    for row in rows:
        if not row["gate_rejected"]:
            assert row["triggered"] and row["result_s"] < TIMES.inspect_window_s
    assert all(TAG_BY_NAME[name].writer is Writer.PLC for name, _ in cell.program.drain_writes())


def test_no_part_is_triggered_before_the_box_has_the_recipe_in_force_that_it_needs(cell: Cell) -> None:
    cell.program.ask_for_recipe(4)
    assert cell.program.drain_writes() == [("RecipeId", 4)]
    cell.part(7)
    assert cell.out("Trigger") is False
    cell.box(RecipeNumberActive=4)
    cell.part(8)
    assert cell.out("Trigger") is True


def test_a_plc_without_a_wish_takes_any_recipe(cell: Cell) -> None:
    cell.box(RecipeNumberActive=4)
    cell.part(7)
    assert cell.out("Trigger") is True
