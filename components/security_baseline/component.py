"""The security baseline: cert-manager, and the ClusterIssuer that signs every certificate of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers, pins
from components.base.capabilities import provides
from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import SECURITY
from components.base.operator_objects import CERT_MANAGER_LABELS
from components.base.wiring import External, Workload
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.security_baseline import issuers
from components.security_baseline.cert_manager import cert_manager_values

TYPE = "ai-platform:security_baseline:SecurityBaseline"
API_VERSION = "cert-manager.io/v1"

CONTROLLER = Workload.selecting(SECURITY, "cert-manager", CERT_MANAGER_LABELS)
WEBHOOK = Workload.selecting(
    SECURITY,
    "cert-manager-webhook",
    {"app.kubernetes.io/name": "webhook", "app.kubernetes.io/component": "webhook"},
)
CAINJECTOR = Workload.selecting(
    SECURITY,
    "cert-manager-cainjector",
    {"app.kubernetes.io/name": "cainjector", "app.kubernetes.io/component": "cainjector"},
)
WEBHOOK_PORT = 10250
METRICS_PORT = 9402
HTTPS_PORT = 443


@dataclass(frozen=True, kw_only=True)
class SecurityBaselineArgs:
    """The issuer follows from `cluster.issuer`."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource


class SecurityBaseline(pulumi.ComponentResource):
    """`issuer` is the name of the ClusterIssuer; certificates must be made after `ready`."""

    issuer: str
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: SecurityBaselineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._platform = name, args.platform
        chart = PinnedChart(
            f"{name}-cert-manager",
            PinnedChartArgs(
                pin=pins.CERT_MANAGER_CHART,
                namespace=SECURITY,
                values=cert_manager_values(args.cluster.registry),
                source=args.charts,
            ),
            args.platform.child_options(self),
        )
        spec = args.cluster.issuer.spec
        after: list[pulumi.Resource] = [chart]
        if issuers.needs_authority(spec):
            after.append(self._authority(chart))
        issuer = self._custom("issuer", "ClusterIssuer", issuers.ISSUER, issuers.issuer_spec(spec), after)
        _allow_connections(args.cluster, args.platform, spec)
        self.issuer = issuers.ISSUER
        self.ready = (chart, issuer)
        self.register_outputs({"issuer": self.issuer})

    def _authority(self, chart: PinnedChart) -> k8s.apiextensions.CustomResource:
        bootstrap = self._custom(
            "bootstrap-issuer", "ClusterIssuer", issuers.BOOTSTRAP_ISSUER, issuers.bootstrap_spec(), [chart]
        )
        return self._custom(
            "authority",
            "Certificate",
            issuers.AUTHORITY,
            issuers.authority_spec(),
            [bootstrap],
            namespace=issuers.AUTHORITY_NAMESPACE,
        )

    def _custom(
        self,
        suffix: str,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        after: list[pulumi.Resource],
        *,
        namespace: str | None = None,
    ) -> k8s.apiextensions.CustomResource:
        return k8s.apiextensions.CustomResource(
            f"{self._name}-{suffix}",
            api_version=API_VERSION,
            kind=kind,
            metadata={
                "name": name,
                **({"namespace": namespace} if namespace else {}),
                "labels": labels.object_labels(name, "certificates", self._platform.environment),
                "annotations": provides("tls-certificates"),
            },
            spec=dict(spec),
            opts=self._platform.child_options(self, *after),
        )


def _allow_connections(cluster: ClusterHandle, platform: PlatformContext, spec: Mapping[str, Any]) -> None:
    wiring = platform.wiring
    for workload in (CONTROLLER, WEBHOOK, CAINJECTOR):
        wiring.allow(workload, cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
        wiring.allow(peers.PROMETHEUS, workload, METRICS_PORT)
    wiring.allow(cluster.kubernetes_api, WEBHOOK, WEBHOOK_PORT)
    if "acme" in spec:
        # The ACME server, and the interface of the DNS service that holds the challenge.
        wiring.allow(CONTROLLER, peers.INTERNET, HTTPS_PORT)
        cluster.allow_credentials(wiring, CONTROLLER)
        for address, port in issuers.update_servers(spec):
            server = External(name=f"dns-{address}", cidrs=(f"{address}/32",))
            wiring.allow(CONTROLLER, server, port)
            wiring.allow(CONTROLLER, server, port, protocol="UDP")
