"""A secured connection to an OPC UA server: the demanded endpoint or none, its certificate judged. Wraps asyncua.

Nothing less secure than the settings say is ever tried, no certificate is trusted by itself, and no password leaves
in plain text.
"""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import DeviceError, InputError, SettingsError, StoreError, TrustError
from verticals.devices.opcua_certificates import Identity, OwnCertificates
from verticals.devices.opcua_trust import TrustList

if TYPE_CHECKING:  # asyncua takes a second to import: only a process that has a link pays for it
    from asyncua import Client, ua

log = logging.getLogger(__name__)

#: As OPC UA writes them at the end of a policy's uri, and asyncua's class for each.
POLICIES = {
    "Basic256Sha256": "SecurityPolicyBasic256Sha256",
    "Aes128_Sha256_RsaOaep": "SecurityPolicyAes128Sha256RsaOaep",
    "Aes256_Sha256_RsaPss": "SecurityPolicyAes256Sha256RsaPss",
}
MODES = {"sign": "Sign", "sign-and-encrypt": "SignAndEncrypt"}
_POLICY_URI = "http://opcfoundation.org/UA/SecurityPolicy#"
_OUR_CERTIFICATE = ("BadCertificate", "BadSecurityChecksFailed")
_OUR_SIGN_IN = ("BadUserAccessDenied", "BadIdentityToken", "BadUserSignatureInvalid")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signs in at the server: nobody, a user by name, or a user by certificate (DER or PEM, key PEM)."""

    user: str = ""
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def password(self) -> str:
        """The first line of the file. Raises SettingsError when others may read it."""
        return "" if self.password_file is None else _secret(self.password_file).decode().partition("\n")[0].strip()


@dataclass(frozen=True, slots=True)
class Shown:
    """What each side showed the other on one connection; the server's certificates DER, its own first."""

    identity: Identity
    chain: bytes
    application_uri: str


@dataclass(frozen=True, slots=True)
class OpcUaSecurity:
    """`policy` of POLICIES, `mode` of MODES; what the box shows, what it trusts, who signs in."""

    own: OwnCertificates
    trust: TrustList
    policy: str = "Basic256Sha256"
    mode: str = "sign-and-encrypt"
    sign_in: SignIn = field(default_factory=SignIn)

    def identity(self, attempt: int) -> Identity:
        """A new certificate that waits is tried first, then the one in use, in turn. Raises StoreError."""
        found = self.own.candidates() or [self.own.ensure()]
        return found[attempt % len(found)]

    def accepted(self, identity: Identity) -> None:
        """The server took this certificate: a new one is from now on the one in use."""
        waiting = self.own.next()
        if waiting is not None and waiting.facts.fingerprint == identity.facts.fingerprint:
            self.own.use_next()
            log.info("the server took the box's new certificate %s", identity.facts.fingerprint[:16])

    def notices(self, shown: Shown, url: str) -> tuple[str, ...]:
        """What a person should see to in time, of both sides' certificates, as they stand now."""
        from verticals.devices.opcua_checks import time_problems

        judgement = self.trust.judge(shown.chain, url, shown.application_uri)
        theirs = [f"The PLC's certificate: {each.text} {each.hint}" for each in judgement.problems]
        now = self.own.now()
        ours = [f"The box's own certificate: {each.text}" for each in time_problems(shown.identity.facts, now)]
        return (*theirs, *ours)


async def secure(client: Client, url: str, security: OpcUaSecurity, attempt: int) -> Shown:
    """Makes `client` ready to connect. Raises TrustError when the server must not be connected to."""
    try:
        return await _secure(client, url, security, attempt)
    except (SettingsError, StoreError) as error:  # of the box's own files
        raise DeviceError(f"{error.message}. {error.hint}") from error


async def _secure(client: Client, url: str, security: OpcUaSecurity, attempt: int) -> Shown:
    from asyncua import Client, ua
    from asyncua.crypto import security_policies
    from asyncua.crypto.uacrypto import CertProperties
    from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions

    identity = security.identity(attempt)
    endpoints = await Client(url, timeout=client.uaclient._timeout).connect_and_get_server_endpoints()
    endpoint = demanded(endpoints, security.policy, MODES[security.mode], url)
    chain = bytes(endpoint.ServerCertificate or b"")
    application_uri = str(endpoint.Server.ApplicationUri or "")
    _judged(security.trust, chain, url, application_uri)
    client.application_uri = identity.facts.uri
    leaf = chain[: int.from_bytes(chain[2:4], "big") + 4]
    await client.set_security(
        getattr(security_policies, POLICIES[security.policy]),
        CertProperties(identity.certificate, "der"),
        CertProperties(identity.key, "pem"),
        server_certificate=CertProperties(leaf, "der"),
        mode=getattr(ua.MessageSecurityMode, MODES[security.mode]),
    )
    # What was asked without security is said again inside the secured channel, and compared once more.
    client.certificate_validator = CertificateValidator(CertificateValidatorOptions.URI).validate
    await _prepare_sign_in(client, security)
    return Shown(identity, chain, application_uri)


def demanded(endpoints: Iterable[Any], policy: str, mode: str, url: str) -> Any:
    """The endpoint of that policy and mode. Raises TrustError, saying what there is: nothing less is taken."""
    offered = []
    for endpoint in endpoints:
        if not str(endpoint.EndpointUrl).startswith("opc.tcp"):
            continue
        name = str(endpoint.SecurityPolicyUri).removeprefix(_POLICY_URI)
        if name == policy and endpoint.SecurityMode.name == mode:
            return endpoint
        offered.append(f"{name} {endpoint.SecurityMode.name.rstrip('_')}")
    there = ", ".join(sorted(set(offered))) or "nothing"
    raise TrustError(
        f"the OPC UA server {url} does not offer {policy} {mode}, it offers {there}. Nothing less secure is tried."
        " Switch that policy on at the PLC."
    )


def _judged(trust: TrustList, chain: bytes, url: str, application_uri: str) -> None:
    """Raises TrustError when it blocks; the certificate is then kept for a person to look at."""
    try:
        judgement = trust.judge(chain, url, application_uri)
    except InputError as error:
        raise TrustError(f"the OPC UA server {url} shows no certificate that can be read: {error.message}") from error
    if judgement.blocked:
        trust.keep_rejected(chain, url, application_uri)
        first = judgement.blocked[0]
        what = "PLC certificate not trusted: open Trust." if first.code == "untrusted" else f"{first.text} {first.hint}"
        raise TrustError(f"{what} ({url}, SHA-256 {judgement.facts.fingerprint[:16]})")


async def _prepare_sign_in(client: Client, security: OpcUaSecurity) -> None:
    from asyncua.crypto import uacrypto

    sign_in = security.sign_in
    if sign_in.user:
        client.set_user(sign_in.user)
        client.set_password(sign_in.password())
    elif sign_in.certificate is not None and sign_in.key is not None:
        client.user_certificate = await uacrypto.load_certificate(sign_in.certificate)
        client.user_private_key = await uacrypto.load_private_key(_secret(sign_in.key), extension="pem")


def refuse_plain_password(policy: ua.UserTokenPolicy, mode: Any, url: str) -> None:
    """Raises TrustError where the server wants a password that nothing encrypts."""
    plain = not policy.SecurityPolicyUri or policy.SecurityPolicyUri == f"{_POLICY_URI}None"
    if plain and mode.name != "SignAndEncrypt":
        raise TrustError(
            f"the OPC UA server {url} wants the password in plain text. It was not sent."
            ' Set security_mode = "sign-and-encrypt".'
        )


def explained(error: Exception, url: str, identity: Identity, user: str) -> DeviceError | None:
    """Where the server refused the box, what a person does about it; None for any other error."""
    name = type(error).__name__
    if name.startswith(_OUR_SIGN_IN):
        who = f"user '{user}'" if user else "the sign-in"
        return TrustError(f"the OPC UA server {url} refused {who} ({name}). Check name and password at the PLC.")
    # Some servers close the connection, or say nothing for seconds, rather than tell a stranger why; node-opcua
    # answers by a fault in place of a channel, at which asyncua 2.1.0 asserts.
    if name.startswith(_OUR_CERTIFICATE) or isinstance(error, ConnectionError | TimeoutError | AssertionError):
        return TrustError(
            f"the OPC UA server {url} refused this box ({name}). Trust its certificate at the PLC:"
            f" SHA-256 {identity.facts.fingerprint[:16]}, {identity.facts.uri}"
        )
    return None


def _secret(path: Path) -> bytes:
    """Raises SettingsError when it is not there, or when others than its owner may read it."""
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(f"{path}: others may read this secret", hint=f"chmod 600 {path}")
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: this secret cannot be read: {error.strerror}") from error
