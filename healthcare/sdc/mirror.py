"""Reads the library's mirror of a device's MDIB into facts. Only the MDC of a coded value counts, or its translation.

A device's private code may look like one of MDC; it is never taken for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from healthcare.sdc.facts import Coded, Condition, Numeric, SampleArray, Signal

if TYPE_CHECKING:
    from sdc11073.mdib.consumermdib import ConsumerMdib

_MDC = (None, "", "urn:oid:1.2.840.10004.1.1.1.0.0.1")
_LONGEST_TEXT = 120


def numerics(mdib: ConsumerMdib, states: Iterable[Any]) -> list[Numeric]:
    """Of the states of numeric metrics among `states`."""
    return [_numeric(descriptor, state) for descriptor, state in _described(mdib, states, "NumericMetricDescriptor")]


def arrays(mdib: ConsumerMdib, states: Iterable[Any]) -> list[SampleArray]:
    """Of the states of real-time sample arrays among `states`."""
    found = []
    for descriptor, state in _described(mdib, states, "RealTimeSampleArrayMetricDescriptor"):
        value = state.MetricValue
        found.append(
            SampleArray(
                descriptor.Handle,
                coded(descriptor.Type),
                coded(descriptor.Unit),
                float(descriptor.SamplePeriod or 0.0),
                [float(sample) for sample in value.Samples or ()] if value is not None else [],
                _word(descriptor.MetricCategory),
                _word(state.ActivationState, "On"),
                _validity(value),
                value.DeterminationTime if value is not None else None,
            )
        )
    return found


def conditions(mdib: ConsumerMdib, states: Iterable[Any]) -> list[Condition]:
    """Of the alert conditions among `states`, and of those whose signals or alert system are."""
    handles: dict[str, None] = {}
    for state in list(states):
        descriptor = mdib.descriptions.handle.get_one(state.DescriptorHandle, allow_none=True)
        if descriptor is None:
            continue
        match descriptor.NODETYPE.localname:
            case "AlertConditionDescriptor" | "LimitAlertConditionDescriptor":
                handles[descriptor.Handle] = None
            case "AlertSignalDescriptor" if descriptor.ConditionSignaled:
                handles[descriptor.ConditionSignaled] = None
            case "AlertSystemDescriptor":
                below = mdib.descriptions.parent_handle.get(descriptor.Handle, [])
                handles |= {one.Handle: None for one in below if one.NODETYPE.localname.endswith("ConditionDescriptor")}
    found = (_condition(mdib, handle) for handle in handles)
    return [condition for condition in found if condition is not None]


def coded(value: Any) -> Coded:
    """The MDC code of a coded value, its own or a translation's; without one only its text."""
    if value is None:
        return Coded()
    texts = [text.text for text in value.ConceptDescription or () if text.text]
    text = str(texts[0])[:_LONGEST_TEXT] if texts else ""
    for one in (value, *(value.Translation or ())):
        if one.CodingSystem in _MDC:
            return Coded(str(one.Code or ""), str(getattr(one, "SymbolicCodeName", None) or ""), text)
    return Coded(text=text)


def _described(mdib: ConsumerMdib, states: Iterable[Any], kind: str) -> Iterator[tuple[Any, Any]]:
    for state in states:
        descriptor = mdib.descriptions.handle.get_one(state.DescriptorHandle, allow_none=True)
        if descriptor is not None and descriptor.NODETYPE.localname == kind:
            yield descriptor, state


def _numeric(descriptor: Any, state: Any) -> Numeric:
    value = state.MetricValue if state is not None else None
    site = next((coded(one) for one in descriptor.BodySite or ()), Coded())
    return Numeric(
        descriptor.Handle,
        coded(descriptor.Type),
        coded(descriptor.Unit),
        float(value.Value) if value is not None and value.Value is not None else None,
        _word(descriptor.MetricCategory),
        _word(state.ActivationState, "On") if state is not None else "Off",
        _validity(value),
        value.DeterminationTime if value is not None else None,
        site.ref_id or site.text,
    )


def _condition(mdib: ConsumerMdib, handle: str) -> Condition | None:
    descriptor = mdib.descriptions.handle.get_one(handle, allow_none=True)
    state: Any = mdib.states.descriptor_handle.get_one(handle, allow_none=True)
    if descriptor is None or state is None:
        return None
    system = mdib.states.descriptor_handle.get_one(descriptor.parent_handle, allow_none=True)
    return Condition(
        handle,
        coded(descriptor.Type),
        _word(descriptor.Kind),
        _word(state.ActualPriority) or _word(descriptor.Priority),
        bool(state.Presence),
        _word(state.ActivationState, "On"),
        _word(getattr(system, "ActivationState", None), "On"),
        _signals(mdib, handle),
        _source(mdib, descriptor),
        _limits(state),
        state.DeterminationTime,
    )


def _signals(mdib: ConsumerMdib, handle: str) -> tuple[Signal, ...]:
    found = []
    for descriptor in mdib.descriptions.condition_signaled.get(handle, []):
        state: Any = mdib.states.descriptor_handle.get_one(descriptor.Handle, allow_none=True)
        if state is not None:
            presence = _word(state.Presence, "Off")
            found.append(Signal(_word(descriptor.Manifestation), presence, _word(state.ActivationState, "On")))
    return tuple(found)


def _source(mdib: ConsumerMdib, descriptor: Any) -> Numeric | None:
    """The first numeric metric that the condition is about."""
    for handle in descriptor.Source or ():
        source = mdib.descriptions.handle.get_one(handle, allow_none=True)
        if source is not None and source.NODETYPE.localname == "NumericMetricDescriptor":
            return _numeric(source, mdib.states.descriptor_handle.get_one(handle, allow_none=True))
    return None


def _limits(state: Any) -> tuple[float | None, float | None]:
    limits = getattr(state, "Limits", None)
    lower, upper = (getattr(limits, side, None) for side in ("Lower", "Upper"))
    monitored = _word(getattr(state, "MonitoredAlertLimits", None), "None")
    return (
        float(lower) if lower is not None and monitored in ("All", "HiOff") else None,
        float(upper) if upper is not None and monitored in ("All", "LoOff") else None,
    )


def _validity(value: Any) -> str:
    """No value, and no quality of one: not available."""
    quality = value.MetricQuality if value is not None else None
    return _word(quality.Validity) if quality is not None else "NA"


def _word(value: Any, absent: str = "") -> str:
    return absent if value is None else str(getattr(value, "value", value))
