"""The device that sends the store's events to a receiver: each document of the ledger as an EPCISDocument, signed.

The record is the source: an event of the store is committed, then what it says is put into the box's outbox, and only
then the cursor moves. A kill costs a repetition under the same key and never a message. Shelf cameras' `slots` events
are sent as sensor_reporting; what was captured from others is not sent on.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from core.clock import Clock
from core.errors import DeviceError, InputError, SettingsError
from retail.catalogue import tables as catalogue
from retail.epcis.document import CONTEXT, Document
from retail.epcis.mapping import events_of, seen_of, taken_back
from retail.epcis.naming import OWN_CONTEXT, Naming, is_weighed
from retail.epcis.proposals import naming_of
from retail.epcis.search import document_called
from retail.epcis.settings import EpcisOutSettings
from retail.ledger.document import read_document
from retail.settings import RetailSettings
from verticals.contract import DeviceSpec, Event
from verticals.devices.base import Surroundings
from verticals.outgoing.cursor import Cursor
from verticals.outgoing.delivery import RefusedByReceiverError
from verticals.outgoing.device import Feeding, Outgoing, Sending
from verticals.outgoing.trust import trusting
from verticals.signature import HEADER, read_secret, sign
from verticals.store.database import reading
from verticals.store.events import EventStore
from verticals.store.outbox import Outbox, Parcel

STREAM = "retail-epcis"
KINDS = ("documents", "slots")
#: The receiver has read the content and will not have it; every other answer but a 2xx may change by itself.
_CONTENT_REFUSED = frozenset({400, 409, 410, 413, 415, 422})
_MOST_ANSWER_BYTES = 1 << 16
_PAGE = 100


class EventFeed:
    """From the record to the outbox. Belongs to one thread at a time."""

    def __init__(self, engine: Engine, outbox: Outbox, cursor: Cursor, settings: RetailSettings) -> None:
        self._engine = engine
        self._events = EventStore(engine)
        self._outbox = outbox
        self._cursor = cursor
        self._settings = settings

    def work(self, now_utc_s: float) -> int:
        """How many messages were put on their way. Raises StoreError; then the next call begins where this one did."""
        last = self._events.last_sequence()
        if not self._cursor.known or last < self._cursor.sequence:  # the first start, or a record that was restored
            self._cursor.move(last, now_utc_s)
        put = 0
        while self._cursor.sequence < last:
            page = self._events.read(after=self._cursor.sequence, limit=_PAGE, kinds=KINDS)
            put += sum(self._put(event) for event in page)
            self._cursor.move(page[-1].sequence if len(page) == _PAGE else last, now_utc_s)
        return put

    def _put(self, event: Event) -> int:
        put = 0
        for key, said in self._messages(event):
            if said:
                document = Document(said, [CONTEXT, dict(OWN_CONTEXT)]).as_json(round(event.at_utc_s * 1000))
                self._outbox.put(STREAM, event.kind, {"document": document}, key=f"{event.sequence}/{key}")
                put += 1
        return put

    def _messages(self, event: Event) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        naming = self._naming(event)
        if event.kind == "slots":
            slots = [one for one in event.data.get("slots", ()) if isinstance(one, Mapping) and "slot" in one]
            seen = [{**one, "gtin": one.get("product", one.get("gtin", ""))} for one in slots if "state" in one]
            place = next(iter(self._settings.sales_places))
            yield "slots", [seen_of(seen, place, event.at_utc_s, naming, event.subject)] if seen else []
            return
        for number, said in enumerate(event.data.get("documents", ())):
            try:
                document = read_document(said)
            except InputError:
                continue  # the ledger has refused it too
            target = None
            if document.voids is not None:
                with reading(self._engine) as connection:
                    target = document_called(connection, document.voids.source, document.voids.ref)
            told = events_of(document, naming) if target is None else taken_back(target, document, naming)
            yield str(number), told

    def _naming(self, event: Event) -> Naming:
        gtins = {
            str(line.get("gtin", ""))
            for one in event.data.get("documents", ())
            for line in [*one.get("lines", ()), *one.get("counts", ())]
        }
        product = catalogue.products.c
        with reading(self._engine) as connection:
            rows = connection.execute(select(product.gtin, product.unit).where(product.gtin.in_(gtins))).all()
        return naming_of(self._settings, frozenset(row.gtin for row in rows if is_weighed(row.unit)))


class Webhook:
    """One receiver over HTTP: a POST for each document, signed anew each time it is sent."""

    name = "EPCIS"

    def __init__(self, settings: EpcisOutSettings, data: Path, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._key_file = data / settings.key_file
        context = trusting(settings.ca_file, data, "retail.epcis.out")
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect()
        )
        read_secret(self._key_file)

    def send(self, parcel: Parcel) -> None:
        body = json.dumps(parcel.payload["document"], ensure_ascii=False, separators=(",", ":")).encode()
        try:
            secret = read_secret(self._key_file)
        except SettingsError as error:
            raise DeviceError(error.message, hint="Mend the file: it is read again.") from error
        headers = {
            "Content-Type": "application/ld+json", "GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0",
            "GS1-EPC-Format": "Always_GS1_Digital_Link", "Idempotency-Key": parcel.key,
            HEADER: sign(secret, self._clock.now().utc_s, body),
        }  # fmt: skip
        request = urllib.request.Request(self._settings.url, body, headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._settings.within) as answer:
                answer.read(_MOST_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise self._fault(error.code) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeviceError(f"{self._settings.url}: no answer: {error}", hint="Is the receiver running?") from error

    def close(self) -> None:
        """Each call has a connection of its own."""

    def _fault(self, status: int) -> DeviceError:
        said = f"{self._settings.url}: HTTP {status}"
        if status in _CONTENT_REFUSED:
            return RefusedByReceiverError(said, hint="The receiver's own log says more.")
        return DeviceError(said, hint="Compare the secrets." if status in (401, 403) else "It is sent again.")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is signed is for the receiver that the site named and for no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


def make(spec: DeviceSpec, surroundings: Surroundings) -> Outgoing:
    """`spec.options` are the store's settings. Raises SettingsError for a secret or authority that cannot be used."""
    settings: RetailSettings = spec.options
    out = settings.epcis.out
    if out is None:
        raise SettingsError("retail.epcis.out: no receiver is named")

    def feed(engine: Engine, outbox: Outbox) -> Feeding:
        cursor = Cursor(surroundings.places.app(surroundings.app) / "epcis-out.json")
        return EventFeed(engine, outbox, cursor, settings).work

    target = Webhook(out, surroundings.places.data, surroundings.clock)
    return Outgoing(spec.name, surroundings, Sending({STREAM: target}, feed, out.keep, out.set_aside_after))
