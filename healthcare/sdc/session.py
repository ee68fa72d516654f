"""One session with one device, by the library `sdc11073`: find it, subscribe, mirror its MDIB, hand on what changes.

The library blocks and has threads of its own. `open` and `close` are for a thread that may wait; whatever a device
tells arrives in the library's threads and leaves through `hand`.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.errors import DeviceError
from healthcare.sdc import mirror
from healthcare.sdc.inbox import HEARD, LOST, Told
from healthcare.sdc.mapping import alarm_of, ended, reading_of, wave_of
from healthcare.sdc.settings import SdcDeviceSettings, bare_epr
from healthcare.sdc.tls import TlsContexts
from verticals.contract import Value

if TYPE_CHECKING:
    from sdc11073.consumer.consumerimpl import SdcConsumer
    from sdc11073.mdib.consumermdib import ConsumerMdib

    from healthcare.sdc.adapted import Reports

log = logging.getLogger(__name__)

RENEW_S = 2
_SOCKET_S = 4
_NAMESPACE = re.compile(r"\{[^}]*://[^}]*\}")
_VALUE = re.compile(r"(The value )?'.*' is not")


class Session:
    """Of the device, at `address`. `alarms` are those it told before; what has ended meanwhile is told too."""

    def __init__(
        self,
        device: SdcDeviceSettings,
        address: str,
        tls: TlsContexts | None,
        clock: Clock,
        hand: Callable[[Told], None],
        alarms: dict[str, dict[str, Any]],
    ) -> None:
        self._device, self._name, self._address, self._tls = device, device.name, address, tls
        self._clock, self._hand = clock, hand
        self._alarms = alarms
        self._channels: dict[str, str] = {}  # channel -> handle: one array for each
        self._sequences: dict[str, int] = {}
        self._turn = threading.Lock()  # close waits for an open that is under way
        self._consumer: SdcConsumer | None = None
        self._reports: Reports | None = None
        self.mdib: ConsumerMdib | None = None
        self._over = False

    def open(self) -> None:
        """Raises DeviceError where the device does not answer, is another one, or does not let us subscribe."""
        with self._turn:
            if self._over:
                raise DeviceError(f"{self._name}: closed before it was open")
            try:
                self._open()
            except DeviceError:
                raise
            except Exception as error:  # the library raises what comes: sockets, HTTP, SOAP, XML, its own
                raise DeviceError(
                    f"{self._name} at {self._address}: {said(error)}"[:400],
                    hint="Is it switched on, does it speak SDC, and does it trust this box's certificate?",
                ) from error

    def _open(self) -> None:
        from healthcare.sdc import adapted

        self._reports = adapted.Reports(self._broken)
        self._consumer = consumer = adapted.SdcConsumer(
            self._address,
            adapted.SdcV1Definitions,
            self._tls,
            components=adapted.components(self._reports),
            force_ssl_connect=self._tls is not None,
            socket_timeout=_SOCKET_S,
        )
        consumer.start_all(fixed_renew_interval=RENEW_S)
        self._check_identity(consumer)
        subscriptions = consumer.subscription_mgr.subscriptions.values()
        if not (consumer.all_subscribed and consumer.is_connected and all(one.is_subscribed for one in subscriptions)):
            raise DeviceError(f"{self._name} does not let us subscribe to all that it reports")
        self.mdib = mdib = adapted.Mirror(consumer)
        mdib.init_mdib()
        with mdib.mdib_lock:
            self._tell_all(mdib)
            self._bind(consumer, mdib)

    def _check_identity(self, consumer: SdcConsumer) -> None:
        """Another device than the one of this bed is refused: an address may have gone to a neighbour's."""
        host = consumer.host_description.relationship.Host
        found = "" if host is None or host.EndpointReference is None else str(host.EndpointReference.Address)
        if bare_epr(found) != bare_epr(self._device.epr):
            raise DeviceError(
                f"at {self._address} is {found[:100] or 'a device without name'}, not {self._name}",
                hint=f"{self._name} has the epr {self._device.epr} in the site file.",
            )

    def close(self, *, say_so: bool) -> None:
        """Ends the subscriptions, where `say_so` at the device too, and the library's threads."""
        with self._turn:
            self._over = True
            consumer, self._consumer = self._consumer, None
            try:
                if consumer is not None:
                    self._stop(consumer, say_so)
            finally:
                if self._reports is not None:
                    self._reports.stop()

    def _stop(self, consumer: SdcConsumer, say_so: bool) -> None:
        for unsubscribe in (say_so, False):
            try:
                consumer.stop_all(unsubscribe=unsubscribe)
                return
            except Exception as error:  # of a device that is gone
                log.debug("%s: not closed cleanly: %s", self._name, error)

    # What it tells, in threads of the library

    def _bind(self, consumer: SdcConsumer, mdib: ConsumerMdib) -> None:
        from sdc11073.observableproperties import strongbind

        strongbind(
            mdib,
            metrics_by_handle=self._guarded(lambda states: self._tell_numerics(mdib, states.values())),
            waveform_by_handle=self._guarded(lambda states: self._tell_waves(mdib, states.values())),
            alert_by_handle=self._guarded(lambda states: self._tell_alarms(mdib, states.values())),
            description_modifications=self._guarded(lambda _: self._tell_all(mdib)),
            sequence_or_instance_id_changed_event=self._guarded(
                lambda changed: self._lost("it was restarted", changed)
            ),
        )
        strongbind(
            consumer,
            state_event_report=self._guarded(lambda _: self._tell(HEARD, {})),
            is_connected=self._guarded(lambda is_so: self._lost("a subscription has ended", not is_so)),
        )
        self._lost("a subscription has ended", not consumer.is_connected)

    def _guarded(self, deed: Callable[[Any], None]) -> Callable[[Any], None]:
        """What a report makes fail is said and ends the session, not the library's threads."""

        def do(what: Any) -> None:
            if self._over or what is None:
                return
            try:
                deed(what)
            except Exception as error:
                self._broken(error)

        return do

    def _broken(self, error: Exception) -> None:
        """A report that the library cannot read, such as one of something that the device never described."""
        log.debug("%s: a report cannot be read: %s", self._name, said(error))
        self._lost(f"a report cannot be read: {said(error)}"[:400], True)

    def _tell(self, kind: str, values: Mapping[str, Value]) -> None:
        self._hand(Told(kind, self._clock.now(), values))

    def _lost(self, why: str, is_so: bool) -> None:
        if is_so and not self._over:
            self._hand(replace(Told(LOST, self._clock.now(), {}), why=why))

    def _tell_all(self, mdib: ConsumerMdib) -> None:
        """Everything as it stands: after the start, and after the device described itself anew."""
        states = mdib.states.objects
        self._channels.clear()
        self._tell_numerics(mdib, states)
        self._tell_alarms(mdib, states, all_of_them=True)

    def _tell_numerics(self, mdib: ConsumerMdib, states: Iterable[Any]) -> None:
        readings = [reading for one in mirror.numerics(mdib, states) if (reading := reading_of(one)) is not None]
        if readings:
            self._tell("numerics", {"readings": _json(readings)})

    def _tell_waves(self, mdib: ConsumerMdib, states: Iterable[Any]) -> None:
        for array in mirror.arrays(mdib, states):
            wave = wave_of(array)
            if wave is None or self._channels.setdefault(wave.channel, array.handle) != array.handle:
                continue
            sequence = self._sequences[wave.channel] = self._sequences.get(wave.channel, -1) + 1
            now = self._clock.now()
            lasts_s = wave.samples.size / wave.rate_hz
            start_utc_s = wave.start_utc_s if wave.start_utc_s is not None else now.utc_s - lasts_s
            values: dict[str, Value] = {
                "channel": wave.channel, "rate_hz": wave.rate_hz, "samples": wave.samples,
                "start_utc_s": start_utc_s, "sequence": sequence,
            }  # fmt: skip
            self._hand(Told("wave", now, values))

    def _tell_alarms(self, mdib: ConsumerMdib, states: Iterable[Any], *, all_of_them: bool = False) -> None:
        """Those that are not as they were told; where all are read, also the end of those that are no more."""
        now = {alarm["id"]: alarm for one in mirror.conditions(mdib, states) if (alarm := alarm_of(one, self._name))}
        if all_of_them:
            gone = {known: ended(alarm) for known, alarm in self._alarms.items() if known not in now}
            changed = {**gone, **now}
        else:
            changed = {known: alarm for known, alarm in now.items() if self._alarms.get(known) != alarm}
        self._alarms |= changed
        for alarm in changed.values():
            self._tell("monitor-alarm", {"alarm": _json(alarm)})


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def said(error: BaseException) -> str:
    """What went wrong, in words. Of content against the schema where it stands, without the value: it may be a name."""
    if not str(error) and error.__cause__ is not None:
        place, _, why = _NAMESPACE.sub("", str(error.__cause__)).partition(": ")
        return f"it sends what is against the schema: {place}: {_VALUE.sub('its value is not', why)}"
    return str(error) or repr(error)
