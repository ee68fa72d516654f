"""What should be done about a product, from how it stands: the rules of the work list.

Each kind of task opens on clearer evidence than it needs to stay open, so that it does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from retail.stock.freshness import Advice, Lot, Step, advise
from retail.stock.lost_sales import lost_per_hour
from retail.stock.telling import Belief
from retail.work.sight import BLOCKED, EMPTY, LOW, OUT, UNKNOWN, WRONG, Look
from retail.work.stand import Stand
from retail.work.task import CHECK, COUNT, LABEL, MARKDOWN, REFILL, Wanted

#: Opens when the shelf is empty, or the back room filled, with that probability; stays open down to this.
_OPENS, _STAYS = 0.7, 0.4
#: Of the sales of a product without a price label, so much is taken as lost. Ours, not measured.
_LABEL_LOSS = 0.1
#: Sources that disagree for so long are worth a walk.
_DISAGREES_S = 1800.0
_SURE = 0.5
_LOSS_HOURS = 4.0


def wanted(stand: Stand, ladder: Sequence[Step]) -> list[Wanted]:
    """All tasks of a product."""
    rules: Sequence[Callable[[Stand], list[Wanted]]] = (_refill, _check, _count, _label)
    return [one for rule in rules for one in rule(stand)] + _markdown(stand, ladder)


def over(stand: Stand) -> Mapping[str, str]:
    """In words, why a task of each kind that is not wanted any more is over."""
    back = "the shelf is full again" if stand.behind > 0 else "nothing is left in the back room"
    return {
        REFILL: back,
        CHECK: "nothing speaks for it any more",
        COUNT: "it was counted",
        MARKDOWN: "the lot is gone",
        LABEL: "the label is right",
    }


def lost_cents_h(stand: Stand, there: int) -> int:
    """Sales lost an hour over the next four, with so much (thousandths) on the shelf."""
    pieces = max(0, there // stand.unit)
    return round(lost_per_hour(stand.pace, pieces, 1, stand.now_utc_s, _LOSS_HOURS).cents_per_hour * stand.worth_cents)


def _facts(stand: Stand, look: Look | None = None, **more: Any) -> dict[str, Any]:
    """Quantities in units."""
    product = stand.product
    facts: dict[str, Any] = {
        "name": product.name,
        "unit": product.unit,
        "price_cents": product.price_cents,
        "system": (stand.floor + stand.behind) / 1000,
        "shelf": stand.floor / 1000,
        "back": stand.behind / 1000,
        "back_place": stand.behind_place,
        "rfid": stand.tags,
        "rop": stand.point,
        "capacity": stand.capacity or None,
    }
    if look is not None:
        facts |= {"camera": look.facings, "camera_of": look.of, "camera_state": look.state,
                  "since_ms": round(look.since_utc_s * 1000), "confidence": look.confidence}  # fmt: skip
    if stand.on_floor is not None:
        sure = stand.on_floor
        scale = stand.unit / 1000
        facts |= {"on_hand": sure.on_hand * scale, "low": sure.low * scale, "high": sure.high * scale,
                  "disagree": list(sure.disagree)}  # fmt: skip
    return {name: value for name, value in (facts | more).items() if value is not None}


# Refill


def _refill(stand: Stand) -> list[Wanted]:
    """Only where the back room has it."""
    if not _has_behind(stand):
        return []
    told = [look for look in stand.looks if look.state not in (BLOCKED, UNKNOWN)]
    if told:
        return [_refill_seen(stand, look, len(told)) for look in told if look.state in (EMPTY, LOW)]
    return _refill_believed(stand)


def _has_behind(stand: Stand) -> bool:
    if stand.behind <= 0:
        return False
    if stand.in_back is None:
        return True
    return stand.in_back.empty < (1 - _STAYS if REFILL in stand.kinds else 1 - _OPENS + 0.2)


def _refill_seen(stand: Stand, look: Look, slots: int) -> Wanted:
    word = "out" if look.state == EMPTY else "low"
    alone = all(one.state == EMPTY for one in stand.looks)
    there = 0 if alone else max(0, stand.floor)
    value = lost_cents_h(stand, there) // (1 if look.state == EMPTY and alone else slots)
    reason = f"{word} since {stand.clock(look.since_utc_s)}, {stand.amount(stand.behind_there)} in {stand.behind_place}"
    return Wanted(REFILL, stand.product.gtin, look.slot, value, "camera", reason, look.since_utc_s,
                  stand.sales_place, facts=_facts(stand, look))  # fmt: skip


def _refill_believed(stand: Stand) -> list[Wanted]:
    """No camera looks: what is believed of the shelf, or what the ledger says."""
    sure = stand.on_floor
    opens = REFILL not in stand.kinds
    if sure is not None:
        empty = sure.empty >= (_OPENS if opens else _STAYS)
        there, source = sure.on_hand * stand.unit, "belief"
    else:
        empty, there, source = stand.floor <= 0, max(0, stand.floor), "ledger"
    least = stand.least if opens else stand.least + max(1000, stand.least // 2)
    if not empty and (not stand.least or there > least):
        return []
    word = "probably out" if source == "belief" and empty else "out" if empty else f"{stand.amount(there)} left"
    reason = f"{word}, {stand.amount(stand.behind_there)} in {stand.behind_place}"
    value = lost_cents_h(stand, 0 if empty else there)
    return [Wanted(REFILL, stand.product.gtin, stand.slot, value, source, reason, 0.0,
                   stand.sales_place, facts=_facts(stand))]  # fmt: skip


# Check


def _check(stand: Stand) -> list[Wanted]:
    found = [_wrong(stand, look) for look in stand.looks if look.state == WRONG]
    suspicion = stand.suspicion
    if suspicion is not None and suspicion.task == CHECK:
        look = next((one for one in stand.looks if one.state in (EMPTY, LOW)), None)
        value = round((1 - suspicion.no_sale) * lost_cents_h(stand, 0))
        since = look.since_utc_s if look else 0.0
        system = stand.amount(stand.floor + stand.behind)
        reason = f"system {system}, camera {look.facings if look else 0}: {suspicion.reason}"
        facts = _facts(stand, look, p_phantom=round(1 - suspicion.no_sale, 3))
        slot = look.slot if look else stand.slot
        found.append(
            Wanted(CHECK, stand.product.gtin, slot, value, "camera", reason, since, stand.sales_place, facts=facts)
        )
    elif not found:
        found = _disagreement(stand)
    return found


def _wrong(stand: Stand, look: Look) -> Wanted:
    what = f"{stand.found_names.get(look.slot) or look.found or 'another product'} lies there"
    there = 0 if all(one.state in OUT for one in stand.looks) else max(0, stand.floor)
    reason = f"{what} since {stand.clock(look.since_utc_s)}"
    facts = _facts(stand, look, found=look.found or None)
    value = lost_cents_h(stand, there)
    return Wanted(CHECK, stand.product.gtin, look.slot, value, "camera", reason, look.since_utc_s, stand.sales_place,
                  facts=facts)  # fmt: skip


def _disagreement(stand: Stand) -> list[Wanted]:
    """A sensor and the belief, for half an hour."""
    sure, since = stand.on_floor, stand.disagree_since_utc_s
    if sure is None or since is None or not sure.disagree:
        return []
    lasted = stand.now_utc_s - since >= (_DISAGREES_S if CHECK not in stand.kinds else 0.0)
    if not lasted or (sure.confidence > _SURE and CHECK not in stand.kinds):
        return []
    source = "rfid" if "RFID" in sure.disagree else "camera" if "camera" in sure.disagree else "ledger"
    value = round(sure.empty * lost_cents_h(stand, 0))
    return [Wanted(CHECK, stand.product.gtin, stand.slot, value, source, sure.reason, since, stand.sales_place,
                   facts=_facts(stand))]  # fmt: skip


# Count


def _count(stand: Stand) -> list[Wanted]:
    """A stock below nothing, a count that needs another person, a belief too unsure to refill or order by.

    Who counts must not know what is expected: neither words nor facts of such a task hold a figure of the stock.
    """
    if stand.counting:
        reason, source, place = stand.counting, "count", stand.sales_place
    elif stand.negative:
        place, source = stand.negative[0], "ledger"
        reason = f"more left {place} on record than ever came"
    elif _too_unsure(stand.on_floor, stand):
        reason, source, place = "nobody knows well enough how many there are", "belief", stand.sales_place
    else:
        return []
    empty = stand.on_floor.empty if stand.on_floor is not None else 0.5
    value = round(empty * lost_cents_h(stand, 0))
    product = stand.product
    facts = {"name": product.name, "unit": product.unit, "price_cents": product.price_cents}
    return [Wanted(COUNT, product.gtin, stand.slot, value, source, reason, 0.0, place, facts=facts)]


def _too_unsure(sure: Belief | None, stand: Stand) -> bool:
    """Of what sells, by more than itself and a day's sales."""
    if sure is None or stand.pace.per_day <= 0:
        return False
    opens = COUNT not in stand.kinds
    width = (sure.high - sure.low) / (2 if opens else 1)
    return sure.word == "low" and width > max(sure.on_hand, stand.pace.per_day, 4000 / stand.unit)


# Label


def _label(stand: Stand) -> list[Wanted]:
    found = []
    for look in stand.looks:
        if look.label in ("missing", "mismatch"):
            word = "price label missing" if look.label == "missing" else "price label of another product"
            reason = f"{word} since {stand.clock(look.since_utc_s)}"
            value = round(_LABEL_LOSS * lost_cents_h(stand, 0))
            found.append(
                Wanted(LABEL, stand.product.gtin, look.slot, value, "camera", reason, look.since_utc_s,
                       stand.sales_place, facts=_facts(stand, look))
            )  # fmt: skip
    return found


# Markdown


def _markdown(stand: Stand, ladder: Sequence[Step]) -> list[Wanted]:
    """Lots that will not sell in time, and those that are over."""
    if not stand.lots:
        return []
    advised = advised_lots(stand, ladder)
    return [_marked(stand, one) for one in advised if one.percent or one.state in ("blocked", "past")]


def advised_lots(stand: Stand, ladder: Sequence[Step]) -> list[Advice]:
    """In FEFO order; pieces are units of the pace."""
    lots = [Lot(one.lot, max(0, one.thousandths // stand.unit), one.expiry) for one in stand.lots]
    from_utc_s = stand.now_utc_s

    def demand(days: int) -> float:
        return stand.pace.expected(from_utc_s, _end_of(stand, days - 1))

    return advise([lot for lot in lots if lot.pieces > 0], demand, stand.today, ladder)


def _end_of(stand: Stand, days_from_today: int) -> float:
    midnight = datetime.combine(stand.today + timedelta(days=days_from_today + 1), time(0), stand.zone)
    return midnight.timestamp()


def _marked(stand: Stand, advice: Advice) -> Wanted:
    lot, left = advice.lot, stand.amount(advice.lot.pieces * stand.unit)
    hours = 1.0
    if advice.percent and lot.date is not None:
        hours = max(1.0, (_end_of(stand, (lot.date - stand.today).days) - stand.now_utc_s) / 3600)
        reason = f"{left} expire {lot.date:%a} {lot.date.day} {lot.date:%b}, try −{advice.percent} %"
    else:
        reason = f"{left} expired {lot.date}: take them off the shelf"
        hours = 24.0
    value = round(advice.waste_pieces * stand.worth_cents / hours)
    facts = _facts(stand, lot=lot.lot, expiry=str(lot.date), days_left=advice.days_left,
                   markdown_pct=advice.percent or None, waste=advice.waste_pieces * stand.unit / 1000)  # fmt: skip
    return Wanted(MARKDOWN, stand.product.gtin, stand.slot, value, "expiry", reason, 0.0,
                  stand.sales_place, lot.lot, facts)  # fmt: skip
