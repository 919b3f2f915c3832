"""Which ranges of addresses stand for the internet, whole or in parts: the policies and the API server ask here."""

from __future__ import annotations

from ipaddress import IPv6Network

WIDEST_PREFIX = {4: 8, 6: 16}
"""Bits of the widest range that still is somebody's network, by version of IP (10.0.0.0/8; the registries of IPv6, such
as RIPE with 2a00::/12, hand out less to one owner). 0.0.0.0/0 in two halves is as open."""

UNIQUE_LOCAL = IPv6Network("fc00::/7")
"""Private networks of IPv6 (RFC 4193), which nobody reaches over the internet."""
