"""Cases of the rules about images, charts, manifests, jobs and API versions."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import PRESENT, Case
from tests.policies.objects import Json, deployment, metadata, namespace, pod_spec, resource

IMAGE = "spec.template.spec.containers[0].image"
PULL = "spec.template.spec.containers[0].imagePullPolicy"


def _one(rule: str, item: Json, path: str, bad: Any, good: Any = PRESENT, *, absent_fails: bool) -> Case:
    return Case(rule=rule, resources=[item], path=path, bad=bad, good=good, absent_fails=absent_fails)


def _image(rule: str, bad: str, good: str) -> Case:
    return _one(rule, deployment(), IMAGE, bad, good, absent_fails=False)


def envoy_proxy(image: str = "docker.io/envoyproxy/envoy:v1.39.0", name: str = "models") -> Json:
    proxies = {"envoyDeployment": {"container": {"image": image}}, "envoyService": {"type": "ClusterIP"}}
    inputs = {
        "metadata": {"name": name, "namespace": "gateway"},
        "spec": {"provider": {"type": "Kubernetes", "kubernetes": proxies}},
    }
    return resource("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", inputs)


def postgres_cluster() -> Json:
    inputs = {"metadata": {"name": "postgres", "namespace": "data"}, "spec": {"imageName": "ghcr.io/x/postgresql:18.1"}}
    return resource("postgresql.cnpg.io/v1:Cluster", inputs)


def pinned_chart(chart: str = "keda") -> Json:
    inputs = {
        "chart": chart,
        "version": "2.20.2",
        "source": "https://kedacore.github.io/charts",
        "location": "upstream",
        "namespace": "serving-operators",
    }
    return resource("ai-platform:charts:PinnedChart", inputs, name=chart)


def chart(form: str = "helm.sh/v4:Chart") -> Json:
    inputs = {
        "chart": "oci://ghcr.io/charts/keda",
        "version": "2.20.2",
        "repositoryOpts": {"repo": "https://kedacore.github.io/charts"},
    }
    return resource(form, inputs, name="keda")


def job() -> Json:
    inputs = {
        "metadata": metadata("migration"),
        "spec": {
            "backoffLimit": 3,
            "activeDeadlineSeconds": 600,
            "template": {"metadata": {"labels": {}}, "spec": pod_spec(restartPolicy="Never")},
        },
    }
    return resource("batch/v1:Job", inputs)


def cron_job() -> Json:
    inputs = {"metadata": metadata("sweep"), "spec": {"jobTemplate": {"spec": job()["inputs"]["spec"]}}}
    return resource("batch/v1:CronJob", inputs)


def bare_pod() -> Json:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "migration", "uid": "1"}
    inputs = {"metadata": metadata("app") | {"ownerReferences": [owner]}, "spec": pod_spec()}
    return resource("core/v1:Pod", inputs)


def _files(token: str, **inputs: Any) -> Json:
    return resource(token, inputs, name="files")


def _versioned(token: str, version: str) -> Json:
    return resource(token, {"apiVersion": version, "metadata": metadata("app"), "spec": {}})


SUPPLY_CASES = [
    _image("SUP-02", "registry.example.com/app:1.2.3", "ghcr.io/team/app:1.2.3"),
    _image("SUP-02", "localhost/app:1.2.3", "app:1.2.3"),
    _image("SUP-02", "docker.io.example.com/app:1.2.3", "team/app:1.2.3"),
    _image("SUP-02", "ghcr:5000/app:1.2.3", "quay.io/app:1.2.3"),
    _one(
        "SUP-02",
        envoy_proxy(),
        "spec.provider.kubernetes.envoyDeployment.container.image",
        "example.com/envoy:v1.39.0",
        absent_fails=False,
    ),
    _one("SUP-02", postgres_cluster(), "spec.imageName", "example.com/postgresql:18.1", absent_fails=False),
    _image("SUP-04", "docker.io/vllm/vllm-openai:v0.17.9", "docker.io/vllm/vllm-openai:v0.18.0"),
    _image("SUP-04", "mirror.example.com/docker.io/vllm/vllm-openai-audio:v0.9.0", "docker.io/vllm/vllm-openai:v1.0.0"),
    _image("SUP-04", "ghcr.io/berriai/litellm:main-v1.82.7", "ghcr.io/berriai/litellm:v1.82.9"),
    _image(
        "SUP-04", "registry.k8s.io/ingress-nginx/controller@sha256:" + "a" * 64, "registry.k8s.io/controller:v1.0.0"
    ),
    _one("SUP-05", deployment(), PULL, "Never", "IfNotPresent", absent_fails=False),
    Case(
        rule="SUP-05",
        resources=[deployment(spec=pod_spec(containers=[{"name": "app", "image": "docker.io/library/app:latest"}]))],
        path=PULL,
        bad="IfNotPresent",
        good="Always",
        absent_fails=False,
    ),
    _one("SUP-03", pinned_chart(), "version", ">=2.20.0", absent_fails=True),
    _one("SUP-03", pinned_chart(), "version", "2.20", "v2.20.2", absent_fails=True),
    *(
        _one("SUP-03", chart(token), "version", "2.20.x", "2.20.2-rc.1+build", absent_fails=True)
        for token in ("helm.sh/v4:Chart", "helm.sh/v3:Chart", "helm.sh/v3:Release")
    ),
    _one("SUP-07", pinned_chart(), "source", "http://kedacore.github.io/charts", absent_fails=False),
    _one("SUP-07", pinned_chart(), "location", "http://mirror.example.com", absent_fails=False),
    _one("SUP-07", chart(), "chart", "http://kedacore.github.io/keda.tgz", absent_fails=False),
    _one("SUP-07", chart(), "repositoryOpts.repo", "http://kedacore.github.io/charts", absent_fails=False),
    _one("SUP-08", pinned_chart("gpu-operator"), "version", "v25.3.0", "v25.3.1", absent_fails=True),
    *(
        _one(
            "SUP-09", _files(f"{token}:ConfigFile"), "file", "https://example.com/x.yaml", "x.yaml", absent_fails=False
        )
        for token in ("yaml", "yaml/v2")
    ),
    *(
        _one(
            "SUP-09",
            _files(f"{token}:ConfigGroup"),
            "files",
            ["x.yaml", "https://example.com/x.yaml"],
            ["x.yaml"],
            absent_fails=False,
        )
        for token in ("yaml", "yaml/v2")
    ),
    _one("SUP-09", _files("yaml:ConfigGroup"), "files", "https://example.com/x", "x.yaml", absent_fails=False),
    *(
        _one("SUP-09", _files(f"{token}:Directory"), "directory", bad, "./overlays", absent_fails=False)
        for token in ("kustomize", "kustomize/v2")
        for bad in ("github.com/team/x?ref=main", "ssh://git@example.com/x")
    ),
    _one("POD-18", bare_pod(), "metadata.ownerReferences", [], absent_fails=True),
    _one("POD-19", job(), "spec.backoffLimit", None, absent_fails=True),
    _one("POD-19", job(), "spec.activeDeadlineSeconds", None, absent_fails=True),
    _one("POD-19", cron_job(), "spec.jobTemplate.spec.activeDeadlineSeconds", None, absent_fails=True),
    _one("REL-04", _versioned("policy/v1:Thing", "policy/v1"), "apiVersion", "policy/v1beta1", absent_fails=False),
    _one(
        "REL-04",
        _versioned("resource.k8s.io/v1:ResourceClaim", "resource.k8s.io/v1"),
        "apiVersion",
        "resource.k8s.io/v1alpha3",
        absent_fails=False,
    ),
    _one("NS-02", deployment(), "metadata.namespace", "default", absent_fails=True),
    _one("NS-02", deployment(), "metadata.namespace", "kube-system", absent_fails=True),
    _one("NS-02", namespace(), "metadata.namespace", "default", "", absent_fails=False),
]
