"""Every error a user can meet, as one tree.

EdgewiseError
├── SettingsError        a key, value or file of the site's settings is wrong
├── InputError           bytes from outside cannot be used: picture, data set, message
├── PackageError         a model package is incomplete or unreadable
│   ├── SignatureError   it is not signed by a key this box trusts
│   ├── HashError        a file differs from the hash that was signed
│   └── GoldenError      it does not give its golden answers on this box
├── EngineError          a model cannot be loaded or run here
├── DeviceError          a camera, PLC or other device does not do what was asked
│   └── TrustError       the other side's certificate is not trusted, or ours is not trusted there
├── StoreError           the store cannot read or write
│   └── DiskFullError    there is no room left to record
├── AccessError          who asks may not do this
├── RefusedError         what was asked is understood and refused, with the reason
└── PortBusyError        an address to listen on is taken

Each class has a stable code with an entry in docs/errors.md. Lateness and absence that are to be
expected are values (Answer, Delivery), never exceptions.
"""

from __future__ import annotations


class EdgewiseError(Exception):
    """Says what was tried, on what, and what to do; shown to people as it stands."""

    code = "edgewise"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        line = f"{self.message} [{self.code}]"
        return f"{line} {self.hint}" if self.hint else line


class SettingsError(EdgewiseError):
    code = "settings"


class InputError(EdgewiseError):
    code = "input"


class PackageError(EdgewiseError):
    code = "package"


class SignatureError(PackageError):
    code = "package-signature"


class HashError(PackageError):
    code = "package-hash"


class GoldenError(PackageError):
    code = "package-golden"


class EngineError(EdgewiseError):
    code = "engine"


class DeviceError(EdgewiseError):
    code = "device"


class TrustError(DeviceError):
    code = "device-trust"


class StoreError(EdgewiseError):
    code = "store"


class DiskFullError(StoreError):
    code = "disk-full"


class AccessError(EdgewiseError):
    code = "access"


class RefusedError(EdgewiseError):
    code = "refused"


class PortBusyError(EdgewiseError):
    code = "port-busy"
