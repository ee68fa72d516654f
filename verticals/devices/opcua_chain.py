"""Chains of certificates up to an authority that is trusted, and revocation lists. Needs cryptography alone.

The same verifier as asyncua's own trust store (`cryptography.x509.verification` with permissive extension
policies, as OPC UA certificates are no web certificates), with chains in between and with the box's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.clock import Instant
from core.errors import InputError
from verticals.devices.opcua_checks import clock_is_set
from verticals.devices.opcua_facts import facts_of

if TYPE_CHECKING:
    from cryptography import x509


def trusted_by(
    certificate: x509.Certificate,
    authorities: Sequence[x509.Certificate],
    between: Sequence[x509.Certificate],
    now: Instant,
) -> bool:
    """Whether one of `authorities` vouches for it, over those in `between`. A server's certificate vouches for none."""
    from cryptography import x509
    from cryptography.x509.verification import (
        Criticality,
        ExtensionPolicy,
        PolicyBuilder,
        Store,
        VerificationError,
    )

    def must_be_authority(_policy: object, _certificate: object, extension: x509.BasicConstraints) -> None:
        if not extension.ca:
            raise ValueError("an authority's certificate says CA: true")

    roots = [root for root in authorities if facts_of(root).authority]
    if not roots:
        return False
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, must_be_authority
    )
    builder = PolicyBuilder().store(Store(roots))
    builder = builder.extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
    # With a clock that is not set the time is not judged: it is taken from the certificate itself.
    moment = datetime.fromtimestamp(now.utc_s, UTC) if clock_is_set(now) else certificate.not_valid_before_utc
    try:
        builder.time(moment).build_client_verifier().verify(certificate, list(between))
    except VerificationError:
        return False
    return True


def revoked(
    chain: Sequence[x509.Certificate],
    issuers: Sequence[x509.Certificate],
    lists: Sequence[x509.CertificateRevocationList],
) -> bool:
    """Whether a list that one of `issuers` signed names one of `chain`. An authority without a list revokes nothing."""
    for found in lists:
        signers = [issuer for issuer in issuers if issuer.subject == found.issuer]
        if not any(found.is_signature_valid(signer.public_key()) for signer in signers):  # type: ignore[arg-type]
            continue
        for certificate in chain:
            if certificate.issuer == found.issuer and found.get_revoked_certificate_by_serial_number(
                certificate.serial_number
            ):
                return True
    return False


def read_revocations(content: bytes) -> x509.CertificateRevocationList:
    """DER or PEM. Raises InputError."""
    from cryptography import x509

    try:
        if content.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(content)
        return x509.load_der_x509_crl(content)
    except ValueError as error:
        raise InputError(f"this is no revocation list: {error}", hint="Expected is a .crl file, DER or PEM.") from error
