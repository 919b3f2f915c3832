"""From the settings of a cluster to the cluster: every key arrives, and the kind decides nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_random as random
import pytest
from pydantic import TypeAdapter

from components.base.handles import ImageRegistry
from components.charts import ChartSource
from components.gpu_cluster import GpuCluster, GpuSoftware
from components.gpu_cluster.kubeconfig import KubeconfigError
from stacks.schema.cluster import ClusterSettings
from stacks.schema.data import DataSettings
from stacks.schema.gateway import GatewaySettings
from stacks.secrets import Secrets
from stacks.substrate import create_cluster
from tests.settings.test_cluster_settings import eks, existing, k3s
from tools.render.graph import RenderedStack
from tools.render.program import OFFLINE_KEY, record

ADAPTER: TypeAdapter[Any] = TypeAdapter(ClusterSettings)
GATEWAY = GatewaySettings.model_validate(
    {"tiers": {"free": {"requestsPerMinute": 60, "tokensPerMinute": 60000, "maxBudgetUsdPerMonth": 50}}}
)
NO_SECRETS = Secrets(hugging_face_token=None, ldap_bind_password=None, alert_webhook_url=None, ssh_private_key=None)


def create(content: dict[str, Any], *, offline: bool = True) -> tuple[GpuCluster, RenderedStack]:
    settings: Any = SimpleNamespace(
        environment="test",
        cluster=ADAPTER.validate_python(content),
        registry=SimpleNamespace(mirror="registry.example.org/mirror"),
        protect_data=True,
        data=DataSettings(),
        domain="ai.example.org",
        gateway=GATEWAY,
    )
    made: list[GpuCluster] = []

    def program() -> None:
        opts = pulumi.ResourceOptions(providers=[random.Provider("random")])
        made.append(create_cluster(settings, NO_SECRETS, ChartSource(location="none"), opts))

    rendered = record(program, config={OFFLINE_KEY: "true"} if offline else {})
    return made[0], rendered


def of_type(rendered: RenderedStack, suffix: str) -> dict[str, dict[str, Any]]:
    return {resource.name: resource.inputs for resource in rendered.resources if resource.type.endswith(suffix)}


@pytest.mark.parametrize("content", [existing(), k3s(), eks()], ids=["existing", "k3s", "eks"])
def test_every_kind_hands_on_the_pools_and_the_mirror_of_the_settings(content: dict[str, Any]) -> None:
    handle = create(content)[0].handle
    assert [pool.name for pool in handle.pools] == [pool["name"] for pool in content["pools"]]
    assert handle.registry == ImageRegistry(mirror="registry.example.org/mirror")
    assert handle.issuer.spec == {"selfSigned": {}}


def test_an_existing_cluster_is_described_by_its_settings() -> None:
    storage = {
        "fast": {"name": "fast"},
        "retained": {
            "name": "kept",
            "create": {"provisioner": "driver.longhorn.io", "parameters": {"numberOfReplicas": "3"}},
        },
        "shared": {"name": "files"},
    }
    cluster, rendered = create(
        existing(
            context="prod",
            runtimeClass="nvidia",
            storage=storage,
            loadBalancer={"addressKind": "hostname", "annotations": {"a": "b"}},
            issuer={"caSecret": "corporate-ca"},
            gpuOperator={"install": False, "driver": "operator"},
            apiServerCidrs=["10.9.0.0/16"],
        )
    )
    handle = cluster.handle
    assert of_type(rendered, "pulumi:providers:kubernetes")["cluster-kubernetes"]["context"] == "prod"
    assert of_type(rendered, ":StorageClass")["cluster-storage-retained"]["parameters"] == {"numberOfReplicas": "3"}
    assert (handle.storage.fast, handle.storage.retained, handle.storage.shared) == ("fast", "kept", "files")
    assert (handle.load_balancer.address_kind, dict(handle.load_balancer.annotations)) == ("hostname", {"a": "b"})
    assert handle.runtime_class == "nvidia"
    assert handle.issuer.spec == {"ca": {"secretName": "corporate-ca"}}
    assert handle.kubernetes_api.cidrs == ("10.9.0.0/16",)
    assert cluster.gpu_software == GpuSoftware(install=False, driver="operator")


def test_only_a_render_does_without_the_kubeconfig() -> None:
    content = existing(kubeconfig="/nowhere/kubeconfig")
    create(content)
    with pytest.raises(KubeconfigError, match="create the cluster first"):
        create(content, offline=False)


def test_the_api_of_own_hosts_is_at_the_first_server_unless_an_address_is_given() -> None:
    assert "10.20.0.9/32" not in create(k3s())[0].handle.kubernetes_api.cidrs
    assert "10.20.0.9/32" in create(k3s(apiAddress="10.20.0.9"))[0].handle.kubernetes_api.cidrs


def test_acme_proves_names_in_the_hosted_zone() -> None:
    cluster, rendered = create(eks(hostedZoneId="Z0123456789", issuer={"acme": {"email": "a@example.org"}}))
    acme: Any = cluster.handle.issuer.spec["acme"]
    assert acme["solvers"] == [{"dns01": {"route53": {"region": "eu-north-1", "hostedZoneID": "Z0123456789"}}}]
    assert "Z0123456789" in of_type(rendered, "iam/rolePolicy:RolePolicy")["cluster-cert-manager-dns"]["policy"]


def test_nodes_are_bought_as_the_settings_say() -> None:
    groups = {
        "system": {"instanceType": "m7i.4xlarge"},
        "l40s": {"instanceType": "g6e.12xlarge", "purchase": "spot", "rootVolumeGib": 300},
    }
    rendered = create(eks(nodeGroups=groups))[1]
    assert of_type(rendered, ":NodeGroup")["cluster-infrastructure-nodes-l40s"]["capacityType"] == "SPOT"
    template = of_type(rendered, ":LaunchTemplate")["cluster-infrastructure-nodes-l40s-template"]
    assert template["instanceType"] == "g6e.12xlarge"
    assert template["blockDeviceMappings"][0]["ebs"]["volumeSize"] == 300
