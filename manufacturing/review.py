"""The review page: parts that wait for a person's word, one large, labelled by one tap."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from manufacturing import review_tables
from manufacturing.kiosk import bar, give_order, line_of, no_line, zone_of
from manufacturing.labelling import (
    UNDO_WITHIN_S,
    about,
    args_of,
    known_types,
    label_keys,
    label_text,
    last_label,
    names_a_defect,
)
from manufacturing.orders import NO_LABEL
from manufacturing.part_record import part_view
from manufacturing.settings import LineSettings
from manufacturing.shown import number, verdict_kind
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Shown

_QUEUE_PLACES = 10
_TYPES_SHOWN = 7
_ASKS = ("type", "new")


def review(desk: Desk, asked: Asked) -> Answered:
    """The queue, and the part that is asked for, or its newest."""
    line = line_of(desk, asked.path["line"])
    return no_line(asked) if line is None else _page(desk, asked, line)


def count(desk: Desk, asked: Asked) -> Answered:
    """How many parts wait, for the key on the run page."""
    with desk.read() as connection:
        return Data({"waiting": review_tables.count_waiting(connection, asked.path["line"])})


def label(desk: Desk, asked: Asked) -> Answered:
    """Records what a person says of a part, and goes on to the next one; `label=none` takes the last word back."""
    line = line_of(desk, asked.path["line"])
    if line is None:
        return no_line(asked)
    sequence, word, defect = args_of(asked.body if isinstance(asked.body, dict) else asked.form)
    with desk.read() as connection:
        row = review_tables.part_on_record(connection, line.name, sequence)
    if row is None:
        return _page(desk, asked, line, fault="This part is not on record any more.", status=404)
    if word == NO_LABEL and _undo_left_s(desk, line, row) <= 0:
        return _page(desk, asked, line, sequence=sequence, fault="Too late to undo. Choose another label.", status=409)
    reply = give_order(desk, asked, line, "label", about(row, word, defect))
    if not reply.accepted:
        return _page(desk, asked, line, sequence=sequence, fault=reply.reason, status=409)
    return Go(f"/line/{line.name}/review?{urlencode(_then(desk, line, row, word, defect))}")


def _then(desk: Desk, line: LineSettings, row: dict[str, Any], word: str, defect: str) -> dict[str, Any]:
    """Where the page goes after a label: back to the part, to the question for its type, or to the next one."""
    sequence = row["sequence"]
    if word == NO_LABEL:
        return {"part": sequence}
    if names_a_defect(word, row["code"]) and not defect:
        return {"part": sequence, "last": sequence, "ask": "type"}
    with desk.read() as connection:
        following = review_tables.next_waiting(connection, line.name, sequence)
    return {"part": following, "last": sequence} if following else {"last": sequence}


def _page(
    desk: Desk, asked: Asked, line: LineSettings, *, sequence: int = 0, fault: str = "", status: int = 200
) -> Answered:
    wanted = sequence or _number(asked.query.get("part", ""))
    queue, row = _queue(desk, line, wanted, _number(asked.query.get("page", "")))
    ask = asked.query.get("ask", "")
    values: dict[str, Any] = {**bar(desk, asked, line), "queue": queue, "fault": fault, "part": None}
    if row is not None:
        code = row["code"]
        part = part_view(desk, row, zone_of(desk))
        values |= {"part": part, "keys": label_keys(code), "word": _word(code)}
        values["ask"] = ask if ask in _ASKS and part["label"] and names_a_defect(part["label"], code) else ""
        values["types"] = known_types(desk, line.name)[:_TYPES_SHOWN] if values["ask"] else []
        values["next"] = _next_address(desk, line, row["sequence"])
    values["last"] = _last(desk, line, _number(asked.query.get("last", "")))
    return Shown("manufacturing/review.html", values, status)


def _queue(desk: Desk, line: LineSettings, wanted: int, page: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The page of the queue with the part that is shown, and that part's row: the one wanted, or the page's first."""
    with desk.read() as connection:
        total = review_tables.count_waiting(connection, line.name)
        row = review_tables.part_on_record(connection, line.name, wanted) if wanted else None
        if row is not None and not page:
            page = 1 + review_tables.newer_waiting(connection, line.name, wanted) // _QUEUE_PLACES
        pages = max(1, -(-total // _QUEUE_PLACES))
        page = min(max(1, page), pages)
        rows = review_tables.waiting(connection, line.name, skip=(page - 1) * _QUEUE_PLACES, most=_QUEUE_PLACES)
    row = row or (rows[0] if rows else None)
    items = [{"part": it["part_id"], "sequence": it["sequence"], "kind": verdict_kind(it["code"])} for it in rows]
    shown = {"items": items, "page": page, "pages": pages, "total": total, "text": number(total)}
    return shown | {"empty": _QUEUE_PLACES - len(items), "now": row["sequence"] if row else 0}, row


def _next_address(desk: Desk, line: LineSettings, sequence: int) -> str:
    with desk.read() as connection:
        following = review_tables.next_waiting(connection, line.name, sequence)
    return f"/line/{line.name}/review" + (f"?part={following}" if following else "")


def _word(code: int) -> str:
    return {"ok": "Passed, near the limit", "ng": "Rejected"}.get(verdict_kind(code), "Not judged")


def _last(desk: Desk, line: LineSettings, sequence: int) -> dict[str, Any] | None:
    """The label given last, while it can be taken back."""
    if not sequence:
        return None
    with desk.read() as connection:
        row = review_tables.part_on_record(connection, line.name, sequence)
    if row is None or not row["label"]:
        return None
    left_s = _undo_left_s(desk, line, row)
    text = label_text(row["label"], row["code"])
    text += f", {row['defect']}" if row["defect"] else ""
    return {"part": row["part_id"], "sequence": sequence, "text": text, "left_s": max(0, round(left_s))}


def _undo_left_s(desk: Desk, line: LineSettings, row: dict[str, Any]) -> float:
    given = last_label(desk, line.name, row["part_id"])
    return given.at_utc_s + UNDO_WITHIN_S - desk.clock.now().utc_s if given else 0.0


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


PAGES = (
    Page("/line/<line>/review", review, "operator", title="Review"),
    Page("/line/<line>/review", label, "operator", methods=("POST",)),
    Page("/line/<line>/review/count", count, "operator"),
)
