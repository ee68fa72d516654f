"""The demo's ward: simulated beds, the settings of a site that watches them, and the secret they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.ports import require_free
from appliance.processes import Process
from core.errors import RefusedError, StoreError

#: The demo's script is about the first sixteen; what is more lies there calmly.
BEDS = 16
#: The messages that its gateway sends ahead of the answers. One that waits for each has the box write a page or two to
#: the SSD for every message, for the answer says that it is on the disk (docs/healthcare/hl7.md).
AHEAD = 32
_UNIT = "W7"
_NURSES = ("Nurse 12", "Nurse 14", "Nurse 17", "Nurse 21")

_WARD = """\

[screens.healthcare]
port = {screen_port}

[healthcare]
ward = "Ward 7 West"
simulated = true
charge = "Charge nurse 03"
on_shift = [{on_shift}]

[healthcare.hl7]
port = {hl7_port}

[healthcare.waves]
port = {waves_port}
secret_file = "{secret}"
"""
_BED = """\

[[healthcare.beds]]
name = "bed-{number}"
label = "{number}"
location = "{location}"
nurse = "{nurse}"
buddy = "{buddy}"
"""


@dataclass(frozen=True, slots=True)
class DemoWard:
    """Where its screen listens, and where its monitors connect: over `links`, with `ahead` messages unanswered."""

    home: Path
    screen_port: int = 8102
    hl7_port: int = 2575
    waves_port: int = 8112
    seed: int = 0
    beds: int = BEDS
    links: int = 1
    ahead: int = AHEAD

    @property
    def secret(self) -> Path:
        return self.home / "waves-secret"

    @property
    def log(self) -> Path:
        """What really happened to whom."""
        return self.home / "ward.jsonl"

    @property
    def ports(self) -> dict[str, int]:
        return {"--ward-port": self.screen_port, "--hl7-port": self.hl7_port, "--waves-port": self.waves_port}


def check(ward: DemoWard) -> None:
    """Raises EdgewiseError for a port that is taken or named twice."""
    if len(set(ward.ports.values())) < len(ward.ports):
        raise RefusedError(f"two parts of the ward cannot have one port: {ward.ports}")
    for option, port in ward.ports.items():
        require_free("127.0.0.1", port, f"Choose another port with {option}.")


def site_text(ward: DemoWard) -> str:
    """The ward's part of the demo's settings file."""
    from simulators.ward_script import location_of

    secret = str(ward.secret.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    on_shift = ", ".join(f'"{name}"' for name in _NURSES)
    head = _WARD.format(screen_port=ward.screen_port, hl7_port=ward.hl7_port, waves_port=ward.waves_port,
                        secret=secret, on_shift=on_shift)  # fmt: skip
    beds = []
    for number in range(1, ward.beds + 1):
        place = (number - 1) * len(_NURSES) // ward.beds
        nurse, buddy = _NURSES[place], _NURSES[place ^ 1]
        beds.append(_BED.format(number=number, location=location_of(_UNIT, number), nurse=nurse, buddy=buddy))
    return head + "".join(beds)


def prepare(ward: DemoWard) -> None:
    """Makes the secret that monitors and box share. Raises StoreError or SettingsError."""
    from healthcare.waves.proofs import make_secret

    try:
        ward.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be written: {error.strerror}") from error
    make_secret(ward.secret)


def ward_process(ward: DemoWard) -> Process:
    """The simulated ward as a process of its own."""
    from simulators.ward_settings import WardSettings

    settings = WardSettings(
        hl7_port=ward.hl7_port,
        waves_port=ward.waves_port,
        waves_secret=ward.secret,
        beds=ward.beds,
        links=ward.links,
        window=ward.ahead,
        unit=_UNIT,
        seed=ward.seed,
        log_path=ward.log,
    )
    _python, _m, module, *words = settings.command()
    return Process("demo:ward", module, words)
