"""The process table: what runs on this box, how, and when. The supervisor makes it so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from core.inference import governor

#: Runs one process of the table: `python -m appliance.process line manufacturing --config ... --data ...`.
ENTRY = "appliance.process"
#: Who decides first when the box is overloaded; an app that is not named here comes after these.
URGENCY = ("healthcare", "manufacturing", "retail")
#: Whose machine waits with every part: it goes before a browser on the box too, where that is allowed.
IN_CYCLE = ("manufacturing",)
#: For who handles a picture after the other: freed memory stays with the process. Handing it back and getting
#: it anew, page by page, costs more than decoding the picture (mallopt(3)).
PICTURES = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Process:
    """One row. `module` is run as `python -m module args`.

    A `prompt` one goes first as soon as it has something to do; a `first` one, which is prompt too, goes before
    what else runs on the box: a machine waits for it within its cycle.
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
    first: bool = False


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
    ranked = sorted(cameras, key=lambda app: URGENCY.index(app) if app in URGENCY else len(URGENCY))
    for app, names in cameras.items():
        terms = governor.decides(ranked.index(app))
        decides = partial(Process, nice=terms.nice, prompt=terms.prompt, first=app in IN_CYCLE, environment=PICTURES)
        rows += [decides(f"{app}:camera:{name}", ENTRY, ("camera", app, name, *common)) for name in names]
        rows.append(decides(f"{app}:line", ENTRY, ("line", app, *common), beats_within_s=5.0))
        rows.append(Process(f"{app}:web", ENTRY, ("web", app, *common), nice=governor.SHOWS.nice, beats_within_s=10.0))
    works = partial(Process, nice=governor.WORKS.nice, environment=governor.WORKS.environment, beats_within_s=30.0)
    rows.append(works("jobs", ENTRY, ("jobs", *common), when=jobs))
    return [*rows, *more]
