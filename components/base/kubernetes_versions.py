"""Minor versions of Kubernetes that every kind of cluster of the platform may run.

Where the support of all parts overlaps: 1.34 and older are at their end on EKS (EKS user guide, "Amazon EKS Kubernetes
release calendar"), and GPU operator 26.7, CloudNativePG 1.30 and Envoy Gateway 1.9 end at 1.36 (their support
matrices). State of 2026-11.
"""

from __future__ import annotations

SUPPORTED_VERSIONS = ("1.35", "1.36")
"""Oldest first. They follow one another: stacks side by side are then at most one minor version apart, which is what
clients and nodes tolerate (kubernetes.io, "Version Skew Policy")."""
