"""Every version of third-party software, in one place. Nothing else in the program holds a version.

Each pin is preceded by a `renovate:` line. `digest` is None until it is recorded from a connected machine; until then
the exact tag is what is deployed. A pin that is held back says why and since when.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ImagePin:
    """A container image: `repository` with its registry host, an exact `tag`, and `digest` (`sha256:…`) once known."""

    repository: str
    tag: str
    digest: str | None = None

    @property
    def reference(self) -> str:
        """What a pod spec names: repository:tag, with the digest when there is one."""
        suffix = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}:{self.tag}{suffix}"


@dataclass(frozen=True, kw_only=True)
class ChartPin:
    """A Helm chart: `source` is an `oci://` reference without tag, or an `https://` chart repository."""

    chart: str
    source: str
    version: str


# renovate: datasource=docker depName=vllm/vllm-openai
VLLM = ImagePin(repository="docker.io/vllm/vllm-openai", tag="v0.33.0")
# renovate: datasource=docker depName=ghcr.io/berriai/litellm
LITELLM = ImagePin(repository="ghcr.io/berriai/litellm", tag="v1.106.2")
# renovate: datasource=docker depName=mcr.microsoft.com/presidio-analyzer
PRESIDIO_ANALYZER = ImagePin(repository="mcr.microsoft.com/presidio-analyzer", tag="2.2.362")
# renovate: datasource=docker depName=mcr.microsoft.com/presidio-anonymizer
PRESIDIO_ANONYMIZER = ImagePin(repository="mcr.microsoft.com/presidio-anonymizer", tag="2.2.362")
# renovate: datasource=docker depName=quay.io/keycloak/keycloak
KEYCLOAK = ImagePin(repository="quay.io/keycloak/keycloak", tag="26.8.2")
# renovate: datasource=docker depName=adorsys/keycloak-config-cli
KEYCLOAK_CONFIG_CLI = ImagePin(repository="docker.io/adorsys/keycloak-config-cli", tag="6.5.1-26.5.5")
# renovate: datasource=docker depName=valkey/valkey
VALKEY = ImagePin(repository="docker.io/valkey/valkey", tag="9.1.1")
# renovate: datasource=docker depName=qdrant/qdrant
QDRANT = ImagePin(repository="docker.io/qdrant/qdrant", tag="v1.20.0-unprivileged")
# renovate: datasource=docker depName=chrislusf/seaweedfs
SEAWEEDFS = ImagePin(repository="docker.io/chrislusf/seaweedfs", tag="4.44")
# The flavour `standard` holds pgvector and pgaudit. Tag and digest: image-catalogs/catalog-standard-trixie.yaml of
# cloudnative-pg/artifacts.
# renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
POSTGRESQL = ImagePin(
    repository="ghcr.io/cloudnative-pg/postgresql",
    tag="18.6-202608170814-standard-trixie",
    digest="sha256:771f9eab5225587af259d84680cc69a5b6e374ac32bb24effafde1f3368a1241",
)
# renovate: datasource=docker depName=envoyproxy/gateway
ENVOY_GATEWAY = ImagePin(repository="docker.io/envoyproxy/gateway", tag="v1.9.0")
# The Envoy release that Envoy Gateway v1.9.0 is tested with (its `DefaultEnvoyProxyImage`).
# renovate: datasource=docker depName=envoyproxy/envoy
ENVOY = ImagePin(repository="docker.io/envoyproxy/envoy", tag="distroless-v1.39.0")
# renovate: datasource=docker depName=envoyproxy/ratelimit
ENVOY_RATE_LIMIT = ImagePin(repository="docker.io/envoyproxy/ratelimit", tag="17b1956c")

# renovate: datasource=docker depName=registry.k8s.io/lws/lws
LEADER_WORKER_SET = ImagePin(repository="registry.k8s.io/lws/lws", tag="v0.10.0")
# renovate: datasource=docker depName=quay.io/argoproj/argo-rollouts
ARGO_ROLLOUTS = ImagePin(repository="quay.io/argoproj/argo-rollouts", tag="v1.9.0")
# renovate: datasource=docker depName=ghcr.io/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi
ROLLOUTS_GATEWAY_PLUGIN = ImagePin(
    repository="ghcr.io/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi", tag="v0.15.0"
)

# renovate: datasource=docker depName=ghcr.io/kube-vip/kube-vip
KUBE_VIP = ImagePin(repository="ghcr.io/kube-vip/kube-vip", tag="v1.2.4")
# renovate: datasource=docker depName=rancher/local-path-provisioner
LOCAL_PATH_PROVISIONER = ImagePin(repository="docker.io/rancher/local-path-provisioner", tag="v0.0.37")
# Makes and removes folders on nodes for the local-path provisioner; k3s brings the same image with it.
# renovate: datasource=docker depName=rancher/mirrored-library-busybox
BUSYBOX = ImagePin(repository="docker.io/rancher/mirrored-library-busybox", tag="1.37.0")
# renovate: datasource=docker depName=rancher/system-upgrade-controller
SYSTEM_UPGRADE_CONTROLLER = ImagePin(repository="docker.io/rancher/system-upgrade-controller", tag="v0.20.1")
# Drains nodes before they are upgraded. One minor version away from every supported control plane at most.
# renovate: datasource=docker depName=rancher/kubectl
KUBECTL = ImagePin(repository="docker.io/rancher/kubectl", tag="v1.36.2")

# renovate: datasource=helm depName=metallb registryUrl=https://metallb.github.io/metallb
METALLB_CHART = ChartPin(chart="metallb", source="https://metallb.github.io/metallb", version="0.16.1")
# Held at 1.11 since 2026-11: 1.12 is one patch release old.
# renovate: datasource=helm depName=longhorn registryUrl=https://charts.longhorn.io
LONGHORN_CHART = ChartPin(chart="longhorn", source="https://charts.longhorn.io", version="1.11.3")
# renovate: datasource=helm depName=gpu-operator registryUrl=https://helm.ngc.nvidia.com/nvidia
GPU_OPERATOR_CHART = ChartPin(chart="gpu-operator", source="https://helm.ngc.nvidia.com/nvidia", version="v26.7.0")
# The long-term branch R580, served until June 2028. The chart's own default is of a branch that ends in March 2027.
# renovate: datasource=docker depName=nvcr.io/nvidia/driver
GPU_DRIVER = "580.173.02"
# renovate: datasource=docker depName=quay.io/jetstack/charts/cert-manager
CERT_MANAGER_CHART = ChartPin(
    chart="cert-manager", source="oci://quay.io/jetstack/charts/cert-manager", version="v1.21.1"
)
# renovate: datasource=helm depName=cloudnative-pg registryUrl=https://cloudnative-pg.github.io/charts
CLOUDNATIVE_PG_CHART = ChartPin(
    chart="cloudnative-pg", source="https://cloudnative-pg.github.io/charts", version="0.29.0"
)
# renovate: datasource=helm depName=plugin-barman-cloud registryUrl=https://cloudnative-pg.github.io/charts
BARMAN_CLOUD_CHART = ChartPin(
    chart="plugin-barman-cloud", source="https://cloudnative-pg.github.io/charts", version="0.7.0"
)
# renovate: datasource=docker depName=docker.io/envoyproxy/gateway-helm
ENVOY_GATEWAY_CHART = ChartPin(chart="gateway-helm", source="oci://docker.io/envoyproxy/gateway-helm", version="v1.9.0")
# renovate: datasource=docker depName=registry.k8s.io/lws/charts/lws
LEADER_WORKER_SET_CHART = ChartPin(chart="lws", source="oci://registry.k8s.io/lws/charts/lws", version="0.10.0")
# renovate: datasource=helm depName=argo-rollouts registryUrl=https://argoproj.github.io/argo-helm
ARGO_ROLLOUTS_CHART = ChartPin(chart="argo-rollouts", source="https://argoproj.github.io/argo-helm", version="2.41.0")
# renovate: datasource=helm depName=keda registryUrl=https://kedacore.github.io/charts
KEDA_CHART = ChartPin(chart="keda", source="https://kedacore.github.io/charts", version="2.20.2")
# renovate: datasource=helm depName=aws-load-balancer-controller registryUrl=https://aws.github.io/eks-charts
AWS_LOAD_BALANCER_CONTROLLER_CHART = ChartPin(
    chart="aws-load-balancer-controller", source="https://aws.github.io/eks-charts", version="3.5.0"
)
# renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/kube-prometheus-stack
KUBE_PROMETHEUS_STACK_CHART = ChartPin(
    chart="kube-prometheus-stack",
    source="oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
    version="88.5.3",
)

# The CRDs are a chart of their own, so that they are upgraded and removed like everything else.
# renovate: datasource=docker depName=public.ecr.aws/karpenter/karpenter-crd
KARPENTER_CRD_CHART = ChartPin(
    chart="karpenter-crd", source="oci://public.ecr.aws/karpenter/karpenter-crd", version="1.14.1"
)
# renovate: datasource=docker depName=public.ecr.aws/karpenter/karpenter
KARPENTER_CHART = ChartPin(chart="karpenter", source="oci://public.ecr.aws/karpenter/karpenter", version="1.14.1")
# Tag and digest: values.yaml of the chart.
# renovate: datasource=docker depName=public.ecr.aws/karpenter/controller
KARPENTER_CONTROLLER = ImagePin(
    repository="public.ecr.aws/karpenter/controller",
    tag="1.14.1",
    digest="sha256:723130949e4cab989461ff07d1be4cd781d63515432494641b33c235f300ae23",
)

K3S_RELEASES = {
    # renovate: datasource=github-releases depName=k3s-io/k3s
    "1.35": "v1.35.8+k3s1",
    # renovate: datasource=github-releases depName=k3s-io/k3s
    "1.36": "v1.36.5+k3s1",
}
"""Release of k3s by minor version of Kubernetes."""

# The release that GPU operator 26.7 comes with.
# renovate: datasource=github-releases depName=NVIDIA/nvidia-container-toolkit
NVIDIA_CONTAINER_TOOLKIT = "1.20.0"


def k3s_upgrade(release: str) -> ImagePin:
    """The image that upgrades a node to `release`. Its tag is the release without the `+`, which no tag may hold."""
    return ImagePin(repository="docker.io/rancher/k3s-upgrade", tag=release.replace("+", "-"))


# Held back since 2026-11: the service also offers 13.2, which reads signed Prometheus sources by a plug-in that must be
# installed by hand first. Renovate has no source for the versions of Amazon Managed Grafana.
MANAGED_GRAFANA_VERSION = "12.4"
