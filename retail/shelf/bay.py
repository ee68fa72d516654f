"""The station of one shelf camera: tells the store's desk how its slots look. Evidence of presence, never stock.

Samples: `bay-setup` (the plan and the reference still), `bay-gallery` (products by their photos' vectors) and `view`
(one frame). Until the set-up has come every frame is absorbed. A frame never leaves: what is kept is the still with
the permitted slots. The order `plan` gives other slots over the same still.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import Instant
from core.errors import InputError
from core.inference.request import Answer, Ask
from retail.reading import kind_of, listed, number, text
from retail.shelf.gallery import Gallery, Head, Match, learn
from retail.shelf.plan import Plan, Slot, plan_of, slots_json
from retail.shelf.products import EMBEDDING, IMAGE, MODEL_NAME
from retail.shelf.settings import BaySettings
from retail.shelf.slot_state import Patience, SlotStanding
from retail.shelf.watch import BayWatch, Seen, Sight
from verticals.contract import (
    NOTHING,
    Acted,
    Command,
    Decision,
    DeviceNews,
    Event,
    Evidence,
    Health,
    Level,
    Reply,
    Sample,
    State,
    StationSpec,
)

VIEW, SETUP, GALLERY = "view", "bay-setup", "bay-gallery"
SHELF = "shelf"
PLAN = "plan"
_DESK = "store"
#: Who may say where the slots are.
_DRAWS = frozenset({"lead", "admin"})
_KEPT = "kept"
_LEAST_SIDE_PX, _MOST_PIXELS = 32, 25_000_000
#: Only so many slots are asked about in one frame: the rest wait for the next.
_MOST_ASKS = 4


class BayStation:
    """Time is that of the samples; `due` is when the camera counts as silent."""

    def __init__(self, settings: BaySettings) -> None:
        self.settings = settings
        self.spec = StationSpec(settings.station, models=(MODEL_NAME,), answer_within_s=2.0, priority=5)
        self._watch: BayWatch | None = None
        self._stills: tuple[NDArray[np.uint8], NDArray[np.uint8] | None] | None = None
        self._head: Head | None = None
        self._embedded_by = ""
        self._sight: tuple[Sample, Sight, list[str]] | None = None
        self._faults: dict[str, str] = {}
        self._seen: Instant | None = None
        self._told: Instant | None = None
        self._pictured: Instant | None = None
        self._lost = False

    # Past

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        """Nothing: the set-up comes from its device, and what was seen before a start is not what stands there now."""

    def state(self, now: Instant) -> State:
        return {}

    # What comes in

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        if kind_of(sample) in (SETUP, GALLERY):
            return ()
        frame = _picture(sample, "image")
        if kind_of(sample) != VIEW or self._watch is None or frame is None:
            return None
        sight = self._watch.look(frame, sample.at)
        asked = [] if self._head is None else list(sight.doubtful)[:_MOST_ASKS]
        self._sight = (sample, sight, asked)
        return [Ask(MODEL_NAME, {IMAGE.name: sight.doubtful[name]}) for name in asked]

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        if kind_of(sample) == SETUP:
            return self._set_up(sample)
        if kind_of(sample) == GALLERY:
            return self._take_gallery(sample)
        if self._sight is None or self._sight[0] is not sample:
            return NOTHING
        _, sight, asked = self._sight
        matches = {name: self._match(answer) for name, answer in zip(asked, answers, strict=True)}
        return self._conclude(sight, {name: match for name, match in matches.items() if match is not None})

    def degrade(self, sample: Sample, reason: str) -> Decision:
        """Without the model a slot in doubt stays unknown; what structure says holds all the same."""
        if self._watch is None or self._sight is None or self._sight[0] is not sample:
            return NOTHING
        return self._conclude(self._sight[1], {})

    def _match(self, answer: Answer) -> Match | None:
        vector, said_by = answer.outputs.get(EMBEDDING), answer.model
        if vector is None or self._head is None or vector.shape != self._head.centre.shape:
            return None
        now = self._embedded_by if said_by is None else f"{said_by.name} {said_by.version}"
        if self._embedded_by and now != self._embedded_by:
            self._faults["gallery-model"] = (
                f"the gallery was made with {self._embedded_by}, this box has {now}: enrol its products again"
            )
            return None
        self._faults.pop("gallery-model", None)
        return self._head.match(np.asarray(vector, np.float32))

    def _conclude(self, sight: Sight, matches: Mapping[str, Match]) -> Decision:
        assert self._watch is not None
        self._sight = None
        seen = self._watch.conclude(sight, matches)
        self._seen, self._lost = sight.at, False
        if sight.place.lost:
            self._faults["bay-moved"] = "the camera shows something else than the reference still: set the bay up again"
        else:
            self._faults.pop("bay-moved", None)
        tell = self._tell(sight.at, force=bool(seen.changed))
        return Decision(
            events=self._events(seen, sight.at),
            evidence=self._evidence(seen, sight.at),
            tell=tell,
            live=self._live(seen.permitted),
        )

    # What goes out

    def _events(self, seen: Seen, at: Instant) -> list[Event]:
        """A change of words is recorded, with the kept picture; that a view opens or closes is not one."""
        assert self._watch is not None
        changed = [name for name in seen.changed if self._watch.standing[name].since == at]
        if not changed and not self._picture_due(at):
            return []
        slots = [self._watch.standing[name].shown() for name in changed]
        return [Event(SHELF, self.settings.name, at.utc_s, {"slots": slots, "live": sorted(seen.permitted)})]

    def _evidence(self, seen: Seen, at: Instant) -> dict[str, Evidence]:
        assert self._watch is not None
        if not any(self._watch.standing[name].since == at for name in seen.changed) and not self._picture_due(at):
            return {}
        self._pictured = at
        return {_KEPT: Evidence(seen.kept)}

    def _picture_due(self, at: Instant) -> bool:
        return self._pictured is None or at.since(self._pictured) >= self.settings.picture_every

    def _tell(self, at: Instant, *, force: bool, gone: Sequence[str] = ()) -> list[tuple[str, Sample]]:
        """All slots, at every change and now and then: the desk takes a silent bay for one that nobody sees.

        `gone` are slots that the plan has no more: nobody sees them.
        """
        if self._watch is None:
            return []
        if not force and self._told is not None and at.since(self._told) < self.settings.told_every:
            return []
        self._told = at
        told = [standing.told() for standing in self._watch.standing.values()]
        told += [SlotStanding(Slot(name, "", (0, 0, 1, 1))).told() for name in gone]
        values = {"kind": "slots", "bay": self.settings.name, "slots": json.dumps(told)}
        return [(_DESK, Sample(self.settings.station, at, values))]

    def _live(self, permitted: Iterable[str] = ()) -> dict[str, Any]:
        if self._watch is None:
            return {"bay": {"name": self.settings.name, "state": "waiting", "slots": []}}
        slots = [standing.shown() for standing in self._watch.standing.values()]
        state = "lost" if self._lost else "watching"
        return {"bay": {"name": self.settings.name, "state": state, "slots": slots, "live": sorted(permitted)}}

    # Set-up

    def _set_up(self, sample: Sample) -> Decision:
        """Raises nothing: what cannot be used is a fault of the bay, and the set-up before it stays in force."""
        still, slots = _picture(sample, "still"), listed(sample, "slots")
        try:
            if still is None:
                raise InputError("the reference still is no picture", hint="Take it again.")
            self._stills = still, _picture(sample, "empty")
            if not slots:
                raise InputError("no slots are drawn yet", hint="Draw them over the still: Shelves, set up.")
            self._watch = self._begun(plan_of({"bay": self.settings.name, "slots": slots}, "the plan"))
        except InputError as error:
            self._faults["bay-setup"] = f"{error.message} {error.hint}".strip()
            return Decision(live=self._live())
        self._faults.pop("bay-setup", None)
        return Decision(live=self._live())

    def _begun(self, plan: Plan) -> BayWatch:
        """Raises InputError when the stills do not fit each other."""
        assert self._stills is not None
        return BayWatch(plan, *self._stills, Patience(self.settings.confirm_frames, self.settings.doubtful_frames))

    def _draw(self, command: Command) -> Decision:
        """Other slots over the same still, from this moment on; those that stayed as they were keep their words.

        Raises InputError.
        """
        if command.role not in _DRAWS:
            raise InputError("drawing slots takes a lead", hint="Sign in.")
        plan = plan_of({"bay": self.settings.name, "slots": command.args.get("slots")}, "the plan")
        if self._stills is None:
            raise InputError("this bay has no reference still yet", hint="Take it with nobody before the bay.")
        before, self._watch = self._watch, self._begun(plan)
        gone: list[str] = []
        if before is not None:
            self._watch.go_on(before)
            gone = [name for name in before.standing if name not in self._watch.standing]
        self._faults.pop("bay-setup", None)
        self._pictured = None  # the next kept picture shows the new slots
        drawn = {"bay": self.settings.name, "slots": slots_json(plan)}
        return Decision(
            events=[Event(PLAN, self.settings.name, command.at.utc_s, {"plan": drawn}, who=command.who)],
            tell=self._tell(command.at, force=True, gone=gone),
            live=self._live(),
            reply=Reply(True, data={"slots": len(plan.slots)}),
        )

    def _take_gallery(self, sample: Sample) -> Decision:
        """`names` and `photos` (how many each has) as JSON, `vectors` photos x views x width, `known_from` of the
        card, `embedded_by` the model that made them."""
        names, photos, vectors = listed(sample, "names"), listed(sample, "photos"), sample.values.get("vectors")
        try:
            if not isinstance(vectors, np.ndarray) or vectors.ndim != 3 or len(names) != len(photos):
                raise InputError("the gallery that came is damaged")
            gallery, first = Gallery(), 0
            for name, count in zip(names, photos, strict=True):
                rows = vectors[first : first + int(count)]
                gallery = gallery.with_product(str(name), np.asarray(rows, np.float32))
                first += int(count)
            self._head = learn(gallery, number(sample, "known_from") or 1.0)
        except (InputError, TypeError, ValueError) as error:
            self._faults["gallery"] = str(error)
            return NOTHING
        self._faults.pop("gallery", None)
        self._embedded_by = text(sample, "embedded_by")
        if self._watch is not None:
            self._watch.ask_again()
        return NOTHING

    # Devices, people, time

    def acted(self, acted: Acted) -> Decision:
        return NOTHING

    def device_changed(self, news: DeviceNews) -> Decision:
        code = news.code or "camera-lost"
        if news.ok:
            self._faults.pop(code, None)
            return Decision(live=self._live())
        self._faults[code] = news.detail or code
        return self._lose(news.at) if news.device == self.settings.station else Decision(live=self._live())

    def _lose(self, at: Instant) -> Decision:
        """The camera is gone: what was said is old, and every slot unknown to the desk."""
        self._seen, self._lost = None, True
        changed = self._watch.lost(at) if self._watch is not None else []
        return Decision(tell=self._tell(at, force=bool(changed)), live=self._live())

    def command(self, command: Command) -> Decision:
        if command.name != PLAN:
            return Decision(reply=Reply(False, f"a shelf camera does not know the order '{command.name[:60]}'"))
        try:
            return self._draw(command)
        except InputError as error:
            return Decision(reply=Reply(False, f"{error.message} {error.hint}".strip()))

    def due(self) -> Instant | None:
        return None if self._seen is None else self._seen.plus(self.settings.lost_after)

    def tick(self, now: Instant) -> Decision:
        if self._seen is None or now.since(self._seen) < self.settings.lost_after:
            return NOTHING
        self._faults["camera-silent"] = f"no picture for {self.settings.lost_after:g} s"
        return self._lose(now)

    def health(self) -> Health:
        if self._watch is None:
            return Health(Level.ATTENTION, "waiting", dict(self._faults))
        faults = {code: why for code, why in self._faults.items() if code != "camera-silent" or self._seen is None}
        if self._lost or "bay-moved" in faults:
            return Health(Level.FAULT, "lost", faults)
        return Health(Level.ATTENTION if faults else Level.GOOD, "watching", faults)


def _picture(sample: Sample, name: str) -> NDArray[np.uint8] | None:
    """None for anything that is no RGB picture of a size that can be worked on."""
    value = sample.values.get(name)
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3:
        return None
    height, width = value.shape[:2]
    return value if min(height, width) >= _LEAST_SIDE_PX and height * width <= _MOST_PIXELS else None
