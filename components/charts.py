"""A third-party Helm chart at one pinned version: from upstream, a mirror or a folder, or left out of a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.base.pins import ChartPin

TYPE = "ai-platform:charts:PinnedChart"

UPSTREAM = "upstream"
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """Where charts come from: `upstream`, `none`, an `oci://` mirror prefix, or a folder that holds unpacked charts."""

    location: str = UPSTREAM

    @property
    def deploys(self) -> bool:
        """Whether charts are deployed. A rehearsal leaves them out: a webhook without a server blocks its kind."""
        return self.location != NONE

    def chart(self, pin: ChartPin) -> str:
        """What Helm is given as the chart: an OCI reference, a folder, or a name looked up in `repository`."""
        if self.location.startswith("oci://"):
            return f"{self.location.rstrip('/')}/{pin.chart}"
        if self.location not in {UPSTREAM, NONE}:
            return f"{self.location.rstrip('/')}/{pin.chart}"
        return pin.source if pin.source.startswith("oci://") else pin.chart

    def repository(self, pin: ChartPin) -> str | None:
        """The chart repository, where `chart` is only a name."""
        return pin.source if self.location == UPSTREAM and not pin.source.startswith("oci://") else None


@dataclass(frozen=True, kw_only=True)
class PinnedChartArgs:
    """`values` never hold a secret: charts are given the name of a Secret, because a chart's values lose secretness.

    `skip_crds` leaves out the definitions in the chart's folder `crds`, where another chart brings them.
    """

    pin: ChartPin
    namespace: str
    values: Mapping[str, Any]
    source: ChartSource
    skip_crds: bool = False


class PinnedChart(pulumi.ComponentResource):
    """One chart. Its pin, source and values are recorded as inputs even where the chart itself is left out."""

    def __init__(self, name: str, args: PinnedChartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        record = {
            "chart": args.pin.chart,
            "version": args.pin.version,
            "source": args.pin.source,
            "location": args.source.location,
            "namespace": args.namespace,
            "values": dict(args.values),
        }
        super().__init__(TYPE, name, record, opts)
        if args.source.deploys:
            repository = args.source.repository(args.pin)
            k8s.helm.v4.Chart(
                name,
                chart=args.source.chart(args.pin),
                version=args.pin.version,
                repository_opts={"repo": repository} if repository else None,
                namespace=args.namespace,
                values=dict(args.values),
                skip_crds=args.skip_crds or None,
                # A component hands its dependencies to nobody: without this the chart would not wait for its namespace.
                opts=pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None),
            )
        self.register_outputs({"deployed": args.source.deploys})
