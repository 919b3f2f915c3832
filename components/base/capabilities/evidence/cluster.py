"""The control plane: that it survives, keeps secrets, writes down who did what, and refuses what is unsafe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from components.base.capabilities.evidence.network import EXISTING, K3S
from components.base.capabilities.facets import UNKNOWN, Amount, Difference, Facet, Names, Scale, Value, holds
from components.base.capabilities.resources import Key, Reading, Record, Resources, is_set
from components.base.capabilities.specification import CLUSTER_OWNED, Specification

EKS = "aws:eks/cluster:Cluster"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_ARGUMENTS = "kube-apiserver-arg"
_ADMISSION = "admissionregistration.k8s.io"
_LEVEL = "pod-security.kubernetes.io/enforce"
_REASON = "ai-platform/pod-security-reason"
_DAYS = re.compile(r"audit-log-maxage=(\d+)")

_BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
RESTRICTED = frozenset({"data", "gateway", "identity", "models", "observability", "security"})
"""Namespaces of every stack whose pods may do nothing special."""


def control_plane(resources: Resources) -> Iterator[Reading]:
    """Three servers of k3s whose state is saved, or a control plane that AWS runs."""
    for record in resources.of(K3S):
        yield record.holds("replicated", "servers", when=lambda names: len(names) >= 3)  # noqa: PLR2004 # a majority survives one
        for place, _ in record.items("servers"):
            yield record.holds("saved", "servers", place, "etcd-snapshot-schedule-cron", when=is_set)
        for token in resources.of("random:index/randomPassword:RandomPassword"):
            if token.name.startswith(f"{record.name}-server-token"):
                yield token.guarded("guarded")
    for record in resources.of(EKS):
        # AWS runs three servers of the API and of etcd over three zones, and saves their state.
        yield Reading(facet="replicated", value="yes", urn=record.urn, path="")
        yield Reading(facet="saved", value="yes", urn=record.urn, path="")
        yield record.guarded("guarded")
        yield record.holds("guarded", "deletionProtection")


def secrets_at_rest(resources: Resources) -> Iterator[Reading]:
    """What Secrets are encrypted with before they reach the disk."""
    for record in resources.of(K3S):
        for place, _ in record.items("servers"):
            yield record.level("encrypted", {True: "own-file"}, "none", "servers", place, "secrets-encryption")
    for record in resources.of(EKS):
        yield record.when_set("encrypted", "key-service", "none", "encryptionConfig", "provider", "keyArn")
        covered = record.read("encryptionConfig", "resources")
        value: Value = UNKNOWN if covered is UNKNOWN else "key-service" if "secrets" in (covered or ()) else "none"
        yield record.says("encrypted", value, "encryptionConfig", "resources")


def audit_log(resources: Resources) -> Iterator[Reading]:
    """Whether the API server writes down who did what, for how long it is kept, and where."""
    for record in resources.of(K3S):
        yield record.holds("written", "auditPolicy", "rules", when=is_set)
        for server, _ in record.items("servers"):
            yield record.holds("written", *_argument(record, server, "audit-policy-file="), when=_is_argument)
            yield record.amount("kept", *_argument(record, server, "audit-log-maxage="), of=_days)
        yield Reading(facet="outlives-server", value="no", urn=record.urn, path="")
    for record in resources.of(EKS):
        yield record.holds("written", "enabledClusterLogTypes", when=lambda kinds: "audit" in kinds)
        yield record.holds("outlives-server", "enabledClusterLogTypes", when=lambda kinds: "audit" in kinds)
        for group in resources.of(_LOGS):
            if group.name.endswith("-control-plane-logs"):
                yield group.amount("kept", "retentionInDays")


def _argument(record: Record, server: int, prefix: str) -> tuple[Key, ...]:
    """Keys of an argument of a server's API server; one past the end without it."""
    return record.starting(prefix, "servers", server, _ARGUMENTS)


def _is_argument(text: Any) -> bool:
    return isinstance(text, str) and bool(text.partition("=")[2])


def _days(text: str) -> int:
    found = _DAYS.fullmatch(text)
    return int(found[1]) if found else 0


def pod_security(resources: Resources) -> Iterator[Reading]:
    """The level of each namespace, and the level of those that nobody labelled."""
    namespaces = resources.kind("Namespace")
    yield from _unknown_namespaces(resources, {record.object_name for record in namespaces})
    for record in namespaces:
        level = record.read("metadata", "labels", _LEVEL)
        yield record.holds(
            "declared",
            "metadata",
            "labels",
            _LEVEL,
            when=lambda value: value in {"restricted", "baseline", "privileged"},
        )
        yield record.holds("versioned", "metadata", "labels", f"{_LEVEL}-version", when=is_set)
        if record.object_name in RESTRICTED:
            strict = frozenset({record.object_name}) if level == "restricted" else frozenset[str]()
            yield record.says("restricted", UNKNOWN if level is UNKNOWN else strict, "metadata", "labels", _LEVEL)
        elif level is not UNKNOWN and level != "restricted":
            yield record.holds("explained", "metadata", "annotations", _REASON, when=is_set)
    for record in resources.of(K3S):
        for server, _ in record.items("servers"):
            yield record.holds(
                "by-default", *_argument(record, server, "admission-control-config-file="), when=_is_argument
            )
    for record in resources.of(EKS, EXISTING):
        yield Reading(facet="by-default", value="no", urn=record.urn, path="")


def _unknown_namespaces(resources: Resources, known: set[str]) -> Iterator[Reading]:
    """Objects in a namespace that the program does not make, and so gives no level."""
    declared = known | _BUILT_IN
    for record in resources.records:
        if record.type.startswith("kubernetes:") and record.namespace and record.namespace not in declared:
            yield record.says("declared", "no", "metadata", "namespace")


def admission(resources: Resources) -> Iterator[Reading]:
    """Policies in the API server itself, each bound so that what breaks it is refused."""
    bindings: dict[str, list[Record]] = {}
    for record in resources.kind(f"{_ADMISSION}:ValidatingAdmissionPolicyBinding"):
        bindings.setdefault(str(record.read("spec", "policyName")), []).append(record)
    for record in resources.kind(f"{_ADMISSION}:ValidatingAdmissionPolicy"):
        failure = record.read("spec", "failurePolicy")
        closed = UNKNOWN if failure is UNKNOWN else "yes" if failure in {None, "Fail"} else "no"
        yield record.says("fails-closed", closed, "spec", "failurePolicy", absence_holds=True)
        yield record.holds("judges", "spec", "validations", when=is_set)
        bound = bindings.get(record.object_name, [])
        if not bound:
            yield record.says("refuses", "no", "metadata", "name")
        for binding in bound:
            yield binding.holds("refuses", "spec", "validationActions", when=lambda actions: "Deny" in actions)


_UNLABELLED = "AWS lets nobody configure its API server; every namespace of the platform carries its level"

SPECIFICATIONS = (
    Specification(
        name="control-plane",
        statement="The cluster survives one of its servers, and its state can be had back.",
        evidence=control_plane,
        one_sided=CLUSTER_OWNED,
        facets=(
            holds("replicated", "one server may fail", "durability"),
            holds("saved", "its state is saved", "durability"),
            holds("guarded", "nothing deletes it by mistake", "durability"),
        ),
    ),
    Specification(
        name="secrets-at-rest",
        statement="Secrets are encrypted before they reach a disk.",
        evidence=secrets_at_rest,
        one_sided=CLUSTER_OWNED,
        facets=(
            Facet(
                name="encrypted",
                meaning="what they are encrypted with",
                kind="security",
                minimum="own-file",
                order=Scale(("none", "own-file", "key-service")),
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="own-file",
                        than="key-service",
                        reason="k3s keeps the key on its servers; it "
                        "protects backups and disks that leave the house, not a server that is taken over",
                    ),
                ),
            ),
        ),
    ),
    Specification(
        name="audit-log",
        statement="It is written down who did what to the cluster.",
        evidence=audit_log,
        one_sided=CLUSTER_OWNED,
        facets=(
            holds("written", "the API server writes it"),
            Facet(
                name="kept",
                meaning="how long it is kept",
                kind="security",
                minimum=30,
                order=Amount("days"),
                floor_only=True,
            ),
            Facet(
                name="outlives-server",
                meaning="it is out of reach of who takes over a server",
                kind="security",
                minimum="no",
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="no",
                        than="yes",
                        reason="the log is a file on each server until there "
                        "is a log store in the platform; an organisation ships it with its own agent until then",
                    ),
                ),
            ),
        ),
    ),
    Specification(
        name="pod-security",
        statement="Pods can do nothing to their node unless their namespace says so and why.",
        evidence=pod_security,
        facets=(
            holds("declared", "every namespace has a level"),
            holds("versioned", "the level means the same after an upgrade"),
            Facet(
                name="restricted",
                meaning="namespaces of the strictest level",
                kind="security",
                minimum=RESTRICTED,
                order=Names(),
            ),
            holds("explained", "other levels have a reason"),
            Facet(
                name="by-default",
                meaning="a namespace without a level gets the strictest",
                kind="security",
                minimum="no",
                differences=(Difference(weaker="eks", stronger="k3s", value="no", than="yes", reason=_UNLABELLED),),
            ),
        ),
    ),
    Specification(
        name="admission-policy",
        statement="The API server refuses what breaks a rule, whoever sends it.",
        evidence=admission,
        facets=(
            holds("judges", "each policy has something to say"),
            holds("fails-closed", "what cannot be judged is refused"),
            holds("refuses", "each is bound so that it refuses"),
        ),
    ),
)
