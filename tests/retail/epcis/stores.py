"""A store with its settings, and captures as tests bring them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from core.clock import Instant
from retail import tables
from retail.epcis.capture import captured
from retail.epcis.document import CONTEXT
from retail.epcis.settings import EpcisSettings
from retail.settings import RetailSettings
from tests.retail.epcis.examples import EXAMPLE
from tests.support.ledgers import MORNING
from verticals.contract import Event, Sample
from verticals.store.events import Entry, EventStore

GLN = "4012345000115"
SETTINGS = RetailSettings("Corner", time_zone="Europe/Berlin", epcis=EpcisSettings(GLN, propose=True))


def standing(*events: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"@context": [CONTEXT, EXAMPLE], **event} for event in events]


def bring(
    engine: Engine, *events: Mapping[str, Any], name: str = "c1", at: float = MORNING,
    settings: RetailSettings = SETTINGS,
) -> list[Event]:  # fmt: skip
    """As the inbox hands it over, through the station's rule into the tables."""
    values = {"kind": "epcis", "capture": name, "events": json.dumps(standing(*events))}
    return keep(engine, Sample("epcis", Instant(0.0, at), values, name), settings)


def keep(engine: Engine, sample: Sample, settings: RetailSettings = SETTINGS) -> list[Event]:
    decision = captured(sample, settings)
    EventStore(engine, tables.project).append([Entry(events=list(decision.events))])
    return list(decision.events)


def products(engine: Engine, *gtins: str, unit: str = "piece") -> None:
    data = {"products": [{"gtin": gtin, "name": gtin, "unit": unit} for gtin in gtins]}
    EventStore(engine, tables.project).append([Entry(events=[Event("catalogue", "p", MORNING, data, "store")])])
