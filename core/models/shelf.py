"""The packages of one box and which of them answers where; whole at every moment, whatever is killed when.

`packages/<name>/<version>/` holds packages, `slots/<slot>.json` says what is active for a slot and what was
before. Both appear by one rename. Any process may read; those that change it take turns by a file lock.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from core.errors import HashError, PackageError, RefusedError
from core.models.card import is_name, is_version
from core.models.files import DRAFT_PREFIX, draft_beside, sync_folder, write_file
from core.models.gate import Gate
from core.models.package import Package, copy_package, read_package
from core.models.trust import Trust

_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Pick:
    """One package as a slot names it. `passed_at` is where its golden vectors passed; see `Gate.place`."""

    name: str
    version: str
    sha256: str
    passed_at: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """What answers under `name`, and what did before, the newest first."""

    name: str
    active: Pick | None
    history: Sequence[Pick] = ()


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """One package on the shelf. `broken` says what is wrong with it; then `package` is None."""

    name: str
    version: str
    package: Package | None
    broken: str = ""
    slots: Sequence[str] = ()


class Shelf:
    """The shelf in `folder`. `gate` decides whether a package may be used here."""

    def __init__(self, folder: Path, trust: Trust, gate: Gate) -> None:
        self.folder = folder
        self._trust = trust
        self._gate = gate

    def install(self, path: Path) -> Package:
        """Puts the package in `path` on the shelf; nothing is activated by it. Again is no harm.

        Raises PackageError and its kinds for a package that is not right, RefusedError when another one of
        the same name and version is there.
        """
        package = read_package(path, self._trust)
        card = package.card
        target = self._place(card.name, card.version)
        with self._changing():
            if target.exists():
                there = self._read(card.name, card.version)
                if there.package is not None and there.package.sha256 != package.sha256:
                    raise RefusedError(
                        f"{card.name} {card.version} is on the shelf with other content", hint="Give it a new version."
                    )
                if there.package is not None:
                    return package
                self._clear(target)
            copy_package(package, target)
            for parent in (target.parent.parent, self.folder):
                sync_folder(parent)
        return package

    def list(self) -> Sequence[ShelfEntry]:
        """Every package, the broken ones too, by name and version. Never raises for what lies on the shelf."""
        used: dict[tuple[str, str], list[str]] = {}
        for slot in self.slots():
            if slot.active is not None:
                used.setdefault((slot.active.name, slot.active.version), []).append(slot.name)
        entries = [self._read(name, version) for name, version in self.names()]
        return [replace(entry, slots=used.get((entry.name, entry.version), [])) for entry in entries]

    def names(self) -> Sequence[tuple[str, str]]:
        """Name and version of everything that lies here, unchecked, in order."""
        paths = sorted((self.folder / "packages").glob("*/*"))
        return [(p.parent.name, p.name) for p in paths if not p.name.startswith(".") and p.parent.name[0] != "."]

    def package(self, name: str, version: str) -> Package:
        """Raises PackageError when it is not on the shelf or not right any more."""
        if not is_name(name) or not is_version(version) or not self._place(name, version).is_dir():
            raise PackageError(f"{name} {version} is not on the shelf", hint="`edgewise models list` shows what is.")
        package = read_package(self._place(name, version), self._trust)
        if (package.card.name, package.card.version) != (name, version):
            raise PackageError(f"{self._place(name, version)} holds {package.card.name} {package.card.version}")
        return package

    def slots(self) -> Sequence[Slot]:
        """Every slot that can be read, by name; what a damaged file said is gone and it is listed as empty."""
        found = []
        for path in sorted((self.folder / "slots").glob("*.json")):
            if path.name.startswith("."):
                continue
            try:
                found.append(self._slot(unquote(path.stem)))
            except PackageError:
                found.append(Slot(unquote(path.stem), None))
        return found

    def activate(self, slot: str, name: str, version: str) -> Package:
        """Makes the package answer for `slot` from the next load on, after its golden vectors passed here.

        Raises PackageError and its kinds; then what was active stays.
        """
        package = self.package(name, version)
        self._gate.check(package)
        with self._changing():
            now = self._slot_or_empty(slot)
            pick = Pick(name, version, package.sha256, self._gate.place)
            before = [now.active] if now.active and now.active.sha256 != pick.sha256 else []
            self._write(Slot(slot, pick, [*before, *now.history][:_HISTORY]))
        return package

    def active(self, slot: str) -> Package | None:
        """What answers for `slot`, checked again; None when nothing was ever activated.

        Where library, provider or processor are others than when it passed, its golden vectors must pass
        again. Raises PackageError and its kinds when it is not right any more: no other model takes its place.
        """
        pick = self._slot(slot).active
        if pick is None:
            return None
        package = self._picked(pick)
        if pick.passed_at != self._gate.place:
            self._gate.check(package)
            with self._changing():
                now = self._slot(slot)
                if now.active == pick:
                    self._write(replace(now, active=replace(pick, passed_at=self._gate.place)))
        return package

    def rollback(self, slot: str) -> Package:
        """Makes what answered before answer again; it must pass its golden vectors again too.

        Raises RefusedError when there was nothing before, PackageError and its kinds when it is not right any more.
        """
        found = self._slot(slot)
        if not found.history:
            raise RefusedError(f"slot '{slot}' has no model before the active one", hint="Activate one by its version.")
        pick = found.history[0]
        package = self._picked(pick)
        self._gate.check(package)
        with self._changing():
            if self._slot(slot) != found:
                raise RefusedError(f"slot '{slot}' was changed by somebody else meanwhile", hint="Look, and try again.")
            self._write(Slot(slot, replace(pick, passed_at=self._gate.place), found.history[1:]))
        return package

    def _picked(self, pick: Pick) -> Package:
        package = self.package(pick.name, pick.version)
        if package.sha256 != pick.sha256:
            raise HashError(f"{pick.name} {pick.version} on the shelf is not the package that was activated")
        return package

    def _place(self, name: str, version: str) -> Path:
        return self.folder / "packages" / name / version

    def _read(self, name: str, version: str) -> ShelfEntry:
        try:
            return ShelfEntry(name, version, self.package(name, version))
        except PackageError as error:
            return ShelfEntry(name, version, None, broken=error.message)

    def _slot_path(self, slot: str) -> Path:
        if not slot or len(slot) > 80:
            raise RefusedError(f"{slot!r} cannot name a slot", hint="Use 1 to 80 letters.")
        # Dots too, for a name that begins with one would be taken for something unfinished.
        name = quote(slot, safe="").replace(".", "%2E")
        return self.folder / "slots" / f"{name}.json"

    def _slot(self, slot: str) -> Slot:
        path = self._slot_path(slot)
        try:
            document = json.loads(path.read_bytes())
            active, history = document["active"], document["history"]
            return Slot(slot, _pick(active), [_pick(item) for item in history])
        except FileNotFoundError:
            return Slot(slot, None)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise PackageError(
                f"{path}: does not say which model is active: {error!r}", hint="Activate the model again."
            ) from error

    def _slot_or_empty(self, slot: str) -> Slot:
        try:
            return self._slot(slot)
        except PackageError:
            return Slot(slot, None)

    def _write(self, slot: Slot) -> None:
        path = self._slot_path(slot.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        history = [asdict(pick) for pick in slot.history]
        document = {"slot": slot.name, "active": slot.active and asdict(slot.active), "history": history}
        write_file(path, json.dumps(document, indent=1, ensure_ascii=False).encode())
        sync_folder(path.parent)

    def _clear(self, target: Path) -> None:
        """Takes a broken package away, in one step, so that the right one can take its place."""
        aside = draft_beside(target)
        target.rename(aside / "broken")
        shutil.rmtree(aside)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One writer at a time, over all processes; the lock goes with the process that holds it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("ab")
        except OSError as error:
            raise PackageError(f"{self.folder}: the shelf cannot be written: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # What a writer left who was killed: nobody else writes now.
            for draft in (self.folder / "packages").glob(f"*/{DRAFT_PREFIX}*"):
                shutil.rmtree(draft, ignore_errors=True)
            for left in (self.folder / "slots").glob(".*"):
                left.unlink(missing_ok=True)
            yield


def _pick(values: Any) -> Pick:
    pick = Pick(**values)
    if not all(isinstance(value, str) for value in asdict(pick).values()):
        raise TypeError("a pick is made of texts")
    return pick
