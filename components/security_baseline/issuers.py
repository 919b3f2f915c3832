"""Pure builders of cert-manager's issuers and of the platform's own certificate authority."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from components.base.namespaces import SECURITY

ISSUER = "platform"
"""The ClusterIssuer that every certificate of the platform names."""

BOOTSTRAP_ISSUER = "platform-bootstrap"
AUTHORITY = "platform-ca"
"""The authority's Certificate, and the Secret with its certificate and key."""

AUTHORITY_NAMESPACE = SECURITY
"""cert-manager reads the Secrets of ClusterIssuers from its own namespace."""

DNS_PORT = 53

_AUTHORITY_LIFETIME = "87600h"  # ten years: what trusts it must be told again when it changes
_AUTHORITY_RENEWAL = "8760h"


def needs_authority(spec: Mapping[str, Any]) -> bool:
    """Whether an issuer's spec asks for an authority of the platform's own.

    A self-signed issuer signs each certificate with that certificate's own key: there would be nothing that a client
    could trust once.
    """
    return "selfSigned" in spec


def issuer_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Spec of the ClusterIssuer `platform`."""
    return {"ca": {"secretName": AUTHORITY}} if needs_authority(spec) else dict(spec)


def bootstrap_spec() -> dict[str, Any]:
    """Spec of the issuer that signs the authority's own certificate, and nothing else."""
    return {"selfSigned": {}}


def authority_spec() -> dict[str, Any]:
    """Spec of the authority's Certificate. Its Secret lies where ClusterIssuers look for Secrets."""
    return {
        "isCA": True,
        "commonName": f"AI platform authority ({AUTHORITY})",
        "subject": {"organizations": ["AI platform"]},
        "secretName": AUTHORITY,
        "duration": _AUTHORITY_LIFETIME,
        "renewBefore": _AUTHORITY_RENEWAL,
        # With a new key at every renewal, whoever trusts the old certificate would refuse everything from then on.
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "usages": ["cert sign", "crl sign"],
        "issuerRef": {"name": BOOTSTRAP_ISSUER, "kind": "ClusterIssuer", "group": "cert-manager.io"},
    }


def update_servers(spec: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """IPv4 address and port of the DNS servers that an ACME issuer's RFC 2136 solvers send updates to.

    Raises ValueError when a server is named and not numbered: a network policy can only let addresses through.
    """
    solvers: list[Mapping[str, Any]] = spec.get("acme", {}).get("solvers", [])
    updates = [solver["dns01"]["rfc2136"] for solver in solvers if "rfc2136" in solver.get("dns01", {})]
    return tuple(_address_and_port(str(update["nameserver"])) for update in updates)


def _address_and_port(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    try:
        return str(IPv4Address(address)), int(port or DNS_PORT)
    except ValueError:
        message = (
            f"cluster.issuer.acme.dns01.rfc2136.nameserver: {text!r} must be an IPv4 address, with or without :port"
        )
        raise ValueError(message) from None
