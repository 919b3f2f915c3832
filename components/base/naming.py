"""Physical names that more than one resource must agree on, and the limits Kubernetes puts on them."""

from __future__ import annotations

import re

DNS_LABEL_LIMIT = 63
"""Longest Service, Namespace or label value (RFC 1123 label)."""

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def is_dns_label(text: str) -> bool:
    """Whether `text` is an RFC 1123 label: lower-case letters, digits and '-', at most 63 characters."""
    return len(text) <= DNS_LABEL_LIMIT and _DNS_LABEL.fullmatch(text) is not None


def is_dns_name(text: str) -> bool:
    """Whether `text` is a DNS name of at least two labels and at most 253 characters."""
    labels = text.split(".")
    return len(text) <= 253 and len(labels) > 1 and all(is_dns_label(label) for label in labels)  # noqa: PLR2004


def dns_label(*parts: str) -> str:
    """Join `parts` with '-' to one DNS label.

    Raises ValueError naming the result when it is no DNS label, so that a too long name fails before anything exists.
    """
    name = "-".join(parts)
    if not is_dns_label(name):
        message = f"{name!r} is no DNS label (lower-case letters, digits, '-', at most {DNS_LABEL_LIMIT} characters)"
        raise ValueError(message)
    return name


def service_host(service: str, namespace: str) -> str:
    """Host name of a Service for clients in any namespace of the same cluster."""
    return f"{service}.{namespace}.svc.cluster.local"
