"""What people in the store did with goods: moved, received without a list, written off. Facts, kept by the hand-held
until the box has them; counts go through sheets, which are blind and approved.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import InputError
from retail.catalogue.item_code import gtin_of
from retail.ledger.document import OUTSIDE, SUPPLIER, WASTE, Document, Line, read_document
from retail.ledger.quantity import thousandths
from retail.office_frame import given
from retail.tasks_shown import place_text
from verticals.web import Answered, Asked, Data, Desk, Go, Page

SOURCE = "hand-held"
_MOST_DOCUMENTS = 200
#: By kind of document: from which accounts, to which; "" is a place of the store.
_WAYS = {"move": ("", ""), "receipt": (SUPPLIER, ""), "damage": ("", WASTE), "expiry": ("", WASTE)}


def acts(settings: Any) -> list[tuple[str, str]]:
    """What can be done with a product that a person holds: `kind/from/to`, and its words."""
    floor, behind = str(settings.sales_places[0]), [str(place) for place in settings.back_places]
    ways = [*((back, floor) for back in behind), *((floor, back) for back in behind)]
    moves = [
        (f"move/{here}/{there}", f"From the {place_text(here)} to the {place_text(there)}") for here, there in ways
    ]
    written = [
        (f"{kind}/{place}/{WASTE}", f"{word}, taken from the {place_text(place)}")
        for kind, word in (("damage", "Damaged"), ("expiry", "Over date"))
        for place in (floor, *behind)
    ]
    return [*moves, *written]


def bring(desk: Desk, asked: Asked) -> Answered:
    """Acknowledged when they are on the disk; the same once more is the same fact. Raises InputError."""
    documents = documents_of(asked.body, asked.who, desk.settings)
    return Data({"accepted": True, "id": _bring(desk, asked, documents), "documents": len(documents)})


def documents_of(body: Any, who: str, settings: Any) -> list[Document]:
    """`{"documents": [...]}` as docs/retail/ledger.md has them, 1 to 200, by who has signed in.

    Raises InputError for what is none, or is nothing that people in the store may book by themselves.
    """
    said = body.get("documents") if isinstance(body, Mapping) else None
    if not isinstance(said, list) or not 0 < len(said) <= _MOST_DOCUMENTS:
        raise InputError(f"a hand-held sends 1 to {_MOST_DOCUMENTS} documents at once", hint="Load the page anew.")
    return [_checked(read_document(one), who, settings) for one in said]


def typed(desk: Desk, asked: Asked) -> Answered:
    """One move or write-off by a form, where no script runs."""
    form = given(asked)
    kind, _, way = str(form.get("act", "")).partition("/")
    begin, _, end = way.partition("/")
    gtin, amount = gtin_of(str(form.get("gtin", ""))[:14]), thousandths(str(form.get("quantity", "")).replace(",", "."))
    if not gtin or amount is None or amount <= 0:
        raise InputError("how many is needed, a number above 0", hint="Go back and give it.")
    now_utc_s = desk.clock.now().utc_s
    document = Document(SOURCE, uuid.uuid4().hex, kind, now_utc_s, [Line(1, amount, begin, end, gtin)])
    _bring(desk, asked, [_checked(read_document(document.as_json()), asked.who, desk.settings)])
    return Go(f"/look?q={gtin}&said=moved")


def _checked(document: Document, who: str, settings: Any) -> Document:
    """With its source and who did it put right. Raises InputError."""
    where = f"document {document.ref[:40]}"
    ways = _WAYS.get(document.kind)
    if ways is None or not document.lines or document.counts or document.voids is not None:
        raise InputError(f"{where}: a hand-held brings moves, receipts and write-offs, each with its lines",
                         hint="What was counted goes onto a count sheet.")  # fmt: skip
    places = {*settings.sales_places, *settings.back_places}
    for line in document.lines:
        for account, wanted in zip((line.from_account, line.to_account), ways, strict=True):
            if account != wanted and (wanted or account not in places or account in OUTSIDE):
                raise InputError(f"{where}, line {line.number}: '{account}' is not where a {document.kind} comes from "
                                 f"or goes to", hint=f"Places: {', '.join(sorted(places))}.")  # fmt: skip
    return replace(document, source=SOURCE, who=who)


def _bring(desk: Desk, asked: Asked, documents: Sequence[Document]) -> int:
    names = "\n".join(sorted(document.ref for document in documents))
    key = hashlib.sha256(names.encode()).hexdigest()
    payload = {"kind": "documents", "documents": [document.as_json() for document in documents], "who": asked.who}
    return desk.bring(SOURCE, key, payload)


PAGES = (
    Page("/hand/documents", bring, "associate", methods=("POST",)),
    Page("/hand/move", typed, "associate", methods=("POST",)),
)
