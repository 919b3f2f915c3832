"""Objects, vectors and the cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from components.base.capabilities.evidence.containers import argument, container, from_secret, variable
from components.base.capabilities.facets import UNKNOWN, Difference, Facet, Names, Scale, Value, holds
from components.base.capabilities.resources import Key, Reading, Record, Resources, is_set
from components.base.capabilities.specification import Specification

NAMESPACE = "data"
PURPOSES = frozenset({"backups", "documents", "models"})

PLACES = Scale(("none", "node", "zone"))
"""What may be lost without losing data: nothing, a node, a whole zone."""

ENCRYPTION = Scale(("none", "provider-key", "own-key"))

_S3 = "aws:s3/"
_ENCRYPTION = f"{_S3}bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_VERSIONING = f"{_S3}bucketVersioning:BucketVersioning"
_BLOCK = f"{_S3}bucketPublicAccessBlock:BucketPublicAccessBlock"
_POLICY = f"{_S3}bucketPolicy:BucketPolicy"
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def object_store(resources: Resources) -> Iterator[Reading]:
    """Buckets of S3 with what stands beside them, or the servers in the cluster with the Job that makes buckets."""
    for bucket in resources.of(f"{_S3}bucket:Bucket"):
        purpose = bucket.name.rpartition("-")[2]
        if purpose in PURPOSES:
            yield from _bucket(resources, bucket, purpose)
    for server in resources.named("StatefulSet", "object-store", NAMESPACE):
        yield from _server(server)
        for job in resources.named("Job", "data-objects-buckets", NAMESPACE):
            keys = (*container(), "args")
            for place, name in job.items(*keys):
                if name in PURPOSES:
                    yield job.says("buckets", frozenset({name}), *keys, place)


def _bucket(resources: Resources, bucket: Record, purpose: str) -> Iterator[Reading]:
    yield Reading(facet="buckets", value=frozenset({purpose}), urn=bucket.urn, path="")
    # The service itself spreads objects over three zones, signs every request and keeps the guard below.
    yield Reading(facet="survives", value="zone", urn=bucket.urn, path="")
    yield Reading(facet="signed", value="yes", urn=bucket.urn, path="")
    yield bucket.guarded("guarded")
    yield from _beside(resources, bucket, _ENCRYPTION, "at-rest", _encryption)
    yield from _beside(resources, bucket, _VERSIONING, "versions", _versions)
    yield from _beside(resources, bucket, _POLICY, "in-transit", _transit)
    blocks = resources.dependents(bucket, _BLOCK)
    for block in blocks:
        yield from (block.holds("private", name) for name in _BLOCKS)
    if not blocks:
        yield bucket.says("private", "no")


def _beside(resources: Resources, bucket: Record, token: str, facet: str, read: Any) -> Iterator[Reading]:
    """What the resources of one type beside a bucket prove; the weakest value where there is none."""
    found = resources.dependents(bucket, token)
    for record in found:
        yield read(record, facet)
    if not found:
        yield bucket.says(facet, "no" if facet == "versions" else "none")


def _encryption(record: Record, facet: str) -> Reading:
    keys: tuple[Key, ...] = ("rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm")
    return record.level(
        facet, {"aws:kms": "own-key", "aws:kms:dsse": "own-key", "AES256": "provider-key"}, "none", *keys
    )


def _versions(record: Record, facet: str) -> Reading:
    return record.holds(facet, "versioningConfiguration", "status", when=lambda status: status == "Enabled")


def _transit(record: Record, facet: str) -> Reading:
    """A policy that refuses every request without TLS."""
    document = record.document("policy")
    statements = cast("dict[str, Any]", document).get("Statement") if isinstance(document, dict) else ()
    refused = any(
        statement.get("Effect") == "Deny"
        and (statement.get("Condition") or {}).get("Bool", {}).get("aws:SecureTransport") in {"false", False}
        for statement in cast("list[dict[str, Any]]", statements or ())
    )
    value: Value = UNKNOWN if document is UNKNOWN else "tls" if refused else "none"
    return record.says(facet, value, "policy")


def _server(server: Record) -> Iterator[Reading]:
    copies = argument(server, "-master.defaultReplication=")
    yield server.level("survives", {"-master.defaultReplication=001": "node"}, "none", *copies)
    apart: tuple[Key, ...] = ("spec", "template", "spec", "affinity", "podAntiAffinity")
    spread = server.read(*apart)
    yield server.says("survives", UNKNOWN if spread is UNKNOWN else "node" if spread else "none", *apart)
    # The identities whose requests it accepts; without them it would serve everybody.
    yield server.holds("signed", *argument(server, "-s3.config="), when=is_set)
    yield server.holds("private", *argument(server, "-disableHttp=true"), when=is_set)
    yield server.guarded("guarded")
    for facet, value in (("at-rest", "none"), ("in-transit", "none"), ("versions", "no")):
        yield Reading(facet=facet, value=value, urn=server.urn, path="")


def vectors(resources: Resources) -> Iterator[Reading]:
    """The vector store's servers."""
    for record in resources.named("StatefulSet", "vector-store", NAMESPACE):
        factor = (*variable(record, "QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR"), "value")
        yield record.holds("replicated", *factor, when=lambda value: int(value) > 1)
        yield record.holds("replicated", "spec", "replicas", when=lambda copies: int(copies) > 1)
        yield record.holds("spread", "spec", "template", "spec", "affinity", "podAntiAffinity", when=is_set)
        yield record.holds("authenticated", *from_secret(record, "QDRANT__SERVICE__API_KEY"), when=is_set)
        kept = ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
        yield record.holds("kept", *kept, when=lambda value: value == "Retain")
        yield record.guarded("guarded")


def cache(resources: Resources) -> Iterator[Reading]:
    """The cache's server, bounded so that it forgets instead of failing."""
    for record in resources.named("StatefulSet", "cache", NAMESPACE):
        yield record.holds("served", "spec", "replicas", when=lambda count: int(count) > 0)
    for record in resources.named("ConfigMap", "data-cache-config", NAMESPACE):
        keys: tuple[Key, ...] = ("data", "valkey.conf")
        yield record.holds(
            "bounded", *keys, when=lambda text: "maxmemory " in text and "maxmemory-policy allkeys" in text
        )


def cache_authentication(resources: Resources) -> Iterator[Reading]:
    """Both stores of counts and answers want a password, which comes from a Secret."""
    for name, namespace in (("data-cache-config", NAMESPACE), ("gateway-counters-config", "gateway")):
        for record in resources.named("ConfigMap", name, namespace):
            keys: tuple[Key, ...] = ("data", "valkey.conf")
            yield record.holds(
                "password", *keys, when=lambda text: "include /etc/valkey-secret/requirepass.conf" in text
            )
    for name, namespace in (("cache", NAMESPACE), ("counters", "gateway")):
        for record in resources.named("StatefulSet", name, namespace):
            yield record.says("servers", frozenset({name}), "metadata", "name")
            yield record.holds("from-secret", *from_secret(record, "REDISCLI_AUTH"), when=is_set)


def _plain_inside(what: str) -> str:
    return (
        f"{what} by the store in the cluster, which only namespaces that network policies name can reach; disks and "
        "backups of own hosts are encrypted below it, which no graph can show"
    )


SPECIFICATIONS = (
    Specification(
        name="object-store",
        statement="Models, documents and backups lie in a store that keeps them and lets nobody else in.",
        evidence=object_store,
        facets=(
            Facet(name="buckets", meaning="buckets by purpose", kind="function", minimum=PURPOSES, order=Names()),
            Facet(
                name="survives",
                meaning="what may be lost without losing objects",
                kind="durability",
                minimum="node",
                order=PLACES,
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="node",
                        than="zone",
                        reason="own hosts stand in one place; a second copy of every object is on another host",
                    ),
                ),
            ),
            Facet(
                name="at-rest",
                meaning="how objects are encrypted on disk",
                kind="security",
                minimum="none",
                order=ENCRYPTION,
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="none",
                        than="own-key",
                        reason=_plain_inside("objects are not encrypted"),
                    ),
                ),
            ),
            Facet(
                name="in-transit",
                meaning="how requests are encrypted",
                kind="security",
                minimum="none",
                order=Scale(("none", "tls")),
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="none",
                        than="tls",
                        reason="requests stay inside of the cluster, "
                        "whose traffic between nodes WireGuard encrypts (node-transport-encryption)",
                    ),
                ),
            ),
            Facet(
                name="versions",
                meaning="an overwritten object can be had back",
                kind="durability",
                minimum="no",
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="no",
                        than="yes",
                        reason="the store in the cluster would keep old "
                        "versions without end, because nothing there expires them; weights can be fetched again and "
                        "backups are never overwritten",
                    ),
                ),
            ),
            holds("signed", "every request is signed", "security"),
            holds("private", "no object can be made public", "security"),
            holds("guarded", "the engine refuses to delete it", "durability"),
        ),
    ),
    Specification(
        name="vector-store",
        statement="Vectors survive a node, and only holders of a key read them.",
        evidence=vectors,
        facets=(
            holds("replicated", "collections have more than one copy", "durability"),
            holds("spread", "copies are on different nodes", "durability"),
            holds("authenticated", "requests need a key"),
            holds("kept", "volumes outlive the servers", "durability"),
            holds("guarded", "the engine refuses to delete it", "durability"),
        ),
    ),
    Specification(
        name="cache",
        statement="Answers are cached in memory that cannot run over.",
        evidence=cache,
        facets=(
            holds("served", "a server runs", "function"),
            holds("bounded", "the oldest answers go when memory is full", "operability"),
        ),
    ),
    Specification(
        name="cache-authentication",
        statement="Cache and counters answer to nobody without their password.",
        evidence=cache_authentication,
        facets=(
            holds("password", "a password is wanted"),
            holds("from-secret", "it comes from a Secret"),
            Facet(
                name="servers",
                meaning="servers",
                kind="function",
                minimum=frozenset({"cache", "counters"}),
                order=Names(),
            ),
        ),
    ),
)
