"""The pack starts as the engine starts it, and says what `make policy` says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from policies.exceptions import DEFAULT_PATH, load_exceptions
from policies.judge import judge
from policies.pack_config import settings_of
from policies.rules import REGISTRY
from tests.policies.cases import UNKNOWN, judged, put
from tests.policies.conftest import ROOT, JudgeAsEngine
from tests.policies.objects import TODAY, Json, container, deployment, pod_spec
from tests.policies.stack_cases import whole_stack
from tests.stacks.conftest import STACKS, rendered_stack

PACK = ROOT / "policies"


def _start_and_ask(pack_python: Path, resources: list[Json], stack: str = "test", config: Json | None = None) -> Json:
    command = [pack_python, Path(__file__).with_name("pack_client.py"), PACK, stack]
    request = json.dumps({"resources": resources, "config": config or {}})
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, cwd=ROOT, input=request)
    return json.loads(answer.stdout)


def test_the_pack_starts_from_its_own_folder_and_judges(pack_python: Path) -> None:
    wrong = deployment(spec=pod_spec(hostNetwork=True))
    answer = _start_and_ask(pack_python, [wrong])
    assert answer["name"] == "ai-platform"
    assert answer["levels"] == {
        "resources-mandatory": True,
        "resources-advisory": False,
        "stack-mandatory": True,
        "parity-contract": True,
        "stack-advisory": False,
    }
    messages = [item["message"] for item in answer["diagnostics"] if item["policy"] == "resources-mandatory"]
    assert any("POD-03 FAIL models/Deployment/app spec.template.spec.hostNetwork: " in text for text in messages)


@pytest.mark.parametrize("stack", STACKS)
def test_the_engine_finds_over_grpc_what_make_policy_finds(pack_python: Path, stack: str) -> None:
    """Every object of a shipped stack, one after the other and then all together, as the engine sends them."""
    graph = rendered_stack(stack).as_graph()
    broken = deployment("broken", spec=pod_spec(hostNetwork=True, containers=[container(image="app:latest")]))
    graph["resources"].append(broken)
    answer = _start_and_ask(pack_python, graph["resources"], stack)
    under_engine = sorted((*_parts(item["message"]), item["mandatory"], item["urn"]) for item in answer["diagnostics"])
    report = judge(
        graph, load_exceptions(DEFAULT_PATH, REGISTRY.exemptable), TODAY, settings=settings_of(stack, REGISTRY)
    )
    rendered = sorted((item.rule, item.result.value, item.stops, item.urn) for item in report.findings)
    assert under_engine == rendered
    assert ("POD-03", "FAIL", True, broken["urn"]) in rendered


def _parts(message: str) -> tuple[str, str]:
    rule, result = message.split("\n", 1)[1].split(" ")[:2]
    return rule, result


def test_levels_come_from_the_configuration_that_the_engine_sends(pack_python: Path) -> None:
    wrong = deployment(spec=pod_spec(hostNetwork=True, hostPID=True))
    lowered = {"resources-mandatory": {"levels": {"POD-03": "advisory"}}}
    answer = _start_and_ask(pack_python, [wrong], config=lowered)
    assert answer["configurable"] == ["resources-mandatory", "stack-mandatory"]
    levels = {_parts(item["message"])[0]: item["mandatory"] for item in answer["diagnostics"]}
    assert (levels["POD-03"], levels["POD-02"]) == (False, True)


def test_a_mistake_in_its_files_stops_the_pack_with_one_line(pack_python: Path, tmp_path: Path) -> None:
    copied = tmp_path / "policies"
    shutil.copytree(PACK, copied, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    (tmp_path / "components").symlink_to(ROOT / "components")
    (copied / "config" / "new.json").write_text('{"all": "disabled"}')
    command = [pack_python, "-u", "-m", "pulumi.policy", "127.0.0.1:1", copied]
    environment = {**os.environ, "PULUMI_STACK": "new"}
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, cwd=copied, env=environment
    )
    assert ended.returncode != 0
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"policies: {copied / 'config' / 'new.json'}: all: there is no such policy")


def test_the_engine_is_told_where_the_packs_environment_is() -> None:
    project = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
    assert project["version"]


def test_the_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    lock = (PACK / "requirements.lock").read_text()
    pins = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert "://" not in lock
    assert "--index-url" not in lock


def test_a_compliant_stack_has_no_diagnostics_under_the_engine(judge_as_engine: JudgeAsEngine) -> None:
    assert judge_as_engine(whole_stack()) == []


def test_wire_format_makes_no_difference(judge_as_engine: JudgeAsEngine) -> None:
    """Numbers are floats, lists are proxies and secrets are wrapped on the wire; the findings stay the same."""
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "CANARY"}
    odd = container(
        securityContext={"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}, "runAsUser": 0},
        ports=[{"containerPort": 8000, "hostPort": 80}],
        env=[{"name": "DB_PASSWORD", "value": secret}],
    )
    stack = [*whole_stack(), deployment("odd", spec=pod_spec(containers=[odd]), replicas=3)]
    under_engine = {(item.rule, item.urn) for item in judge_as_engine(stack)}
    rendered = {(finding.rule, finding.urn) for finding in judged(stack).findings}
    # Under the engine a property's secretness does not reach a policy: the mark is judged on the rendered graph only.
    assert rendered - under_engine == {("STK-05", stack[-1]["urn"])}
    assert under_engine <= rendered
    assert {"POD-05", "POD-06", "POD-08", "POD-17", "REL-01"} <= {rule for rule, _ in under_engine}


def test_an_unknown_in_one_object_does_not_stop_the_judging_of_the_others(judge_as_engine: JudgeAsEngine) -> None:
    unclear = deployment("unclear")
    put(unclear["inputs"], "spec.template", UNKNOWN)
    wrong = deployment("wrong", spec=pod_spec(hostNetwork=True))
    found = judge_as_engine([unclear, wrong])
    assert ("POD-03", "FAIL", wrong["urn"]) in {(item.rule, item.result, item.urn) for item in found}
    undecided = {item.rule for item in found if item.urn == unclear["urn"] and item.result == "UNDECIDED"}
    assert {f"POD-{number:02d}" for number in range(1, 18)} <= undecided


def _before_its_cluster_exists(resources: list[Json]) -> list[Json]:
    """As a preview sees objects whose provider waits for a cluster that is yet to be made: nothing is computed."""
    # URNs are unique under the engine; those of the objects of these tests repeat from namespace to namespace.
    return [item | {"outputs": {}, "urn": f"{item['urn']}-{number}"} for number, item in enumerate(resources)]


def test_a_compliant_stack_has_no_diagnostics_before_its_cluster_exists(judge_as_engine: JudgeAsEngine) -> None:
    assert judge_as_engine(_before_its_cluster_exists(whole_stack())) == []


def test_a_stack_is_judged_by_its_inputs_before_its_cluster_exists(judge_as_engine: JudgeAsEngine) -> None:
    replicated = _before_its_cluster_exists([*whole_stack(), deployment("app", "unwired", replicas=2)])
    found = {(item.rule, item.result, item.mandatory) for item in judge_as_engine(replicated)}
    assert {("NET-01", "FAIL", True), ("REL-01", "FAIL", True)} <= found


def test_what_the_cluster_made_of_an_object_counts_more_than_its_inputs(judge_as_engine: JudgeAsEngine) -> None:
    (*others, app) = [*whole_stack(), deployment("app", "unwired")]
    scaled = app | {"outputs": deployment("app", "unwired", replicas=2)["inputs"]}
    assert "REL-01" not in {item.rule for item in judge_as_engine([*others, app])}
    assert "REL-01" in {item.rule for item in judge_as_engine([*others, scaled])}
