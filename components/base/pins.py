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

# renovate: datasource=helm depName=gpu-operator registryUrl=https://helm.ngc.nvidia.com/nvidia
GPU_OPERATOR_CHART = ChartPin(chart="gpu-operator", source="https://helm.ngc.nvidia.com/nvidia", version="v26.7.0")
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
# renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/kube-prometheus-stack
KUBE_PROMETHEUS_STACK_CHART = ChartPin(
    chart="kube-prometheus-stack",
    source="oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
    version="88.5.3",
)

K3S_RELEASES = {
    # renovate: datasource=github-releases depName=k3s-io/k3s
    "1.35": "v1.35.8+k3s1",
    # renovate: datasource=github-releases depName=k3s-io/k3s
    "1.36": "v1.36.5+k3s1",
}
"""Release of k3s by minor version of Kubernetes."""
