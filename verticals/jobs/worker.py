"""Works the job rows, one at a time, each in a process of its own; sleeps until the bell or a duty.

Runs in the niced `jobs` process. Whoever starts or cancels a job rings `places.jobs_socket` after the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.errors import RefusedError
from verticals.contract import Json
from verticals.jobs.child import LONGEST_RESULT_BYTES
from verticals.jobs.due import WRITES_STORES, Calendar
from verticals.places import Places
from verticals.runtime.bell import Bell
from verticals.runtime.bridge import Bridge
from verticals.store.jobs import Job, Jobs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last word of a job's process; none when it was killed."""

    word: Json | None
    exit_code: int


class _Child:
    """The process of one job, in a group of its own, and the pipe it tells over."""

    def __init__(
        self, process: asyncio.subprocess.Process, words: asyncio.StreamReader, pipe: asyncio.BaseTransport
    ) -> None:
        self._process = process
        self._words = words
        self._pipe = pipe
        self.exited = asyncio.create_task(self._exit_code())

    @classmethod
    async def start(cls, order: Json) -> _Child:
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "verticals.jobs.child", str(writing), str(os.getpid()),
                stdin=asyncio.subprocess.PIPE, pass_fds=(writing,), process_group=0,
            )  # fmt: skip
        finally:
            os.close(writing)
        words = asyncio.StreamReader(limit=2 * LONGEST_RESULT_BYTES)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(words), os.fdopen(reading, "rb")
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        return cls(process, words, pipe)

    async def word(self) -> Json | None:
        """The next thing it tells; None when it is gone. Half a line is what a kill left."""
        line = await self._words.readline()
        word: Json | None = json.loads(line) if line.endswith(b"\n") else None
        return word

    def stop(self) -> None:
        """Asks it to end. Not by `send_signal`, which looks first whether it ended, and takes its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """The whole group: what the job started itself goes with it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self._pipe.close()

    async def _exit_code(self) -> int:
        exit_code = await self._process.wait()
        self.kill()  # a process it left behind would hold the pipe open
        return exit_code


class Worker:
    """Belongs to the main thread's event loop; only one lives on a box.

    `functions` maps app and kind to "module:callable"; `progressed` gets the row at each change, for whoever
    shows it live.
    """

    def __init__(
        self,
        places: Places,
        jobs: Jobs,
        functions: Mapping[str, Mapping[str, str]],
        calendar: Calendar,
        *,
        progressed: Callable[[Job], None] = lambda job: None,
        stop_within_s: float = 10.0,
        log_level: str = "info",
    ) -> None:
        self._places = places
        self._jobs = jobs
        self._functions = functions
        self._calendar = calendar
        self._progressed = progressed
        self._stop_within_s = stop_within_s
        self._log_level = log_level
        self._bridge = Bridge()
        self._rung = asyncio.Event()

    async def run(self) -> None:
        """Works until SIGTERM or until cancelled; the job at hand is then put back, and not counted as tried.

        Raises RefusedError when another worker lives.
        """
        work = asyncio.create_task(self._run())
        told: list[bool] = []

        def stop() -> None:
            told.append(work.cancel())

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop)
        try:
            await work
        except asyncio.CancelledError:
            if not told:
                raise
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    async def _run(self) -> None:
        with self._alone():
            bell = Bell(self._places.jobs_socket, lambda message: self._rung.set())
            bell.hang()
            try:
                for number in await self._store(self._jobs.recover):
                    log.warning("job %d is started again: its process was stopped in the middle of it", number)
                while True:
                    await self._next()
            finally:
                bell.close()
                self._bridge.close()

    async def _next(self) -> None:
        self._rung.clear()
        wait_s = await self._store(self._calendar.ask, self._jobs)
        job = await self._store(self._jobs.claim)
        if job is not None:
            await self._work(job)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), wait_s)

    async def _work(self, job: Job) -> None:
        target = self._functions.get(job.app, {}).get(job.kind)
        if target is None:
            await self._store(self._jobs.fail, job.id, f"{job.app} has no job '{job.kind}'")
            await self._show(job.id)
            return
        log.info("job %d begins: %s %s, attempt %d", job.id, job.app, job.kind, job.attempts)
        await self._show(job.id)
        try:
            ended = await self._run_child(job, target)
        except asyncio.CancelledError:
            await self._store(self._jobs.release, job.id)
            raise
        await self._close(job, ended)

    async def _run_child(self, job: Job, target: str) -> _Ended:
        child = await _Child.start(self._order(job, target))
        watch = asyncio.create_task(self._stop_when_asked(job.id, child))
        try:
            return await self._listen(job, child)
        finally:
            watch.cancel()
            child.close()
            await child.exited

    def _order(self, job: Job, target: str) -> dict[str, Any]:
        return {"app": job.app, "job": job.id, "who": job.who, "inputs": job.inputs, "target": target,
                "places": self._places.as_json(), "log_level": self._log_level,
                "patient": (job.app, job.kind) not in WRITES_STORES}  # fmt: skip

    async def _listen(self, job: Job, child: _Child) -> _Ended:
        last: Json | None = None
        while (word := await child.word()) is not None:
            if "share" in word:
                await self._store(self._jobs.note_progress, job.id, word["share"], word["text"])
                await self._show(job.id)
            else:
                last = word
        return _Ended(last, await child.exited)

    async def _close(self, job: Job, ended: _Ended) -> None:
        row = await self._store(self._jobs.get, job.id)
        if ended.word is not None and "result" in ended.word:
            await self._store(self._jobs.finish, job.id, ended.word["result"])
        elif row is not None and row.cancel_asked:
            await self._store(self._jobs.end_cancelled, job.id)
        elif ended.word is not None:
            await self._store(self._jobs.fail, job.id, str(ended.word.get("problem", "it gave no result")))
        elif ended.exit_code < 0:
            # Killed from outside, most likely for want of memory: it may go through the next time.
            log.error("the process of job %d was ended by %s", job.id, signal.Signals(-ended.exit_code).name)
            await self._store(self._jobs.recover)
        else:
            await self._store(self._jobs.fail, job.id, f"its process ended with exit code {ended.exit_code}")
        await self._show(job.id)

    async def _stop_when_asked(self, number: int, child: _Child) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            job = await self._store(self._jobs.get, number)
            if job is not None and job.cancel_asked:
                break
        child.stop()
        await asyncio.sleep(self._stop_within_s)
        log.warning("job %d did not stop within %.0f s and is killed", number, self._stop_within_s)
        child.kill()

    async def _show(self, number: int) -> None:
        job = await self._store(self._jobs.get, number)
        if job is not None:
            log.debug("job %d: %s %.0f %% %s", job.id, job.state, job.progress * 100, job.text)
            self._progressed(job)

    async def _store(self, function: Callable[..., Any], *args: Any) -> Any:
        return await self._bridge.call("store", function, *args)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = self._places.jobs_socket.with_suffix(".lock")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RefusedError(f"{path}: another process works the jobs of this box") from error
            yield
