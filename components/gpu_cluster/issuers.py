"""Specifications of the certificate issuer, as the cert-manager CRD has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.base.handles import CertificateIssuer

ACME_ACCOUNT_SECRET = "acme-account-key"  # noqa: S105 # the name of a Secret that cert-manager makes


def self_signed_issuer() -> CertificateIssuer:
    """A certificate authority of the platform's own."""
    return CertificateIssuer(spec={"selfSigned": {}})


def ca_issuer(secret: str) -> CertificateIssuer:
    """The authority whose certificate and key are in `secret` of the namespace `security`."""
    return CertificateIssuer(spec={"ca": {"secretName": secret}})


def acme_issuer(*, email: str, server: str, dns01: Mapping[str, Any]) -> CertificateIssuer:
    """An ACME server at the directory URL `server`; names are proven by the DNS-01 solver `dns01`.

    DNS-01 and not HTTP-01, because the gateway has no plain HTTP listener and may not be reachable from outside.
    """
    return CertificateIssuer(
        spec={
            "acme": {
                "email": email,
                "server": server,
                "privateKeySecretRef": {"name": ACME_ACCOUNT_SECRET},
                "solvers": [{"dns01": dict(dns01)}],
            }
        }
    )


def route53_solver(*, region: str, hosted_zone_id: str) -> dict[str, Any]:
    """DNS-01 in Route 53 with the credentials of the controller's own ServiceAccount."""
    return {"route53": {"region": region, "hostedZoneID": hosted_zone_id}}
