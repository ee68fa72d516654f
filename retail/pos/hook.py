"""The webhook of the tills: a signed message in, an answer when what it says is in the store."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from retail.pos.csv_read import read_csv
from retail.pos.json_read import read_json
from retail.pos.poslog import read_poslog
from retail.pos.transaction import Read, Shop, fact_of
from retail.settings import RetailSettings
from verticals.signature import read_secret
from verticals.web import Answered, Data, Desk, Hook, Posted, Secret

SOURCE = "pos"
_XML, _CSV, _JSON = ("application/xml", "text/xml"), ("text/csv",), ("application/json",)


def read(content: bytes, media_type: str, settings: RetailSettings, name: str = "this message") -> Read:
    """What a message or file holds. Raises InputError."""
    zone = ZoneInfo(settings.time_zone)
    if media_type in _XML:
        return read_poslog(content, zone)
    if media_type in _CSV:
        return read_csv(content, name, zone)
    if media_type in _JSON:
        return read_json(content, zone)
    raise InputError(f"'{media_type[:60]}' is not taken", hint=f"Send {', '.join((*_JSON, *_XML, *_CSV))}.")


def shop_of(settings: RetailSettings) -> Shop:
    return Shop(settings.sales_places[0], settings.restricted)


def receive(desk: Desk, posted: Posted) -> Answered:
    """Answered after the commit; the same message once more is answered the same way and counts once."""
    settings: RetailSettings = desk.settings
    payload, counts = fact_of(read(posted.content, posted.media_type, settings), shop_of(settings))
    if counts["taken"] or counts["refused"]:
        desk.bring(SOURCE, hashlib.sha256(posted.content).hexdigest(), payload)
    refused: list[str] = [one["refused"] for one in payload["documents"] if "refused" in one]
    answer: dict[str, Any] = {**counts, "reasons": refused[:100]}
    return Data(answer)


def secret(desk: Desk) -> Secret | None:
    """None where the site has no webhook."""
    pos = desk.settings.pos
    return Secret(read_secret(Path(pos.secret_file)), pos.within) if pos.secret_file else None


HOOKS = (Hook("/hooks/pos", receive, secret),)
