"""The process table: what runs on this box, how, and when. The supervisor makes it so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

#: Runs one process of the table: `python -m appliance.process line manufacturing --config ... --data ...`.
ENTRY = "appliance.process"
#: The niceness of what may take its time; decisions go first.
JOBS_NICE = 15
WEB_NICE = 5
#: For who handles a picture after the other: freed memory stays with the process. Handing it back and getting
#: it anew, page by page, costs more than decoding the picture (mallopt(3)).
PICTURES = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Process:
    """One row. `module` is run as `python -m module args`.

    A `prompt` one goes first as soon as it has something to do: a machine waits for it.
    `when` answers whether it should run now and changes nothing by being asked. With `beats_within_s` it
    must say at least that often that its work loop moved, the first time within `starts_within_s`.
    """

    name: str
    module: str
    args: Sequence[str] = ()
    when: Callable[[], bool] = always
    nice: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    beats_within_s: float | None = None
    starts_within_s: float = 60.0
    prompt: bool = False


def process_table(
    cameras: Mapping[str, Sequence[str]],
    *,
    config: Path,
    data: Path,
    jobs: Callable[[], bool] = always,
    more: Sequence[Process] = (),
) -> list[Process]:
    """The rows of a site: per app (the keys of `cameras`) its cameras, its line and its screen; then jobs and `more`.

    A camera process is not asked for beats: it ends itself when its driver hangs in native code.
    """
    common = ("--config", str(config), "--data", str(data))
    rows: list[Process] = []
    for app, names in cameras.items():
        decides = partial(Process, prompt=True, environment=PICTURES)
        rows += [decides(f"{app}:camera:{name}", ENTRY, ("camera", app, name, *common)) for name in names]
        rows.append(decides(f"{app}:line", ENTRY, ("line", app, *common), beats_within_s=5.0))
        rows.append(Process(f"{app}:web", ENTRY, ("web", app, *common), nice=WEB_NICE, beats_within_s=10.0))
    rows.append(Process("jobs", ENTRY, ("jobs", *common), when=jobs, nice=JOBS_NICE, beats_within_s=30.0))
    return [*rows, *more]
