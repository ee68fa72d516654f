"""The box's side of the handshake: order of writes, and no sequence of signals that could pass a wrong part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manufacturing.handshake import Handshake, Phase, Result, Writes


def flat(writes: Writes | None) -> list[tuple[str, object]]:
    return [write for group in writes or [] for write in group]


def ready() -> Handshake:
    handshake = Handshake()
    handshake.connected()
    handshake.want_ready(True)
    return handshake


def test_a_part_goes_through_in_the_order_the_plc_relies_on() -> None:
    handshake = ready()
    judge, writes = handshake.triggered(7)
    assert judge
    assert flat(writes) == [("Busy", True), ("Ready", False)]

    groups = handshake.result(Result(7, accept=True, code=0, score=0.25))
    assert groups is not None
    assert ("PartIdEcho", 7) in groups[0]
    assert ("PassFail", True) in groups[0]
    assert list(groups[1]) == [("ResultValid", True)]
    assert list(groups[2]) == [("Busy", False)]

    assert flat(handshake.acknowledged()) == [("ResultValid", False), ("PassFail", False), ("Ready", True)]
    assert handshake.phase is Phase.READY


def test_values_may_go_before_the_result_counts_and_are_not_written_twice() -> None:
    handshake = ready()
    handshake.triggered(7)
    result = Result(7, accept=True, code=0, score=0.25)
    assert flat(handshake.values(result)) == [("PassFail", True), ("ResultCode", 0), ("Score", 0.25), ("PartIdEcho", 7)]
    assert handshake.phase is Phase.BUSY
    assert flat(handshake.result(result, told=True)) == [("ResultValid", True), ("Busy", False)]
    assert handshake.values(result) is None, "it counts: nothing of it is changed"


def test_a_result_of_another_part_is_not_sent() -> None:
    handshake = ready()
    handshake.triggered(7)
    assert handshake.values(Result(6, accept=True, code=0)) is None
    assert handshake.result(Result(6, accept=True, code=0)) is None


def test_a_result_is_sent_once() -> None:
    handshake = ready()
    handshake.triggered(7)
    assert handshake.result(Result(7, accept=True, code=0)) is not None
    assert handshake.result(Result(7, accept=True, code=0)) is None


def test_a_trigger_while_not_ready_starts_nothing() -> None:
    handshake = Handshake()
    handshake.connected()
    judge, writes = handshake.triggered(7)
    assert not judge
    assert not writes
    assert handshake.overruns == 1


def test_a_new_trigger_before_the_acknowledgement_withdraws_the_old_result_first() -> None:
    handshake = ready()
    handshake.triggered(7)
    handshake.result(Result(7, accept=True, code=0))
    judge, writes = handshake.triggered(8)
    assert judge
    assert flat(writes)[0] == ("ResultValid", False)
    assert handshake.unacknowledged == 1


def test_readiness_taken_back_in_the_middle_of_a_part_holds_after_it() -> None:
    handshake = ready()
    handshake.triggered(7)
    assert not flat(handshake.want_ready(False))
    handshake.result(Result(7, accept=False, code=1))
    assert ("Ready", False) in flat(handshake.acknowledged())
    assert handshake.phase is Phase.NOT_READY


def test_a_fresh_link_makes_every_output_safe_before_it_is_ready() -> None:
    handshake = ready()
    handshake.triggered(7)
    writes = flat(handshake.connected())
    assert writes[-1] == ("Ready", True)
    assert ("ResultValid", False) in writes[:-1]
    assert handshake.result(Result(7, accept=True, code=0)) is None


STEPS = st.one_of(
    st.tuples(st.just("trigger"), st.integers(1, 4)),
    st.tuples(st.just("values"), st.integers(1, 4)),
    st.tuples(st.just("result"), st.integers(1, 4)),
    st.tuples(st.just("ready"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["ack", "overdue", "connect"]), st.just(0)),
)


class Outputs:
    """What the PLC sees: the last value written to each tag."""

    def __init__(self) -> None:
        self.tags: dict[str, object] = {}

    def take(self, writes: Writes | None) -> None:
        for group in writes or []:
            for name, value in group:
                if name == "ResultValid" and value:
                    assert "PartIdEcho" in self.tags
                self.tags[name] = value


@given(st.lists(STEPS, max_size=60))
def test_no_sequence_of_signals_shows_a_valid_result_of_a_part_not_in_work(steps: list[tuple[str, int]]) -> None:
    handshake, outputs = Handshake(), Outputs()
    in_work: int | None = None
    told: int | None = None  # the part whose values stand at the PLC
    for name, value in steps:
        if name == "trigger":
            judge, writes = handshake.triggered(value)
            outputs.take(writes)
            in_work = value if judge else in_work
        elif name == "values":
            values = handshake.values(Result(value, accept=True, code=0))
            told = value if values is not None else told
            outputs.take(values)
            assert not (values and outputs.tags.get("ResultValid")), "values are changed only while they do not count"
        elif name == "result":
            outputs.take(handshake.result(Result(value, accept=True, code=0), told=told == value))
            told = None
        elif name == "ready":
            outputs.take(handshake.want_ready(bool(value)))
        else:
            step = {"ack": handshake.acknowledged, "overdue": handshake.ack_overdue, "connect": handshake.connected}
            outputs.take(step[name]())
        if outputs.tags.get("ResultValid"):
            assert handshake.phase is Phase.VALID
            assert outputs.tags["PartIdEcho"] == handshake.part_id == in_work
        assert not (outputs.tags.get("Ready") and outputs.tags.get("Busy"))


def test_a_part_whose_result_was_never_sent_does_not_keep_the_box_busy() -> None:
    handshake = ready()
    handshake.triggered(7)
    assert handshake.result_overdue(6) == []
    assert flat(handshake.result_overdue(7)) == [
        ("Busy", False), ("ResultValid", False), ("PassFail", False), ("Ready", True),
    ]  # fmt: skip
    assert handshake.missed == 1
    assert handshake.result(Result(7, accept=True, code=0)) is None, "after its window nothing is told of it"
    assert handshake.triggered(8)[0]


def test_a_result_in_time_is_never_overdue() -> None:
    handshake = ready()
    handshake.triggered(7)
    handshake.result(Result(7, accept=True, code=0))
    assert handshake.result_overdue(7) == []
    assert handshake.phase is Phase.VALID
