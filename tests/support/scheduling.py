"""Files of tests handed out to two workers, and handed out again when one of them dies."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class FileByFile(LoadFileScheduling):  # type: ignore[misc]
    """
    As `--dist loadfile`, without two faults of pytest-xdist 3.8.0 after a worker's death: it also hands out again
    what the dead one had done, empty work that no worker ever tells to be over, and it gives a new worker a single
    test, which waits for a second one before it begins (pytest-xdist issues 1323, 1327 and 1378). The run then stands
    still for good. Nor is the test that killed its worker begun again: it has failed, and would kill the next one.
    """

    def remove_node(self, node: WorkerController) -> str | None:
        left = {file: work for file, work in self.assigned_work.pop(node).items() if not all(work.values())}
        running: tuple[dict[str, bool], str] | None
        running = next(((work, test) for work in left.values() for test, over in work.items() if not over), None)
        if running is None:
            return None
        work, killer = running
        work[killer] = True
        self.workqueue.update({file: work for file, work in left.items() if not all(work.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return killer

    def _reschedule(self, node: WorkerController) -> None:
        if node not in self.registered_collections:  # a new one that still reads the tests
            return
        super()._reschedule(node)
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)
