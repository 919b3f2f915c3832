"""Images, charts and weights as the page lists them."""

from __future__ import annotations

from typing import Any

import pytest

from components.base.memory_terms import checkpoint_gib
from stacks.serving import serving
from tests.report.reports import contents_of, sources_of
from tests.stacks.conftest import STACKS
from tools.render import wire
from tools.report.images import CHARTS_OWN, NONE, parts, software
from tools.report.weights import model_weights

DIGEST = "sha256:" + "0" * 64


def record(token: str, inputs: dict[str, Any], name: str = "thing") -> dict[str, Any]:
    return {"type": token, "name": name, "inputs": inputs}


def pod(image: Any) -> dict[str, Any]:
    return record(
        "kubernetes:apps/v1:Deployment",
        {
            "metadata": {"name": "server", "namespace": "models"},
            "spec": {"template": {"spec": {"containers": [{"name": "server", "image": image}]}}},
        },
    )


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("quay.io/keycloak/keycloak:26", ("quay.io/keycloak/keycloak", "26", NONE)),
        (f"quay.io/a/b:1@{DIGEST}", ("quay.io/a/b", "1", DIGEST)),
        (f"quay.io/a/b@{DIGEST}", ("quay.io/a/b", NONE, DIGEST)),
        ("registry:5000/a/b", ("registry:5000/a/b", NONE, NONE)),
        ("registry:5000/a/b:1.2", ("registry:5000/a/b", "1.2", NONE)),
    ],
)
def test_an_image_has_parts(reference: str, expected: tuple[str, str, str]) -> None:
    assert parts(reference) == expected


def test_an_image_is_listed_once_with_everyone_who_uses_it() -> None:
    job = record("kubernetes:batch/v1:Job", {"metadata": {"name": "copy"}, "spec": {"image": "a/b:1"}})
    [image] = software([pod("a/b:1"), job]).images
    assert (image.repository, image.tag, image.digest) == ("a/b", "1", NONE)
    assert image.used_by == ("copy", "models/server")


def test_many_users_are_counted() -> None:
    users = [record("kubernetes:batch/v1:Job", {"metadata": {"name": f"job-{n}"}, "image": "a/b:1"}) for n in range(5)]
    [image] = software(users).images
    assert image.first_users == "job-0, job-1, job-2 and 2 more"


def test_values_of_a_chart_name_images_in_parts() -> None:
    values = {"operator": {"image": {"registry": "nvcr.io", "repository": "nvidia/driver", "tag": "580"}}}
    values["own"] = {"image": {"repository": "docker.io/plain/one"}}
    chart = {
        "chart": "gpu-operator",
        "version": "v1",
        "source": "oci://x",
        "namespace": "gpu",
        "location": "none",
        "values": values,
    }
    rendered = record("kubernetes:helm.sh/v4:Chart", {"values": values})
    found = software([record("ai-platform:charts:PinnedChart", chart), rendered])
    assert [(image.repository, image.tag, image.used_by) for image in found.images] == [
        ("docker.io/plain/one", CHARTS_OWN, ("chart gpu-operator",)),
        ("nvcr.io/nvidia/driver", "580", ("chart gpu-operator",)),
    ]
    [listed] = found.charts
    assert (listed.name, listed.version, listed.namespace, listed.deployed) == ("gpu-operator", "v1", "gpu", False)


@pytest.mark.parametrize("value", [wire.REDACTED, "", "{{ .Values.image }}", "https://example.org/picture"])
def test_what_is_no_image_is_not_listed(value: str) -> None:
    assert software([pod(value)]).images == ()


@pytest.mark.parametrize("stack", STACKS)
def test_every_container_of_a_stack_is_listed(stack: str) -> None:
    graph = sources_of(stack).graph
    wanted: set[str] = set()
    for resource in graph["resources"]:
        template = (resource["inputs"].get("spec") or {}).get("template") or {}
        spec = template.get("spec") or {} if isinstance(template, dict) else {}
        for key in ("containers", "initContainers"):
            wanted |= {container["image"] for container in spec.get(key) or []}
    listed = {
        image.repository
        + (f":{image.tag}" if image.tagged else "")
        + (f"@{image.digest}" if image.digest != NONE else "")
        for image in contents_of(stack).software.images
    }
    assert len(wanted) > 5
    assert wanted <= listed


@pytest.mark.parametrize("stack", STACKS)
def test_sizes_of_weights_are_those_of_the_capacity_check(stack: str) -> None:
    settings = sources_of(stack).settings
    shown = contents_of(stack).weights
    assert [item.checkpoint_gib for item in shown] == [checkpoint_gib(serving(model)) for model in settings.models]
    assert [item.name for item in shown] == [model.name for model in settings.models]


def test_weights_tell_their_commit_and_licence() -> None:
    [found] = [item for item in contents_of("prod").weights if item.name == "qwen3-32b"]
    assert found.repository == "Qwen/Qwen3-32B-FP8"
    assert found.revision == "aa55da1ecc13d006e8b8e4f54579b1ea8c3db2df"
    assert (found.published, found.served, found.kv_cache) == ("fp8", "fp8", "16 bits")
    assert (found.delivery, found.disk_gib, found.checked) == ("streamed into the GPUs", 0, "commit")
    assert found.license == "Apache-2.0"
    assert found.adapters == ("qwen3-32b-support",)


def test_copied_weights_tell_their_disk() -> None:
    settings = sources_of("prod").settings
    [model] = [entry for entry in settings.models if entry.name == "qwen3-8b"]
    source = model.weights.model_copy(update={"delivery": "node-cache", "digest": DIGEST})
    copied = model.model_copy(update={"weights": source})
    [found] = model_weights(settings.model_copy(update={"models": (copied,)}))
    assert found.delivery == "copied to the node's disk (18 GiB)"
    assert found.disk_gib == 53
    assert found.checked == "digest, commit"


def test_weights_in_the_object_store_have_no_version_without_a_digest() -> None:
    settings = sources_of("local").settings
    [model] = [entry for entry in settings.models if entry.name == "llama-guard"]
    source = model.weights.model_copy(
        update={"s3": "s3://models/llama-guard-3-8b", "hugging_face": None, "digest": None}
    )
    [found] = model_weights(settings.model_copy(update={"models": (model.model_copy(update={"weights": source}),)}))
    assert (found.repository, found.revision, found.checked) == ("s3://models/llama-guard-3-8b", "", "no")
    assert found.architecture == "meta-llama/Llama-Guard-3-8B"
