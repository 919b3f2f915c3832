"""Certificates by cert-manager: of the public names, and between Envoy Gateway's controller and its proxies."""

from __future__ import annotations

from typing import Any

from components.base.naming import service_host
from components.inference_gateway.names import EDGE_CERTIFICATE_SECRET, NAMESPACE, public_hosts

CERT_MANAGER_API = "cert-manager.io/v1"
PLATFORM_ISSUER = "platform"
"""ClusterIssuer for the public names."""

SELF_SIGNED = "envoy-gateway-self-signed"
AUTHORITY = "envoy-gateway-ca"
CONTROLLER = "envoy-gateway"
PROXIES = "envoy"
RATE_LIMIT = "envoy-rate-limit"
"""Names of issuers, certificates and their Secrets. Envoy Gateway looks for Secrets of the last three names."""

_USAGES = ["digital signature", "data encipherment", "key encipherment", "content commitment"]


def edge_certificate_spec(domain: str) -> dict[str, Any]:
    """Certificate of all public names, signed by the platform's ClusterIssuer."""
    return {
        "secretName": EDGE_CERTIFICATE_SECRET,
        "dnsNames": public_hosts(domain),
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": PLATFORM_ISSUER},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "revisionHistoryLimit": 3,
    }


def self_signed_issuer_spec() -> dict[str, Any]:
    """Issuer that signs the control plane's own authority, and nothing else."""
    return {"selfSigned": {}}


def authority_certificate_spec() -> dict[str, Any]:
    """Authority of the connection between controller and proxies."""
    return {
        "isCA": True,
        "commonName": AUTHORITY,
        "secretName": AUTHORITY,
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        # Both ends hold the authority from their start: it must outlive every pod.
        "duration": "87600h",
        "issuerRef": _issuer(SELF_SIGNED),
    }


def authority_issuer_spec() -> dict[str, Any]:
    """Issuer of the two ends' certificates."""
    return {"ca": {"secretName": AUTHORITY}}


def controller_certificate_spec() -> dict[str, Any]:
    """Certificate of the controller under its Service's names (Envoy Gateway documentation, custom certificates)."""
    short = [CONTROLLER, f"{CONTROLLER}.{NAMESPACE}", f"{CONTROLLER}.{NAMESPACE}.svc"]
    return _end_certificate(CONTROLLER, CONTROLLER, [*short, service_host(CONTROLLER, NAMESPACE)])


def proxy_certificate_spec() -> dict[str, Any]:
    """Certificate that proxies show to the controller."""
    return _end_certificate(PROXIES, "*", [f"*.{NAMESPACE}"])


def rate_limit_certificate_spec() -> dict[str, Any]:
    """Certificate of the rate limit service, to proxies and to the controller."""
    return _end_certificate(RATE_LIMIT, "*", [f"*.{NAMESPACE}"])


def _end_certificate(secret: str, common_name: str, names: list[str]) -> dict[str, Any]:
    return {
        "secretName": secret,
        "commonName": common_name,
        "dnsNames": names,
        "issuerRef": _issuer(AUTHORITY),
        "usages": list(_USAGES),
        "revisionHistoryLimit": 3,
    }


def _issuer(name: str) -> dict[str, str]:
    return {"group": "cert-manager.io", "kind": "Issuer", "name": name}
