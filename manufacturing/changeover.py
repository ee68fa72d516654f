"""Which recipe the line is to inspect by, which models are in memory for it, and the way from one to the next.

Nothing is judged while the recipe in force is not the one that the PLC asks for: `recipe_for` gives none then.
Models are loaded one after the other by orders to the keeper, the most wanted first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from core.clock import Instant
from manufacturing.recipe_book import CHOSEN, SAVED, RecipeBook
from manufacturing.recipes import ModelPick, Recipe, told_pick
from verticals.contract import Acted, Action, Delivery, DeviceNews, Event

NO_WISH = 0
#: What the PLC asks for cannot be read: it is the number of no recipe.
UNREADABLE = -1
_LOAD_WITHIN_S = 60.0
_LONGEST_SLOT = 60


@dataclass(frozen=True, slots=True)
class Change:
    """What a person asked for, kept until its models are loaded."""

    recipe: Recipe
    how: str  # hand, rollback, activated
    who: str = ""
    role: str = ""
    reason: str = ""
    saved: bool = True  # False: the version is new, and recorded together with its choice


@dataclass(slots=True)
class _Memory:
    slots: dict[ModelPick, str] = field(default_factory=dict)
    under_way: bool = False  # an order to the keeper: the next one waits for its end
    failed: dict[ModelPick, str] = field(default_factory=dict)
    untaught: dict[str, str] = field(default_factory=dict)  # fault of a line without a recipe, as the keeper says
    recent: list[str] = field(default_factory=list)  # recipe names, the newest last


class Changeover:
    """Of one line. `keeper` is the device that loads models, `most` how many recipes stay in memory."""

    def __init__(self, line: str, keeper: str, base_slot: str, most: int) -> None:
        self.book = RecipeBook()
        self.wish = NO_WISH
        self.pending: Change | None = None
        self._line = line
        self._keeper = keeper
        self._base_slot = base_slot
        self._most = most
        self._memory = _Memory()

    # --- what is to be judged by -----------------------------------------------------------------------------

    @property
    def wanted(self) -> Recipe | None:
        """What the PLC asks for, or what is in force where it asks for nothing."""
        return self.book.by_number(self.wish) if self.wish != NO_WISH else self.book.in_force

    @property
    def judging(self) -> Recipe | None:
        """The recipe in force, when it is the wanted one and its models are in memory."""
        wanted = self.wanted
        return wanted if wanted is not None and wanted == self.book.in_force and self.loaded(wanted) else None

    def recipe_for(self, number: int) -> Recipe | None:
        """What a part is judged by at whose trigger the PLC asked for `number`; None: it is not judged."""
        return self.judging if number == self.wish else None

    def slot(self, pick: ModelPick) -> str:
        """The engine's slot that holds this model."""
        return self._memory.slots[pick]

    def loaded(self, recipe: Recipe) -> bool:
        return all(pick in self._memory.slots for pick in recipe.models.values())

    def shown(self) -> dict[str, Any]:
        """For the screens: what is in force, asked for and on its way, and how many models are in memory."""
        in_force, pending = self.book.in_force, self.pending
        return {
            "in_force": {"name": in_force.name, "version": in_force.version} if in_force else None,
            "number": in_force.plc_number if in_force else None,
            "asked": self.wish,
            "judging": self.judging is not None,
            "loading": pending.recipe.title if pending else "",
            "in_memory": len(self._memory.slots),
            "most": self._most,
        }

    def troubles(self) -> dict[str, str]:
        """Fault codes that follow from recipes, with what is to be said."""
        wanted = self.wanted
        if wanted is None and self.wish != NO_WISH:
            unread = "The PLC's RecipeId cannot be read."
            asked = f"The PLC asks for recipe {self.wish}, which does not exist here."
            return {"unknown-recipe": unread if self.wish == UNREADABLE else asked}
        if wanted is None:
            return {"no-recipe": "", **self._memory.untaught}
        failed = [f"{pick.title}: {self._memory.failed[pick]}" for pick in self._failed(wanted)]
        return {"recipe-failed": "; ".join(failed)} if failed else {}

    @property
    def changing(self) -> bool:
        """Whether the wanted recipe is on its way into force."""
        return self.judging is None and not self.troubles()

    def _failed(self, recipe: Recipe) -> list[ModelPick]:
        return [pick for pick in recipe.models.values() if pick in self._memory.failed]

    # --- what changes it -----------------------------------------------------------------------------------

    def ask_for(self, number: int) -> None:
        """The PLC's wish changed. A recipe that failed is tried again for it."""
        self.wish = number
        self._try_again()

    def keeper_began(self, news: DeviceNews) -> None:
        """The keeper has told what the line's own slot holds; what failed before is tried again."""
        self._memory.untaught = {} if news.ok else {news.code: news.detail}
        self._memory.slots = {pick: slot for pick, slot in self._memory.slots.items() if slot != self._base_slot}
        pick = told_pick(news.detail) if news.ok else None
        if pick is not None:
            self._memory.slots[pick] = self._base_slot
        self._try_again()

    def _try_again(self) -> None:
        self._memory.failed.clear()

    def keeper_did(self, acted: Acted) -> None:
        """How an order of `orders` ended."""
        self._memory.under_way = False
        value = acted.action.value
        if not acted.action.target.endswith(".load"):
            return
        pick = ModelPick(value["name"], value["version"], value["sha256"])
        if acted.delivery is Delivery.SENT and told_pick(acted.detail) == pick:
            self.holds(pick, value["slot"])
        else:
            self._memory.failed[pick] = acted.detail or "it was not loaded in time"

    def holds(self, pick: ModelPick, slot: str) -> None:
        """The engine answers for `slot` with this model."""
        self._memory.slots[pick] = slot
        self._memory.failed.pop(pick, None)

    def slot_name(self, name: str, version: str) -> str:
        """Of the engine and the shelf, for one package; other lines have their own."""
        title = f"{self._line}:{name}:{version}"
        if len(title) <= _LONGEST_SLOT:
            return title
        return f"{self._line[:30]}:{sha256(title.encode()).hexdigest()[:24]}"

    def begin(self, change: Change) -> None:
        """What a person asked for; `settle` carries it out as soon as its models are in memory."""
        self.pending = change
        for pick in change.recipe.models.values():
            self._memory.failed.pop(pick, None)

    # --- what survives -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"book": self.book.state(), "wish": self.wish}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Raises InputError when the saved recipes cannot be read."""
        if "book" in state:
            self.book.restore(str(state["book"]))
            self.wish = int(state.get("wish", NO_WISH))

    # --- what follows --------------------------------------------------------------------------------------

    def settle(self, at: Instant) -> list[Event]:
        """Brings into force what can be by now. Call it after every change; gives what is to be recorded."""
        return [*self._settle_pending(at), *self._settle_wish(at)]

    def _settle_pending(self, at: Instant) -> list[Event]:
        change = self.pending
        if change is None:
            return []
        failed = self._failed(change.recipe)
        if failed:
            self.pending = None
            why = "; ".join(f"{pick.title}: {self._memory.failed[pick]}" for pick in failed)
            data = {"name": change.recipe.name, "version": change.recipe.version, "why": why, "role": change.role}
            return [Event("recipe-refused", change.recipe.name, at.utc_s, data, self._line, change.who)]
        if not self.loaded(change.recipe):
            return []
        self.pending = None
        return self.carry_out(change, at)

    def carry_out(self, change: Change, at: Instant) -> list[Event]:
        """The change, with everything it needs in memory."""
        recipe, events = change.recipe, []
        if not change.saved:
            saved = {"recipe": recipe.document(), "role": change.role}
            events.append(self._applied(SAVED, recipe, saved, at, change.who))
        wished = self.wish != NO_WISH
        meant = self.wanted is not None and self.wanted.name == recipe.name and recipe.plc_number == self.wish
        in_force = meant or not wished
        data = {"how": change.how, "reason": change.reason, "role": change.role, "in_force": in_force}
        return [*events, self._applied(CHOSEN, recipe, data, at, change.who)]

    def _settle_wish(self, at: Instant) -> list[Event]:
        wanted = self.wanted
        if wanted is None or wanted == self.book.in_force or not self.loaded(wanted):
            return []
        data = {"how": "plc", "number": self.wish, "reason": f"the PLC asks for {self.wish}", "in_force": True}
        return [self._applied(CHOSEN, wanted, data, at)]

    def _applied(self, kind: str, recipe: Recipe, data: dict[str, Any], at: Instant, who: str = "") -> Event:
        told = {"name": recipe.name, "version": recipe.version, **data}
        self.book.apply(kind, told)
        if kind == CHOSEN:
            self._use(recipe.name)
        return Event(kind, recipe.name, at.utc_s, told, self._line, who)

    def _use(self, name: str) -> None:
        recent = self._memory.recent
        if name in recent:
            recent.remove(name)
        recent.append(name)

    # --- what is in memory ---------------------------------------------------------------------------------

    def orders(self) -> list[Action]:
        """What the keeper is to do next: load the most wanted model, after making room for it."""
        kept = self._kept()
        missing = next((pick for pick in kept if self._missing(pick)), None)
        if missing is None or self._memory.under_way:
            return []
        self._memory.under_way = True
        surplus = next((pick for pick in self._memory.slots if pick not in kept), None)
        if surplus is not None and len(self._memory.slots) >= self._most * self._views():
            slot = self._memory.slots.pop(surplus)
            return [Action(f"{self._keeper}.unload", {"slot": slot}, _LOAD_WITHIN_S, subject=surplus.title)]
        value = {"slot": self.slot_name(missing.name, missing.version), **asdict(missing)}
        return [Action(f"{self._keeper}.load", value, _LOAD_WITHIN_S, subject=missing.title)]

    def _missing(self, pick: ModelPick) -> bool:
        return pick not in self._memory.slots and pick not in self._memory.failed

    def _views(self) -> int:
        return max((len(recipe.models) for recipe in self.book.all_released()), default=1)

    def _kept(self) -> list[ModelPick]:
        """Models that belong in memory, the most wanted first: as many recipes as are allowed."""
        others = sorted(self.book.all_released(), key=self._last_used, reverse=True)
        pending = self.pending.recipe if self.pending else None
        kept: dict[ModelPick, None] = {}
        for number, recipe in enumerate(_distinct([self.wanted, self.book.in_force, pending, *others])):
            if number < self._most:
                kept |= dict.fromkeys(recipe.models.values())
        return list(kept)

    def _last_used(self, recipe: Recipe) -> tuple[int, bool]:
        recent = self._memory.recent
        return (recent.index(recipe.name) if recipe.name in recent else -1, recipe.plc_number is not None)


def _distinct(recipes: Sequence[Recipe | None]) -> list[Recipe]:
    found: list[Recipe] = []
    for recipe in recipes:
        if recipe is not None and recipe not in found:
            found.append(recipe)
    return found
