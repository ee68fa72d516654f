"""Where the library sdc11073 (3.0) is not used as it comes. Imports it, at a price: for the threads of a session alone.

- Its queue of reports has a thread that never ends, one for each attempt to connect, and only logs what fails.
- Its mirror drops a report that comes after one of a newer MDIB version, as reports of two hosted services may: an
  alarm could be lost. What is newer, the version of each state says (BICEPS).
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from sdc11073.consumer.consumerimpl import SdcConsumer, SdcConsumerComponents, default_components_factory
from sdc11073.consumer.request_handler_deferred import EmptyResponse
from sdc11073.definitions_sdc import SdcV1Definitions
from sdc11073.dispatch import RequestDispatcher
from sdc11073.mdib.consumermdib import ConsumerMdib

__all__ = ["Mirror", "Reports", "SdcConsumer", "SdcV1Definitions", "components"]

_MOST_WAITING = 1000
_ROOM_WITHIN_S = 5.0


class Reports(RequestDispatcher):  # type: ignore[misc]
    """Answers a report at once and reads it in a thread of its own, in order. `broken` hears of one that cannot be."""

    def __init__(self, broken: Callable[[Exception], None]) -> None:
        super().__init__("")
        self._broken = broken
        self._queue: queue.Queue[tuple[Callable[[Any], Any], Any] | None] = queue.Queue(_MOST_WAITING)
        self._over = False
        self._worker = threading.Thread(target=self._read, name="sdc-reports", daemon=True)
        self._worker.start()

    def on_post(self, request_data: Any) -> Any:
        """Raises queue.Full where the device tells more than can be read: it hears a fault."""
        handler = self._get_post_handler(request_data)
        if handler is None:
            return super().on_post(request_data)
        if not self._over:
            self._queue.put((handler, request_data), timeout=_ROOM_WITHIN_S)
        return EmptyResponse()

    def stop(self) -> None:
        self._over = True
        with contextlib.suppress(queue.Full):  # then there is something to wake up for
            self._queue.put_nowait(None)

    def _read(self) -> None:
        while not self._over:
            got = self._queue.get()
            if got is None:
                return
            handler, request_data = got
            try:
                handler(request_data)
            except Exception as error:  # whatever a device sends must end in a session that is begun anew
                self._broken(error)


class Mirror(ConsumerMdib):  # type: ignore[misc]
    """The mirror of a device's MDIB that takes reports in any order."""

    MDIB_VERSION_CHECK_DISABLED = True


def components(reports: Reports) -> SdcConsumerComponents:
    """What an SdcConsumer is made of, with `reports` as its queue."""
    made = default_components_factory()
    made.action_dispatcher_class = lambda _: reports
    return made
