from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.observability_stack import ServiceLevels, Triggers
from components.observability_stack.rules import rule_groups, rules_spec
from tests.builders.alert_scenarios import HEALTHY, SCENARIOS
from tests.builders.exported_metrics import METRICS, metrics_used
from tests.crd_schemas import schema_problems

ROOT = Path(__file__).resolve().parents[2]
LEVELS = ServiceLevels(availability=0.999, error_rate=0.001, p95_seconds=2)
TRIGGERS = Triggers()
WATCHED = (
    "gateway",
    "model",
    "gpu",
    "autoscaler",
    "rollouts",
    "identity",
    "postgres",
    "vector-store",
    "object-store",
    "certificates",
)


def spec(
    watched: tuple[str, ...] = WATCHED, levels: ServiceLevels = LEVELS, triggers: Triggers = TRIGGERS
) -> dict[str, Any]:
    return rules_spec(rule_groups(levels, ("qwen3-8b",), watched, triggers))


def all_rules(**arguments: Any) -> list[dict[str, Any]]:
    return [rule for group in spec(**arguments)["groups"] for rule in group["rules"]]


def alerts(**arguments: Any) -> list[dict[str, Any]]:
    return [rule for rule in all_rules(**arguments) if "alert" in rule]


def recorded() -> set[str]:
    return {rule["record"] for rule in all_rules() if "record" in rule}


def test_the_rules_are_a_valid_prometheus_rule() -> None:
    manifest = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {}, "spec": spec()}
    assert schema_problems(manifest) == []


def test_rules_use_only_metrics_that_exist() -> None:
    used = {name for rule in all_rules() for name in metrics_used(rule["expr"])}
    assert len(used) > 20
    assert used - METRICS - recorded() == set()


def test_every_alert_says_what_happened_how_bad_it_is_and_what_to_do() -> None:
    assert len(alerts()) > 25
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["description"].endswith((".", "}}"))


def test_every_alert_leads_to_a_section_of_a_runbook() -> None:
    for alert in alerts():
        path, anchor = alert["annotations"]["runbook_url"].split("#")
        headings = re.findall(r"^## (\w+)$", (ROOT / path).read_text(), flags=re.MULTILINE)
        assert anchor in {heading.lower() for heading in headings}, f"{path} has no section {alert['alert']}"


def test_runbooks_explain_no_alert_that_does_not_exist() -> None:
    names = {alert["alert"] for alert in alerts()}
    for path in {alert["annotations"]["runbook_url"].split("#")[0] for alert in alerts()}:
        assert set(re.findall(r"^## (\w+)$", (ROOT / path).read_text(), flags=re.MULTILINE)) <= names


def test_what_is_not_watched_has_no_alerts() -> None:
    expressions = " ".join(rule["expr"] for rule in all_rules(watched=("gateway",)))
    assert "litellm_" in expressions
    for absent in ("DCGM_", "vllm:", "cnpg_", "certmanager_", 'job="identity"', 'job="vector-store"'):
        assert absent not in expressions


def test_triggers_decide_when_load_is_pressure() -> None:
    triggers = Triggers(gpu_use=0.7, gpu_memory_use=0.98, kv_cache_use=0.8, queue_depth=9, p95_seconds=4)
    expressions = {alert["alert"]: alert["expr"] for alert in alerts(triggers=triggers)}
    for name, limit in (
        ("GpuSaturated", "> 0.7"),
        ("GpuMemoryNearlyFull", "> 0.98"),
        ("ModelKvCacheNearlyFull", "> 0.8"),
        ("ModelQueueLong", "> 9 "),
        ("ModelAtMaximum", "> 9 "),
        ("ModelLatencyHigh", "> 4"),
    ):
        assert limit in expressions[name], name


def test_nobody_is_called_before_the_promise_is_broken() -> None:
    generous = ServiceLevels(availability=0.99, error_rate=0.01, p95_seconds=30)
    (call,) = (alert for alert in alerts(levels=generous) if alert["alert"] == "ModelLatencyHigh")
    assert call["expr"].endswith("> 30")


def test_a_model_may_take_its_whole_start() -> None:
    (alert,) = (
        alert for alert in alerts(triggers=Triggers(start_seconds=5400)) if alert["alert"] == "ModelCannotStart"
    )
    assert alert["for"] == "5400s"
    assert "90 minutes" in alert["annotations"]["description"]


@given(availability=st.floats(min_value=0.95, max_value=0.99999))
def test_every_burn_rate_can_be_reached_and_the_fastest_is_critical(availability: float) -> None:
    levels = ServiceLevels(availability=availability, error_rate=0.01, p95_seconds=2)
    burns = [alert for alert in alerts(levels=levels) if alert["alert"] == "GatewayErrorBudgetBurn"]
    assert [alert["labels"]["severity"] for alert in burns] == ["critical", "critical", "warning", "warning"]
    for alert in burns:
        factor, budget = re.findall(r"> ([\d.]+) \* ([\d.e-]+)", alert["expr"])[0]
        assert float(factor) * float(budget) < 1
        assert float(budget) == pytest.approx(1 - availability, rel=1e-4)


@pytest.fixture(scope="session")
def promtool() -> str:
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return path


@pytest.fixture(scope="session")
def rule_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(yaml.safe_dump(spec(), sort_keys=False))
    return path


def test_prometheus_accepts_the_rules(promtool: str, rule_file: Path) -> None:
    done = subprocess.run([promtool, "check", "rules", str(rule_file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(all_rules())} rules found" in done.stdout


def firing(promtool: str, rule_file: Path, changes: Mapping[str, str], at: str) -> set[tuple[str, str]]:
    """Name and severity of the alerts that fire `at` a time with `changes` laid over the healthy platform.

    promtool is asked to expect none, and names those that fire when that is wrong.
    """
    tests = {
        "rule_files": [str(rule_file)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": key, "values": value} for key, value in {**HEALTHY, **changes}.items()],
                "promql_expr_test": [
                    {"expr": 'count by (alertname, severity) (ALERTS{alertstate="firing"})', "eval_time": at}
                ],
            }
        ],
    }
    file = rule_file.parent / "scenario.yaml"
    file.write_text(yaml.safe_dump(tests))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return set()
    output = done.stdout + done.stderr
    assert output.count("got:") == 1, output
    return set(re.findall(r'alertname="(\w+)", severity="(\w+)"', output.split("got:")[1]))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_alerts_fire_when_they_should(promtool: str, rule_file: Path, scenario: str) -> None:
    changes, at, expected = SCENARIOS[scenario]
    assert firing(promtool, rule_file, changes, at) == expected
