"""An application load balancer: it ends the connections of clients, so that a firewall can look into requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.protection import guarded
from components.gpu_cluster.eks.edge import load_balancer_policies
from components.gpu_cluster.eks.edge.plan import HTTP_PORT, HTTPS_PORT, EdgePlace, EdgePlan
from components.gpu_cluster.eks.edge.target_groups import listener_options, target_group
from components.gpu_cluster.eks.services.buckets import close_to_public, encrypt, keep_versions
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:ApplicationLoadBalancer"

LOG_DAYS = 365

TLS_POLICIES = {
    "1.2": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "1.3": "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
}
"""Security policy by oldest TLS version. Clients that know how agree on keys in a way that holds against quantum
computers too, and the way on to the proxies is offered TLS 1.3 (Elastic Load Balancing documentation, "Security
policies for your Application Load Balancer")."""


@dataclass(frozen=True, kw_only=True)
class ApplicationLoadBalancerArgs:
    """`security_group_id` decides who may connect, `certificate_arn` is shown to clients."""

    plan: EdgePlan
    place: EdgePlace
    security_group_id: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]


class ApplicationLoadBalancer(pulumi.ComponentResource):
    """`target_groups` are keyed by port of the proxies' Service. Port 80 only redirects, and does so itself."""

    balancer: aws.lb.LoadBalancer
    target_groups: Mapping[int, aws.lb.TargetGroup]
    ready: tuple[pulumi.Resource, ...]

    def __init__(
        self, name: str, args: ApplicationLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        bucket, delivery = self._logs()
        self.balancer = self._balancer(bucket, delivery)
        self.target_groups = {HTTPS_PORT: target_group(f"{name}-https", HTTPS_PORT, args.plan, args.place, self._child)}
        self.ready = self._listeners()
        self.register_outputs({"address": self.balancer.dns_name})

    def _tags(self, suffix: str) -> dict[str, str]:
        place = self._args.place
        return resource_tags(f"{place.cluster_name}-edge{suffix}", place.environment)

    def _logs(self) -> tuple[aws.s3.Bucket, aws.s3.BucketPolicy]:
        """The bucket of access and connection logs. They are delivered only where S3's own key encrypts (SSE-S3)."""
        place, name = self._args.place, f"{self._name}-logs"
        bucket = aws.s3.Bucket(
            name,
            force_destroy=not place.protect,
            tags=self._tags("-logs"),
            opts=guarded(self._child, protect=place.protect, outlives_stack=True),
        )
        closed = close_to_public(name, bucket, self._child)
        encrypt(name, bucket, None, self._child)
        keep_versions(name, bucket, self._child, object_days=LOG_DAYS)
        delivery = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=bucket.arn.apply(
                lambda arn: json.dumps(load_balancer_policies.load_balancer_logs(arn, place.account_id))
            ),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[closed])),
        )
        place.access_logs.log_requests(name, bucket, self._child)
        return bucket, delivery

    def _balancer(self, bucket: aws.s3.Bucket, delivery: aws.s3.BucketPolicy) -> aws.lb.LoadBalancer:
        plan, place = self._args.plan, self._args.place
        return aws.lb.LoadBalancer(
            f"{self._name}-lb",
            load_balancer_type="application",
            internal=plan.scheme == "internal",
            ip_address_type="ipv4",
            subnets=list(place.subnet_ids),
            security_groups=[self._args.security_group_id],
            # The proxies give up first and say why; this one would answer with a bare 504.
            idle_timeout=plan.idle_seconds,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            # The proxies read the client's address from the entry that is appended here.
            xff_header_processing_mode="append",
            enable_xff_client_port=False,
            preserve_host_header=True,
            enable_http2=True,
            # Without an answer of the firewall nothing goes through.
            enable_waf_fail_open=False,
            enable_zonal_shift=True,
            enable_deletion_protection=place.protect,
            access_logs={
                "bucket": bucket.bucket,
                "prefix": load_balancer_policies.ACCESS_LOG_PREFIX,
                "enabled": True,
            },
            connection_logs={
                "bucket": bucket.bucket,
                "prefix": load_balancer_policies.CONNECTION_LOG_PREFIX,
                "enabled": True,
            },
            tags=self._tags(""),
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(depends_on=[delivery, *place.routes])
            ),
        )

    def _listeners(self) -> tuple[aws.lb.Listener, aws.lb.Listener]:
        plan = self._args.plan
        https = aws.lb.Listener(
            f"{self._name}-https-listener",
            load_balancer_arn=self.balancer.arn,
            port=HTTPS_PORT,
            protocol="HTTPS",
            ssl_policy=TLS_POLICIES[plan.minimum_tls_version],
            certificate_arn=self._args.certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": self.target_groups[HTTPS_PORT].arn}],
            tags=self._tags("-https"),
            opts=listener_options(self._child),
        )
        redirect = aws.lb.Listener(
            f"{self._name}-http-listener",
            load_balancer_arn=self.balancer.arn,
            port=HTTP_PORT,
            protocol="HTTP",
            default_actions=[
                {
                    "type": "redirect",
                    "redirect": {"port": str(HTTPS_PORT), "protocol": "HTTPS", "status_code": "HTTP_301"},
                }
            ],
            tags=self._tags("-http"),
            opts=self._child,
        )
        return https, redirect
