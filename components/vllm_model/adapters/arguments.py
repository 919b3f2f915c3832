"""What a model's LoRA adapters are, and what they need of the model."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.handles import ObjectStore
from components.base.serving import Serving
from components.base.tasks import TASKS


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """`name` is what clients ask for. `prefix` is where it lies in the bucket for models. `base` is the base model that
    its `adapter_config.json` may name beside those of `Adapters.bases`, None for no other."""

    name: str
    prefix: str
    base: str | None = None


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """Adapters of one model. `bases` are the names of the model that an adapter may have been trained on. How many are
    in GPU memory at once, and of which rank at most, is in `Serving`."""

    adapters: tuple[Adapter, ...]
    bases: tuple[str, ...]


def adapter_problem(adapters: Adapters | None, serving: Serving, store: ObjectStore | None) -> str | None:
    """Why `adapters` cannot be served, and how to mend it; None when they can."""
    if adapters is None:
        return None
    if not TASKS[serving.task].adapters:
        return f"task {serving.task} cannot have adapters: serve the adapter merged into weights of its own"
    if serving.nodes > 1:
        return "adapters are copied to one pod, and this model lies on several nodes: use nodes: 1, or merge them"
    if serving.adapter_slots < 1:
        return "its adapters have no slot: set adapter_slots to 1 or more"
    if store is None:
        return "its adapters are copied from the object store, and there is none"
    return None
