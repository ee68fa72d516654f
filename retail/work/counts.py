"""Cycle counts: planned by risk, counted blind, again by another person, approved by a lead, only then in the ledger.

What was expected at the moment of counting only the tables can tell exactly: a round that is finished waits until they
have (`expected.py`), and is judged then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from core.errors import InputError, RefusedError
from retail.catalogue.item_code import gtin_of
from retail.known import Known, slot_name
from retail.ledger.document import Document
from retail.work import judging
from retail.work.count_sheet import (
    ADD,
    AGAIN,
    AGREED,
    APPROVAL,
    BOOKED,
    CANCELLED,
    OPEN,
    OVER,
    PLANNED,
    POSTED,
    RECOUNT,
    SET,
    TO_APPROVE,
    CountLine,
    Item,
    Sheet,
    read_count_line,
    read_item,
    read_sheet,
)
from retail.work.outcome import ASSOCIATES, LEADS, Outcome, listed_of, need, text_of
from retail.work.scanning import Scan, read_scan
from retail.work.settings import CountLimits
from verticals.contract import Command, Event

_MOST_ITEMS, _MOST_LINES, _KEPT_OVER = 2000, 5000, 30


class CountDesk:
    """All sheets that are not over, and the newest of those that are. Pure; its events restore it."""

    def __init__(self, known: Known, limits: CountLimits) -> None:
        self._known = known
        self._limits = limits
        self.sheets: dict[str, Sheet] = {}
        self._number = 0

    # Orders

    def plan(self, command: Command, risky: Sequence[tuple[str, str, str]]) -> Outcome:
        """A sheet of a fixture, of given products, or of those whose risk is highest (`risky`: GTIN, place, why)."""
        who = need(command, ASSOCIATES)
        fixture, given = text_of(command.args, "fixture", 40), listed_of(command.args, "items")
        if fixture:
            items, why = self._of_fixture(fixture), f"fixture {fixture}"
        elif given:
            items, why = self._given(given), "as asked"
        else:
            items, why = list(risky), "highest risk"
        title = text_of(command.args, "title") or (fixture and f"Count {fixture}") or "Cycle count"
        event = self.planned(title, why, items, who, command.at.utc_s)
        return Outcome((event,), data={"sheet": event.subject})

    def planned(self, title: str, why: str, items: Sequence[tuple[str, str, str]], who: str, now_utc_s: float) -> Event:
        """Raises RefusedError where there is nothing to count."""
        if not items:
            raise RefusedError("There is nothing to count here.", hint="Import the catalogue and the planogram first.")
        self._number += 1
        sheet = Sheet(f"c-{self._number}", title, PLANNED, why, who, now_utc_s)
        made = {
            number: Item(number, gtin, place, self._slot_of(gtin, place), reason)
            for number, (gtin, place, reason) in enumerate(items[:_MOST_ITEMS], start=1)
        }
        return self._tell("planned", sheet, now_utc_s, who, items=list(made.values()))

    def start(self, command: Command) -> Outcome:
        """Opens a sheet, or its recount, which is another person's."""
        who = need(command, ASSOCIATES)
        sheet = self._find(command.args)
        if sheet.state not in (PLANNED, OPEN, RECOUNT) or sheet.waiting:
            raise RefusedError(f"This sheet is not to be counted now: {sheet.state}.")
        event = self._opened(sheet, who, command.at.utc_s)
        sheet = self.sheets[sheet.id]
        items = [
            {"number": item.number, "gtin": item.gtin, "place": item.place, "slot": item.slot, "why": item.why}
            for item in sheet.to_count()
        ]
        data = {"sheet": sheet.id, "round": sheet.round, "title": sheet.title, "items": items}
        return Outcome((event,) if event else (), data=data)

    def _opened(self, sheet: Sheet, who: str, now_utc_s: float) -> Event | None:
        """The round begins, if it has not. Raises RefusedError for one who counted it before."""
        if len(sheet.counters) == sheet.round and sheet.state == OPEN:
            return None  # it is open, whoever helps
        if sheet.state == RECOUNT:
            if len(sheet.counters) == sheet.round:
                return None
            if who in sheet.counters or not who:
                raise RefusedError("You counted this before.", hint="Another person counts it again.")
            return self._tell("opened", replace(sheet, counters=[*sheet.counters, who]), now_utc_s, who)
        opened = replace(sheet, state=OPEN, round=1, counters=[who], opened_utc_s=now_utc_s)
        return self._tell("opened", opened, now_utc_s, who)

    def lines(self, args: Mapping[str, Any], who: str, now_utc_s: float, today: date) -> Outcome:
        """Scans of a hand-held, maybe sent before, maybe late. Raises InputError, RefusedError: nothing was taken."""
        sheet_id = text_of(args, "sheet", 20)
        sheet = self.sheets.get(sheet_id)
        if sheet is None and not self._was(sheet_id):
            raise RefusedError(f"There is no count sheet '{sheet_id}'.")
        said = listed_of(args, "lines")
        if not 0 < len(said) <= _MOST_LINES:
            raise InputError(f"a hand-held sends 1 to {_MOST_LINES} lines at once")
        events: list[Event] = []
        if sheet is not None and sheet.state == PLANNED:
            opened = self._opened(sheet, who, now_utc_s)
            events += [opened] if opened else []
            sheet = self.sheets[sheet_id]
        scans = [(one, read_scan(one, self._known, now_utc_s, today)) for one in said]
        taken = [self._line(sheet, one, scan, who) for one, scan in scans if not _known_line(sheet, scan)]
        taken = list({line.key: line for line in reversed(taken)}.values())[::-1]
        if taken:
            events.append(self._take(sheet_id, taken, now_utc_s, who))
        unknown = sorted({line.code for line in taken if not line.gtin})
        late = sum(line.late for line in taken)
        data = {"taken": len(taken) - late, "known": len(said) - len(taken), "late": late, "unknown": unknown}
        return Outcome(tuple(events), data=data)

    def _line(self, sheet: Sheet | None, said: Mapping[str, Any], scan: Scan, who: str) -> CountLine:
        round_ = said.get("round")
        now = 0 if sheet is None else sheet.round
        round_ = round_ if isinstance(round_, int) and 0 < round_ <= now else now
        over = sheet is None or sheet.state in OVER or sheet.state == APPROVAL or sheet.waiting
        before = sheet is not None and sheet.state == RECOUNT and who in sheet.counters[: sheet.round - 1]
        mode = SET if said.get("mode") == SET else ADD
        place = self._place_of(sheet, scan.gtin, said.get("place"))
        late = over or before or round_ != now
        return CountLine(scan.key, round_, scan.gtin, scan.code, place, scan.lot, scan.expiry, mode, scan.thousandths,
                         scan.at_utc_s, who, late)  # fmt: skip

    def finish(self, command: Command) -> Outcome:
        """The round is over; it is judged as soon as the tables have said what was expected."""
        who = need(command, ASSOCIATES)
        sheet = self._find(command.args)
        if sheet.state not in (OPEN, RECOUNT) or sheet.waiting:
            raise RefusedError(f"This sheet is not being counted: {sheet.state}.")
        named = self._named(sheet)
        sheet.lines |= {line.key: line for line in named}
        counted = sheet.tally()
        if not counted:
            raise RefusedError("Nothing was counted yet.", hint="Scan what is there, or say that the slot is empty.")
        asked = {(item.gtin, item.place): item for item in sheet.items.values()}
        extra: list[Item] = []
        for gtin, place in counted:
            if (gtin, place) not in asked:
                number = max(sheet.items, default=0) + 1 + len(extra)
                extra.append(Item(number, gtin, place, self._slot_of(gtin, place), "found"))
        done = replace(sheet, waiting=True, finished_utc_s=command.at.utc_s)
        numbers = {(one.gtin, one.place): one.number for one in (*sheet.items.values(), *extra)}
        ask = [
            {"number": numbers[key], "gtin": key[0], "place": key[1], "at_ms": round(one.at_utc_s * 1000)}
            for key, one in counted.items()
        ]
        said = [line.as_json() for line in named]
        event = self._tell("finished", done, command.at.utc_s, who, items=extra, ask=ask, named=said)
        return Outcome((event,), data={"sheet": sheet.id})

    def _named(self, sheet: Sheet) -> list[CountLine]:
        """Lines whose code has become known since they were scanned."""
        waiting = [line for line in sheet.lines.values() if not line.gtin]
        found = [replace(line, gtin=self._known.find(line.code)) for line in waiting]
        return [replace(line, place=self._place_of(sheet, line.gtin, line.place)) for line in found if line.gtin]

    # Judging

    def judge(self, sheet_id: str, expected: Mapping[int, int], now_utc_s: float) -> Outcome:
        """The tables have said what was expected of each item (thousandths)."""
        sheet = self.sheets.get(sheet_id)
        if sheet is None or not sheet.waiting:
            return Outcome()
        counted = sheet.tally()
        items = []
        for item in sheet.to_count():
            product = self._known.products.get(item.gtin)
            price = product.price_cents if product else 0
            tallied = counted.get((item.gtin, item.place)) if item.number in expected else None
            amount = expected.get(item.number, 0)
            items.append(judging.judged(item, tallied, amount, price, self._limits, sheet.round))
        documents = [self._document(sheet, item) for item in items if item.verdict == AGREED]
        items = [replace(item, verdict=BOOKED) if item.verdict == AGREED else item for item in items]
        after = {**sheet.items, **{item.number: item for item in items}}
        judged = _with_state(replace(sheet, waiting=False), after, now_utc_s)
        event = self._tell("judged", judged, now_utc_s, "", items=items)
        return Outcome((event,), documents)

    def _document(self, sheet: Sheet, item: Item) -> Document:
        tallied = sheet.tally()[item.gtin, item.place]
        lots = self._known.holdings.at(item.gtin, item.place).lots
        return judging.document(sheet.id, item, tallied, lots, ", ".join(filter(None, sheet.counters))[:60])

    def approve(self, command: Command) -> Outcome:
        """A lead books what passed the second limit, each with its reason."""
        who = need(command, LEADS)
        sheet = self._find(command.args)
        if sheet.state != APPROVAL:
            raise RefusedError(f"Nothing of this sheet waits for approval: {sheet.state}.")
        if sheet.counters and who == sheet.counters[-1]:
            raise RefusedError("You counted this yourself.", hint="Another lead approves it.")
        waiting = [item for item in sheet.items.values() if item.verdict == TO_APPROVE]
        items = [replace(item, verdict=BOOKED, reason=_reason(command.args, item)) for item in waiting]
        documents = [self._document(sheet, item) for item in items]
        after = {**sheet.items, **{item.number: item for item in items}}
        approved = _with_state(replace(sheet, approved_by=who), after, command.at.utc_s)
        event = self._tell("approved", approved, command.at.utc_s, who, items=items)
        return Outcome((event,), documents)

    def again(self, command: Command) -> Outcome:
        who = need(command, LEADS)
        sheet = self._find(command.args)
        if sheet.state != APPROVAL:
            raise RefusedError(f"Nothing of this sheet waits for approval: {sheet.state}.")
        items = [replace(one, verdict=AGAIN) for one in sheet.items.values() if one.verdict == TO_APPROVE]
        after = {**sheet.items, **{item.number: item for item in items}}
        event = self._tell("again", _with_state(sheet, after, command.at.utc_s), command.at.utc_s, who, items=items)
        return Outcome((event,))

    def cancel(self, command: Command) -> Outcome:
        """Before approval whoever works here may; then a lead."""
        sheet = self._find(command.args)
        who = need(command, LEADS if sheet.state == APPROVAL else ASSOCIATES)
        if sheet.state in OVER:
            raise RefusedError(f"This sheet is over: {sheet.state}.")
        why = text_of(command.args, "reason", 40)
        cancelled = replace(sheet, state=CANCELLED, waiting=False, posted_utc_s=command.at.utc_s)
        return Outcome((self._tell("cancelled", cancelled, command.at.utc_s, who, reason=why),))

    # Looking

    def counting(self) -> dict[str, str]:
        """By GTIN, in words, what another person is to count again."""
        return {
            item.gtin: f"counted once by {sheet.counters[-1] if sheet.counters else 'somebody'}, needs another person"
            for sheet in self.sheets.values()
            if sheet.state == RECOUNT
            for item in sheet.items.values()
            if item.verdict == AGAIN
        }

    def open_sheets(self) -> int:
        return sum(sheet.state not in OVER for sheet in self.sheets.values())

    def unknown_codes(self) -> set[str]:
        lines = (line for sheet in self.sheets.values() for line in sheet.lines.values())
        return {line.code for line in lines if not line.gtin and not self._known.find(line.code)}

    # Its record

    def apply(self, said: Mapping[str, Any]) -> None:
        """What an event `count-sheet` tells."""
        header = said.get("sheet")
        if header is not None:
            made = read_sheet(header)
            before = self.sheets.get(made.id)
            if before is not None:
                made.items, made.lines = before.items, before.lines
            self.sheets[made.id] = made
            self._number = max(self._number, int(made.id.removeprefix("c-")))
        sheet = self.sheets.get(said["id"])
        if sheet is None:
            return
        for item in map(read_item, said.get("items", ())):
            sheet.items[item.number] = item
        for line in map(read_count_line, said.get("lines", ())):
            sheet.lines.setdefault(line.key, line)
        sheet.lines |= {line.key: line for line in map(read_count_line, said.get("named", ()))}
        if sheet.state in OVER:
            self._forget()

    def _forget(self) -> None:
        over = [one.id for one in self.sheets.values() if one.state in OVER]
        for sheet_id in over[: max(0, len(over) - _KEPT_OVER)]:
            del self.sheets[sheet_id]

    def state(self) -> dict[str, Any]:
        return {
            "number": self._number,
            "sheets": [
                {
                    "id": one.id,
                    "sheet": one.header(),
                    "items": [item.as_json() for item in one.items.values()],
                    "lines": [line.as_json() for line in one.lines.values()],
                }
                for one in self.sheets.values()
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for said in state["sheets"]:
            self.apply(said)
        self._number = int(state["number"])

    def _tell(
        self, act: str, sheet: Sheet, now_utc_s: float, who: str, *, items: Sequence[Item] = (), **more: Any
    ) -> Event:
        told = [item.as_json() for item in items]
        data = {"act": act, "id": sheet.id, "sheet": sheet.header(), "items": told, **more}
        self.apply(data)
        return Event("count-sheet", sheet.id, now_utc_s, data, who=who[:60])

    def _take(self, sheet_id: str, lines: Sequence[CountLine], now_utc_s: float, who: str) -> Event:
        data = {"act": "lines", "id": sheet_id, "lines": [line.as_json() for line in lines]}
        self.apply(data)
        return Event("count-sheet", sheet_id, now_utc_s, data, who=who[:60])

    # Finding

    def _find(self, args: Mapping[str, Any]) -> Sheet:
        sheet = self.sheets.get(text_of(args, "sheet", 20))
        if sheet is None:
            raise RefusedError("There is no such count sheet, or it is over.")
        return sheet

    def _was(self, sheet_id: str) -> bool:
        number = sheet_id.removeprefix("c-")
        return sheet_id.startswith("c-") and number.isdecimal() and 0 < int(number) <= self._number

    def _of_fixture(self, fixture: str) -> list[tuple[str, str, str]]:
        slots = sorted((key, slot) for key, slot in self._known.slots.items() if slot.fixture == fixture)
        return list(dict.fromkeys((slot.gtin, slot.place, "") for _, slot in slots))

    def _given(self, given: Sequence[Any]) -> list[tuple[str, str, str]]:
        places = (*self._known.settings.sales_places, *self._known.settings.back_places)
        found = []
        for one in given:
            gtin = gtin_of(str(one.get("gtin", ""))) if isinstance(one, Mapping) else ""
            place = str(one.get("place") or places[0]) if gtin else ""
            if gtin not in self._known.products or place not in places:
                raise RefusedError(f"Nothing can be counted of {str(one)[:60]}: product or place is not known.")
            found.append((gtin, place, ""))
        return list(dict.fromkeys(found))

    def _slot_of(self, gtin: str, place: str) -> str:
        slots = self._known.slots_of.get(gtin, ())
        return next((slot_name(slot) for slot in slots if slot.place == place), "")

    def _place_of(self, sheet: Sheet | None, gtin: str, said: object) -> str:
        settings = self._known.settings
        if isinstance(said, str) and said in (*settings.sales_places, *settings.back_places):
            return said
        items = [] if sheet is None else [one.place for one in sheet.items.values() if one.gtin == gtin]
        return items[0] if len(items) == 1 else settings.sales_places[0]


def _known_line(sheet: Sheet | None, scan: Scan) -> bool:
    return sheet is not None and scan.key in sheet.lines


def _reason(args: Mapping[str, Any], item: Item) -> str:
    reasons = args.get("reasons")
    said = reasons.get(str(item.number)) if isinstance(reasons, Mapping) else None
    reason = said or args.get("reason")
    if reason not in judging.REASONS:
        known = ", ".join(sorted(judging.REASONS))
        raise RefusedError("Each of these variances needs a reason.", hint=f"One of: {known}.")
    return str(reason)


def _with_state(sheet: Sheet, items: Mapping[int, Item], now_utc_s: float) -> Sheet:
    """Where the sheet stands after its items were judged."""
    verdicts = {item.verdict for item in items.values()}
    if AGAIN in verdicts:
        return replace(sheet, state=RECOUNT, round=sheet.round + 1)
    if TO_APPROVE in verdicts:
        return replace(sheet, state=APPROVAL)
    return replace(sheet, state=POSTED, posted_utc_s=now_utc_s)
