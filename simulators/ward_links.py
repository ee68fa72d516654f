"""The ward's gateways: HL7 links that share the beds, the hospital's system for admissions, the wave stream."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from core.clock import Clock
from core.errors import SettingsError
from healthcare.waves.client import WaveClient
from healthcare.waves.proofs import read_secret
from simulators.physiology import CHANNELS, Wave
from simulators.ward_bed import Bed, first_sample
from simulators.ward_messages import AlarmNote, Person, Sender, Value, alarm_message, numerics_message, patient_message
from simulators.ward_sender import MllpSender
from simulators.ward_settings import WardSettings

#: What int16 counts in, per channel.
_SCALES = {"ecg_ii_mv": 0.001, "ecg_v_mv": 0.001, "pleth": 0.0001, "abp_mmhg": 0.05, "resp_ohm": 0.001}
_HOSPITAL = "HIS"

Row = Mapping[str, Any]


class WardLinks:
    """Belongs to one event loop. `run_id` makes control ids that no earlier run had; `tell` keeps a row."""

    def __init__(self, settings: WardSettings, clock: Clock, run_id: str, tell: Callable[[Row], None]) -> None:
        self._settings, self._tell = settings, tell
        self.clock_error_s = 0.0
        self.waves_cut = False
        self._run_id = run_id
        tls = _trust(settings)
        self.senders: dict[str, MllpSender] = {}
        self._headers: dict[str, Sender] = {}
        self._counts: dict[str, int] = {}
        for name in [*(f"GW{number}" for number in range(1, settings.links + 1)), _HOSPITAL]:
            self.senders[name] = MllpSender(
                settings.hl7_host, settings.hl7_port, clock, window=settings.window, tls=tls, on_state=self._link(name)
            )
            self._headers[name] = Sender(
                f"{name}^ACDE48FFFF{len(name):06X}^EUI-64", settings.unit, settings.acknowledge
            )
            self._counts[name] = 0
        self.waves: WaveClient | None = None
        self._next_sample: dict[tuple[int, str], int] = {}
        if settings.waves_secret is not None:
            self.waves = WaveClient(
                settings.waves_host, settings.waves_port, read_secret(settings.waves_secret), "ward-gateway",
                tls=tls, scales=_SCALES, on_state=self._link("waves"),
            )  # fmt: skip

    async def run(self) -> None:
        """Connects, sends and reconnects until cancelled."""
        async with asyncio.TaskGroup() as group:
            for sender in self.senders.values():
                group.create_task(sender.run())
            if self.waves is not None:
                group.create_task(self.waves.run())

    def numerics(self, bed: Bed, at_utc_s: float, values: list[Value]) -> None:
        name = self._of(bed)
        at_utc_s += self.clock_error_s
        self._put(name, lambda control_id: numerics_message(
            self._headers[name], control_id, at_utc_s, bed.person, bed.location, bed.device, values))  # fmt: skip

    def alarm(self, bed: Bed, at_utc_s: float, note: AlarmNote) -> None:
        name = self._of(bed)
        at_utc_s += self.clock_error_s
        self._put(name, lambda control_id: alarm_message(
            self._headers[name], control_id, at_utc_s, bed.person, bed.location, bed.device, note))  # fmt: skip

    def patient(self, event: str, at_utc_s: float, person: Person, location: str, prior: str = "",
                admitted_utc_s: float | None = None) -> None:  # fmt: skip
        header = self._headers[_HOSPITAL]
        self._put(_HOSPITAL, lambda control_id: patient_message(
            header, control_id, at_utc_s, event, person, location, prior, admitted_utc_s))  # fmt: skip

    def send_waves(self, bed: Bed, start_s: float, start_utc_s: float, waves: Mapping[str, Wave]) -> None:
        """`start_utc_s` is the moment `start_s`; a channel's first sample may lie a little after it."""
        if self.waves is None or self.waves_cut:
            return
        for channel, wave in waves.items():
            rate_hz = CHANNELS[channel]
            first = first_sample(channel, start_s)
            key = (bed.number, channel)
            skipped = first - self._next_sample.get(key, first)
            self._next_sample[key] = first + len(wave)
            begin_utc_s = start_utc_s + first / rate_hz - start_s + self.clock_error_s
            self.waves.put(
                channel, rate_hz, begin_utc_s, wave, location=bed.location, device=bed.device, skipped=skipped
            )

    def accounts(self) -> dict[str, dict[str, int]]:
        return {name: asdict(sender.account) | {"waiting": sender.waiting} for name, sender in self.senders.items()}

    @property
    def waiting(self) -> int:
        return sum(sender.waiting for sender in self.senders.values())

    def _of(self, bed: Bed) -> str:
        return f"GW{(bed.number - 1) % self._settings.links + 1}"

    def _put(self, name: str, make_text: Callable[[str], str]) -> None:
        self._counts[name] += 1
        control_id = f"{name}-{self._run_id}-{self._counts[name]}"
        if self._settings.log_messages:
            self._tell({"kind": "message", "link": name, "id": control_id})
        self.senders[name].put(control_id, make_text(control_id))

    def _link(self, name: str) -> Callable[[bool, str], None]:
        return lambda up, why: self._tell({"kind": "link", "link": name, "up": up, "why": why})


def _trust(settings: WardSettings) -> ssl.SSLContext | None:
    if settings.ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.ca))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{settings.ca}: no certificate to trust: {error}", hint="A PEM file; see --ca.") from error
