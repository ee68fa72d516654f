"""Receiving: what a delivery should hold, what came, what of it was damaged; then one receipt for the ledger. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from core.errors import InputError, RefusedError
from retail.known import Known
from retail.ledger.document import SUPPLIER, WASTE, Document, Line
from retail.ledger.quantity import MOST_THOUSANDTHS, thousandths
from retail.work.orders import Order
from retail.work.outcome import ASSOCIATES, Outcome, listed_of, need, text_of
from retail.work.scanning import read_scan
from verticals.contract import Command, Event

OPEN, POSTED, CANCELLED = "open", "posted", "cancelled"
SHORT, OVER, DAMAGED, UNEXPECTED = "short", "over", "damaged", "unexpected"
SOURCE = "receiving"
_MOST_LINES, _KEPT_OVER = 5000, 30


@dataclass(frozen=True, slots=True)
class CameLine:
    """`thousandths` is all that came, `damaged` of it what nobody can sell. `late`: kept, and booked nowhere."""

    key: str
    gtin: str
    code: str
    lot: str
    expiry: str
    thousandths: int
    damaged: int
    at_utc_s: float
    who: str
    late: bool = False


@dataclass(slots=True)
class Receiving:
    """`expected`: thousandths by GTIN, as the order still owes them."""

    id: str
    order: str
    supplier: str
    ref: str
    state: str
    who: str
    opened_utc_s: float
    ended_utc_s: float | None = None
    expected: dict[str, int] = field(default_factory=dict)
    lines: dict[str, CameLine] = field(default_factory=dict)

    def header(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Receiving.__dataclass_fields__ if name != "lines"}


@dataclass(frozen=True, slots=True)
class Difference:
    gtin: str
    ordered: int
    received: int
    damaged: int
    word: str


class ReceivingDesk:
    """All deliveries that are being received, and the newest of those that were."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self.receivings: dict[str, Receiving] = {}
        self._number = 0

    # Orders

    def start(self, command: Command, order: Order | None) -> Outcome:
        """Of an order that is under way, or of a supplier alone."""
        who = need(command, ASSOCIATES)
        supplier = order.supplier if order else text_of(command.args, "supplier")
        if not supplier:
            raise RefusedError("Whose delivery is it?", hint="Choose an order, or name the supplier.")
        owed = {} if order is None else {one.gtin: one.thousandths - one.received for one in order.lines.values()}
        expected = {gtin: amount for gtin, amount in owed.items() if amount > 0}
        self._number += 1
        ref = text_of(command.args, "ref", 80)
        made = Receiving(f"r-{self._number}", order.id if order else "", supplier, ref, OPEN, who, command.at.utc_s,
                         expected=expected)  # fmt: skip
        event = self._tell("opened", made, command.at.utc_s, who)
        told = [{"gtin": gtin, "thousandths": amount} for gtin, amount in expected.items()]
        return Outcome((event,), data={"receiving": made.id, "expected": told})

    def lines(self, args: Mapping[str, Any], who: str, now_utc_s: float, today: date) -> Outcome:
        """Scans of a hand-held, maybe sent before, maybe late. Raises InputError, RefusedError: nothing was taken."""
        name = text_of(args, "receiving", 20)
        receiving = self.receivings.get(name)
        if receiving is None and not self._was(name):
            raise RefusedError(f"No delivery '{name}' is being received.")
        said = listed_of(args, "lines")
        if not 0 < len(said) <= _MOST_LINES:
            raise InputError(f"a hand-held sends 1 to {_MOST_LINES} lines at once")
        over = receiving is None or receiving.state != OPEN
        known = {} if receiving is None else receiving.lines
        taken: dict[str, CameLine] = {}
        for one in said:
            line = self._line(one, who, now_utc_s, today, late=over)
            if line.key not in known:
                taken.setdefault(line.key, line)
        data = {
            "taken": 0 if over else len(taken),
            "known": len(said) - len(taken),
            "late": len(taken) if over else 0,
            "unknown": sorted({line.code for line in taken.values() if not line.gtin}),
        }
        if not taken:
            return Outcome(data=data)
        told = {"act": "lines", "id": name, "lines": [asdict(line) for line in taken.values()]}
        self.apply(told)
        return Outcome((Event("receiving", name, now_utc_s, told, who=who[:60]),), data=data)

    def _line(self, said: Any, who: str, now_utc_s: float, today: date, *, late: bool) -> CameLine:
        scan = read_scan(said, self._known, now_utc_s, today)
        damaged = thousandths(said.get("damaged", 0))
        if damaged is None or not 0 <= damaged <= scan.thousandths:
            raise InputError(f"line {scan.key}: of {scan.thousandths / 1000:g} that came, so many cannot be damaged")
        if scan.thousandths <= 0:
            raise InputError(f"line {scan.key}: what came is more than nothing")
        return CameLine(scan.key, scan.gtin, scan.code, scan.lot, scan.expiry, scan.thousandths, damaged,
                        scan.at_utc_s, who[:60], late)  # fmt: skip

    def finish(self, command: Command) -> Outcome:
        """Books what came, and says what differs from what was expected. Codes nobody knows wait in the ledger."""
        who = need(command, ASSOCIATES)
        receiving = self._find(command)
        if not receiving.lines:
            raise RefusedError("Nothing was scanned yet.", hint="Scan what came, or give the delivery up.")
        differences = self.differences(receiving)
        ended = replace(receiving, state=POSTED, ended_utc_s=command.at.utc_s)
        told = [asdict(one) for one in differences]
        event = self._tell("posted", ended, command.at.utc_s, who, differences=told)
        return Outcome((event,), self._documents(ended, who, command.at.utc_s), {"differences": told})

    def cancel(self, command: Command) -> Outcome:
        who = need(command, ASSOCIATES)
        receiving = self._find(command)
        ended = replace(receiving, state=CANCELLED, ended_utc_s=command.at.utc_s)
        return Outcome((self._tell("cancelled", ended, command.at.utc_s, who),))

    def came(self, receiving_id: str) -> dict[str, int]:
        """Thousandths that came, by GTIN; what was damaged came too."""
        found: dict[str, int] = {}
        for line in self.receivings[receiving_id].lines.values():
            gtin = self._gtin(line)
            if gtin and not line.late:
                found[gtin] = found.get(gtin, 0) + line.thousandths
        return found

    def differences(self, receiving: Receiving) -> list[Difference]:
        """Short, over, damaged, or never ordered; a delivery without an order has none but damage."""
        came = self.came(receiving.id)
        damaged: dict[str, int] = {}
        for line in receiving.lines.values():
            gtin = self._gtin(line)
            damaged[gtin] = damaged.get(gtin, 0) + line.damaged
        found = []
        for gtin in sorted({*came, *receiving.expected}):
            ordered, there, broken = receiving.expected.get(gtin, 0), came.get(gtin, 0), damaged.get(gtin, 0)
            word = _word(ordered, there, broken) if receiving.order else DAMAGED if broken else ""
            if word:
                found.append(Difference(gtin, ordered, there, broken, word))
        return found

    def _documents(self, receiving: Receiving, who: str, now_utc_s: float) -> list[Document]:
        """The receipt, and what of it is written off at once."""
        place = self._known.settings.back_places[0]
        lines, broken = [], []
        for number, line in enumerate(self._merged(receiving), start=1):
            said = Line(number, line.thousandths, SUPPLIER, place, self._gtin(line), line.code, line.lot, line.expiry)
            lines.append(said)
            if line.damaged:
                broken.append(
                    replace(said, thousandths=line.damaged, from_account=place, to_account=WASTE, reason="damage")
                )
        at = min([now_utc_s, *(line.at_utc_s for line in receiving.lines.values())])
        about = {name: value for name, value in (("order", receiving.order), ("note", receiving.ref)) if value}
        made = [Document(SOURCE, receiving.id, "receipt", at, lines, who=who, about=about)]
        if broken:
            ref = f"{receiving.id}/damage"
            made.append(Document(SOURCE, ref, "damage", at, broken, who=who, reason="damage", about=about))
        return made

    def _merged(self, receiving: Receiving) -> Sequence[CameLine]:
        """A line for each product and lot, or each code that nobody knows."""
        found: dict[tuple[str, str, str], CameLine] = {}
        for line in sorted(receiving.lines.values(), key=lambda one: (one.at_utc_s, one.key)):
            gtin = self._gtin(line)
            key = gtin or line.code, line.lot, line.expiry
            before = found.get(key)
            amount = min(MOST_THOUSANDTHS, line.thousandths + (before.thousandths if before else 0))
            found[key] = replace(
                line, gtin=gtin, thousandths=amount, damaged=line.damaged + (before.damaged if before else 0)
            )
        return list(found.values())

    def _gtin(self, line: CameLine) -> str:
        """Its code may have become known since."""
        return line.gtin or self._known.find(line.code)

    # Its record

    def apply(self, said: Mapping[str, Any]) -> None:
        """What an event `receiving` tells."""
        header = said.get("receiving")
        if header is not None:
            made = Receiving(**{name: header[name] for name in Receiving.__dataclass_fields__ if name in header})
            before = self.receivings.get(made.id)
            made.lines = before.lines if before else {}
            made.expected = {str(gtin): int(amount) for gtin, amount in made.expected.items()}
            self.receivings[made.id] = made
            self._number = max(self._number, int(made.id.removeprefix("r-")))
        receiving = self.receivings.get(said["id"])
        if receiving is None:
            return
        for one in said.get("lines", ()):
            line = CameLine(**{name: one[name] for name in CameLine.__dataclass_fields__})
            if not line.late:
                receiving.lines.setdefault(line.key, line)
        over = [one.id for one in self.receivings.values() if one.state != OPEN]
        for old in over[: max(0, len(over) - _KEPT_OVER)]:
            del self.receivings[old]

    def state(self) -> dict[str, Any]:
        told = [
            {"id": one.id, "receiving": one.header(), "lines": [asdict(line) for line in one.lines.values()]}
            for one in self.receivings.values()
        ]
        return {"number": self._number, "receivings": told}

    def restore(self, state: Mapping[str, Any]) -> None:
        for said in state["receivings"]:
            self.apply(said)
        self._number = int(state["number"])

    def _tell(self, act: str, receiving: Receiving, now_utc_s: float, who: str, **more: Any) -> Event:
        data = {"act": act, "id": receiving.id, "receiving": receiving.header(), **more}
        self.apply(data)
        return Event("receiving", receiving.id, now_utc_s, data, who=who[:60])

    def _find(self, command: Command) -> Receiving:
        receiving = self.receivings.get(text_of(command.args, "receiving", 20))
        if receiving is None or receiving.state != OPEN:
            raise RefusedError("This delivery is not being received.")
        return receiving

    def _was(self, name: str) -> bool:
        number = name.removeprefix("r-")
        return name.startswith("r-") and number.isdecimal() and 0 < int(number) <= self._number


def _word(ordered: int, came: int, broken: int) -> str:
    if not ordered:
        return UNEXPECTED
    if came < ordered:
        return SHORT
    if came > ordered:
        return OVER
    return DAMAGED if broken else ""
