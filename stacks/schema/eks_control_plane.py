"""The control plane of a cluster in AWS: who may use it, what it logs, its size, its add-ons."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.base.eks_choices import ADDONS, LOG_RETENTION_DAYS
from stacks.schema.base import NOT_EMPTY, SettingsModel

RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
"""ARN of an IAM role."""

_ADDON_VERSION = re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?-eksbuild\.[0-9]+")


def _retention(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        longer = min((period for period in LOG_RETENTION_DAYS if period > days), default=max(LOG_RETENTION_DAYS))
        message = f"CloudWatch does not keep logs for {days} days: use {longer}, the next period that it offers"
        raise ValueError(message)
    return days


def _different(arns: tuple[str, ...]) -> tuple[str, ...]:
    for arn in arns:
        if arns.count(arn) > 1:
            message = f"{arn} is named twice: remove one"
            raise ValueError(message)
    return arns


def _addon_versions(versions: dict[str, str]) -> dict[str, str]:
    for name, version in versions.items():
        if name not in ADDONS:
            message = f"no add-on of the platform is called {name!r}: the add-ons are {', '.join(sorted(ADDONS))}"
            raise ValueError(message)
        if not _ADDON_VERSION.fullmatch(version):
            message = (
                f"{name}: {version!r} is no version of an EKS add-on: write it as "
                "`aws eks describe-addon-versions` lists it, for example v1.20.4-eksbuild.2"
            )
            raise ValueError(message)
    return versions


class EksControlPlaneSettings(SettingsModel):
    """Keys of the control plane."""

    admin_role_arns: Annotated[tuple[RoleArn, ...], NOT_EMPTY, AfterValidator(_different)]
    """IAM roles that administer the cluster. The role that deploys must be among them."""
    viewer_role_arns: Annotated[tuple[RoleArn, ...], AfterValidator(_different)] = ()
    """IAM roles that may look at everything in the cluster but Secrets, and change nothing."""
    log_retention_days: Annotated[int, AfterValidator(_retention)] = 90
    """How long logs of the control plane and flow logs of the network are kept, in a period that CloudWatch offers."""
    control_plane_tier: Literal["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"] = "standard"
    """Capacity of the control plane: `standard` grows with use; the others are there from the start, at a price."""
    extended_support: bool = False
    """true: keep a Kubernetes version beyond its end for a higher price; false: AWS upgrades the cluster then."""
    addon_versions: Annotated[dict[str, str], AfterValidator(_addon_versions)] = Field(default_factory=dict[str, str])
    """Versions of EKS add-ons by name. One that is not named starts at EKS's default for the Kubernetes version, and
    keeps that version until it is named here."""

    def access_problem(self) -> str | None:
        """What of the roles does not fit together, and the fix."""
        for arn in self.viewer_role_arns:
            if arn in self.admin_role_arns:
                return f"viewerRoleArns: {arn} is in adminRoleArns too, and a role has one entry: remove one of them"
        return None
