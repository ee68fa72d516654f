from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from retail.signage.affinity import Pair
from retail.signage.rules import NEUTRAL, Context, Offer, choose, welcome
from retail.signage.wishes import Wishes
from tests.support.ledgers import GRAPES, OATS, TEA

AT = datetime(2026, 11, 23, 9, 30)
LADDER = ((3, 30), (1, 50))
PAIR = Pair(OATS, TEA, 340, 5000, 2.1, 1.6, 2.7)


def offer(gtin: str, name: str, pieces: float = 3, **more: object) -> Offer:
    return replace(Offer(gtin, name, price_cents=250, thousandths=round(pieces * 1000)), **more)  # type: ignore[arg-type]


def context(*offers: Offer, pairs: tuple[Pair, ...] = (), slot: int = 0, at: datetime = AT) -> Context:
    return Context(at, slot, {one.gtin: one for one in offers}, pairs, LADDER, "Corner")


def test_what_expires_is_shown_first_cheaper_and_the_soonest_at_the_front() -> None:
    shown = choose(
        context(offer(TEA, "Tea", expiry_days=3), offer(OATS, "Oats", expiry_days=1), offer(GRAPES, "Grapes"))
    )
    assert (shown.gtin, shown.headline, shown.price_cents, shown.was_cents) == (OATS, "50 % less", 125, 250)
    assert shown.why.startswith("Its date is tomorrow")


def test_what_is_over_its_date_or_not_here_is_never_shown() -> None:
    over, gone = offer(TEA, "Tea", expiry_days=-1), offer(OATS, "Oats", pieces=0, expiry_days=1)
    assert choose(context(over, gone)).content == NEUTRAL


def test_beside_what_sells_best_stands_what_is_bought_with_it() -> None:
    shown = choose(context(offer(TEA, "Tea", sold=9), offer(OATS, "Oats", sold=1), pairs=(PAIR,)))
    assert (shown.rule, shown.name, shown.beside) == ("goes-with", "Oats", "Tea")
    assert "2.1 times as often as chance" in shown.why
    assert "at least 1.6; 340 of 5000 baskets" in shown.why


def test_what_is_bought_with_it_must_be_here_too() -> None:
    assert choose(context(offer(TEA, "Tea", sold=9), offer(OATS, "Oats", pieces=0), pairs=(PAIR,))).rule == NEUTRAL


def test_plenty_is_what_there_is_most_of_for_what_sells() -> None:
    shown = choose(context(offer(TEA, "Tea", pieces=40, sold=30), offer(OATS, "Oats", pieces=20)))
    assert (shown.rule, shown.name) == ("plenty", "Oats")
    assert "20 pieces" in shown.why


def test_a_customers_own_wishes_go_first_and_only_for_what_is_here() -> None:
    here = context(
        offer(TEA, "Tea", expiry_days=1), offer(OATS, "Oats", category="Cereals"), offer(GRAPES, "Grapes", 0)
    )
    assert choose(here, Wishes(gtins=frozenset({GRAPES, OATS}))).content == f"wish/{OATS}"
    assert choose(here, Wishes(categories=frozenset({"cereals"}))).headline == "You may like"
    assert choose(here, Wishes(gtins=frozenset({GRAPES}))).rule == "markdown"


def test_slots_turn_the_pages_among_what_one_rule_has() -> None:
    both = [offer(TEA, "Tea", expiry_days=1), offer(OATS, "Oats", expiry_days=1)]
    assert {choose(context(*both, slot=slot)).name for slot in range(4)} == {"Tea", "Oats"}


def test_everything_that_is_shown_says_why() -> None:
    for slot in range(3):
        for here in (context(slot=slot), context(offer(TEA, "Tea", 9)), context(offer(TEA, "Tea", expiry_days=0))):
            assert len(choose(here).why) > 20


def test_a_context_is_kept_as_its_bucket_alone() -> None:
    assert context().bucket == "morning/weekday"
    assert context(at=datetime(2026, 11, 28, 20, 0)).bucket == "evening/weekend"
    assert welcome(context(at=datetime(2026, 11, 23, 3, 0))).headline == "Welcome"
