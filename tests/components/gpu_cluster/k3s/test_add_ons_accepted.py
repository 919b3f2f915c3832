"""What others have to say about the add-ons: the platform's policies, the charts' own schemas."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from components.base.handles import ImageRegistry
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import metallb_values
from components.gpu_cluster.k3s.add_ons.local_path_specs import config_data
from components.gpu_cluster.k3s.add_ons.longhorn import BackupTarget, longhorn_values
from policies.exceptions import DEFAULT_PATH, PolicyException, load_exceptions
from policies.findings import Finding, Result
from policies.judge import judge
from policies.rules import REGISTRY
from tests.chart_files import chart_file
from tests.components.gpu_cluster.k3s.add_ons import LONGHORN, PLAN, REPLICATED, installed
from tests.components.surroundings import Built


def exceptions() -> tuple[PolicyException, ...]:
    """Those that the add-ons need: the others would be called unused here."""
    shipped = load_exceptions(DEFAULT_PATH, REGISTRY.exemptable)
    return tuple(entry for entry in shipped if entry.match.only_with)


def findings(built: Built, allowed: tuple[PolicyException, ...]) -> list[Finding]:
    today = max(entry.granted for entry in exceptions()) + timedelta(days=1)
    return list(judge(built.rendered.as_graph(), allowed, today).findings)


def failed(found: list[Finding]) -> list[str]:
    return [f"{item.rule} {item.subject} {item.path}: {item.message}" for item in found if item.result is Result.FAIL]


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, storage=REPLICATED)], ids=["local-path", "longhorn"])
def test_the_add_ons_pass_every_policy_with_the_shipped_exceptions(plan: Any) -> None:
    found = findings(installed(plan, charts="none"), exceptions())
    stopping = [line for line in failed(found) if not line.startswith("STK-06")]
    assert stopping == []
    assert {item.exception for item in found if item.result is Result.EXEMPT} == {entry.id for entry in exceptions()}


def test_each_exception_is_needed() -> None:
    built = installed(charts="none")
    assert exceptions()
    for entry in exceptions():
        others = tuple(other for other in exceptions() if other.id != entry.id)
        broken = {item.rule for item in findings(built, others) if item.result is Result.FAIL}
        assert set(entry.rules) <= broken


@pytest.mark.parametrize(
    "plan", [replace(PLAN, storage=None), replace(PLAN, upgrades=None), replace(PLAN, storage=None, upgrades=None)]
)
def test_exceptions_of_what_is_switched_off_are_not_missed(plan: Any) -> None:
    found = findings(installed(plan, charts="none"), exceptions())
    assert [line for line in failed(found) if line.startswith("STK-04")] == []


_COPIED = "securityContext"
"""A value that the chart copies into the pod as it is."""


def missing_keys(values: Any, defaults: Any, path: str = "") -> list[str]:
    """Keys of `values` that the chart's own values do not have."""
    if not isinstance(values, dict) or not isinstance(defaults, dict) or not defaults or path.endswith(_COPIED):
        return []
    found: list[str] = []
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        found += [here] if key not in defaults else missing_keys(value, defaults[key], here)
    return found


def merged(defaults: Any, values: Any) -> Any:
    if not isinstance(values, dict) or not isinstance(defaults, dict):
        return values
    return {**defaults, **{key: merged(defaults.get(key), value) for key, value in values.items()}}


def test_the_load_balancers_values_fit_the_charts_schema() -> None:
    schema = json.loads(chart_file("metallb", "values.schema.json").read_text())
    defaults = yaml.safe_load(chart_file("metallb", "values.yaml").read_text())
    values = metallb_values(ImageRegistry(mirror="registry.example.org/mirror"))
    # Helm judges the given values laid over the chart's own.
    problems = jsonschema.Draft7Validator(schema).iter_errors(merged(defaults, values))
    assert [problem.message for problem in problems] == []
    assert missing_keys(values, defaults) == []


def test_longhorns_values_use_keys_that_its_chart_has() -> None:
    defaults = yaml.safe_load(chart_file("longhorn", "values.yaml").read_text())
    backup = BackupTarget(url="s3://volumes@eu-north-1/dev", credential_secret="volume-backups", port=443)
    plan = replace(LONGHORN, gpu_nodes=True, backup=backup)
    assert missing_keys(longhorn_values(plan, ImageRegistry()), defaults) == []


def test_the_helper_pod_has_nothing_that_the_provisioner_refuses() -> None:
    """What `validateHelperPodTemplate` of the provisioner forbids: it would not start."""
    pod = yaml.safe_load(config_data(path="/data/volumes", helper_image="busybox:1")["helperPod.yaml"])
    spec = pod["spec"]
    assert not {
        "volumes",
        "initContainers",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "nodeName",
        "serviceAccountName",
    } & set(spec)
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert not {"volumeMounts", "envFrom", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe"} & set(
        container
    )
    security = container["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert "add" not in security["capabilities"]
    assert not {"DAC_OVERRIDE", "FOWNER"} & set(security["capabilities"]["drop"])


def test_the_scripts_make_and_remove_a_volume_in_a_folder_that_only_root_enters(tmp_path: Path) -> None:
    data = config_data(path="/data/volumes", helper_image="busybox:1")
    volume = tmp_path / "volumes" / "pvc-1"
    volume.parent.mkdir(mode=0o755)
    for _ in ("first", "again"):
        run_script(data["setup"], volume)
    assert volume.stat().st_mode & 0o777 == 0o777
    assert volume.parent.stat().st_mode & 0o777 == 0o700
    (volume / "file").write_text("content")
    run_script(data["teardown"], volume)
    assert not volume.exists()
    assert volume.parent.exists()


def run_script(script: str, volume: Path) -> None:
    subprocess.run(["sh", "-s"], input=script, text=True, check=True, env={**os.environ, "VOL_DIR": str(volume)})
