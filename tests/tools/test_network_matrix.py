"""The matrix of a small stack, and of the same stack with a policy that is wrong."""

from __future__ import annotations

import copy
import json
from functools import cache
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from components.base.namespaces import NAMESPACES
from components.base.wiring import METADATA_CIDRS, External, Workload
from components.network_isolation import NetworkIsolation, NetworkIsolationArgs
from policies.graph import GraphError
from tests.components.surroundings import Surroundings, build
from tools.network_matrix.command import show_network
from tools.network_matrix.judgement import Judgement, judge_graph
from tools.network_matrix.regions import Region
from tools.network_matrix.text import matrix_json, matrix_text

Json = dict[str, Any]

GATEWAY = Workload.of("gateway", "litellm", "gateway")
MODEL = Workload.of("models", "qwen3-8b", "model")
STORE = Workload.of("data", "store", "store")
SHOWN = tuple(space for space in NAMESPACES if space.name in {"gateway", "models", "data"})
OFFICE = External(name="office", cidrs=("203.0.113.0/24",), excluded=("203.0.113.64/26",))
INTERNET = External(name="internet", cidrs=("0.0.0.0/0",), excluded=METADATA_CIDRS)


def program(s: Surroundings) -> None:
    allow = s.platform.wiring.allow
    allow(GATEWAY, MODEL, 8000)
    allow(OFFICE, GATEWAY, 4000)
    allow(MODEL, INTERNET, 443)
    allow(STORE, STORE, 7000, protocol="UDP")
    s.platform.wiring.allow_range(STORE, STORE, 9000, 9010)
    NetworkIsolation("isolation", NetworkIsolationArgs(platform=s.platform, namespaces=SHOWN), s.opts)


@cache
def _graph() -> Json:
    graph = build(program).rendered.as_graph()
    for namespace in SHOWN:
        inputs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace.name, "labels": {}}}
        graph["resources"].append(
            {"urn": f"urn:{namespace.name}", "type": "kubernetes:core/v1:Namespace", "name": "n", "inputs": inputs}
        )
    for workload in (GATEWAY, MODEL, STORE):
        template = {"metadata": {"labels": dict(workload.selector)}, "spec": {}}
        metadata = {"namespace": workload.namespace, "name": workload.name}
        inputs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
        graph["resources"].append(
            {"urn": f"urn:{workload.name}", "type": "kubernetes:apps/v1:Deployment", "name": "d", "inputs": inputs}
        )
    return graph


def graph() -> Json:
    return copy.deepcopy(_graph())


def policy(content: Json, namespace: str, name: str) -> Json:
    return next(
        resource["inputs"]["spec"]
        for resource in content["resources"]
        if resource["inputs"].get("kind") == "NetworkPolicy"
        and (resource["inputs"]["metadata"]["namespace"], resource["inputs"]["metadata"]["name"]) == (namespace, name)
    )


def ports(judgement: Judgement, source: str, target: str) -> list[str]:
    return [str(span) for span in judgement.named.get((source, target), ())]


def test_what_is_declared_is_open_and_shown() -> None:
    judgement = judge_graph(graph())
    assert ports(judgement, "gateway/litellm", "models/qwen3-8b") == ["8000"]
    assert ports(judgement, "models/qwen3-8b", "gateway/litellm") == []
    assert ports(judgement, "data/store", "data/store") == ["9000-9010", "7000/UDP"]
    assert judgement.wrong == ()


def test_addresses_are_told_apart_where_the_wiring_does() -> None:
    judgement = judge_graph(graph())
    regions = {end.name: end for end in judgement.ends if isinstance(end, Region)}
    assert [str(block) for block in regions["outside/office"].blocks] == [
        "203.0.113.0/26",
        "203.0.113.128/25",
    ]
    assert ports(judgement, "outside/office", "gateway/litellm") == ["4000"]
    assert ports(judgement, "outside/internet", "gateway/litellm") == []
    assert ports(judgement, "models/qwen3-8b", "outside/internet") == ["443"]
    assert ports(judgement, "models/qwen3-8b", "outside/metadata service") == []


def test_regions_hold_every_address_once() -> None:
    for bits in (32, 128):
        blocks = [
            block
            for end in judge_graph(graph()).ends
            if isinstance(end, Region)
            for block in end.blocks
            if block.max_prefixlen == bits
        ]
        assert sum(2 ** (bits - block.prefixlen) for block in blocks) == 2**bits
        ordered = sorted(blocks, key=lambda block: int(block.network_address))
        for one, after in pairwise(ordered):
            assert int(one.broadcast_address) < int(after.network_address)


def test_a_pod_template_is_named_as_the_wiring_names_it() -> None:
    content = graph()
    content["resources"] = [item for item in content["resources"] if item["urn"] != "urn:qwen3-8b"]
    labels = dict(MODEL.selector) | {"pod-template-hash": "1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    for number in (1, 2):
        inputs = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": f"job-{number}", "namespace": "models"},
            "spec": {"template": template},
        }
        content["resources"].append(
            {"urn": f"urn:{number}", "type": "kubernetes:batch/v1:Job", "name": "j", "inputs": inputs}
        )
        names = {end.name for end in judge_graph(content).network.pods if "models/qwen3" in end.name}
        if number == 1:
            assert names == {"models/qwen3-8b"}
    assert names == {"models/qwen3-8b [Job job-1]", "models/qwen3-8b [Job job-2]"}


@pytest.mark.parametrize(
    ("namespace", "name", "path", "value", "told"),
    [
        pytest.param(
            "models",
            "allow-qwen3-8b",
            ["ingress", 0, "from", 0, "podSelector"],
            {},
            "gateway/any other pod -> models/qwen3-8b: 8000: the policies of models/qwen3-8b open what nobody declared",
            id="labels of a peer",
        ),
        pytest.param(
            "models",
            "allow-qwen3-8b",
            ["ingress", 0, "from", 0, "namespaceSelector"],
            {},
            "default/pod like gateway/litellm -> models/qwen3-8b: 8000: "
            "the policies of models/qwen3-8b open what nobody declared",
            id="namespace of a peer",
        ),
        pytest.param(
            "models",
            "allow-qwen3-8b",
            ["ingress", 0, "ports", 0, "port"],
            8001,
            "gateway/litellm -> models/qwen3-8b: 8000: the policies of models/qwen3-8b close a declared connection",
            id="port",
        ),
        pytest.param(
            "models",
            "allow-qwen3-8b",
            ["egress", 0, "to", 0, "ipBlock", "except"],
            [],
            "models/qwen3-8b -> outside/metadata service: 443: "
            "the policies of models/qwen3-8b open what nobody declared",
            id="exception of a range",
        ),
        pytest.param(
            "gateway",
            "default-deny",
            ["policyTypes"],
            ["Egress"],
            "outside/internet -> gateway/any other pod: every SCTP port, every TCP port, every UDP port: "
            "the policies of gateway/any other pod open what nobody declared",
            id="policy type",
        ),
        pytest.param(
            "data",
            "allow-store",
            ["ingress", 0, "ports", 1, "endPort"],
            9020,
            "data/store -> data/store: 9011-9020: the policies of data/store open what nobody declared",
            id="end of a port range",
        ),
    ],
)
def test_a_wrong_policy_is_named_with_what_it_does(
    namespace: str, name: str, path: list[str | int], value: Any, told: str
) -> None:
    content = graph()
    place: Any = policy(content, namespace, name)
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    judgement = judge_graph(content)
    assert told in [str(edge) for edge in judgement.wrong]
    assert "WRONG" in matrix_text(judgement)


def test_a_further_policy_that_opens_too_much_is_found_although_the_other_side_still_refuses() -> None:
    content = graph()
    policy(content, "data", "allow-store")["egress"].append({})
    wrong = judge_graph(content).wrong
    assert {edge.side for edge in wrong} == {"out"}
    assert {edge.source for edge in wrong} == {"data/store"}


def test_one_policy_too_many_is_told_by_name_in_one_line_for_each_pod_that_it_opens() -> None:
    content = graph()
    extra = copy.deepcopy(next(item for item in content["resources"] if item["inputs"].get("kind") == "NetworkPolicy"))
    extra["inputs"] |= {
        "metadata": {"namespace": "models", "name": "by-hand"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
    }
    content["resources"].append(extra)
    judgement = judge_graph(content)
    assert len(judgement.wrong) > 20  # every end of the stack
    owners = {line.partition(":")[0] for line in judgement.mistakes}
    assert owners == {"models/qwen3-8b", "models/any other pod"}
    assert all(line.endswith("nobody declared it; opened by NetworkPolicy by-hand") for line in judgement.mistakes)
    assert len(judgement.mistakes) <= 4  # all ports, and all but the declared one
    assert all(line in matrix_text(judgement) for line in judgement.mistakes)
    assert {"by-hand"} == {name for edge in matrix_json(judgement)["wrong"] for name in edge["openedBy"]}


def test_pods_that_no_policy_holds_are_told_so() -> None:
    content = graph()
    content["resources"] = [
        item
        for item in content["resources"]
        if (item["inputs"].get("metadata") or {}).get("name") not in {"default-deny", "allow-dns"}
    ]
    mistakes = judge_graph(content).mistakes
    assert any(
        line.startswith("models/any other pod: every port from ")
        and line.endswith(" more: nobody declared it; no policy holds these pods for ingress")
        for line in mistakes
    )


def test_a_label_that_changed_on_the_pods_alone_is_found(tmp_path: Path) -> None:
    content = graph()
    template = next(item for item in content["resources"] if item["urn"] == "urn:qwen3-8b")["inputs"]["spec"][
        "template"
    ]
    template["metadata"]["labels"] = {"app.kubernetes.io/name": "other"}
    judgement = judge_graph(content)
    assert judgement.network.absent == ("models/qwen3-8b",)
    assert judgement.mistakes == [
        "models/qwen3-8b: connections of it are declared, and no pod of the stack carries its labels"
    ]
    code, printed = run(tmp_path, content)
    assert (code, "1 wired workloads without pods" in printed) == (1, True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"type": "kubernetes:networking.k8s.io/v1:NetworkPolicyPatch"}, "change the policy itself"),
        ({"inputs": {"spec": {"ingress": [{"from": [{}]}]}}}, "models/NetworkPolicy/.* no NetworkPolicy"),
    ],
)
def test_a_policy_that_nobody_can_judge_is_refused(change: Json, problem: str) -> None:
    content = graph()
    found = next(
        item
        for item in content["resources"]
        if item["inputs"].get("kind") == "NetworkPolicy" and item["inputs"]["metadata"]["namespace"] == "models"
    )
    found |= {"type": change.get("type", found["type"]), "inputs": found["inputs"] | change.get("inputs", {})}
    with pytest.raises(GraphError, match=problem):
        judge_graph(content)


def test_text_and_json_tell_the_same() -> None:
    judgement = judge_graph(graph())
    told = matrix_json(judgement)
    assert {"from": "gateway/litellm", "to": "models/qwen3-8b", "ports": ["8000"], "declared": True} in told[
        "connections"
    ]
    assert told["wrong"] == []
    text = matrix_text(judgement)
    assert "models/qwen3-8b\n  8000: gateway/litellm\n" in text
    assert "kube-system/kube-dns\n  53, 53/UDP: every pod of the platform\n" in text
    assert "WRONG" not in text
    assert max(map(len, text.splitlines())) <= 130


def run(tmp_path: Path, content: Json) -> tuple[int, str]:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(content))
    printed = StringIO()
    return show_network(Console(file=printed, width=200), tmp_path, "ignored", file), printed.getvalue()


def test_the_command_prints_and_writes_the_matrix(tmp_path: Path) -> None:
    code, printed = run(tmp_path, graph())
    stack = graph()["stack"]
    assert code == 0
    assert "0 wrong edges" in printed
    assert (tmp_path / "build" / "network" / f"{stack}.txt").read_text() == matrix_text(judge_graph(graph()))
    assert json.loads((tmp_path / "build" / "network" / f"{stack}.json").read_text())["stack"] == stack


def test_the_command_fails_where_a_declared_connection_is_closed(tmp_path: Path) -> None:
    content = graph()
    del policy(content, "models", "allow-qwen3-8b")["ingress"]
    code, printed = run(tmp_path, content)
    assert code == 1
    assert "litellm: declared, but its policies do not allow it" in printed


def test_a_graph_without_wiring_is_refused_with_the_way_out(tmp_path: Path) -> None:
    content = graph()
    content["resources"] = [entry for entry in content["resources"] if not entry["type"].startswith("ai-platform:")]
    with pytest.raises(GraphError, match=r"the ends of the wiring .* are missing; run make render again"):
        run(tmp_path, content)
