"""Devices: the package's own provider in a process of its own, which does what its input says, a line of JSON each.

    python -m tests.healthcare.sdc.provider '{"devices": [[MDIB, EPR], ...], "tls": [CERTIFICATE, KEY, CA]}'

Answers each line with one of its own: `{"addresses": [...]}` first, then `{}`, or `{"error": ...}`.
"""

from __future__ import annotations

import json
import sys
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

from sdc11073.certloader import SSLContextContainer, mk_ssl_contexts
from sdc11073.location import SdcLocation
from sdc11073.mdib import ProviderMdib
from sdc11073.provider import SdcProvider
from sdc11073.wsdiscovery import WSDiscovery
from sdc11073.xml_types import pm_types
from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType


class Device:
    def __init__(self, discovery: WSDiscovery, mdib: str, epr: str, tls: SSLContextContainer | None) -> None:
        self.mdib = ProviderMdib.from_mdib_file(mdib)
        self.provider = SdcProvider(
            discovery,
            ThisModelType(manufacturer="None", model_name="Monitor", model_number="1"),
            ThisDeviceType(friendly_name="Monitor", firmware_version="1", serial_number="1"),
            self.mdib,
            epr=uuid.UUID(epr),
            ssl_context_container=tls,
            validate=False,  # so that it can be made to send what is against the schema
            max_subscription_duration=30,
            socket_timeout=2,
        )
        self.provider.start_all(start_rtsample_loop=False)
        locations = self.mdib.descriptions.NODETYPE.get(self.mdib.data_model.pm_names.LocationContextDescriptor, [])
        handle = locations[0].Handle if locations else None
        self.provider.set_location(
            SdcLocation(fac="hospital", poc="ward", bed="1"), location_context_descriptor_handle=handle
        )
        self.provider.publish()

    def metric(self, handle: str, value: float | None, validity: str = "Vld") -> None:
        with self.mdib.metric_state_transaction() as changing:
            state = changing.get_state(handle)
            if state.MetricValue is None:
                state.mk_metric_value()
            state.MetricValue.Value = None if value is None else Decimal(str(value))
            state.MetricValue.MetricQuality.Validity = pm_types.MeasurementValidity(validity)
            state.ActivationState = pm_types.ComponentActivation.ON

    def wave(self, handle: str, samples: list[float], start_utc_s: float) -> None:
        with self.mdib.rt_sample_state_transaction() as changing:
            state = changing.get_state(handle)
            if state.MetricValue is None:
                state.mk_metric_value()
            state.MetricValue.Samples = [Decimal(str(sample)) for sample in samples]
            state.MetricValue.DeterminationTime = start_utc_s
            state.MetricValue.MetricQuality.Validity = pm_types.MeasurementValidity.VALID
            state.ActivationState = pm_types.ComponentActivation.ON

    def alarm(self, handle: str, present: bool, priority: str | None = None, limits: list[float] | None = None) -> None:
        with self.mdib.alert_state_transaction() as changing:
            state = changing.get_state(handle)
            state.Presence, state.ActivationState = present, pm_types.AlertActivation.ON
            state.ActualPriority = None if priority is None else pm_types.AlertConditionPriority(priority)
            if limits is not None:
                state.Limits = pm_types.Range(lower=Decimal(str(limits[0])), upper=Decimal(str(limits[1])))
                state.MonitoredAlertLimits = pm_types.AlertConditionMonitoredLimits.ALL_ON

    def signal(self, handle: str, presence: str, activation: str = "On") -> None:
        with self.mdib.alert_state_transaction() as changing:
            state = changing.get_state(handle)
            state.Presence = pm_types.AlertSignalPresence(presence)
            state.ActivationState = pm_types.AlertActivation(activation)

    def describe_wrongly(self, element: str, attribute: str, value: str | None) -> None:
        """From now on the MDIB is given with the first such element changed; without a `value` the attribute lacks."""
        given = type(self.mdib).reconstruct_mdib_with_context_states

        def changed() -> tuple[Any, Any]:
            node, version = given(self.mdib)
            found = next(one for one in node.iter() if one.tag.rpartition("}")[2] == element)
            if value is None:
                del found.attrib[attribute]
            else:
                found.set(attribute, value)
            return node, version

        self.mdib.reconstruct_mdib_with_context_states = changed

    def describe_rightly(self) -> None:
        self.mdib.__dict__.pop("reconstruct_mdib_with_context_states", None)


def main() -> None:
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    own, key, ca = map(Path, wanted.get("tls") or ("", "", ""))
    tls = mk_ssl_contexts(key, own, ca) if wanted.get("tls") else None
    discovery = WSDiscovery("127.0.0.1")
    discovery.start()
    devices = [Device(discovery, mdib, epr, tls) for mdib, epr in wanted["devices"]]
    _say({"addresses": [device.provider.get_xaddrs()[0] for device in devices]})
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        try:
            getattr(devices[order.pop("device", 0)], order.pop("do"))(**order)
        except Exception as error:
            _say({"error": repr(error)})
        else:
            _say({})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
