"""The local stack on a cluster of its own: brought up as `make up` does, changed, interrupted, and brought up again."""

from __future__ import annotations

import io
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from components.base.node_pools import POOL_LABEL
from components.base.placement import nodes_used
from stacks.schema.cluster import node_pools
from stacks.serving import placed
from stacks.settings import KEY, PlatformSettings, SettingsError, load_settings
from tests.stacks.conftest import ROOT
from tools.deploy import apply
from tools.deploy.errors import DeployError
from tools.deploy.placement import gpu_placement, gpus_of
from tools.deploy.up import UpOptions, up
from tools.deploy.workspace import Workspace
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.errors import SimulatorError
from tools.simulator.state import StateFile

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("local-stack")]

PROJECT = ("__main__.py", "Pulumi.yaml", "stacks", "components")


def crd_folders() -> tuple[Path, ...]:
    named = os.environ.get("CRDS")
    default = ROOT.parent / "shared" / "upstream" / "crds"
    folders = [Path(folder) for folder in (named or str(default)).split(os.pathsep)]
    return tuple(folder for folder in folders if folder.is_dir())


OPTIONS = UpOptions(engine="render", crds=crd_folders(), delete_data=False, api_port=None)


class Checkout:
    """A copy of the project's stack files beside the real program, with a rehearsal of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in PROJECT:
            (root / name).symlink_to(ROOT / name)
        (root / "policies").mkdir()
        (root / "policies" / "exceptions.yaml").write_bytes((ROOT / "policies" / "exceptions.yaml").read_bytes())
        self.stack_file = root / "Pulumi.local.yaml"
        self.stack_file.write_bytes((ROOT / "Pulumi.local.yaml").read_bytes())
        self.cluster = SimulatedCluster(Workspace(root=root).cluster)

    @property
    def platform(self) -> dict[str, Any]:
        return yaml.safe_load(self.stack_file.read_text())["config"][KEY]

    def edit(self, platform: dict[str, Any]) -> None:
        content = yaml.safe_load(self.stack_file.read_text())
        content["config"][KEY] = platform
        self.stack_file.write_text(yaml.safe_dump(content, sort_keys=False))

    def up(self, options: UpOptions = OPTIONS) -> str:
        text = io.StringIO()
        up(Console(file=text, width=200), self.root, options)
        return text.getvalue()

    def items(self, resources: str) -> list[Any]:
        return self.cluster.kubectl.get(resources)

    def versions(self, resources: str) -> dict[str, str]:
        """What every object of a kind was last changed by."""
        return {item["metadata"]["uid"]: item["metadata"]["resourceVersion"] for item in self.items(resources)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    found = Checkout(tmp_path_factory.mktemp("checkout"))
    try:
        yield found
    finally:
        found.cluster.remove()


@pytest.fixture(scope="module")
def first_run(checkout: Checkout) -> str:
    return checkout.up()


def test_the_whole_platform_comes_up(first_run: str) -> None:
    assert "up in" in first_run
    assert "ENGINE=render" in first_run
    for component in ("vllm_model", "inference_gateway", "identity", "rag_data_layer", "observability_stack"):
        assert component in first_run


def test_what_was_not_simulated_is_said_plainly(first_run: str) -> None:
    assert "no model answers here" in first_run
    assert "kube-prometheus-stack" in first_run
    assert "not reconciled" in first_run


def test_every_pod_has_a_node_and_is_ready_or_done(checkout: Checkout, first_run: str) -> None:
    pods = checkout.items("pods")
    assert len(pods) > 10
    for pod in pods:
        assert pod["spec"].get("nodeName"), pod["metadata"]["name"]
        assert pod["status"]["phase"] in {"Running", "Succeeded"}, pod["metadata"]["name"]


def settings_of(checkout: Checkout) -> PlatformSettings:
    return load_settings(checkout.platform)


def without_pods_here(settings: PlatformSettings) -> set[str]:
    """Models of which a rehearsal runs nothing: their pods are made by an operator, or nobody has asked for them."""
    return {
        model.name
        for model in settings.models
        if model.rollout.strategy != "rolling" or model.gpu.nodes > 1 or model.replicas.min == 0
    }


def model_of(pod: dict[str, Any]) -> str:
    return pod["metadata"]["labels"]["app.kubernetes.io/name"]


def test_pods_lie_in_the_pools_in_which_the_fit_check_places_them(checkout: Checkout, first_run: str) -> None:
    settings, pods = settings_of(checkout), checkout.items("pods")
    absent = without_pods_here(settings)
    assert absent == {"gpt-oss-20b", "qwen3-14b"}, "a canary, and a model that stops when nobody asks"
    pool_of = {node["metadata"]["name"]: node["metadata"]["labels"][POOL_LABEL] for node in checkout.items("nodes")}
    found = Counter((pool_of[pod["spec"]["nodeName"]], model_of(pod)) for pod in pods if gpus_of(pod))
    predicted = Counter(
        (pool.name, name)
        for pool in node_pools(settings.cluster)
        if pool.role == "gpu"
        for names in nodes_used([placed(model) for model in settings.models], pool)
        for name in names
    )
    assert absent <= {name for _, name in predicted}, "the fit check keeps room for them"
    running = Counter({key: count for key, count in predicted.items() if key[1] not in absent})
    assert found == running
    assert len({name for _, name in found}) >= 6
    assert len({model.task for model in settings.models if model.name not in absent}) >= 5


def test_models_hold_the_gpus_that_they_ask_for_and_no_node_more_than_it_has(
    checkout: Checkout, first_run: str
) -> None:
    settings = settings_of(checkout)
    absent = without_pods_here(settings)
    placement = gpu_placement(checkout.items("nodes"), checkout.items("pods"))
    for pool in (pool for pool in node_pools(settings.cluster) if pool.role == "gpu"):
        nodes = [node for node in placement if node.pool == pool.name]
        assert 0 < len(nodes) <= pool.max_nodes
        for node in nodes:
            assert node.capacity == pool.units_per_node
            assert node.used <= node.capacity, f"{node.node} is overfull"
        asked = sum(
            model.gpu.count * model.replicas.min
            for model in settings.models
            if model.gpu.pool == pool.name and model.name not in absent
        )
        assert sum(node.used for node in nodes) == asked


def test_a_model_too_many_is_refused_before_anything_is_applied(checkout: Checkout, first_run: str) -> None:
    before = checkout.platform
    pool = next(model["gpu"]["pool"] for model in before["models"] if model["name"] == "whisper")
    more = next(model for model in before["models"] if model["name"] == "qwen3-embedding")
    versions = checkout.versions("deployments.apps")
    checkout.edit(before | {"models": [*before["models"], more | {"name": "one-too-many"}]})
    try:
        with pytest.raises(SettingsError, match=rf"models\[10\]\.gpu\.pool: no node of pool '{pool}' has room"):
            checkout.up()
    finally:
        checkout.edit(before)
    assert checkout.versions("deployments.apps") == versions
    assert not [pod for pod in checkout.items("pods") if pod["status"]["phase"] == "Pending"]


def test_every_claim_is_bound(checkout: Checkout, first_run: str) -> None:
    claims = checkout.items("persistentvolumeclaims")
    assert claims
    assert {claim["status"]["phase"] for claim in claims} == {"Bound"}


def test_secrets_of_the_cluster_are_no_placeholders(checkout: Checkout, first_run: str) -> None:
    values = [text for item in checkout.items("secrets") for text in (item.get("data") or {}).values()]
    assert values
    assert "W3NlY3JldF0=" not in values, "a redacted value was applied"


def test_a_second_run_changes_nothing(checkout: Checkout, first_run: str) -> None:
    assert "Nothing changed" in checkout.up()


def test_an_interrupted_run_goes_on_when_run_again(
    checkout: Checkout, first_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(apply, "_check_pods", interrupted)
        with pytest.raises(KeyboardInterrupt):
            checkout.up()
    assert "Nothing changed" in checkout.up()


def test_a_process_that_dies_while_objects_are_applied_is_named_and_started_again(
    checkout: Checkout, first_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_pods = apply._check_pods  # pyright: ignore[reportPrivateUsage] # the step before the first object
    folder = checkout.cluster.layout.folder
    victim = StateFile(folder).read().processes["kube-apiserver"]

    def killed(*arguments: Any) -> None:
        os.kill(victim.pid, signal.SIGKILL)
        check_pods(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(apply, "_check_pods", killed)
        with pytest.raises(SimulatorError, match=f"kube-apiserver .process {victim.pid}. has ended\nlast lines of "):
            checkout.up()
    assert "Nothing changed" in checkout.up()


def test_a_removed_model_is_removed_and_the_others_stay(checkout: Checkout, first_run: str) -> None:
    before, gone = checkout.platform, "whisper"
    kinds = "deployments.apps,rollouts.argoproj.io"
    workloads = {item["metadata"]["name"] for item in checkout.items(kinds)}
    assert {model["name"] for model in before["models"]} <= workloads
    checkout.edit(before | {"models": [model for model in before["models"] if model["name"] != gone]})
    output = checkout.up()
    assert {item["metadata"]["name"] for item in checkout.items(kinds)} == workloads - {gone}
    assert f"removed Deployment models/{gone}" in output
    assert gone not in {model_of(pod) for pod in checkout.items("pods") if gpus_of(pod)}
    checkout.edit(before)
    assert "objects created" in checkout.up()
    assert {item["metadata"]["name"] for item in checkout.items(kinds)} == workloads


def test_an_unsafe_stack_is_refused_before_anything_is_applied(checkout: Checkout, first_run: str) -> None:
    exceptions = checkout.root / "policies" / "exceptions.yaml"
    kept = exceptions.read_text()
    versions = checkout.versions("namespaces")
    exceptions.write_text("version: 1\nexceptions: []\n")
    try:
        with pytest.raises(DeployError, match="gpu-operator"):
            checkout.up()
    finally:
        exceptions.write_text(kept)
    assert checkout.versions("namespaces") == versions


def test_a_cluster_brought_up_by_one_engine_refuses_the_other(checkout: Checkout, first_run: str) -> None:
    with pytest.raises(SimulatorError, match="make down"):
        checkout.cluster.claim_engine("pulumi")
