from __future__ import annotations

from typing import Any

import pytest

from stacks.schema.cluster import EksClusterSettings
from tests.settings.test_cluster_settings import ADAPTER, SYSTEM, problem
from tests.settings.test_eks_network_settings import POOL, eks

ADMIN = "arn:aws:iam::111122223333:role/deploy"
AUDITOR = "arn:aws:iam::111122223333:role/audit"
AUTO_MODE = {"enabled": True}


def accepted(**changes: Any) -> EksClusterSettings:
    settings = ADAPTER.validate_python(eks(**changes))
    assert isinstance(settings, EksClusterSettings)
    return settings


def test_a_control_plane_is_of_the_usual_size_and_never_billed_for_old_versions_by_default() -> None:
    settings = accepted()
    assert (settings.control_plane_tier, settings.extended_support) == ("standard", False)
    assert settings.log_retention_days == 90
    assert settings.viewer_role_arns == ()
    assert not settings.auto_mode.enabled


def test_logs_are_kept_for_a_period_that_the_service_offers() -> None:
    path, message = problem(eks(logRetentionDays=100))
    assert path == "logRetentionDays"
    assert message == "CloudWatch does not keep logs for 100 days: use 120, the next period that it offers"
    assert accepted(logRetentionDays=365).log_retention_days == 365


def test_a_longer_period_than_any_is_answered_with_the_longest() -> None:
    assert "use 3653" in problem(eks(logRetentionDays=9999))[1]


def test_a_role_either_administers_or_looks() -> None:
    message = problem(eks(viewerRoleArns=[AUDITOR, ADMIN]))[1]
    assert message == (f"viewerRoleArns: {ADMIN} is in adminRoleArns too, and a role has one entry: remove one of them")
    assert accepted(viewerRoleArns=[AUDITOR]).viewer_role_arns == (AUDITOR,)


@pytest.mark.parametrize("key", ["adminRoleArns", "viewerRoleArns"])
def test_a_role_is_named_once(key: str) -> None:
    assert problem(eks(**{key: [AUDITOR, AUDITOR]})) == (key, f"{AUDITOR} is named twice: remove one")


def test_add_ons_are_pinned_by_name_and_version() -> None:
    versions = {"coredns": "v1.12.4-eksbuild.1", "eks-pod-identity-agent": "v1.3.9-eksbuild.3"}
    assert accepted(addonVersions=versions).addon_versions == versions


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (
            {"core-dns": "v1.12.4-eksbuild.1"},
            "no add-on of the platform is called 'core-dns': the add-ons are aws-ebs-csi",
        ),
        ({"coredns": "1.12"}, "coredns: '1.12' is no version of an EKS add-on"),
        ({"coredns": "latest"}, "aws eks describe-addon-versions"),
    ],
)
def test_a_pin_that_nothing_would_follow_is_refused(versions: dict[str, str], words: str) -> None:
    path, message = problem(eks(addonVersions=versions))
    assert path == "addonVersions"
    assert words in message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amiRelease": "1.36.2-20261107"}, "amiRelease: AWS chooses the image of EKS Auto Mode's nodes"),
        ({"addonVersions": {"vpc-cni": "v1.20.4-eksbuild.2"}}, "addonVersions.vpc-cni: EKS Auto Mode brings it"),
    ],
)
def test_auto_mode_takes_no_pin_of_what_aws_chooses(changes: dict[str, Any], words: str) -> None:
    path, message = problem(eks(autoMode=AUTO_MODE, **changes))
    assert path == ""
    assert message.startswith(words)
    accepted(**changes)


def test_auto_mode_lets_its_other_add_ons_be_pinned() -> None:
    accepted(autoMode=AUTO_MODE, addonVersions={"metrics-server": "v0.8.0-eksbuild.2"})


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ({"sharing": {"timeSlices": 4}}, "pools[1].sharing: the device plug-in of EKS Auto Mode shares no GPU"),
        (
            {
                "product": "NVIDIA-H200",
                "gpusPerNode": 8,
                "memoryPerGpuGib": 140.0,
                "cpu": 192,
                "memoryGib": 2048,
                "mig": {"profile": "1g.18gb", "slices": 7},
            },
            "pools[1].mig: EKS Auto Mode does not partition GPUs",
        ),
    ],
)
def test_auto_mode_neither_partitions_nor_shares_gpus(pool: dict[str, Any], words: str) -> None:
    groups = {"system": {"instanceType": "m7i.4xlarge"}, "l40s": {"instanceType": "g6e.12xlarge"}}
    if "mig" in pool:
        groups["l40s"] = {"instanceType": "p5en.48xlarge"}
    message = problem(eks(autoMode=AUTO_MODE, pools=[SYSTEM, POOL | pool], nodeGroups=groups))[1]
    assert message.startswith(words)
    assert message.endswith("remove it, or set autoMode.enabled: false")


def test_auto_mode_has_a_largest_disk() -> None:
    groups = {
        "system": {"instanceType": "m7i.4xlarge"},
        "l40s": {"instanceType": "g6e.12xlarge", "rootVolumeGib": 60000},
    }
    assert (
        "nodeGroups.l40s.rootVolumeGib: 60000: EKS Auto Mode takes at most 59000"
        in problem(eks(autoMode=AUTO_MODE, nodeGroups=groups))[1]
    )


def test_auto_mode_has_no_efa() -> None:
    groups = {
        "system": {"instanceType": "m7i.4xlarge"},
        "l40s": {"instanceType": "g6e.12xlarge", "efa": True, "availabilityZone": "eu-north-1a"},
    }
    message = problem(eks(autoMode=AUTO_MODE, nodeGroups=groups))[1]
    assert message.startswith("nodeGroups.l40s.efa: EKS Auto Mode")


def test_auto_mode_is_not_told_how_another_program_scales() -> None:
    assert problem(eks(autoMode=AUTO_MODE, karpenter={"nodeDays": 7}))[1].startswith("karpenter: EKS Auto Mode adds")
    groups = {
        "system": {"instanceType": "m7i.4xlarge"},
        "l40s": {"instanceType": "g6e.12xlarge", "karpenter": False},
    }
    assert problem(eks(autoMode=AUTO_MODE, nodeGroups=groups))[1].startswith("nodeGroups.l40s.karpenter: EKS Auto Mode")


def test_auto_mode_scales_pools_that_have_a_range() -> None:
    ranged = POOL | {"nodes": {"min": 1, "max": 4}}
    accepted(autoMode=AUTO_MODE, pools=[SYSTEM, ranged])


@pytest.mark.parametrize("hours", [1, 500])
def test_nodes_of_auto_mode_end_before_aws_ends_them(hours: int) -> None:
    assert problem(eks(autoMode=AUTO_MODE | {"nodeMaxAgeHours": hours}))[0] == "autoMode.nodeMaxAgeHours"
