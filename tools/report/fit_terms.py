"""The memory sum of every model, term by term, as the capacity check makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.base.capacity import Fit
from components.base.node_pools import NodePool
from components.base.placed_model import PlacedModel
from components.base.serving_rules import fit_on


@dataclass(frozen=True, kw_only=True)
class ModelFit:
    """A model and the sum for one of its GPUs."""

    name: str
    pool: str
    product: str
    replicas: str
    gpus: str
    fit: Fit

    @property
    def verdict(self) -> str:
        """What the sum says, in words."""
        if self.fit.fits:
            return "fits"
        return f"does not fit: {self.fit.missing_gib:.1f} GiB per GPU missing"

    @property
    def generates(self) -> bool:
        """Whether requests keep a cache at all."""
        return self.fit.request_gib > 0


def model_fits(models: Sequence[PlacedModel], pools: Sequence[NodePool]) -> tuple[ModelFit, ...]:
    """Every model, in the order of the settings."""
    by_name: Mapping[str, NodePool] = {pool.name: pool for pool in pools}
    return tuple(_model_fit(model, by_name[model.pool]) for model in models)


def _model_fit(model: PlacedModel, pool: NodePool) -> ModelFit:
    serving = model.serving
    most = model.max_replicas
    return ModelFit(
        name=model.name,
        pool=model.pool,
        product=pool.product or "",
        replicas=str(most) if most == model.min_replicas else f"{model.min_replicas} to {most}",
        gpus=f"{serving.nodes} x {serving.gpus_per_node}" if serving.nodes > 1 else str(serving.gpus),
        fit=fit_on(serving, pool),
    )
