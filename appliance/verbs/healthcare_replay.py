"""`edgewise healthcare replay`: send a capture of HL7 messages again, with the spacing it had, to a box on trial.

Exit 0: every message was accepted. 1: some were refused or not answered. 2: bad usage or input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import DeviceError, InputError

_ANSWER_WITHIN_S = 30.0
_READ_BYTES = 1 << 16
_ACCEPTED = ("AA", "CA")
_TOLD = 5


def register(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "send captured HL7 messages again with their spacing (they hold names: only to a box on trial)"
    parser: argparse.ArgumentParser = acts.add_parser("replay", help=text, description=text)
    parser.add_argument("capture", type=Path, metavar="FILE", help="an mllp.capture, or a file of MLLP frames")
    parser.add_argument("--to", type=_address, required=True, metavar="HOST:PORT", help="an MLLP listener without TLS")
    parser.add_argument("--speed", type=_speed, default=1.0, help="2: twice as fast; 0: as fast as it is answered")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


@dataclass
class Replayed:
    """`answers`: acknowledgement code -> how many; `refused`: the first of those not accepted, by number and code."""

    sent: int = 0
    unanswered: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def take(self, code: str) -> None:
        self.answers[code] += 1
        if code not in _ACCEPTED and len(self.refused) < _TOLD:
            self.refused.append(f"message {self.sent}: {code}")

    @property
    def fine(self) -> bool:
        return not self.unanswered and all(code in _ACCEPTED for code in self.answers)

    def as_json(self) -> dict[str, Any]:
        return {"sent": self.sent, "unanswered": self.unanswered, "answers": dict(self.answers),
                "refused": self.refused}  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    replayed = asyncio.run(sent_again(arguments.capture, *arguments.to, speed=arguments.speed))
    if arguments.json:
        sys.stdout.write(json.dumps(replayed.as_json()) + "\n")
    else:
        answers = ", ".join(f"{code} {count}" for code, count in sorted(replayed.answers.items())) or "none"
        sys.stdout.write(f"{replayed.sent} messages sent, {replayed.unanswered} unanswered; answers: {answers}.\n")
        sys.stdout.writelines(f"  {line}\n" for line in replayed.refused)
    return 0 if replayed.fine else 1


async def sent_again(path: Path, host: str, port: int, *, speed: float) -> Replayed:
    """Each message after the answer to the one before. Ends with the first that is not answered.

    Raises InputError for what is no capture, DeviceError where nobody listens.
    """
    from healthcare.hl7.capture import read_capture, replay

    if next(read_capture(path), None) is None:
        raise InputError(f"{path}: there is no message in it")
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise DeviceError(f"{host}:{port}: nobody listens there: {error}", hint="Is the box running?") from error
    replayed = Replayed()
    answers = _Answers(reader)
    try:
        async for captured in replay(path, speed=speed):
            replayed.sent += 1
            code = await answers.to(captured.frame, writer)
            if code is None:
                replayed.unanswered += 1
                break
            replayed.take(code)
    finally:
        writer.close()
        with suppress(OSError):  # it was closed from the other side
            await writer.wait_closed()
    return replayed


class _Answers:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        from healthcare.hl7.frames import FrameCutter
        from healthcare.hl7.message import MAX_FRAME_BYTES

        self._reader = reader
        self._cutter = FrameCutter(MAX_FRAME_BYTES)
        self._ready: list[bytes] = []

    async def to(self, frame: bytes, writer: asyncio.StreamWriter) -> str | None:
        """MSA-1 of the answer to this message; None where there is none in time."""
        from healthcare.hl7.frames import framed
        from healthcare.hl7.message import parse

        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                writer.write(framed(frame))
                await writer.drain()
                while not self._ready:
                    data = await self._reader.read(_READ_BYTES)
                    if not data:
                        return None
                    self._ready += self._cutter.cut(data)
        except (OSError, TimeoutError):
            return None
        return parse(self._ready.pop(0)).required("MSA").text(1)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1000")
    return speed
