"""How conditions begin, join, worsen, latch and end; what a lost source does to them."""

from __future__ import annotations

import pytest

from healthcare.alarms.alarm import AlarmState
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import AlarmClass, Priority
from tests.healthcare.alarms.beds import HIGH, LOW, MEDIUM, NURSE, acts, at, bed, found, only, over, run, sounds


def test_a_condition_that_holds_is_an_active_alarm_that_sounds() -> None:
    board = bed()
    began, step = board.take([found("spo2-low", text="82 < 88 %", value=82, limit=88)], at(0))
    alarm = only(board)
    assert acts([began, step]) == ["began", "stepped"]
    assert began.alarm is not None and began.alarm.id == alarm.id
    assert (alarm.id, alarm.state, alarm.priority) == ("bed-7/1", AlarmState.ACTIVE, Priority.MEDIUM)
    assert sounds(board, 0) == {"spo2-low": "on"}


def test_another_channel_or_priority_of_the_same_finding_is_recorded() -> None:
    board = bed()
    board.take([found("hr-high", channel="ecg_ii_mv", priority=Priority.HIGH)], at(0))
    assert acts(board.take([found("hr-high", channel="ecg_v_mv", priority=Priority.HIGH)], at(1))) == ["held"]
    assert acts(board.take([found("hr-high", channel="ecg_v_mv")], at(2))) == ["held"]
    board.source_lost("ecg_v_mv", at(3))
    assert only(board).source_lost


def test_a_finding_told_again_keeps_its_place_among_the_causes() -> None:
    board = bed()
    board.take([found("hr-high"), found("hr-high", source="monitor")], at(0))
    board.take([found("hr-high", text="138 > 130 /min")], at(1))
    assert [cause.source for cause in only(board).causes] == ["own", "monitor"]


def test_a_condition_that_does_not_hold_is_nothing() -> None:
    board = bed()
    assert board.take([over("spo2-low")], at(0)) == []
    assert board.alarms == ()


def test_the_same_finding_again_is_no_change_but_shows_the_newest_value() -> None:
    board = bed()
    board.take([found("spo2-low", text="86 < 88 %")], at(0))
    assert board.take([found("spo2-low", text="82 < 88 %")], at(1)) == []
    assert only(board).finding.text == "82 < 88 %"


def test_what_does_not_latch_ends_with_its_condition_and_is_recorded_as_unacknowledged() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    (ended,) = board.take([over(MEDIUM)], at(5))
    assert (ended.act.value, ended.why) == ("ended", "ended unacknowledged")
    assert ended.alarm is not None and ended.alarm.ended_utc_s == at(5).utc_s
    assert board.alarms == ()


def test_what_latches_stays_with_its_sound_until_a_person_has_seen_it() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    assert acts(board.take([over(HIGH)], at(5))) == ["latched"]
    assert (only(board).state, only(board).ended_utc_s) == (AlarmState.LATCHED, at(5).utc_s)
    assert sounds(board, 500) == {HIGH: "on"}
    assert acts(board.acknowledge("bed-7/1", NURSE, at(9))) == ["reset"]
    assert board.alarms == ()


def test_a_latched_alarm_whose_condition_comes_back_is_active_again_and_sounds_though_paused() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.take([over(HIGH)], at(1))
    board.pause(at(2), NURSE)
    assert acts(board.take([found(HIGH)], at(3))) == ["recurred"]
    assert (only(board).state, only(board).ended_utc_s) == (AlarmState.ACTIVE, None)
    assert sounds(board, 3) == {HIGH: "on"}


def test_a_site_may_let_a_limit_latch() -> None:
    board = bed(AlarmPolicy(latching={MEDIUM: True}))
    board.take([found(MEDIUM)], at(0))
    assert acts(board.take([over(MEDIUM)], at(1))) == ["latched"]


def test_an_acknowledged_alarm_goes_with_its_condition_even_where_it_latches() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.acknowledge(None, NURSE, at(1))
    assert acts(board.take([over(HIGH)], at(2))) == ["ended"]
    assert board.alarms == ()


def test_an_acknowledged_alarm_that_comes_back_is_a_new_one() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    board.acknowledge(None, NURSE, at(1))
    board.take([over(MEDIUM)], at(2))
    board.take([found(MEDIUM)], at(3))
    assert (only(board).id, only(board).state) == ("bed-7/2", AlarmState.ACTIVE)


# The monitor's own


def test_the_same_condition_from_box_and_monitor_is_one_alarm_with_the_higher_priority() -> None:
    board = bed()
    board.take([found("spo2-low", text="82 < 88 %")], at(0))
    monitor = found("monitor:196670:150456", source="monitor", priority=Priority.HIGH, text="SpO2 LOW")
    assert acts(board.take([monitor], at(1))) == ["joined", "worsened", "stepped"]
    alarm = only(board)
    assert (alarm.source, alarm.priority, alarm.finding.text) == ("monitor + own", Priority.HIGH, "82 < 88 %")


def test_a_monitors_alarm_is_not_lowered_when_ours_joins_it() -> None:
    board = bed()
    board.take([found("hr-high", source="monitor", priority=Priority.HIGH)], at(0))
    board.take([found("hr-high", priority=Priority.LOW)], at(1))
    assert only(board).priority is Priority.HIGH


def test_one_alarm_of_two_causes_ends_with_the_last_of_them() -> None:
    board = bed()
    board.take([found("hr-high", source="monitor"), found("hr-high", text="138 > 130 /min")], at(0))
    assert acts(board.take([over("hr-high")], at(1))) == ["left"]
    assert only(board).source == "monitor"
    assert acts(board.take([over("hr-high", source="monitor")], at(2))) == ["ended"]


def test_two_pressures_below_their_limits_hold_one_alarm() -> None:
    board = bed()
    board.take([found("nibp-low", measure="nibp_sys_mmhg"), found("nibp-low", measure="nibp_map_mmhg")], at(0))
    board.take([over("nibp-low", measure="nibp_sys_mmhg")], at(1))
    assert only(board).finding.measure == "nibp_map_mmhg"


def test_two_alarms_of_the_monitor_that_mean_the_same_end_with_the_last() -> None:
    board = bed()
    low, below = "monitor:196670:150456", "monitor:196674:150456"
    board.take([found(low, source="monitor"), found(below, source="monitor")], at(0))
    board.take([over(low, source="monitor")], at(1))
    assert only(board).code == "spo2-low"
    board.take([over(below, source="monitor")], at(2))
    assert board.alarms == ()


def test_an_alarm_only_the_monitor_knows_keeps_its_text_kind_and_priority() -> None:
    board = bed()
    said = found("monitor:1:2", source="monitor", text="ST II -2.1", priority=Priority.MEDIUM)
    board.take([said, found("monitor:3:4", source="monitor", kind=AlarmClass.TECHNICAL, priority=Priority.LOW)], at(0))
    st, technical = board.alarms
    assert (st.code, st.label, st.finding.text, st.priority) == (
        "monitor:1:2",
        "Monitor",
        "ST II -2.1",
        Priority.MEDIUM,
    )
    assert (technical.kind, technical.priority) == (AlarmClass.TECHNICAL, Priority.LOW)


def test_a_monitors_alarm_arises_though_our_channel_is_lost() -> None:
    board = bed()
    board.source_lost("pleth", at(0))
    board.take([found("spo2-low", source="monitor", channel="pleth")], at(1))
    assert only(board).source == "monitor" and not only(board).source_lost


def test_acknowledged_at_the_bedside_is_shown_so_and_sounds_all_the_same() -> None:
    board = bed()
    board.take([found("hr-high", source="monitor", inactivation="alert-acknowledged")], at(0))
    assert only(board).acknowledged_at_bedside
    assert sounds(board, 0) == {"hr-high": "on"}


def test_a_site_may_let_an_acknowledgement_at_the_bedside_count_while_it_lasts() -> None:
    board = bed(AlarmPolicy(bedside_silences=True))
    board.take([found("hr-high", source="monitor")], at(0))
    acknowledged = found("hr-high", source="monitor", inactivation="alert-acknowledged")
    assert acts(board.take([acknowledged], at(1))) == ["held", "acknowledged"]
    assert sounds(board, 1) == {"hr-high": "off"}
    assert acts(board.take([found("hr-high", source="monitor")], at(2))) == ["held", "recurred", "stepped"]
    assert sounds(board, 2) == {"hr-high": "on"}


def test_what_came_acknowledged_from_the_bedside_tells_nobody_where_the_site_says_so() -> None:
    board = bed(AlarmPolicy(bedside_silences=True))
    acknowledged = found("hr-high", source="monitor", inactivation="alert-acknowledged")
    assert acts(board.take([acknowledged], at(0))) == ["began", "acknowledged"]


def test_our_own_finding_is_not_silenced_by_what_was_acknowledged_at_the_bedside() -> None:
    board = bed(AlarmPolicy(bedside_silences=True))
    board.take([found("hr-high", source="monitor", inactivation="alert-acknowledged")], at(0))
    board.take([found("hr-high")], at(1))
    assert sounds(board, 1) == {"hr-high": "on"}


# Priority


def test_worse_after_an_acknowledgement_is_a_new_alarm_that_sounds() -> None:
    board = bed()
    board.take([found("spo2-low")], at(0))
    board.acknowledge(None, NURSE, at(1))
    changes = board.take([found("spo2-low", priority=Priority.HIGH)], at(2))
    assert acts(changes) == ["held", "worsened", "ended", "stepped"]
    alarm = only(board)
    assert (alarm.id, alarm.parent, alarm.state) == ("bed-7/2", "bed-7/1", AlarmState.ACTIVE)
    assert changes[2].alarm is not None and changes[2].alarm.id == "bed-7/1"
    assert sounds(board, 2) == {"spo2-low": "on"}


def test_worse_breaks_through_a_pause_and_an_acceptance() -> None:
    board = bed()
    board.take([found("spo2-low")], at(0))
    board.accept("bed-7/1", NURSE, at(1))
    board.pause(at(1), NURSE)
    board.take([found("spo2-low", priority=Priority.HIGH)], at(2))
    assert sounds(board, 2) == {"spo2-low": "on"}
    assert (only(board).id, only(board).accepted) == ("bed-7/1", False)


def test_an_alarm_that_nobody_has_seen_does_not_fall_in_priority() -> None:
    board = bed()
    board.take([found("spo2-low", priority=Priority.HIGH)], at(0))
    assert acts(board.take([found("spo2-low")], at(1))) == ["held"]
    assert only(board).priority is Priority.HIGH


def test_an_acknowledged_alarm_eases_and_sounds_when_it_worsens_again() -> None:
    board = bed()
    board.take([found("spo2-low", priority=Priority.HIGH)], at(0))
    board.acknowledge(None, NURSE, at(1))
    assert acts(board.take([found("spo2-low")], at(2))) == ["held", "eased"]
    board.take([found("spo2-low", priority=Priority.HIGH)], at(3))
    assert sounds(board, 3) == {"spo2-low": "on"}


@pytest.mark.parametrize(("critical", "risen"), [(False, Priority.MEDIUM), (True, Priority.HIGH)])
def test_a_technical_alarm_rises_after_a_minute(critical: bool, risen: Priority) -> None:
    board = bed(AlarmPolicy(telemetry_critical=critical))
    board.take([found("leads-off")], at(0))
    assert only(board).priority is Priority.LOW
    seen = run(board, 60)
    assert [(second, change.act.value) for second, change in seen] == [(60, "worsened"), (60, "stepped")]
    assert only(board).priority is risen
    board.take([found("leads-off")], at(61))
    assert only(board).priority is risen


def test_a_technical_alarm_does_not_rise_once_a_person_knows() -> None:
    board = bed()
    board.take([found("leads-off")], at(0))
    board.acknowledge(None, NURSE, at(30))
    run(board, 100)
    assert only(board).priority is Priority.LOW


def test_a_technical_alarm_ends_with_its_cause_even_after_it_has_risen() -> None:
    board = bed()
    board.take([found("leads-off")], at(0))
    run(board, 100)
    assert acts(board.take([over("leads-off")], at(101))) == ["ended"]


# Lost sources


def test_nothing_new_arises_on_a_lost_channel() -> None:
    board = bed()
    board.source_lost("ecg_ii_mv", at(0))
    assert board.take([found(HIGH, channel="ecg_ii_mv")], at(1)) == []
    board.take([found(HIGH, channel="ecg_v_mv")], at(2))
    assert only(board).code == HIGH


def test_the_technical_alarm_of_a_lost_channel_arises() -> None:
    board = bed()
    board.source_lost("ecg_ii_mv", at(0))
    board.take([found("leads-off", channel="ecg_ii_mv")], at(0))
    assert only(board).code == "leads-off" and not only(board).source_lost


@pytest.mark.parametrize("code", [HIGH, MEDIUM, LOW])
def test_an_active_alarm_of_a_lost_channel_stays_with_its_sound_marked(code: str) -> None:
    board = bed()
    board.take([found(code, channel="ecg_ii_mv")], at(0))
    assert acts(board.source_lost("ecg_ii_mv", at(1))) == ["source-lost", "source-lost"]
    assert board.take([over(code, channel="ecg_ii_mv")], at(2)) == []
    assert only(board).source_lost and sounds(board, 900) == {code: "on"}
    board.acknowledge(None, NURSE, at(901))
    assert only(board).source_lost and sounds(board, 902) == {code: "off"}


def test_a_latched_alarm_of_a_lost_channel_stays_marked() -> None:
    board = bed()
    board.take([found(HIGH, channel="ecg_ii_mv")], at(0))
    board.take([over(HIGH, channel="ecg_ii_mv")], at(1))
    board.source_lost("ecg_ii_mv", at(2))
    assert (only(board).state, only(board).source_lost) == (AlarmState.LATCHED, True)
    assert sounds(board, 3) == {HIGH: "on"}


def test_a_source_that_is_back_may_end_what_it_said() -> None:
    board = bed()
    board.take([found(MEDIUM, channel="ecg_ii_mv")], at(0))
    board.source_lost("ecg_ii_mv", at(1))
    assert acts(board.source_back("ecg_ii_mv", at(2))) == ["source-back", "source-back"]
    assert not only(board).source_lost
    assert acts(board.take([over(MEDIUM, channel="ecg_ii_mv")], at(3))) == ["ended"]


def test_another_channel_that_says_the_same_takes_the_mark_away() -> None:
    board = bed()
    board.take([found(MEDIUM, channel="ecg_ii_mv")], at(0))
    board.source_lost("ecg_ii_mv", at(1))
    assert acts(board.take([found(MEDIUM, channel="ecg_v_mv")], at(2))) == ["source-back"]
    assert not only(board).source_lost


def test_losing_a_lost_source_changes_nothing() -> None:
    board = bed()
    board.source_lost("pleth", at(0))
    assert board.source_lost("pleth", at(1)) == []
    assert board.lost_channels == {"pleth"}
    board.source_back("pleth", at(2))
    assert board.source_back("pleth", at(3)) == []
    assert board.lost_channels == frozenset()
