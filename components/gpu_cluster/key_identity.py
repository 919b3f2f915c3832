"""Access to buckets by each bucket's own access key, where the cluster has no identity for workloads."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.handles import BucketPurpose, IdentityGrant, ObjectStore


@dataclass(frozen=True, kw_only=True)
class KeyIdentity:
    """Grants by access key. The key reaches one bucket; whether it may write is up to the store that made it."""

    def grant(
        self,
        name: str,  # noqa: ARG002 # no resource is made
        *,
        namespace: str,
        service_account: str,
        store: ObjectStore,
        purpose: BucketPurpose,
        write: bool,  # noqa: ARG002 # a bucket has one key
        opts: pulumi.ResourceOptions,  # noqa: ARG002 # no resource is made
        prefix: str = "",  # noqa: ARG002 # a bucket has one key
    ) -> IdentityGrant:
        """The key of the bucket, and the environment that points an S3 client at the store.

        Raises ValueError where the store has no such bucket or no key for it.
        """
        bucket = store.buckets.get(purpose)
        if bucket is None or bucket.access is None:
            message = f"{namespace}/{service_account}: the object store has no access key for bucket {purpose!r}"
            raise ValueError(message)
        return IdentityGrant(environment=s3_environment(store), access=bucket.access)


def s3_environment(store: ObjectStore) -> dict[str, str]:
    """Variables that make the AWS SDKs and vLLM's weight streamer use an S3 store that is not AWS."""
    environment = {
        "AWS_REGION": store.region,
        # Without it an SDK without credentials waits for a metadata service that does not exist here.
        "AWS_EC2_METADATA_DISABLED": "true",
        # SDKs since 2025 add checksum trailers to every upload, which other S3 servers answer with 400.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
    }
    if store.endpoint_url is not None:
        environment["AWS_ENDPOINT_URL"] = store.endpoint_url
    if store.path_style:
        environment["RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING"] = "0"
    return environment
