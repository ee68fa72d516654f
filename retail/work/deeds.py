"""What people order of the work: each order by its name, with who may give it (docs/retail/work.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from core.errors import RefusedError
from retail.catalogue.item_code import gtin_of
from retail.known import Known
from retail.ledger.document import Document, Line
from retail.ledger.quantity import thousandths
from retail.work.desk import WorkDesk
from retail.work.outcome import ASSOCIATES, LEADS, Outcome, need, text_of
from retail.work.schedule import risky
from retail.work.task import REFILL, Task
from verticals.contract import Command, Event

SOURCE = "tasks"


class WorkOrders:
    """Carries orders out at the desk. Raises RefusedError or InputError, which the asker reads."""

    def __init__(self, desk: WorkDesk, known: Known) -> None:
        self._desk = desk
        self._known = known
        self._deeds: Mapping[str, Callable[[Command], Outcome]] = {
            "task-take": self._take,
            "task-give-back": self._give_back,
            "task-done": self._done,
            "task-not-true": self._not_true,
            "count-plan": self._plan,
            "count-start": desk.counts.start,
            "count-lines": self._count_lines,
            "count-finish": desk.counts.finish,
            "count-approve": desk.counts.approve,
            "count-again": desk.counts.again,
            "count-cancel": desk.counts.cancel,
            "name-code": self._name_code,
            "order-add": lambda command: desk.orders.add(command, desk.replenishment.suggested()),
            "order-quantity": desk.orders.quantity,
            "order-remove": desk.orders.remove,
            "order-send": desk.orders.send,
            "order-cancel": desk.orders.cancel,
            "receive-start": self._receive,
            "receive-lines": self._receive_lines,
            "receive-finish": self._received,
            "receive-cancel": desk.receiving.cancel,
        }

    def __contains__(self, name: str) -> bool:
        return name in self._deeds

    def carry_out(self, command: Command) -> Outcome:
        outcome = self._deeds[command.name](command)
        self._desk.touch(_products(outcome), command.at)
        return outcome

    # Tasks

    def _take(self, command: Command) -> Outcome:
        who = need(command, ASSOCIATES)
        return Outcome((self._desk.tasks.take(command.args.get("task"), who, command.at.utc_s),))

    def _give_back(self, command: Command) -> Outcome:
        who = need(command, ASSOCIATES)
        return Outcome((self._desk.tasks.give_back(command.args.get("task"), who, command.at.utc_s),))

    def _not_true(self, command: Command) -> Outcome:
        who, note = need(command, ASSOCIATES), text_of(command.args, "note", 120)
        return Outcome((self._desk.tasks.not_true(command.args.get("task"), who, command.at.utc_s, note),))

    def _done(self, command: Command) -> Outcome:
        """A refill is booked as a move of what was brought; no camera counts pieces: whoever did it says how many."""
        who = need(command, ASSOCIATES)
        task = self._desk.tasks.find(command.args.get("task"))
        said = command.args.get("quantity")
        if task.kind != REFILL:
            return Outcome((self._desk.tasks.done(task.id, who, command.at.utc_s),))
        if said in (None, ""):
            raise RefusedError("Say how many you brought.", hint="None at all? Then say that the task is not true.")
        documents = [self._refilled(task, said, who, command.at.utc_s)]
        return Outcome((self._desk.tasks.done(task.id, who, command.at.utc_s, f"brought {said}"),), documents)

    def _refilled(self, task: Task, said: object, who: str, now_utc_s: float) -> Document:
        amount = thousandths(said)
        if amount is None or amount <= 0:
            raise RefusedError("The quantity must be a number of units above 0.")
        settings = self._known.settings
        fullest = self._known.fullest_behind(task.gtin)
        back = fullest.place if fullest else settings.back_places[0]
        to = task.place if task.place in settings.sales_places else settings.sales_places[0]
        return Document(SOURCE, task.id, "move", now_utc_s, [Line(1, amount, back, to, task.gtin)], who=who)

    # Counts and codes

    def _plan(self, command: Command) -> Outcome:
        need(command, ASSOCIATES)
        given = command.args.get("fixture") or command.args.get("items")
        most = self._known.settings.work.counts_a_day
        return self._desk.counts.plan(command, [] if given else risky(self._desk.sources, command.at.utc_s, most))

    def _count_lines(self, command: Command) -> Outcome:
        who = need(command, ASSOCIATES)
        today = datetime.fromtimestamp(command.at.utc_s, self._desk.zone).date()
        return self._desk.counts.lines(command.args, who, command.at.utc_s, today)

    def _name_code(self, command: Command) -> Outcome:
        who = need(command, LEADS)
        code, gtin = text_of(command.args, "code", 80), gtin_of(text_of(command.args, "gtin", 14))
        if not code or gtin not in self._known.products:
            raise RefusedError("A code is given to a product of the catalogue.")
        known = self._known.find(code)
        if known and known != gtin:
            raise RefusedError(f"This code is {self._known.products[known].name or known} already.")
        data = {"codes": {code: gtin}}
        return Outcome((Event("catalogue", code, command.at.utc_s, data, who=who),))

    # Receiving

    def _receive(self, command: Command) -> Outcome:
        name = text_of(command.args, "order", 20)
        return self._desk.receiving.start(command, self._desk.orders.expected(name) if name else None)

    def _receive_lines(self, command: Command) -> Outcome:
        who = need(command, ASSOCIATES)
        today = datetime.fromtimestamp(command.at.utc_s, self._desk.zone).date()
        return self._desk.receiving.lines(command.args, who, command.at.utc_s, today)

    def _received(self, command: Command) -> Outcome:
        """The receipt is booked, and what the supplier owes is less by it."""
        outcome = self._desk.receiving.finish(command)
        receiving = self._desk.receiving.receivings[text_of(command.args, "receiving", 20)]
        came = self._desk.receiving.came(receiving.id)
        now = command.at.utc_s
        told = self._desk.orders.received(receiving.order, came, command.who[:60], now) if receiving.order else None
        return Outcome((*outcome.events, *([told] if told else [])), outcome.documents, outcome.data)


def _products(outcome: Outcome) -> set[str]:
    """What an order was about: it is looked at soon."""
    found: set[str] = set()
    for event in outcome.events:
        data = event.data
        found |= {str(item["gtin"]) for item in data.get("items", ()) if item.get("gtin")}
        if "task" in data:
            found.add(data["task"]["gtin"])
        if "order" in data:
            found |= {str(line["gtin"]) for line in data["order"]["lines"]}
    return found
