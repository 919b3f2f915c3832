"""The object that an autoscaler scales for a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ScaleTarget:
    """A scalable object of the models' namespace, as a ScaledObject's `scaleTargetRef` names it.

    One replica of the target is one replica of the model, also where that takes several pods (a LeaderWorkerSet).
    """

    api_version: str
    kind: str
    name: str
